"""What can be wrong with a reading, as names for people and as bits for columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.uint16]


class Quality(StrEnum):
    """What is noticed about a reading. Those that ``refuse`` it keep it out: a late one would pass for fresh."""

    UNKNOWN_FEEDER = "unknown-feeder"
    IMPOSSIBLE = "impossible"
    SIGN_REVERSED = "sign-reversed"
    FUTURE = "future"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    LATE = "late"
    GAP = "gap"
    STUCK = "stuck"
    PHASE_SWAPPED = "phase-swapped"
    CLOCK_SKEWED = "clock-skewed"
    NOT_FINITE = "not-finite"
    MISSING_PHASE = "missing-phase"

    @property
    def refuses(self) -> bool:
        """Whether a reading with this flag is dropped."""
        return self not in _INFORMS

    @property
    def bit(self) -> np.uint16:
        """Its bit in a column of flags."""
        return _BITS[self]

    @property
    def rule(self) -> str:
        """What a reading must keep to, in words."""
        return _RULES[self]


_INFORMS = (Quality.GAP, Quality.STUCK, Quality.PHASE_SWAPPED, Quality.CLOCK_SKEWED, Quality.MISSING_PHASE)
_BITS: Mapping[Quality, np.uint16] = {quality: np.uint16(1 << place) for place, quality in enumerate(Quality)}
REFUSING = np.uint16(sum(int(q.bit) for q in Quality if q.refuses))
"""The bits of a column of flags that keep a reading out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPolicy:
    """When a reading is flagged.

    ``impossible_a``: no LV feeder carries more without its fuse melting in a fraction of a second. ``stuck_after``:
    equal consecutive readings. ``clock_after``: readings before a monitor's clock is judged, by the shortest time that
    any of them took to arrive: nothing arrives before it was measured (``clock_ahead_s`` of tolerance), and where even
    the quickest looks older than ``clock_behind_s``, the clock is behind or the way is slow; the shortest is forgotten
    by ``clock_leak_s`` at each intake. Phases are *swapped* when ``swapped_after`` readings in a row fit the feeder's
    own recent means much better in another order: ``swapped_ratio`` of the squared distance, which must itself exceed
    ``swapped_min_a``; ``swapped_memory`` readings make the mean, ``swapped_adopt`` in a row are taken for the new one.
    """

    impossible_a: float = 10_000.0
    late_after_s: float = 120.0
    future_tolerance_s: float = 30.0
    stuck_after: int = 10
    clock_after: int = 5
    clock_ahead_s: float = 5.0
    clock_behind_s: float = 60.0
    clock_leak_s: float = 1.0
    swapped_after: int = 10
    swapped_ratio: float = 0.2
    swapped_min_a: float = 20.0
    swapped_memory: int = 3
    swapped_adopt: int = 1440


def counted(flags: Flags) -> dict[Quality, int]:
    """How many rows carry each flag; those that none carries are left out."""
    found = {q: int(np.count_nonzero(flags & q.bit)) for q in Quality} if flags.any() else {}
    return {q: n for q, n in found.items() if n}


def named(flags: int) -> tuple[Quality, ...]:
    """The flags of one reading."""
    return tuple(q for q in Quality if flags & int(q.bit))


_RULES: Mapping[Quality, str] = {
    Quality.UNKNOWN_FEEDER: "the feeder is not watched",
    Quality.IMPOSSIBLE: "a current must be finite and within what a low-voltage feeder can carry",
    Quality.SIGN_REVERSED: "consumption is positive; a negative current means a reversed sensor or export",
    Quality.FUTURE: "a reading can not be of the future",
    Quality.DUPLICATE: "a reading of that time was accepted already",
    Quality.OUT_OF_ORDER: "a newer reading was accepted already",
    Quality.GAP: "readings before it are missing",
    Quality.LATE: "it arrived later than readings should",
    Quality.STUCK: "the same values came too many times in a row",
    Quality.PHASE_SWAPPED: "the phases fit the feeder's own past only in another order",
    Quality.CLOCK_SKEWED: "the monitor's clock disagrees with ours",
    Quality.NOT_FINITE: "a current must be a finite number",
    Quality.MISSING_PHASE: "a phase without a value is missing, never zero",
}
