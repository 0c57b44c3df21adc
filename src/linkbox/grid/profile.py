"""The smoothed daily profile of every series: 96 quarter-hours of British local time, working days and the others.

Kept as one array per bin, so that learning one bin shares all others with the former profile, and only the bins around
the present are touched in a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.holidays import is_bank_holiday

BIN_S = 900.0
BINS = 96
DAY_WEIGHT = 0.15
"""How much a new day moves the profile."""

SPREAD_WEIGHT = 0.05
"""How much a new day moves the usual distance from it."""


def british_local(at: datetime) -> datetime:
    """``at`` (UTC) moved to the wall clock of Great Britain; the zone mark stays UTC.

    Summer time runs from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October (Summer Time
    Order 2002). Written out, because the core reads no zone files.
    """
    begins, ends = _last_sunday(at, 3), _last_sunday(at, 10)
    return at + timedelta(hours=1) if begins <= at < ends else at


def _last_sunday(at: datetime, month: int) -> datetime:
    last = at.replace(month=month, day=31, hour=1, minute=0, second=0, microsecond=0)
    return last - timedelta(days=last.isoweekday() % 7)


def slot_of(at: datetime) -> int:
    """Which of the 192 bins ``at`` falls into: working days first, then week-ends and bank holidays."""
    local = british_local(at)
    free = local.isoweekday() > 5 or is_bank_holiday(local.date())
    return BINS * free + (local.hour * 60 + local.minute) // 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``bins``: 192 arrays (feeders, 3) float32, or None where no day has been seen; ``sum`` and ``count`` gather the
    readings of the bin that is under way, ``slot``. ``spreads``: 96 arrays of the usual distance from the profile at a
    time of day, working days and others alike, or None; empty where they are not followed."""

    feeders: int
    bins: tuple[NDArray[np.float32] | None, ...]
    slot: int
    sum: NDArray[np.float32]
    count: NDArray[np.float32]
    spreads: tuple[NDArray[np.float32] | None, ...] = ()

    @classmethod
    def empty(cls, feeders: int, at: datetime, *, spreads: bool = False) -> Profile:
        """Nothing learned yet."""
        zeros = np.zeros((feeders, 3), dtype=np.float32)
        return cls(
            feeders=feeders,
            bins=(None,) * (2 * BINS),
            slot=slot_of(at),
            sum=zeros,
            count=zeros,
            spreads=(None,) * BINS if spreads else (),
        )

    def observe(self, current_a: NDArray[np.float32], *, at: datetime) -> Profile:
        """Take in the mean current of an interval that ended at ``at``; NaN is left out."""
        slot = slot_of(at - timedelta(seconds=1))  # an interval that ends on the quarter belongs to the one it closes
        closed = self if slot == self.slot else self._close(slot)
        seen = np.isfinite(current_a)
        return replace(
            closed,
            sum=closed.sum + np.where(seen, current_a, np.float32(0.0)),
            count=closed.count + seen.astype(np.float32),
        )

    def _close(self, next_slot: int) -> Profile:
        """Fold the gathered mean into its bin and turn to another."""
        known = self.count > 0
        mean = np.where(known, self.sum / np.maximum(self.count, np.float32(1.0)), np.float32(np.nan))
        old = self.bins[self.slot]
        spreads = self.spreads
        if old is not None and spreads:
            place = self.slot % BINS
            spreads = _put(spreads, place, _followed(spreads[place], np.abs(mean - old), SPREAD_WEIGHT))
        bins = self.bins
        if old is not None or known.any():
            bins = _put(bins, self.slot, _followed(old, mean, DAY_WEIGHT))
        zeros = np.zeros_like(self.sum)
        return replace(self, bins=bins, slot=next_slot, sum=zeros, count=zeros, spreads=spreads)

    def around(self, at: datetime, first_s: float, last_s: float) -> NDArray[np.float32]:
        """The profile's mean over ``at + first_s`` to ``at + last_s`` (feeders, 3); NaN where it is not known.

        Bins are joined by straight lines between their middles, so that the profile has no steps.
        """
        parts = weights_around(at, first_s, last_s)
        return self._mixed([(self.bins[slot], weight) for slot, weight in parts.items()])

    def spread_around(self, at: datetime, first_s: float, last_s: float) -> NDArray[np.float32]:
        """The usual distance from the profile over that time (feeders, 3); NaN where it is not known or followed."""
        parts = weights_around(at, first_s, last_s)
        return self._mixed([(self.spreads[slot % BINS] if self.spreads else None, w) for slot, w in parts.items()])

    def _mixed(self, parts: list[tuple[NDArray[np.float32] | None, float]]) -> NDArray[np.float32]:
        total = np.zeros((self.feeders, 3), dtype=np.float32)
        for values, weight in parts:
            total = total + (np.float32(np.nan) if values is None else values * np.float32(weight))
        return total


def weights_around(at: datetime, first_s: float, last_s: float) -> dict[int, float]:
    """Which bins make up the profile's mean over ``at + first_s`` to ``at + last_s``, and their weights, of sum 1."""
    times = np.linspace(first_s, last_s, 1 + int((last_s - first_s) // BIN_S) + (last_s > first_s)).tolist()
    parts: dict[int, float] = {}
    for t in times:
        middle = at + timedelta(seconds=t - BIN_S / 2)
        right = ((middle.minute * 60 + middle.second) % BIN_S) / BIN_S
        for slot, weight in ((slot_of(middle), 1.0 - right), (slot_of(middle + timedelta(seconds=BIN_S)), right)):
            parts[slot] = parts.get(slot, 0.0) + weight / len(times)
    return parts


def _followed(old: NDArray[np.float32] | None, new: NDArray[np.float32], weight: float) -> NDArray[np.float32]:
    """Exponential smoothing that starts with the first value and lets the missing be."""
    if old is None:
        return new
    moved = np.where(np.isfinite(old), old + np.float32(weight) * (new - old), new)
    return np.asarray(np.where(np.isfinite(new), moved, old))


def _put(
    bins: tuple[NDArray[np.float32] | None, ...], slot: int, value: NDArray[np.float32]
) -> tuple[NDArray[np.float32] | None, ...]:
    return (*bins[:slot], value, *bins[slot + 1 :])
