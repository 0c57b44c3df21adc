"""What averages over unaligned periods say about the average over another period: a bound, and it is the tightest.

Smart meters average the voltage over periods of their own. Of the mean over a period of ours, only so much is known:
the voltage-seconds of each of their windows, and that the voltage was within its physical limits all the time. With
F(t) the voltage-seconds up to t, a window says what F(end) - F(start) is, and the limits say that F rises between two
times by at least the lowest and at most the highest voltage. These are difference constraints; the greatest and the
least F(end) - F(start) of our period that they admit are shortest paths, and some course of the voltage attains them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkbox.base.errors import Issue
from linkbox.grid.thermal import Floats

LOWEST_V, HIGHEST_V = 0.0, 300.0
"""Between these is every voltage of a supply of 230 V, whatever has gone wrong short of a lost neutral."""

_ROUNDING_VS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMean:
    """The mean over ``[start_s, end_s)``, known to within ``tolerance`` either way (half of the last digit, say)."""

    start_s: float
    end_s: float
    mean: float
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanBound:
    """The true mean lies within ``[low, high]``. ``covered_fraction`` of the period lies in windows that were given.

    ``estimate`` is the mean if each window were constant, drawn into the bound; it is no better known than that.
    """

    low: float
    high: float
    estimate: float
    covered_fraction: float

    @property
    def half_width(self) -> float:
        """How far the middle of the bound can be from the truth."""
        return 0.5 * (self.high - self.low)


def bounded_mean(
    windows: Sequence[WindowMean], start_s: float, end_s: float, *, lowest: float = LOWEST_V, highest: float = HIGHEST_V
) -> MeanBound | tuple[Issue, ...]:
    """The mean over ``[start_s, end_s)``; or all issues, where a window is none or the windows contradict each other
    or the limits. The tightest bound that follows. Raises ValueError for an empty period or limits out of order."""
    if not (end_s > start_s and highest >= lowest):
        raise ValueError(f"not a period and a range: [{start_s}, {end_s}), [{lowest}, {highest}]")
    issues = tuple(issue for n, w in enumerate(windows) if (issue := _wrong(n, w, lowest, highest)) is not None)
    if issues:
        return issues
    times = np.unique([start_s, end_s, *(t for w in windows for t in (w.start_s, w.end_s))])
    farthest = _closed(_constraints(windows, times, lowest, highest))
    if bool((np.diagonal(farthest) < -_ROUNDING_VS * len(times)).any()):
        rule = "the windows and the limits can not all be true"
        return (Issue(where="windows", value=f"{len(windows)} windows", rule=rule),)
    a, b = np.searchsorted(times, [start_s, end_s])
    length = end_s - start_s
    low, high = -float(farthest[b, a]) / length, float(farthest[a, b]) / length
    value, covered = _constant(windows, start_s, end_s, middle=0.5 * (low + high))
    return MeanBound(low=low, high=high, estimate=min(max(value, low), high), covered_fraction=covered)


def _wrong(number: int, window: WindowMean, lowest: float, highest: float) -> Issue | None:
    where = f"window {number}"
    facts = (window.start_s, window.end_s, window.mean, window.tolerance)
    if not np.isfinite(facts).all() or window.tolerance < 0.0:
        return Issue(where=where, value=str(window.mean), rule="times, mean and tolerance must be finite numbers")
    if window.end_s <= window.start_s:
        return Issue(where=where, value=f"{window.start_s:g}..{window.end_s:g} s", rule="must end after it starts")
    if not lowest - window.tolerance <= window.mean <= highest + window.tolerance:
        return Issue(where=where, value=f"{window.mean:g}", rule=f"must be within {lowest:g}..{highest:g}")
    return None


def _constraints(windows: Sequence[WindowMean], times: Floats, lowest: float, highest: float) -> Floats:
    """(times, times): F of the column's time less F of the row's is at most this."""
    lengths = times[None, :] - times[:, None]
    most: NDArray[np.float64] = np.where(lengths >= 0.0, lengths * highest, lengths * lowest)
    for w in windows:
        i, j = np.searchsorted(times, [w.start_s, w.end_s])
        length = w.end_s - w.start_s
        most[i, j] = min(most[i, j], (w.mean + w.tolerance) * length)
        most[j, i] = min(most[j, i], -(w.mean - w.tolerance) * length)
    return most


def _closed(most: Floats) -> Floats:
    """All pairs of shortest paths (Floyd and Warshall)."""
    for k in range(len(most)):
        most = np.minimum(most, most[:, k, None] + most[None, k, :])
    return most


def _constant(windows: Sequence[WindowMean], start_s: float, end_s: float, *, middle: float) -> tuple[float, float]:
    """The mean if every window were constant, and the share of the period in any window."""
    overlaps = [max(min(w.end_s, end_s) - max(w.start_s, start_s), 0.0) for w in windows]
    edges = np.unique(np.clip([t for w in windows for t in (w.start_s, w.end_s)] + [start_s, end_s], start_s, end_s))
    middles = 0.5 * (edges[1:] + edges[:-1])
    inside = np.zeros(len(middles), dtype=np.bool_)
    for w in windows:
        inside |= (middles >= w.start_s) & (middles < w.end_s)
    covered = float(np.diff(edges)[inside].sum() / (end_s - start_s))
    total = sum(overlaps)
    if total <= 0.0:
        return middle, 0.0
    mean = sum(o * w.mean for o, w in zip(overlaps, windows, strict=True)) / total
    return covered * mean + (1.0 - covered) * middle, covered
