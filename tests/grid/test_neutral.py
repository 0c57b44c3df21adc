"""The neutral: its current against the sum of phasors, what spares it, and that it is judged like any other asset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linkbox.grid import thermal
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.limits import cable_allowable_a, cable_time_to_limit_s
from linkbox.grid.network import CABLES
from linkbox.grid.neutral import neutral_current_a, phase_cap_a, worst_unbalance
from linkbox.grid.risk import RiskAssessment, RiskPolicy, RiskState, assess
from linkbox.grid.thermal import CableParameters
from tests.grid.samples import MINUTE, START, feeder, run

AMPS = st.floats(0, 600)
THREE = st.tuples(AMPS, AMPS, AMPS)
TURNS = np.exp(2j * np.pi * np.arange(3) / 3)
REDUCED = Fleet.of([feeder(fuse=630, cable="3c_300_SAC_XC", kva=1000)])


@pytest.mark.parametrize(
    ("phases", "neutral"),
    [
        ((100.0, 0.0, 0.0), 100.0),
        ((100.0, 100.0, 0.0), 100.0),  # two at 120 degrees add up to one of the same size
        ((100.0, 100.0, 100.0), 0.0),
        ((300.0, 200.0, 100.0), np.sqrt(30000.0)),  # 90000 + 40000 + 10000 - 60000 - 20000 - 30000
    ],
)
def test_neutral_current_is_the_hand_calculation(phases: tuple[float, ...], neutral: float) -> None:
    assert neutral_current_a(np.array(phases)) == pytest.approx(neutral)


@given(phases=THREE)
def test_neutral_current_is_the_sum_of_three_phasors_and_never_over_the_largest_phase(
    phases: tuple[float, ...],
) -> None:
    got = neutral_current_a(np.array(phases)).item()
    assert got == pytest.approx(abs(np.sum(np.array(phases) * TURNS)), abs=1e-6)
    assert got <= max(phases) + 1e-9


@given(phases=THREE, turn=st.floats(0, 0.5), shares=st.tuples(*[st.floats(-1, 1)] * 3))
def test_unequal_power_factors_stay_under_the_bound(
    phases: tuple[float, ...], turn: float, shares: tuple[float, ...]
) -> None:
    turned = np.array(phases) * TURNS * np.exp(1j * turn * np.array(shares))
    assert abs(turned.sum()) <= neutral_current_a(np.array(phases), turn_rad=turn) + 1e-6


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_phase_that_is_not_known_leaves_the_neutral_unknown(odd: float) -> None:
    assert np.isnan(neutral_current_a(np.array([100.0, odd, 50.0])))
    assert np.isnan(neutral_current_a(worst_unbalance(np.array([[odd, 1.0, 2.0]]), np.array([[odd, 3.0, 4.0]]))))
    assert np.isnan(phase_cap_a(np.array([100.0, np.nan, 50.0]), np.array(10.0))).any()


@given(low=THREE, more=THREE)
def test_no_current_between_low_and_high_gives_more_than_the_worst_corner(
    low: tuple[float, ...], more: tuple[float, ...]
) -> None:
    a, b = np.array([low]), np.array([low]) + np.array([more])
    worst = neutral_current_a(worst_unbalance(a, b)).item()
    for share in np.random.default_rng(1).random((20, 3)):
        assert neutral_current_a(a + share * (b - a)).item() <= worst + 1e-6


@given(phases=THREE, neutral=st.floats(0, 600))
def test_phases_at_their_cap_bring_the_neutral_to_what_it_may_carry(phases: tuple[float, ...], neutral: float) -> None:
    x = np.array(phases)
    capped = np.minimum(x, phase_cap_a(x, np.array(neutral)))
    assert neutral_current_a(capped) <= neutral + 1e-6
    assume(neutral_current_a(x) > neutral)
    assert neutral_current_a(capped) == pytest.approx(neutral, abs=1e-4)
    assert (capped >= x.min() - 1e-9).all(), "nothing is taken from the phase that is lowest already"


def test_cap_is_the_hand_calculation() -> None:
    # 200, 50, 0 and 100 A for the neutral: t = (50 + sqrt(4 * 100^2 - 3 * 50^2)) / 2 = 115.14
    got = phase_cap_a(np.array([200.0, 50.0, 0.0]), np.array(100.0))
    np.testing.assert_allclose(got, [(50 + np.sqrt(32500.0)) / 2, np.inf, np.inf])
    # 200, 190, 0 and 100 A: under 190 A the two fall together, and the neutral is what they are above the third
    np.testing.assert_allclose(phase_cap_a(np.array([200.0, 190.0, 0.0]), np.array(100.0)), [100.0, 100.0, np.inf])


def test_the_reduced_neutrals_are_those_of_185_mm2_in_larger_cables() -> None:
    # R0 = 0.594, R1 = 0.102 ohm/km: the neutral has (0.594 - 0.102) / 3 = 0.164, as 185 mm2 has: 358 of 466 A
    reduced = {code: spec.neutral_share for code, spec in CABLES.items() if spec.neutral_share != 1.0}
    assert set(reduced) == {"3c_240_SAC_XC", "3c_240_AS", "3c_300_SAC_XC", "3c_300_XC", "3c_300"}
    assert reduced["3c_300"] == pytest.approx(358 / 466, abs=0.01)
    assert CABLES["3c_300_XC"].neutral().rated_current_a == pytest.approx(358, abs=4)


def judged(state: FleetState, fleet: Fleet = REDUCED) -> RiskAssessment:
    return assess(state, fleet, policy=RiskPolicy(), returning_a=np.zeros((len(fleet), 3)), at=state.at)[0]


def loaded(phases: list[float], minutes: int, fleet: Fleet = REDUCED) -> FleetState:
    return run(initial_state(fleet, START, preload_a=100.0), fleet, phases, minutes)


def test_one_loaded_phase_puts_a_reduced_neutral_at_risk_and_says_so() -> None:
    got = judged(loaded([470.0, 40.0, 40.0], 24 * 60))
    assert got.limiting_asset == "neutral"
    assert got.limiting_phase is None
    assert got.neutral_a == pytest.approx(430.0)
    assert got.state.needs_action
    assert got.reason.startswith("neutral of cable 3c_300_SAC_XC is at ")
    assert got.required_reduction_a[0] > 0.0
    assert got.required_reduction_a[1:] == (0.0, 0.0)
    spared = neutral_current_a(np.array([got.allowable_current_a[0], 40.0, 40.0]))
    terms = loaded([470.0, 40.0, 40.0], 24 * 60).neutral
    for _ in range(60):
        terms = thermal.cable_step(terms, spared[None, None], REDUCED.neutral, 60.0)
    assert terms.sum() <= 0.95 * REDUCED.neutral.rated_rise_k.item()


def test_the_same_current_in_balance_leaves_the_neutral_alone() -> None:
    got = judged(loaded([470.0, 470.0, 470.0], 120))
    assert got.limiting_asset == "cable"
    assert got.neutral_a == 0.0
    full = Fleet.of([feeder(fuse=630, cable="3c_300_SAC_ASN", kva=1000)])
    assert judged(loaded([470.0, 40.0, 40.0], 120, full), full).limiting_asset == "cable"


def test_a_neutral_that_two_phases_heated_in_turn_is_hotter_than_each_of_them() -> None:
    fleet = Fleet.of([feeder(fuse=630, cable="3c_185_SAC_XC", kva=1000)])
    state = run(initial_state(fleet, START, preload_a=0.0), fleet, [330.0, 0.0, 0.0], 240)
    state = run(state, fleet, [0.0, 330.0, 0.0], 240)
    got = judged(state, fleet)
    assert got.neutral_degc > max(got.cable_degc) + 3.0


def test_a_missing_phase_leaves_the_neutral_as_it_was_and_the_gap_is_filled_later() -> None:
    state = loaded([300.0, 40.0, 40.0], 30)
    y, full = np.array([[300.0, np.nan, 40.0]]), np.array([[300.0, 40.0, 40.0]])
    blindly = observe(state, REDUCED, current_a=y, transformer_current_a=y, at=state.at + MINUTE)
    np.testing.assert_array_equal(blindly.neutral, state.neutral)
    seen = observe(blindly, REDUCED, current_a=full, transformer_current_a=full, at=state.at + 2 * MINUTE)
    np.testing.assert_allclose(seen.neutral, run(state, REDUCED, full, 2).neutral)


def test_a_blind_phase_makes_the_neutral_unknown_never_healthy() -> None:
    state = loaded([300.0, 40.0, 40.0], 30)
    y = np.array([[300.0, np.nan, 40.0]])
    for _ in range(7):
        state = observe(state, REDUCED, current_a=y, transformer_current_a=y, at=state.at + MINUTE)
    got = judged(state)
    assert np.isnan([got.neutral_a, got.neutral_degc]).all()
    assert got.state is RiskState.BLIND


@settings(max_examples=20)
@given(less=st.floats(0, 700), more=st.floats(0, 700))
def test_more_unbalance_never_lengthens_the_time_to_the_limit_nor_allows_more(less: float, more: float) -> None:
    less, more = sorted((less, more))
    neutral = REDUCED.neutral
    warm = thermal.cable_steady(np.full((1, 1), 100.0), neutral)
    soon, late = (cable_time_to_limit_s(warm, np.full((1, 1), y), neutral).item() for y in (more, less))
    assert soon <= late
    hot, cool = (
        cable_allowable_a(
            thermal.cable_steady(np.full((1, 1), y / 2), neutral), neutral, level=0.95, after_s=3600.0
        ).item()
        for y in (more, less)
    )
    assert hot <= cool + 1e-9


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_permuting_feeders_permutes_their_neutrals_and_splitting_a_step_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    models = [feeder("A", fuse=100), feeder("B", cable="3c_300"), feeder("C", cable="4c_.1")]
    order, y = rng.permutation(3), rng.uniform(0, 400, (3, 3))
    straight, mixed = Fleet.of(models), Fleet.of([models[i] for i in order])
    one, other = (run(initial_state(f, START), f, z, 3) for f, z in ((straight, y), (mixed, y[order])))
    np.testing.assert_array_equal(other.neutral, one.neutral[:, order])
    constant = CableParameters.of([replace(m.cable, resistance_per_k=0.0).neutral() for m in models])
    flows = neutral_current_a(y)[:, None]
    whole = thermal.cable_step(one.neutral, flows, constant, 60.0)
    split = thermal.cable_step(thermal.cable_step(one.neutral, flows, constant, 17.0), flows, constant, 43.0)
    np.testing.assert_allclose(split, whole, rtol=1e-12)
