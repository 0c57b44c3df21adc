"""What a charger's switch or controller can do to it, as data: off, a reduced rate, or any level above a floor.

A load control switch (HCALCS) knows one other state, which installers wire as off or as a reduced rate; a proportional
controller (APC) takes whole percents of the rating. A car stops, and may not start again, below 6 A per phase (IEC
61851-1), so a level is either nothing at all, where that is what "deactivated" means, or the floor and more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

#: The least current that a charging car can be told (IEC 61851-1, control pilot duty cycle of 10 %).
FLOOR_A = 6.0
_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OnOff:
    """A switch. ``reduced_fraction`` is what remains of the rating when it is deactivated: 0 where that is off."""

    reduced_fraction: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.reduced_fraction < 1.0:
            raise ValueError(f"reduced_fraction must be within 0..1 and below 1, not {self.reduced_fraction}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportional:
    """A proportional controller: any whole percent of the rating from ``floor_a`` up. Never below, never off."""

    floor_a: float = FLOOR_A

    def __post_init__(self) -> None:
        if not FLOOR_A <= self.floor_a < math.inf:
            raise ValueError(f"floor_a must be {FLOOR_A} A or more, not {self.floor_a}")


Control: TypeAlias = OnOff | Proportional


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Whole percents of the rating that a hold may leave, ``[deepest, highest]``; empty where none sheds anything.

    A switch's reduced rate is what it is and need not be whole: then both are that one number.
    """

    deepest: float
    highest: float

    @property
    def empty(self) -> bool:
        """Whether no level sheds anything."""
        return self.deepest > self.highest

    @property
    def single(self) -> bool:
        """Whether there is nothing to choose."""
        return self.deepest >= self.highest


def levels(control: Control, *, rated_a: float, drawn_a: float) -> Levels:
    """Which levels of ``rated_a`` make a charger that draws ``drawn_a`` (A per phase) draw less."""
    match control:
        case OnOff(reduced_fraction=fraction):
            left = _PERCENT * fraction
            return Levels(deepest=left, highest=left if rated_a * fraction < drawn_a else -1.0)
        case Proportional(floor_a=floor_a):
            deepest = math.ceil(_PERCENT * floor_a / rated_a - 1e-9)
            highest = math.ceil(_PERCENT * drawn_a / rated_a - 1e-9) - 1
            return Levels(deepest=float(deepest), highest=float(min(highest, _PERCENT - 1)))


def shed_a(level_percent: float, *, rated_a: float, drawn_a: float) -> float:
    """What a charger that draws ``drawn_a`` sheds when it is left ``level_percent`` of ``rated_a``; never below 0."""
    return max(0.0, drawn_a - rated_a * level_percent / _PERCENT)
