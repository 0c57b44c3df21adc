"""The judgement: what raises it, what it asks for, what lets it go, and that silence is never health."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.phases import Phase
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.risk import RiskAssessment, RiskPolicy, RiskState, assess
from tests.grid.samples import MINUTE, START, feeder, run

POLICY = RiskPolicy()
FLEET = Fleet.of([feeder()])
NOTHING = np.zeros((1, 3))
ORDER = [RiskState.NORMAL, RiskState.WATCH, RiskState.AT_RISK, RiskState.IMMINENT, RiskState.EXCEEDED]


def judge(state: FleetState, previous: RiskAssessment | None = None, *, acting: bool = False) -> RiskAssessment:
    return assess(
        state,
        FLEET,
        policy=POLICY,
        returning_a=NOTHING,
        at=state.at,
        intervening=np.array([acting]),
        previous=None if previous is None else (previous,),
    )[0]


def after(current_a: list[float], minutes: int, preload_a: float = 60.0) -> FleetState:
    return run(initial_state(FLEET, START, preload_a=preload_a), FLEET, current_a, minutes)


def test_feeder_without_any_reading_is_blind_not_normal() -> None:
    got = judge(initial_state(FLEET, START))
    assert got.state is RiskState.BLIND
    assert "L1, L2, L3 since the start" in got.reason
    assert got.required_reduction_a == (0.0, 0.0, 0.0)
    assert np.isnan(got.allowable_current_a).all()
    assert np.isnan(got.probability)


def test_feeder_goes_blind_five_minutes_after_its_last_reading_and_sees_again_with_the_next() -> None:
    state = after([50.0, 50.0, 50.0], 10)
    at_limit = assess(state, FLEET, policy=POLICY, returning_a=NOTHING, at=state.at + 5 * MINUTE)[0]
    past = assess(state, FLEET, policy=POLICY, returning_a=NOTHING, at=state.at + 6 * MINUTE)[0]
    assert at_limit.state is RiskState.NORMAL
    assert past.state is RiskState.BLIND
    y = np.full((1, 3), 50.0)
    assert judge(observe(state, FLEET, current_a=y, transformer_current_a=y, at=state.at + 8 * MINUTE)).state is (
        RiskState.NORMAL
    )


def lose_l1(state: FleetState, minutes: int) -> FleetState:
    y = np.array([[np.nan, *state.current_a[0, 1:]]])
    for _ in range(minutes):
        state = observe(state, FLEET, current_a=y, transformer_current_a=y, at=state.at + MINUTE)
    return state


def test_one_blind_phase_blinds_a_quiet_feeder() -> None:
    got = judge(lose_l1(after([50.0, 50.0, 50.0], 30), 7))
    assert got.state is RiskState.BLIND
    assert "L1 for 7 min" in got.reason
    assert np.isnan(got.fuse_state[0])
    assert np.isfinite(got.fuse_state[1:]).all()


def test_one_blind_phase_does_not_hide_the_overload_of_another() -> None:
    got = judge(lose_l1(after([50.0, 50.0, 320.0], 60), 7))
    assert got.state.needs_action
    assert got.limiting_phase is Phase.L3
    assert "L1 for 7 min" in got.reason
    assert got.required_reduction_a[0] == 0.0
    assert got.required_reduction_a[2] > 0.0


def test_light_load_is_normal_and_says_what_is_nearest_to_its_limit() -> None:
    got = judge(after([60.0, 130.0, 55.0], 120))
    assert got.state is RiskState.NORMAL
    assert got.time_to_limit_s == float("inf")
    assert got.required_reduction_a == (0.0, 0.0, 0.0)
    assert got.limiting_asset == "fuse"
    assert got.limiting_phase is Phase.L2
    assert got.probability < 0.01


def test_overload_goes_up_through_every_state_and_names_asset_phase_and_time() -> None:
    state, previous, seen = after([80.0, 80.0, 80.0], 60), None, []
    for _ in range(300):
        state = run(state, FLEET, [80.0, 290.0, 80.0], 1)
        previous = judge(state, previous)
        seen.append(previous.state)
    grades = [ORDER.index(s) for s in seen[10:]]  # a step this large is watched at once, until it is known to be flat
    assert grades == sorted(grades)
    assert {RiskState.WATCH, RiskState.AT_RISK, RiskState.IMMINENT, RiskState.EXCEEDED} <= set(seen)
    assert previous is not None
    assert previous.limiting_phase is Phase.L2
    assert "L2 fuse gG 200 A" in previous.reason


def test_a_herd_that_climbs_is_acted_on_before_it_has_arrived() -> None:
    # 40 A more each minute for a quarter of an hour, as when cars start together.
    state, previous = after([80.0, 80.0, 80.0], 60), None
    for minute in range(1, 16):
        amps = 80.0 + 40.0 * minute
        state = run(state, FLEET, [80.0, amps, 80.0], 1)
        previous = judge(state, previous)
        assert previous.upper_current_a[1] >= 80.0
        if previous.state.needs_action:
            assert previous.upper_current_a[1] > amps, "the climb is not expected to go on"
            assert minute <= 8
            return
    pytest.fail("a climb of 40 A a minute on a 200 A fuse must be acted on")


def test_held_load_adds_no_noise_to_the_forecast() -> None:
    flowing = after([80.0, 200.0, 80.0], 120)
    y = np.array([[80.0, 100.0, 80.0]])
    held = flowing
    for _ in range(20):
        held = observe(
            held, FLEET, current_a=y, transformer_current_a=y, at=held.at + MINUTE, held_a=np.array([[0.0, 100.0, 0.0]])
        )
    margin = [judge(s).upper_current_a[1] - judge(s).expected_current_a[1] for s in (flowing, held)]
    assert margin[1] < margin[0]


def test_at_risk_comes_long_before_the_pessimistic_fuse_would_melt() -> None:
    state, previous, first = after([80.0, 80.0, 80.0], 60), None, None
    for minute in range(400):
        state = run(state, FLEET, [80.0, 290.0, 80.0], 1)
        previous = judge(state, previous)
        if first is None and previous.state.needs_action:
            first = minute
        if previous.state is RiskState.EXCEEDED:
            assert first is not None
            assert minute - first >= 25
            return
    pytest.fail("290 A on a 200 A fuse must exceed the pessimistic curve")


def test_required_reduction_is_what_lies_over_the_allowable_current_and_only_when_it_matters() -> None:
    state = after([80.0, 300.0, 80.0], 60)
    got = judge(state)
    assert got.state.needs_action
    assert got.required_reduction_a[1] == pytest.approx(got.upper_current_a[1] - got.allowable_current_a[1])
    assert got.required_reduction_a[0] == got.required_reduction_a[2] == 0.0
    assert f"L2 {got.required_reduction_a[1]:.0f} A" in got.reason


def test_returning_load_counts_as_forecast() -> None:
    state = after([80.0, 80.0, 80.0], 60)
    back = np.array([[0.0, 320.0, 0.0]])
    alone = judge(state)
    with_return = assess(state, FLEET, policy=POLICY, returning_a=back, at=state.at)[0]
    assert with_return.upper_current_a[1] == pytest.approx(alone.upper_current_a[1] + 320.0, rel=0.01)
    assert ORDER.index(with_return.state) > ORDER.index(alone.state)


def test_load_that_comes_back_on_a_phase_that_nobody_knows_widens_the_forecast_by_its_own_spread() -> None:
    # 90 A that come back on one of three phases: 30 A on each, with a standard deviation of sqrt(90^2 * 1/3 * 2/3) =
    # 42.4 A. The upper forecast's distances from the median add up as the sides of a right angle: with 1.645 at 95 %
    state = after([80.0, 80.0, 80.0], 240)
    mean, sd = np.full((1, 3), 30.0), np.full((1, 3), 90.0 * np.sqrt(2.0) / 3.0)
    sure = assess(state, FLEET, policy=POLICY, returning_a=mean, at=state.at)[0]
    unsure = assess(state, FLEET, policy=POLICY, returning_a=mean, returning_sd_a=sd, at=state.at)[0]
    for known, unknown in zip(sure.ahead, unsure.ahead, strict=True):
        own = known.upper_a[0] - known.expected_a[0]
        assert unknown.expected_a[0] == pytest.approx(known.expected_a[0], abs=0.1)
        assert unknown.upper_a[0] - known.expected_a[0] == pytest.approx(np.hypot(own, 1.645 * 42.43), rel=0.01)
    assert unsure.probability >= sure.probability


def test_what_is_required_carries_what_is_uncertain_of_the_phase() -> None:
    state, back = after([80.0, 230.0, 80.0], 60), np.array([[0.0, 40.0, 0.0]])
    policy = RiskPolicy()
    found = [
        assess(
            state,
            FLEET,
            policy=policy,
            returning_a=back,
            returning_sd_a=np.array([[0.0, sd, 0.0]]),
            at=state.at,
            intervening=np.array([True]),
        )[0]
        for sd in (0.0, 20.0, 40.0)
    ]
    required = [a.required_reduction_a[1] for a in found]
    assert required[0] < required[1] < required[2]
    assert found[0].probability < found[2].probability
    none = assess(state, FLEET, policy=policy, returning_a=back, at=state.at, intervening=np.array([True]))[0]
    assert none == replace(found[0], ahead=none.ahead, neutral_a=none.neutral_a)
    assert none.ahead == found[0].ahead


def test_held_load_is_not_in_the_forecast_until_it_returns() -> None:
    start, y, held = initial_state(FLEET, START), np.full((1, 3), 100.0), np.full((1, 3), 60.0)
    state = start
    for _ in range(120):
        state = observe(state, FLEET, current_a=y, transformer_current_a=y, at=state.at + MINUTE, held_a=held)
    still, back = (assess(state, FLEET, policy=POLICY, returning_a=r, at=state.at)[0] for r in (NOTHING, held))
    assert still.expected_current_a[0] == pytest.approx(100.0, abs=5.0)
    assert back.expected_current_a[0] == pytest.approx(160.0, abs=5.0)


def hold(minutes: int, demand_a: float, start: FleetState) -> tuple[FleetState, list[float], list[float]]:
    """An ideal controller: each minute the phase carries its demand or the allowed current, whichever is less."""
    state, carried, states = start, [], []
    allowed, held = float("inf"), 0.0
    for _ in range(minutes):
        flows = min(demand_a, allowed)
        held = demand_a - flows
        y = np.array([[50.0, flows, 50.0]])
        state = observe(
            state,
            FLEET,
            current_a=y,
            transformer_current_a=y,
            at=state.at + MINUTE,
            held_a=np.array([[0.0, held, 0.0]]),
        )
        allowed = judge(state, acting=True).allowable_current_a[1]
        carried.append(flows)
        states.append(float(state.fuse[:, 0, 1].sum()))
    return state, carried, states


def test_long_intervention_converges_to_the_steady_current_of_the_hold_level() -> None:
    _, carried, states = hold(24 * 60, 330.0, initial_state(FLEET, START, preload_a=80.0))
    assert max(states) < 1.0
    assert states[-1] == pytest.approx(POLICY.hold_level, abs=0.01)
    assert carried[-1] == pytest.approx(np.sqrt(POLICY.hold_level) * 250.0, rel=0.01)
    assert carried[0] == 330.0  # nothing is curtailed that need not be


def test_state_is_left_later_than_it_is_entered() -> None:
    rising = after([80.0, 300.0, 80.0], 60)
    high = judge(rising)
    assert high.state.needs_action

    def fall(previous: Callable[[RiskAssessment], RiskAssessment | None]) -> list[RiskState]:
        state, last, seen = rising, high, []
        for k in range(180):
            state = run(state, FLEET, [80.0, max(300.0 - 2.0 * k, 80.0), 80.0], 1)
            last = judge(state, previous(last))
            seen.append(last.state)
        return seen

    with_memory, without = fall(lambda a: a), fall(lambda _: None)
    assert with_memory.count(RiskState.NORMAL) <= without.count(RiskState.NORMAL)
    assert sum(s.needs_action for s in with_memory) > sum(s.needs_action for s in without)
    assert not with_memory[-1].needs_action


def test_noise_at_the_threshold_does_not_flap() -> None:
    rng = np.random.default_rng(5)
    state, previous, seen = after([80.0, 240.0, 80.0], 180), None, []
    for _ in range(240):
        state = run(state, FLEET, [80.0, float(240.0 + rng.normal(0, 12)), 80.0], 1)
        previous = judge(state, previous)
        seen.append(previous.state)
    changes = sum(a is not b for a, b in itertools.pairwise(seen))
    assert changes <= 4


def test_hot_transformer_is_judged_by_its_own_currents() -> None:
    state = initial_state(FLEET, START, preload_a=60.0)
    for _ in range(240):
        state = observe(
            state,
            FLEET,
            current_a=np.full((1, 3), 60.0),
            transformer_current_a=np.full((1, 3), 900.0),
            at=state.at + MINUTE,
        )
    got = judge(state)
    assert got.limiting_asset == "transformer"
    assert got.limiting_phase is None
    assert got.state.needs_action
    assert "transformer 500 kVA" in got.reason
    assert got.hot_spot_degc > 110.0
    unread = run(initial_state(FLEET, START), FLEET, [60.0] * 3, 30, bank_a=[np.nan] * 3)
    assert np.isnan(judge(unread).hot_spot_degc)


def test_assessments_of_another_fleet_are_refused_as_previous() -> None:
    other = assess(
        initial_state(Fleet.of([feeder("X")]), START),
        Fleet.of([feeder("X")]),
        policy=POLICY,
        returning_a=NOTHING,
        at=START,
    )
    with pytest.raises(ValueError, match="not of this fleet"):
        assess(initial_state(FLEET, START), FLEET, policy=POLICY, returning_a=NOTHING, at=START, previous=other)


@pytest.mark.parametrize(
    "wrong",
    [{"action_level": 0.6}, {"hold_level": 1.0}, {"probability": 1.0}, {"horizon_s": -1.0}, {"release_ratio": 0.0}],
)
def test_policy_out_of_order_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        RiskPolicy(**wrong)


@settings(max_examples=25)
@given(less=st.floats(0, 400), more=st.floats(0, 400))
def test_more_current_never_lengthens_the_time_to_the_limit_nor_allows_more(less: float, more: float) -> None:
    less, more = sorted((less, more))
    calm, busy = (judge(after([50.0, y, 50.0], 20)) for y in (less, more))
    assert busy.time_to_limit_s <= calm.time_to_limit_s
    assert busy.allowable_current_a[1] <= calm.allowable_current_a[1] + 1e-6
    assert busy.probability >= calm.probability - 1e-9


def test_the_forecast_of_every_interval_is_told_also_beyond_the_horizon() -> None:
    got = judge(after([80.0, 200.0, 80.0], 240))
    assert [a.until_s for a in got.ahead] == [300.0, 600.0, 900.0, 1800.0, 3600.0]
    assert got.horizon_s == 1800.0
    spans = np.diff([0.0, *(a.until_s for a in got.ahead if a.until_s <= got.horizon_s)])
    squares = np.square([a.upper_a[1] for a in got.ahead[:4]])
    assert got.upper_current_a[1] == pytest.approx(np.sqrt(np.average(squares, weights=spans)))
    assert all(a.upper_a[1] > a.expected_a[1] for a in got.ahead)


def test_a_policy_may_look_an_hour_ahead() -> None:
    state, hour = after([80.0, 280.0, 80.0], 20), RiskPolicy(horizon_s=3600.0)
    far = assess(state, FLEET, policy=hour, returning_a=NOTHING, at=state.at)[0]
    near = judge(state)
    assert "in 60 min" in far.reason
    assert far.horizon_s == 3600.0
    assert far.probability > near.probability
    with pytest.raises(ValueError, match="not one of the model's"):
        assess(state, FLEET, policy=RiskPolicy(horizon_s=7200.0), returning_a=NOTHING, at=state.at)


SEVERAL = [feeder("A", fuse=100), feeder("B", fuse=630, cable="3c_300_XC"), feeder("C", cable="4c_.1"), feeder("D")]


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_permuting_the_feeders_permutes_their_assessments(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order, y = rng.permutation(4), rng.uniform(0.0, 500.0, (4, 3))
    found = []
    for models, amps in ((SEVERAL, y), ([SEVERAL[i] for i in order], y[order])):
        fleet = Fleet.of(models)
        state = run(initial_state(fleet, START), fleet, amps, 5, bank_a=2.0 * amps)
        found.append(assess(state, fleet, policy=POLICY, returning_a=np.zeros((4, 3)), at=state.at))
    assert list(found[1]) == [found[0][i] for i in order]


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), missing=st.floats(0.1, 1.0))
def test_a_phase_that_was_never_read_never_becomes_a_number(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    unread = rng.random((4, 3)) < missing
    fleet = Fleet.of(SEVERAL)
    y = np.where(unread, np.nan, rng.uniform(0.0, 500.0, (4, 3)))
    state = run(initial_state(fleet, START), fleet, y, 4)
    judged = assess(state, fleet, policy=POLICY, returning_a=np.zeros((4, 3)), at=state.at)
    for got, dark in zip(judged, unread, strict=True):
        paths = [triple for a in got.ahead for triple in (a.expected_a, a.upper_a)]
        for triple in (got.allowable_current_a, got.expected_current_a, got.upper_current_a, got.fuse_state, *paths):
            np.testing.assert_array_equal(np.isnan(triple), dark)
        np.testing.assert_array_equal(np.isnan(got.cable_degc), dark)
        assert not np.array(got.required_reduction_a)[dark].any()
        assert np.isnan([got.neutral_a, got.neutral_degc, got.hot_spot_degc]).all() == dark.any()
