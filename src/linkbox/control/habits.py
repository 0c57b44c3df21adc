"""When a charger has been seen to draw: what its past evenings say about this one.

Nobody tells Linkbox when a car charges. But each event leaves evidence, a drop that identified a charger as drawing or
idle, and people come home at their own times. A habit counts that evidence by hour of the local day and mixes it with
what is known of chargers in general, as so many evenings seen; old evidence fades, since habits change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

_HOURS = 24
#: The general prior counts as much as this many evenings of the charger's own.
PRIOR_EVENINGS = 4.0
#: What is left of evidence when the next comes in for the same hour: a half after some fourteen.
_KEPT = 0.95
#: Evidence of one hour says something of the hours beside it: a car that draws at seven mostly draws at eight.
_BESIDE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """Evidence by local hour: how many evenings were seen, and on how many of them the charger drew (both in parts)."""

    seen: tuple[float, ...] = (0.0,) * _HOURS
    drew: tuple[float, ...] = (0.0,) * _HOURS

    def __post_init__(self) -> None:
        if len(self.seen) != _HOURS or len(self.drew) != _HOURS:
            raise ValueError("a habit has 24 hours")

    def after(self, local_time: time, probability: float) -> Habit:
        """The habit after an event that left this probability that the charger drew.

        A probability of a half taught nothing and counts nothing; a certainty counts one evening.
        """
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability must be within 0..1, not {probability}")
        seen, drew = list(self.seen), list(self.drew)
        for hour, share in _near(local_time.hour):
            weight = share * abs(2.0 * probability - 1.0)
            fade = _KEPT if weight > 0.0 else 1.0
            seen[hour] = seen[hour] * fade + weight
            drew[hour] = drew[hour] * fade + weight * probability
        return Habit(seen=tuple(seen), drew=tuple(drew))

    def probability(self, local_time: time, general: float) -> float:
        """The probability that this charger draws, where ``general`` is that of any charger at this time."""
        hour = local_time.hour
        return (PRIOR_EVENINGS * general + self.drew[hour]) / (PRIOR_EVENINGS + self.seen[hour])


def _near(hour: int) -> tuple[tuple[int, float], ...]:
    return ((hour - 1) % _HOURS, _BESIDE), (hour, 1.0), ((hour + 1) % _HOURS, _BESIDE)
