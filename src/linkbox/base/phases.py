"""The three phases of a low-voltage feeder, in the order of every array's last axis."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """L1, L2, L3 as array indices 0, 1, 2."""

    L1 = 0
    L2 = 1
    L3 = 2


PHASES: tuple[Phase, ...] = tuple(Phase)
