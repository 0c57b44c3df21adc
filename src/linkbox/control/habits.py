"""When a charger has been seen to draw: what its past evenings say about this one.

Nobody tells Linkbox when a car charges. But each event leaves evidence, a drop that identified a charger as drawing or
idle, and people come home at their own times. A habit counts that evidence by hour of the local day and mixes it with
what is known of chargers in general, as so many evenings seen; old evidence fades, since habits change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def share_out(total_a: float, amps: Sequence[float], expected: Sequence[float]) -> tuple[float, ...]:
    """Probabilities of drawing of chargers that together draw ``total_a``, where their habits expect ``expected``.

    The odds of all are moved by one factor, so that the mean of the sum is what was measured and those who mostly draw
    at this hour stay before those who hardly ever do. ``amps`` above 0, ``expected`` within (0, 1). A total that no
    factor reaches gives the nearest that one does.
    """
    logits = [math.log(q / (1.0 - q)) for q in expected]
    low, high = -_FURTHEST, _FURTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        mean = math.fsum(a * _logistic(x + middle) for a, x in zip(amps, logits, strict=True))
        low, high = (middle, high) if mean < total_a else (low, middle)
    return tuple(_logistic(x + (low + high) / 2) for x in logits)


#: Odds are moved by e to the power of this at most, and found to a part in a million.
_FURTHEST, _HALVINGS = 16.0, 40


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _near(hour: int) -> tuple[tuple[int, float], ...]:
    return ((hour - 1) % _HOURS, _BESIDE), (hour, 1.0), ((hour + 1) % _HOURS, _BESIDE)
