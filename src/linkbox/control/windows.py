"""The arithmetic of rolling windows over weighted intervals, in whole seconds and whole thousandths: exact.

An interval is ``(start_s, end_s, weight_milli)``: seconds since 1970, ``[start, end)``, and the weight in thousandths
of full off. A charger is one switch, so where intervals of the same charger overlap, the highest weight counts, once.
Use is measured in milli-seconds of full off (seconds x thousandths), called ``use_milli`` here; integers throughout.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int, int]
FULL_OFF_MILLI = 1000
DAY_S, DAY_QUOTA_S = 24 * 3600, 120 * 60
MONTH_S, MONTH_QUOTA_S = 30 * 24 * 3600, 480 * 60
#: (window length, full-off seconds allowed in it) of NF11 and NF12.
QUOTAS: tuple[tuple[int, int], ...] = ((DAY_S, DAY_QUOTA_S), (MONTH_S, MONTH_QUOTA_S))


def flatten(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Disjoint intervals in order, each with the highest weight that covers it. Empty ones vanish."""
    flat: list[Interval] = []
    cluster: list[Interval] = []
    reached = 0
    for interval in sorted(i for i in intervals if i[0] < i[1] and i[2] > 0):
        if cluster and interval[0] >= reached:
            flat += _cluster_flat(cluster)
            cluster = []
        reached = max(reached, interval[1]) if cluster else interval[1]
        cluster.append(interval)
    return (*flat, *_cluster_flat(cluster))


def _cluster_flat(cluster: list[Interval]) -> list[Interval]:
    """The same of intervals of which each overlaps another: few, since a charger is held by few commands at once."""
    if len(cluster) < 2:
        return cluster
    cuts = sorted({t for start, end, _ in cluster for t in (start, end)})
    flat: list[Interval] = []
    for left, right in pairwise(cuts):
        weight = max(w for start, end, w in cluster if start <= left and right <= end)
        if flat and flat[-1][2] == weight:
            flat[-1] = (flat[-1][0], right, weight)
        else:
            flat.append((left, right, weight))
    return flat


class UseCurve:
    """Cumulative use of one charger as a function of time, for repeated questions about one set of intervals."""

    __slots__ = ("_cumulative", "_starts", "flat")

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.flat = flatten(intervals)
        self._starts = [i[0] for i in self.flat]
        total, self._cumulative = 0, [0]
        for start, end, weight in self.flat:
            total += (end - start) * weight
            self._cumulative.append(total)

    def until(self, at_s: int) -> int:
        """All use before ``at_s``, in milli-seconds of full off."""
        n = bisect_right(self._starts, at_s)
        if n == 0:
            return 0
        _, end, weight = self.flat[n - 1]
        return self._cumulative[n] - max(0, end - at_s) * weight

    def within(self, start_s: int, end_s: int) -> int:
        """Use in ``[start_s, end_s)``."""
        return self.until(end_s) - self.until(start_s)

    def worst(self, window_s: int) -> int:
        """The most use that any window of this length holds.

        As the window slides, its use is piecewise linear and can bend only where an edge of the window passes an edge
        of an interval; so the worst position has its end on an interval's end, or its start on an interval's start.
        """
        return max((self.within(end - window_s, end) for end in self._bends(window_s)), default=0)

    def worst_touching(self, window_s: int, start_s: int, end_s: int) -> int:
        """The most use in any window that has a moment in common with ``[start_s, end_s]``."""
        first, last = start_s, end_s + window_s
        ends = {end for end in self._bends(window_s) if first <= end <= last} | {first, last}
        return max(self.within(end - window_s, end) for end in ends)

    def _bends(self, window_s: int) -> set[int]:
        return {end for _, end, _ in self.flat} | {start + window_s for start, _, _ in self.flat}


def within_quotas(intervals: Iterable[Interval]) -> bool:
    """Whether no window of any quota, wherever it stands, holds more than is allowed."""
    curve = UseCurve(intervals)
    return all(curve.worst(window_s) <= quota_s * FULL_OFF_MILLI for window_s, quota_s in QUOTAS)


def addition_fits(intervals: Iterable[Interval], addition: Interval) -> bool:
    """Whether every window that the addition touches stays within its quota with the addition in it."""
    start_s, end_s, _ = addition
    curve = UseCurve([*intervals, addition])
    return all(
        curve.worst_touching(window_s, start_s, end_s) <= quota_s * FULL_OFF_MILLI for window_s, quota_s in QUOTAS
    )


def longest_addition_s(intervals: Sequence[Interval], start_s: int, weight_milli: int = FULL_OFF_MILLI) -> int:
    """The longest whole number of seconds, at most a day, that may be added from ``start_s`` on within every quota."""
    recent = [i for i in intervals if i[1] > start_s - MONTH_S]
    if any(end > start_s for _, end, _ in recent):
        return _longest_by_bisection(recent, start_s, weight_milli)
    longest_s = DAY_S
    for window_s, quota_s in QUOTAS:
        quota_milli = quota_s * FULL_OFF_MILLI
        longest_s = min(longest_s, quota_milli // weight_milli)
        used = [i for i in recent if i[1] > start_s - window_s]
        if sum((end - start) * weight for start, end, weight in used) + longest_s * weight_milli > quota_milli:
            curve = UseCurve(used)
            longest_s = min(longest_s, _longest_after(curve, start_s, weight_milli, window_s, quota_milli))
    return longest_s


def _longest_after(curve: UseCurve, start_s: int, weight_milli: int, window_s: int, quota_milli: int) -> int:
    """The same for one quota, where all use lies before ``start_s``: walk the end of the addition forward.

    While the window's end moves with the addition's end, its use grows by the addition's weight and shrinks by the
    weight that leaves at its other edge; between two edges of old intervals that rate is constant.
    """
    tail_s = start_s - window_s
    used = curve.within(tail_s, start_s)
    if used > quota_milli:
        return 0
    edges = sorted({t for start, end, _ in curve.flat for t in (start, end) if tail_s < t})
    longest_s = 0
    for edge in [*edges, tail_s + DAY_S]:
        step_s = min(edge - tail_s, DAY_S) - longest_s
        if step_s <= 0:
            break
        rate = weight_milli - curve.within(tail_s + longest_s, tail_s + longest_s + 1)
        if used + rate * step_s > quota_milli:
            return longest_s + (quota_milli - used) // rate
        used += rate * step_s
        longest_s += step_s
    return longest_s


def _longest_by_bisection(intervals: Sequence[Interval], start_s: int, weight_milli: int) -> int:
    """The same for the general case: a longer addition only ever adds use, so bisection finds the last that fits."""
    low, too_long = 0, DAY_S + 1
    while too_long - low > 1:
        middle = (low + too_long) // 2
        if addition_fits(intervals, (start_s, start_s + middle, weight_milli)):
            low = middle
        else:
            too_long = middle
    return low
