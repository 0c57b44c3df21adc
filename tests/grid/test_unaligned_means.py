"""The true mean always lies within the bound, the bound is attained, and contradictions are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import Issue
from linkbox.grid.telemetry.unaligned import MeanBound, WindowMean, bounded_mean

HALF_HOUR_S = 1800


def bound(
    *windows: WindowMean, start_s: float, end_s: float, lowest: float = 200.0, highest: float = 260.0
) -> MeanBound:
    found = bounded_mean(windows, start_s, end_s, lowest=lowest, highest=highest)
    assert isinstance(found, MeanBound), found
    return found


def test_windows_that_fill_the_period_give_the_mean_itself() -> None:
    found = bound(WindowMean(start_s=0, end_s=900, mean=230), WindowMean(start_s=900, end_s=1800, mean=240),
                  start_s=0, end_s=1800)  # fmt: skip
    assert (found.low, found.high, found.estimate) == pytest.approx((235, 235, 235))
    assert found.covered_fraction == 1.0


def test_two_half_hours_that_straddle_the_period_bound_it_as_worked_out_by_hand() -> None:
    """Windows [-600, 1200) at 230 V and [1200, 3000) at 240 V; our half hour is [0, 1800); 200 V to 260 V.

    Of the first, 1200 s lie in ours. 1800 * 230 = 414,000 Vs, of which the 600 s outside take 120,000 to 156,000:
    258,000 to 294,000 are left; but 1200 s hold 240,000 to 312,000, so 258,000 to 294,000. Of the second, 600 s lie in
    ours: 432,000 less the 1200 s outside (240,000 to 312,000) is 120,000 to 192,000; 600 s hold 120,000 to 156,000.
    Together 378,000 to 450,000 Vs in 1800 s: 210 V to 250 V.
    """
    found = bound(WindowMean(start_s=-600, end_s=1200, mean=230), WindowMean(start_s=1200, end_s=3000, mean=240),
                  start_s=0, end_s=1800)  # fmt: skip
    assert (found.low, found.high) == pytest.approx((210.0, 250.0))
    assert found.estimate == pytest.approx((1200 * 230 + 600 * 240) / 1800)


def test_without_a_window_only_the_limits_are_known() -> None:
    found = bound(start_s=0, end_s=1800)
    assert (found.low, found.high, found.covered_fraction) == pytest.approx((200.0, 260.0, 0.0))


def test_two_windows_that_differ_by_a_piece_tell_that_piece() -> None:
    """[0, 1800) and [600, 1800) both known: so is [0, 600): (1800 * 230 - 1200 * 235) / 600 = 220 V."""
    found = bound(WindowMean(start_s=0, end_s=1800, mean=230), WindowMean(start_s=600, end_s=1800, mean=235),
                  start_s=0, end_s=600)  # fmt: skip
    assert (found.low, found.high) == pytest.approx((220.0, 220.0))


@pytest.mark.parametrize(
    "windows",
    [
        [WindowMean(start_s=0, end_s=60, mean=230), WindowMean(start_s=0, end_s=60, mean=231)],
        [WindowMean(start_s=0, end_s=60, mean=300)],
        [WindowMean(start_s=60, end_s=60, mean=230)],
        [WindowMean(start_s=0, end_s=60, mean=float("nan"))],
        [WindowMean(start_s=0, end_s=float("inf"), mean=230)],
    ],
)
def test_windows_that_can_not_be_true_are_issues(windows: list[WindowMean]) -> None:
    found = bounded_mean(windows, 0, 60, lowest=200, highest=260)
    assert isinstance(found, tuple)
    assert all(isinstance(issue, Issue) for issue in found)


courses = st.lists(st.floats(207.0, 253.0), min_size=48, max_size=48)
"""A voltage every 5 minutes, for 4 hours."""
spans = st.tuples(st.integers(0, 46), st.integers(1, 12)).map(lambda s: (s[0], min(s[0] + s[1], 48)))


@given(volts=courses, spans=st.lists(spans, max_size=6), period=spans, digits=st.sampled_from([None, 1, 0]))
def test_the_true_mean_is_always_within_the_bound(
    volts: list[float], spans: list[tuple[int, int]], period: tuple[int, int], digits: int | None
) -> None:
    """Windows at any offsets, overlapping or not, as exact means or rounded as meters do."""

    def window(a: int, b: int) -> WindowMean:
        mean = float(np.mean(volts[a:b]))
        if digits is None:
            return WindowMean(start_s=300.0 * a, end_s=300.0 * b, mean=mean)
        return WindowMean(start_s=300.0 * a, end_s=300.0 * b, mean=round(mean, digits), tolerance=0.5 * 10.0**-digits)

    a, b = period
    found = bounded_mean([window(*s) for s in spans], 300.0 * a, 300.0 * b, lowest=207.0, highest=253.0)
    assert isinstance(found, MeanBound)
    true = float(np.mean(volts[a:b]))
    assert found.low - 1e-6 <= true <= found.high + 1e-6
    assert found.low - 1e-6 <= found.estimate <= found.high + 1e-6
    assert found.low >= 207.0 - 1e-6
    assert found.high <= 253.0 + 1e-6


@given(mean=st.floats(207.0, 253.0), offset_s=st.integers(-HALF_HOUR_S + 1, HALF_HOUR_S - 1), upper=st.booleans())
def test_the_bound_is_attained_by_some_course_of_the_voltage(mean: float, offset_s: int, upper: bool) -> None:
    """One window: all of its freedom put into the period, or kept out of it."""
    found = bound(WindowMean(start_s=offset_s, end_s=offset_s + HALF_HOUR_S, mean=mean), start_s=0, end_s=HALF_HOUR_S,
                  lowest=207.0, highest=253.0)  # fmt: skip
    outside, inside = abs(offset_s), HALF_HOUR_S - abs(offset_s)
    extreme, rest = (253.0, 207.0) if upper else (207.0, 253.0)
    total = mean * HALF_HOUR_S
    within = min(extreme * inside, total - rest * outside) if upper else max(extreme * inside, total - rest * outside)
    attained = (within + extreme * outside) / HALF_HOUR_S
    assert (found.high if upper else found.low) == pytest.approx(attained)


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a period"):
        bounded_mean([], 60, 60)
