"""Windows of any length, and values by exception, brought to one time base without inventing precision.

A mean over ten minutes becomes the same mean in each of the ten minutes, and is marked as known to ten minutes only;
amperes times seconds stay what they were. Shorter windows are averaged by their time. A value by exception stands from
its own time until the next one, at most ``hold_s``: silence longer than that may be a dead line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.telemetry.batch import ReadingBatch
from linkbox.grid.thermal import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """The base periods ``[start_ms + k * base_s, … + base_s)``, k = 0 … steps - 1.

    ``mean_a`` (feeders, steps, 3): the mean over the part of the period that readings cover, NaN where none does;
    ``covered_s`` (feeders, steps, 3): how much that is (readings that overlap count each, so it may exceed the period);
    ``held_s``: how much of it is a value by exception that stood, not a mean; ``resolution_s`` (feeders, steps): the
    longest window in it: nothing is known of the current's course within that. ``mean_a * covered_s`` summed is the
    integral of the readings, as far as they lie within the periods.
    """

    start_ms: int
    base_s: float
    mean_a: Floats
    covered_s: Floats
    held_s: Floats
    resolution_s: Floats


def to_base(
    batch: ReadingBatch, *, feeders: int, start_ms: int, steps: int, base_s: float = 60.0, hold_s: float = 900.0
) -> Aligned:
    """Bring accepted readings of known feeders to the base. ``base_s`` must be whole milliseconds.

    Raises ValueError for a base or a number of steps that is not above 0.
    """
    if not base_s >= 0.001 or steps < 1:
        raise ValueError(f"the base must be at least 1 ms and the steps at least 1: {base_s} s, {steps}")
    starts, ends, held = _spans(batch, hold_s)
    total, covered, standing = (np.zeros((feeders, steps, 3)) for _ in range(3))
    longest = np.zeros((feeders, steps))
    base_ms = round(1000.0 * base_s)
    first = np.clip((starts - start_ms) // base_ms, 0, steps)
    last = np.clip(-((start_ms - ends) // base_ms), 0, steps)
    for k in range(int((last - first).max(initial=0))):
        rows = np.flatnonzero(first + k < last)
        step = first[rows] + k
        begin = start_ms + step * base_ms
        part_s = (np.minimum(ends[rows], begin + base_ms) - np.maximum(starts[rows], begin)) / 1000.0
        amps = batch.current_a[rows]
        known_s = np.where(np.isnan(amps), 0.0, part_s[:, None])
        place = (batch.feeder[rows], step)
        np.add.at(total, place, np.nan_to_num(amps) * known_s)
        np.add.at(covered, place, known_s)
        np.add.at(standing, place, np.where(held[rows, None], known_s, 0.0))
        np.maximum.at(longest, place, np.where(held[rows], 0.0, batch.window_s[rows]))
    with np.errstate(invalid="ignore"):
        mean = np.where(covered > 0.0, total / covered, np.nan)
    return Aligned(
        start_ms=start_ms, base_s=base_s, mean_a=mean, covered_s=covered, held_s=standing, resolution_s=longest
    )


def _spans(batch: ReadingBatch, hold_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """From when to when each reading speaks, in ms, and whether it is a value that stands."""
    held = batch.window_s == 0.0
    window_ms = np.rint(1000.0 * batch.window_s).astype(np.int64)
    starts = np.where(held, batch.at_ms, batch.at_ms - window_ms)
    ends = batch.at_ms.copy()
    order = np.lexsort((batch.at_ms, batch.feeder))
    same = batch.feeder[order[1:]] == batch.feeder[order[:-1]]
    following = np.append(np.where(same, batch.at_ms[order[1:]], np.iinfo(np.int64).max), np.iinfo(np.int64).max)
    until = np.empty_like(ends)
    until[order] = following[: len(order)]
    longest = batch.at_ms + round(1000.0 * hold_s)
    return starts, np.where(held, np.minimum(until, longest), ends), held
