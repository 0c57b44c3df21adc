"""A charger as the choice sees it: what it sheds on each row of need, at each level that it has."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.control.devices import Levels, shed_a


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One charger that may be chosen. ``share``: by row, what one ampere taken from it is expected to shed there."""

    share: tuple[float, ...]
    drawn_a: float
    rated_a: float
    levels: Levels
    weight: float
    tie: int

    def relief_a(self, level_percent: float) -> tuple[float, ...]:
        """What it is expected to shed on each row when it is left this level."""
        shed = shed_a(level_percent, rated_a=self.rated_a, drawn_a=self.drawn_a)
        return tuple(shed * s for s in self.share)
