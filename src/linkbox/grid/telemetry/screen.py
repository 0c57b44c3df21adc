"""The checks of readings, over columns: what is flagged, what is accepted, and what is remembered.

Readings count in the order in which they arrived: of one feeder's, each is compared with the newest accepted before it,
be that in the same batch or in an earlier one. A reading that is refused leaves no trace but its flag, except in the
judgement of the clock. No value is repaired, none is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.telemetry.batch import LONGEST_WINDOW_S, ReadingBatch
from linkbox.grid.telemetry.memory import judged_clocks, judged_phases
from linkbox.grid.telemetry.quality import REFUSING, Flags, Quality, QualityPolicy, counted
from linkbox.grid.telemetry.tracks import NEVER_MS, Tracks
from linkbox.grid.thermal import Floats

_Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """``flags`` (n,) of every reading; ``accepted`` its rows that count, in order of arrival; ``newest`` the last
    accepted row of each feeder that has one; ``counts`` per flag; ``tracks`` go into the next screening."""

    flags: Flags
    accepted: _Rows
    newest: _Rows
    counts: Mapping[Quality, int]
    tracks: Tracks


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Rows by feeder, and within a feeder as they arrived; ``first`` and ``last`` mark the ends of each one's run."""

    rows: _Rows
    feeder: NDArray[np.intp]
    first: NDArray[np.bool_]

    @property
    def last(self) -> NDArray[np.bool_]:
        return np.append(self.first[1:], True)[: len(self.first)]

    def take(self, keep: NDArray[np.bool_]) -> _Ordered:
        return _ordered(self.rows[keep], self.feeder[keep])


def screen(batch: ReadingBatch, tracks: Tracks, *, policy: QualityPolicy | None = None) -> Screened:
    """Check a batch against what is remembered. Never raises for what a reading says."""
    rules = policy or QualityPolicy()
    with np.errstate(invalid="ignore", over="ignore"):
        flags = _value_flags(batch, len(tracks), rules)
        plausible = np.flatnonzero((flags & REFUSING) == 0)
        flags |= _arrival_flags(batch, rules)
        runs = _sorted(plausible, batch)
        tracks, skewed = judged_clocks(batch, tracks, runs.rows, runs.feeder, runs.first, rules)
        flags[skewed] |= Quality.CLOCK_SKEWED.bit
        runs = runs.take((flags[runs.rows] & REFUSING) == 0)
        before = _newest_before(runs, batch, tracks)
        at = batch.at_ms[runs.rows]
        flags[runs.rows[at == before]] |= Quality.DUPLICATE.bit
        flags[runs.rows[at < before]] |= Quality.OUT_OF_ORDER.bit
        good, before = runs.take(at > before), before[at > before]
        flags[good.rows[_gaps(batch, good.rows, before)]] |= Quality.GAP.bit
        repeats = _repeats(good, batch, tracks)
        flags[good.rows[repeats + 1 >= rules.stuck_after]] |= Quality.STUCK.bit
        newest = good.take(good.last)
        tracks = _followed(tracks, newest, batch, repeats[good.last])
        tracks, swapped = judged_phases(batch, tracks, newest.rows, newest.feeder, rules)
        flags[swapped] |= Quality.PHASE_SWAPPED.bit
    return Screened(flags=flags, accepted=np.sort(good.rows), newest=newest.rows, counts=counted(flags), tracks=tracks)


def _value_flags(batch: ReadingBatch, feeders: int, policy: QualityPolicy) -> Flags:
    """What is said of the reading alone."""
    amps: Floats = np.concatenate([batch.current_a, batch.transformer_current_a], axis=1)
    known = (batch.feeder >= 0) & (batch.feeder < feeders)
    no_window = np.isfinite(batch.window_s) & ((batch.window_s < 0.0) | (batch.window_s > LONGEST_WINDOW_S))
    flags: Flags = np.where(known, 0, Quality.UNKNOWN_FEEDER.bit).astype(np.uint16)
    for quality, found in (
        (Quality.NOT_FINITE, np.isinf(amps).any(axis=1) | ~np.isfinite(batch.window_s)),
        (Quality.IMPOSSIBLE, (np.isfinite(amps) & (np.abs(amps) > policy.impossible_a)).any(axis=1) | no_window),
        (Quality.SIGN_REVERSED, (amps < 0.0).any(axis=1) & ~np.isneginf(amps).any(axis=1)),
        (Quality.MISSING_PHASE, np.isnan(batch.current_a).any(axis=1)),
    ):
        flags |= np.where(known & found, quality.bit, 0).astype(np.uint16)
    return flags


def _arrival_flags(batch: ReadingBatch, policy: QualityPolicy) -> Flags:
    """FUTURE and LATE, against the time of receipt. In float64: the difference of two wild times may not overflow."""
    delay_ms = batch.received_ms.astype(np.float64) - batch.at_ms.astype(np.float64)
    future = np.where(delay_ms < -1000.0 * policy.future_tolerance_s, Quality.FUTURE.bit, 0)
    late = np.where(delay_ms > 1000.0 * policy.late_after_s, Quality.LATE.bit, 0)
    known = batch.feeder >= 0
    return np.asarray(np.where(known, future | late, 0), dtype=np.uint16)


def _ordered(rows: _Rows, feeder: NDArray[np.intp]) -> _Ordered:
    return _Ordered(rows, feeder, np.append(True, feeder[1:] != feeder[:-1])[: len(feeder)])


def _sorted(rows: _Rows, batch: ReadingBatch) -> _Ordered:
    feeder = batch.feeder[rows].astype(np.intp)
    if (feeder[1:] < feeder[:-1]).any():
        order = np.argsort(feeder, kind="stable")
        rows, feeder = rows[order], feeder[order]
    return _ordered(rows, feeder)


def _newest_before(runs: _Ordered, batch: ReadingBatch, tracks: Tracks) -> NDArray[np.int64]:
    """(rows,) the newest time accepted before each. What is not newer than that changes nothing, so the running
    maximum over all rows is the one over the accepted ones."""
    if not len(runs.rows):
        return np.zeros(0, dtype=np.int64)
    times, rank = np.unique(batch.at_ms[runs.rows], return_inverse=True)
    offset = (np.cumsum(runs.first) - 1) * len(times)  # so that no run reaches into the next
    highest = times[np.maximum.accumulate(rank + offset) - offset]
    earlier = np.append(NEVER_MS, highest[:-1])
    known = tracks.at_ms[runs.feeder]
    return np.asarray(np.where(runs.first, known, np.maximum(known, earlier)))


def _gaps(batch: ReadingBatch, rows: _Rows, before: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where more than half a window is missing. A value by exception has no window: its silence is no gap."""
    window_ms = 1000.0 * batch.window_s[rows]
    elapsed_ms = batch.at_ms[rows].astype(np.float64) - before.astype(np.float64)
    return np.asarray((before != NEVER_MS) & (window_ms > 0.0) & (elapsed_ms > 1.5 * window_ms))


def _repeats(good: _Ordered, batch: ReadingBatch, tracks: Tracks) -> NDArray[np.int32]:
    """How many readings in a row before each one, without a break, had its very values."""
    if not len(good.rows):
        return np.zeros(0, dtype=np.int32)
    now = batch.current_a[good.rows].astype(np.float32)
    last = np.where(good.first[:, None], tracks.current_a[good.feeder], np.roll(now, 1, axis=0))
    alike = ((now == last) | (np.isnan(now) & np.isnan(last))).all(axis=1)
    same = alike & (now > 0.0).any(axis=1)  # an unloaded feeder reads zero minute after minute
    places = np.arange(len(same))
    start = np.maximum.accumulate(np.where(good.first | ~same, places, 0))
    carried = np.where(same, tracks.repeats[good.feeder] + 1, 0)
    return np.asarray(places - start + carried[start] * good.first[start], dtype=np.int32)


def _followed(tracks: Tracks, newest: _Ordered, batch: ReadingBatch, repeats: NDArray[np.int32]) -> Tracks:
    if not len(newest.rows):
        return tracks
    at_ms, current_a = tracks.at_ms.copy(), tracks.current_a.copy()
    window_s, counts = tracks.window_s.copy(), tracks.repeats.copy()
    at_ms[newest.feeder] = batch.at_ms[newest.rows]
    current_a[newest.feeder] = batch.current_a[newest.rows]
    window_s[newest.feeder] = batch.window_s[newest.rows]
    counts[newest.feeder] = repeats
    return Tracks(
        at_ms=at_ms,
        current_a=current_a,
        window_s=window_s,
        repeats=counts,
        delay_s=tracks.delay_s,
        delays=tracks.delays,
        usual_a=tracks.usual_a,
        swaps=tracks.swaps,
    )
