"""What the current would have been: hand calculations of the damped trend, and what it makes of a herd."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.market import (
    Accepted,
    Counterfactual,
    Delivered,
    Measured,
    Pending,
    Shortfall,
    ShortfallReason,
    follow,
    judge,
)
from tests.market.test_market import contract, made, s

T0 = datetime(2026, 1, 14, 0, 36, tzinfo=UTC)
AT_CALL = Measured(at=T0, current_a=(300.0, 200.0, 100.0))


def reading(minute: float, l1: float, l2: float = 200.0, l3: float = 100.0) -> Measured:
    return Measured(at=T0 + timedelta(minutes=minute), current_a=(l1, l2, l3))


def test_the_trend_is_the_rise_per_minute_over_the_last_three_minutes() -> None:
    """200, 214, 269, 305 A: (305 - 200) / 3 = 35 A a minute."""
    found = follow([reading(-3, 200), reading(-2, 214), reading(-1, 269), reading(0, 305)], before=T0, at_call=AT_CALL)
    assert found.slope_a_per_min == pytest.approx((35.0, 0.0, 0.0))
    assert found.origin == reading(0, 305)


def test_older_readings_later_ones_and_incomplete_ones_do_not_count() -> None:
    rows = [reading(-9, 0), reading(-3, 290), reading(-1, math.nan), reading(0, 305), reading(1, 9)]
    found = follow(rows, before=T0 + timedelta(seconds=30), at_call=AT_CALL)
    assert found.slope_a_per_min[0] == pytest.approx(5.0)


def test_one_reading_has_no_trend_and_none_leaves_the_current_at_call_off() -> None:
    assert follow([reading(0, 305)], before=T0, at_call=AT_CALL) == Counterfactual(origin=reading(0, 305))
    assert follow([], before=T0, at_call=AT_CALL) == Counterfactual(origin=AT_CALL)


@pytest.mark.parametrize(
    ("minutes", "expected", "sigma"),
    [
        (0.0, 305.0, 0.0),
        (1.0, 305 + 35 * 0.8, 27.5),  # 333; (10 + 0.5 * 35) * 1
        (2.0, 305 + 35 * (0.8 + 0.64), 27.5 * 1.8),  # 355.4; 49.5
        (3.0, 305 + 35 * (0.8 + 0.64 + 0.512), 27.5 * 2.44),  # 373.32; 67.1
        (1000.0, 305 + 35 * 4.0, 27.5 * 5.0),  # the trend dies away: never above 445 A
    ],
)
def test_expected_current_and_its_uncertainty_by_hand(minutes: float, expected: float, sigma: float) -> None:
    without = Counterfactual(origin=reading(0, 305), slope_a_per_min=(35.0, 0.0, 0.0))
    at = T0 + timedelta(minutes=minutes)
    assert without.expected_a(at)[0] == pytest.approx(expected)
    assert without.sigma_a(at)[0] == pytest.approx(sigma)
    assert without.expected_a(at)[1] == pytest.approx(200.0)


@given(st.floats(0, 500), st.floats(-200, 200), st.floats(0, 600), st.floats(0, 600))
def test_never_below_nothing_and_never_surer_with_time(level: float, slope: float, one: float, other: float) -> None:
    without = Counterfactual(origin=reading(0, level), slope_a_per_min=(slope, 0.0, 0.0))
    early, late = (T0 + timedelta(minutes=m) for m in sorted((one, other)))
    assert without.expected_a(late)[0] >= 0.0
    assert without.sigma_a(late)[0] >= without.sigma_a(early)[0] >= 0.0
    assert abs(without.expected_a(late)[0] - level) <= 4.0 * abs(slope) + 1e-6


def herd(delivered_a: float, *, until: int) -> list[Measured]:
    """Cars start: 20 A more each minute, from three minutes before the call on; the delivery is there at 120 s."""
    rows = []
    for minute in range(-3, until + 1):
        held = delivered_a if minute >= 2 else 0.0
        rows.append(Measured(at=s(60 * minute), current_a=(200.0 + 20.0 * minute - held, 150.0, 150.0)))
    return rows


YES = [Accepted(request_id="e1/c1/L1/1", at=s(20))]


def test_a_real_delivery_while_a_herd_climbs_is_seen_as_one() -> None:
    """At 120 s the feeder carries 200 + 40 - 40 = 200 A, as much as at call-off: against that nothing is delivered.

    The reading at 60 s has 220 A and a trend of 20 A a minute: 220 + 20 * 0.8 = 236 A are expected, give or take
    (10 + 0.5 * 20) * 1 = 20 A. So 36 A show, of them 16 A surely; 27 A and 15 A are what 30 A required ask for."""
    seen = judge(made(contract()), YES, herd(40.0, until=2), at=s(120))
    assert isinstance(seen, Delivered)
    assert seen.effect.expected_a[0] == pytest.approx(236.0)
    assert seen.effect.reduction_a[0] == pytest.approx(36.0)
    assert seen.effect.sigma_a[0] == pytest.approx(20.0)


def test_one_that_does_not_show_surely_enough_is_not_taken_for_granted() -> None:
    """35 A held: 31 A show, more than nine tenths of 30; but surely only 11 A, less than half."""
    assert isinstance(judge(made(contract()), YES, herd(35.0, until=2), at=s(120)), Pending)


def test_a_herd_that_nobody_holds_down_is_no_delivery() -> None:
    verdict = judge(made(contract()), YES, herd(0.0, until=4), at=s(240))
    assert isinstance(verdict, Shortfall)
    assert verdict.reason is ShortfallReason.NOT_DELIVERED
    assert "give or take" in verdict.why


def test_a_herd_that_comes_to_its_end_is_no_delivery() -> None:
    """The currents of a simulated evening in which the provider does nothing: the herd is simply complete at 306 A.

    From the reading before the acceptance the trend leads to 403 A, give or take 101 A: that shows nothing surely."""
    amps = [103, 201, 280, 284, 306, 306]
    rows = [Measured(at=s(60 * (n - 2)), current_a=(float(a), 150.0, 150.0)) for n, a in enumerate(amps)]
    verdict = judge(made(contract(capacity=(100.0, 0.0, 0.0)), required=(94.0, 0.0, 0.0)), YES, rows, at=s(240))
    assert isinstance(verdict, Shortfall)


def test_a_load_that_was_falling_by_itself_is_not_the_markets_delivery() -> None:
    """Falling by 15 A a minute before the call and after it: 30 A less than at call-off, and nothing was delivered."""
    rows = [Measured(at=s(60 * m), current_a=(200.0 - 15.0 * m, 150.0, 150.0)) for m in range(-3, 3)]
    assert isinstance(judge(made(contract()), YES, rows, at=s(120)), Pending)
