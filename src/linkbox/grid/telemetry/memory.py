"""What only shows over many readings: a clock that is off, and phases that changed places."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.telemetry.batch import ReadingBatch
from linkbox.grid.telemetry.quality import QualityPolicy
from linkbox.grid.telemetry.tracks import Tracks

_Rows = NDArray[np.intp]
_OTHER_ORDERS = [list(order) for order in permutations(range(3))][1:]
_MOST = np.iinfo(np.uint8).max


def judged_clocks(
    batch: ReadingBatch,
    tracks: Tracks,
    rows: _Rows,
    feeder: NDArray[np.intp],
    first: NDArray[np.bool_],
    policy: QualityPolicy,
) -> tuple[Tracks, _Rows]:
    """The tracks with the delays of ``rows`` (sorted by ``feeder``), and the rows whose monitor's clock is off.

    A delay is the way plus the clock's error, and the way is never negative: so the shortest delay tells most.
    """
    if not len(rows):
        return tracks, rows
    starts = np.flatnonzero(first)
    seen = feeder[starts]
    delay_s = (batch.received_ms[rows].astype(np.float64) - batch.at_ms[rows].astype(np.float64)) / 1000.0
    shortest = np.minimum(np.minimum.reduceat(delay_s, starts), tracks.delay_s[seen] + policy.clock_leak_s)
    count = np.minimum(tracks.delays[seen].astype(np.int64) + np.diff(np.append(starts, len(rows))), _MOST)
    delays, counts = tracks.delay_s.copy(), tracks.delays.copy()
    delays[seen], counts[seen] = shortest, count
    off = (shortest < -policy.clock_ahead_s) | (shortest > policy.clock_behind_s)
    skewed = np.repeat(off & (count >= policy.clock_after), np.diff(np.append(starts, len(rows))))
    return replace(tracks, delay_s=delays, delays=counts), rows[skewed]


def judged_phases(
    batch: ReadingBatch, tracks: Tracks, rows: _Rows, feeder: NDArray[np.intp], policy: QualityPolicy
) -> tuple[Tracks, _Rows]:
    """The tracks with the usual currents and the suspicions of ``rows`` (one a feeder), and the rows of feeders whose
    phases have been in another order for long enough. While it is suspected, the usual currents stand still."""
    if not len(rows):
        return tracks, rows
    now = batch.current_a[rows]
    usual = tracks.usual_a[feeder].astype(np.float64)
    as_is = np.square(now - usual).sum(axis=1)
    other = np.min([np.square(now[:, order] - usual).sum(axis=1) for order in _OTHER_ORDERS], axis=0)
    suspect = (other < policy.swapped_ratio * as_is) & (as_is > policy.swapped_min_a**2)
    swaps = np.where(suspect, tracks.swaps[feeder] + 1, 0)
    anew = swaps >= policy.swapped_adopt
    moved = np.where(np.isnan(usual) | anew[:, None], now, usual + (now - usual) / policy.swapped_memory)
    keep = np.isnan(now) | (suspect & ~anew)[:, None]
    usual_a, counts = tracks.usual_a.copy(), tracks.swaps.copy()
    usual_a[feeder] = np.where(keep, usual, moved)
    counts[feeder] = np.where(anew, 0, swaps)
    return replace(tracks, usual_a=usual_a, swaps=counts), rows[(swaps >= policy.swapped_after) & ~anew]
