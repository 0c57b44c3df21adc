"""The cable model against the figures of the finite-difference model that it was derived from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.cables import CableSpec
from linkbox.grid.errors import UnknownCable
from linkbox.grid.limits import cable_time_to_limit_s
from linkbox.grid.network import CABLE_TAU_S, CABLES, cable_for
from linkbox.grid.thermal import CableParameters, cable_degc, cable_steady, cable_step

SIZES = {95: "3c_95_SAC_XC", 185: "3c_185_SAC_XC", 300: "3c_300_SAC_XC"}

# Reference section 1.2: cable-thermal-model 2.2.1, fraction of the final rise after these minutes.
AFTER_MIN = (5, 15, 30, 60, 120, 240, 480, 1440, 2880)
FRACTIONS = {
    95: (0.13, 0.25, 0.34, 0.42, 0.50, 0.57, 0.64, 0.75, 0.82),
    185: (0.09, 0.19, 0.28, 0.37, 0.45, 0.53, 0.61, 0.73, 0.80),
    300: (0.06, 0.15, 0.23, 0.32, 0.41, 0.50, 0.59, 0.71, 0.79),
}
# Same section: hours to 90 degC at k times the rating from a steady preload p, losses as at 90 degC.
HOURS_TO_LIMIT = {
    (95, 0.3): {1.25: 6.3, 1.5: 1.0, 2.0: 0.21},
    (95, 0.6): {1.25: 2.7, 1.5: 0.5, 2.0: 0.13},
    (185, 0.3): {1.25: 8.4, 1.5: 1.5, 2.0: 0.36},
    (185, 0.6): {1.25: 3.9, 1.5: 0.8, 2.0: 0.22},
    (300, 0.3): {1.25: 10.5, 1.5: 2.1, 2.0: 0.51},
    (300, 0.6): {1.25: 5.1, 1.5: 1.1, 2.0: 0.32},
}


def parameters(spec: CableSpec) -> CableParameters:
    return CableParameters.of([spec])


def amps(value: float) -> np.ndarray:
    return np.full((1, 1), value)


COLD = np.zeros((len(CABLE_TAU_S), 1, 1))


def test_rated_current_held_for_ever_brings_the_conductor_to_its_limit() -> None:
    for spec in CABLES.values():
        cable = parameters(spec)
        steady = cable_steady(amps(spec.rated_current_a), cable)
        assert cable_degc(steady, cable).item() == pytest.approx(spec.max_conductor_degc)
        held = cable_step(steady, amps(spec.rated_current_a), cable, 86400.0)
        np.testing.assert_allclose(held, steady, rtol=1e-9)


@pytest.mark.parametrize("size", sorted(SIZES))
def test_step_response_is_that_of_the_finite_difference_model(size: int) -> None:
    constant = parameters(replace(CABLES[SIZES[size]], resistance_per_k=0.0))
    for minutes, fraction in zip(AFTER_MIN, FRACTIONS[size], strict=True):
        risen = cable_step(COLD, amps(CABLES[SIZES[size]].rated_current_a), constant, 60.0 * minutes).sum()
        assert risen / CABLES[SIZES[size]].rated_rise_k == pytest.approx(fraction, abs=0.021)


@pytest.mark.parametrize(("size", "preload"), sorted(HOURS_TO_LIMIT))
def test_hours_to_the_limit_are_those_of_the_reference(size: int, preload: float) -> None:
    spec = CABLES[SIZES[size]]
    cable = parameters(spec)
    warm = cable.shares * spec.rated_rise_k * preload**2
    for k, hours in HOURS_TO_LIMIT[size, preload].items():
        got = cable_time_to_limit_s(warm, amps(k * spec.rated_current_a), cable).item() / 3600
        assert got == pytest.approx(hours, rel=0.08, abs=0.05)


def test_ratings_of_the_reference_are_in_the_table() -> None:
    assert [CABLES[c].rated_current_a for c in SIZES.values()] == [249.0, 358.0, 466.0]


def test_rating_at_seventy_degrees_follows_from_the_losses_per_kelvin() -> None:
    # Reference: 221 / 316 / 411 A at 70 degC for 95 / 185 / 300 mm2
    for r1, amps_70 in ((0.322, 221), (0.166, 316), (0.102, 411)):
        assert cable_for("unlisted_PC", r1).rated_current_a == pytest.approx(amps_70, abs=2)


def test_line_codes_are_found_in_any_letter_case_and_unknown_ones_are_estimated_from_resistance() -> None:
    assert cable_for("3C_185_sac_xc") is CABLES["3c_185_SAC_XC"]
    estimated = cable_for("4c_150_new", 0.206)
    assert 249.0 < estimated.rated_current_a < 358.0
    assert "estimated" in estimated.source
    with pytest.raises(UnknownCable, match="4c_150_new"):
        cable_for("4c_150_new")


def test_shares_of_every_cable_sum_to_one() -> None:
    for spec in CABLES.values():
        assert sum(spec.shares) == pytest.approx(1.0)
        assert len(spec.shares) == len(CABLE_TAU_S)
        assert min(spec.shares) > 0.0


@given(code=st.sampled_from(sorted(CABLES)), other=st.sampled_from(sorted(CABLES)))
def test_less_resistance_carries_more_current_at_the_same_limit(code: str, other: str) -> None:
    a, b = CABLES[code], CABLES[other]
    if a.max_conductor_degc == b.max_conductor_degc and a.shares[0] < b.shares[0]:
        assert a.rated_current_a > b.rated_current_a


@given(current_a=st.floats(0, 700), hours=st.floats(0.1, 48))
def test_splitting_a_step_changes_nothing_where_the_resistance_is_constant(current_a: float, hours: float) -> None:
    cable = parameters(replace(CABLES["4c_70"], resistance_per_k=0.0))
    whole = cable_step(COLD, amps(current_a), cable, 3600.0 * hours)
    half = cable_step(cable_step(COLD, amps(current_a), cable, 1800.0 * hours), amps(current_a), cable, 1800.0 * hours)
    np.testing.assert_allclose(half, whole, rtol=1e-9, atol=1e-9)


@given(less=st.floats(0, 900), more=st.floats(0, 900))
def test_more_current_never_gives_a_cooler_conductor_nor_a_longer_time(less: float, more: float) -> None:
    less, more = sorted((less, more))
    cable = parameters(CABLES["4c_.1"])
    assert (cable_step(COLD, amps(more), cable, 60.0) >= cable_step(COLD, amps(less), cable, 60.0)).all()
    assert cable_time_to_limit_s(COLD, amps(more), cable) <= cable_time_to_limit_s(COLD, amps(less), cable)


def test_resistance_that_grows_with_temperature_makes_the_estimate_of_time_safe() -> None:
    cable = parameters(CABLES["3c_95_SAC_XC"])
    load, terms, elapsed = amps(1.5 * 249.0), COLD, 0.0
    promised = cable_time_to_limit_s(COLD, load, cable).item()
    while cable_degc(terms, cable).item() < 90.0:
        terms, elapsed = cable_step(terms, load, cable, 30.0), elapsed + 30.0
    assert promised <= elapsed <= 3.0 * promised
