"""The arithmetic of windows: by hand at the edges, and against counting every second."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.control.windows import (
    DAY_S,
    MONTH_S,
    QUOTAS,
    Interval,
    UseCurve,
    addition_fits,
    flatten,
    longest_addition_s,
    within_quotas,
)

HOUR = 3600
intervals = st.lists(
    st.tuples(st.integers(0, 30), st.integers(-3, 12), st.sampled_from([0, 1, 500, 1000])).map(
        lambda t: (t[0], t[0] + t[1], t[2])
    ),
    max_size=6,
)


def weight_at(found: list[Interval], second: int) -> int:
    return max((w for start, end, w in found if start <= second < end), default=0)


def counted(found: list[Interval], start: int, end: int) -> int:
    return sum(weight_at(found, s) for s in range(start, end))


def test_the_quotas_are_two_hours_a_day_and_eight_in_thirty_days() -> None:
    # NF11: 2 h in 24 h; NF12: 8 h in 30 days
    assert QUOTAS == ((24 * 3600, 2 * 3600), (30 * 24 * 3600, 8 * 3600))


@given(intervals)
@settings(deadline=None)
def test_flat_intervals_are_disjoint_in_order_and_weigh_the_same_at_every_second(found: list[Interval]) -> None:
    flat = flatten(found)
    assert all(a[1] <= b[0] for a, b in pairwise(flat))
    assert all(start < end and weight > 0 for start, end, weight in flat)
    for second in range(-5, 50):
        assert weight_at(list(flat), second) == weight_at(found, second)


def test_overlapping_intervals_of_one_weight_become_one() -> None:
    assert flatten([(0, 10, 7), (5, 15, 7)]) == ((0, 15, 7),)
    assert flatten([(0, 10, 7), (5, 15, 9), (20, 30, 7)]) == ((0, 5, 7), (5, 15, 9), (20, 30, 7))
    assert flatten([(0, 10, 7), (10, 15, 7)]) == ((0, 10, 7), (10, 15, 7))
    assert flatten([(0, 20, 7), (2, 4, 9), (10, 30, 8)]) == ((0, 2, 7), (2, 4, 9), (4, 10, 7), (10, 30, 8))
    assert flatten([(0, 20, 1), (2, 4, 1), (15, 30, 1), (30, 31, 1)]) == ((0, 30, 1), (30, 31, 1))


@given(intervals, st.integers(-3, 45), st.integers(-3, 45))
@settings(deadline=None)
def test_use_is_that_of_all_its_seconds(found: list[Interval], a: int, b: int) -> None:
    start, end = min(a, b), max(a, b)
    assert UseCurve(found).within(start, end) == counted(found, start, end)


@given(intervals, st.integers(1, 20))
@settings(deadline=None)
def test_the_worst_window_is_the_worst_of_all_positions(found: list[Interval], window: int) -> None:
    every = [counted(found, s, s + window) for s in range(-25, 60)]
    assert UseCurve(found).worst(window) == max(every)


@given(intervals, st.integers(1, 20), st.integers(0, 30), st.integers(0, 10))
@settings(deadline=None)
def test_the_worst_touching_window_is_the_worst_of_those(
    found: list[Interval], window: int, start: int, length: int
) -> None:
    every = [counted(found, s, s + window) for s in range(start - window, start + length + 1)]
    assert UseCurve(found).worst_touching(window, start, start + length) == max(every)


def test_nothing_used_is_nothing() -> None:
    assert UseCurve([]).worst(DAY_S) == 0
    assert UseCurve([(5, 5, 1000)]).until(10) == 0
    assert within_quotas([])
    assert longest_addition_s([], 0) == 7200


def test_a_day_may_be_used_to_the_last_second_and_no_further() -> None:
    assert within_quotas([(0, 7200, 1000)])
    assert not within_quotas([(0, 7201, 1000)])
    assert within_quotas([(0, 14_400, 500)])
    assert not within_quotas([(0, 14_401, 500)])
    # two hours at either end of a window of a day touch it, but are never in one together
    assert within_quotas([(0, 7200, 1000), (DAY_S, DAY_S + 7200, 1000)])
    assert not within_quotas([(0, 7200, 1000), (DAY_S - 1, DAY_S + 7199, 1000)])


def test_a_month_may_be_used_to_the_last_second_and_no_further() -> None:
    full = [(day * 2 * DAY_S, day * 2 * DAY_S + 7200, 1000) for day in range(4)]
    assert within_quotas(full)
    assert not within_quotas([*full, (20 * DAY_S, 20 * DAY_S + 1, 1000)])
    assert within_quotas([*full, (MONTH_S, MONTH_S + 7200, 1000)])
    assert not within_quotas([*full, (MONTH_S - 1, MONTH_S + 7199, 1000)])


def test_an_addition_is_held_against_the_windows_that_it_touches_and_no_others() -> None:
    broken = [(0, 8000, 1000)]  # over the quota already
    # the 800 s too many leave the window of a day in its first 800 s; from then on one enters as one leaves
    assert not addition_fits(broken, (DAY_S + 799, DAY_S + 800, 1000))
    assert addition_fits(broken, (DAY_S + 800, DAY_S + 801, 1000))
    assert addition_fits(broken, (8000 + DAY_S, 8000 + DAY_S + 7200, 1000))
    assert addition_fits([(0, 3600, 1000)], (HOUR, 2 * HOUR, 1000))
    assert not addition_fits([(0, 3600, 1000)], (HOUR, 2 * HOUR + 1, 1000))
    ahead = [(10 * HOUR, 11 * HOUR, 1000)]
    assert addition_fits(ahead, (0, HOUR, 1000))
    assert not addition_fits(ahead, (0, HOUR + 1, 1000))


@pytest.mark.parametrize(
    ("found", "start", "weight", "longest"),
    [
        ([], 0, 500, 14_400),
        ([], 0, 1000, 7200),
        ([], 0, 1, DAY_S),  # never longer than a day
        # an hour used just before: an hour is left
        ([(0, 3600, 1000)], 3600, 1000, 3600),
        # 90 min used from a day ago on: as they leave the window the new ones enter
        ([(0, 5400, 1000)], DAY_S, 1000, 7200),
        # used until half an hour into yesterday's hour: of 120 min used 90 are in the window; 30 min, then as they go
        ([(0, 7200, 1000)], DAY_S + 1800, 1000, 7200),
        # 60 min used, a gap, 60 min used; the window begins 30 min into the first: 30 + 60 are in it, 30 min are free.
        # For 30 min as much leaves as enters; in the gap nothing leaves, so after 30 min of it nothing is free. Where
        # the gap ends there, the second hour leaves as the new one enters, and two hours fit; a second longer, no more.
        ([(0, 3600, 1000), (5400, 9000, 1000)], DAY_S + 1800, 1000, 7200),
        ([(0, 3600, 1000), (5401, 9001, 1000)], DAY_S + 1800, 1000, 3600),
        # half rate leaves at half the speed at which full off enters: 40 min in use, 80 free; of the 80 the window
        # gets rid of 0.5 a second for 80 min: 80 = x - 0.5 x while x <= 80 min, so 40 min more come free: 120
        ([(0, 4800, 500)], DAY_S, 1000, 7200),
        # nothing is left
        ([(0, 7200, 1000)], 7200, 1000, 0),
        ([(0, 8000, 1000)], DAY_S, 1000, 0),
        # held already until 1000, at the same weight: counted once, so the hold may be two hours from then on, less
        # what was used before
        ([(0, 1000, 1000)], 500, 1000, 6700),
        # held already at half rate for 1000 s more: 500 of use are in it anyway
        ([(0, 1000, 500)], 0, 1000, 7200),
        # reserved for later: a window holds both
        ([(10 * HOUR, 11 * HOUR, 1000)], 0, 1000, 3600),
        # the month: 7.5 h used, half an hour is left
        ([(d * 2 * DAY_S, d * 2 * DAY_S + 5400, 1000) for d in range(5)], 12 * DAY_S, 1000, 1800),
        # and what is 30 days old plays no part, to the second
        ([(d * 2 * DAY_S, d * 2 * DAY_S + 7200, 1000) for d in range(4)], MONTH_S + 7200, 1000, 7200),
        ([(d * 2 * DAY_S, d * 2 * DAY_S + 7200, 1000) for d in range(4)], MONTH_S - 60, 1000, 0),
    ],
)
def test_longest_addition_by_hand(found: list[Interval], start: int, weight: int, longest: int) -> None:
    assert longest_addition_s(found, start, weight) == longest
    fits = addition_fits(found, (start, start + longest, weight))
    assert fits or longest == 0
    if longest < DAY_S:
        assert not addition_fits(found, (start, start + longest + 1, weight))


quarters = st.lists(
    st.tuples(st.integers(-130, 10), st.integers(1, 8), st.sampled_from([250, 500, 1000])).map(
        lambda t: (t[0] * 900, (t[0] + t[1]) * 900, t[2])
    ),
    max_size=5,
)


@given(quarters, st.integers(-900, 900), st.sampled_from([250, 500, 1000]))
@settings(deadline=None, max_examples=200)
def test_the_longest_addition_fits_and_one_second_more_does_not(found: list[Interval], start: int, weight: int) -> None:
    longest = longest_addition_s(found, start, weight)
    assert longest == 0 or addition_fits(found, (start, start + longest, weight))
    assert longest == DAY_S or not addition_fits(found, (start, start + longest + 1, weight))


def test_a_thousandth_of_a_second_too_much_is_too_much() -> None:
    full = [(10_000, 10_000 + 7200, 1000)]
    assert within_quotas(full)
    assert not within_quotas([*full, (20_000, 20_001, 1)])
    assert UseCurve(full).within(0, 10_001) == 1000
