"""What the current would have been without the market: the last trend, dying away, with its uncertainty.

    expected(h) = y0 + slope * phi * g(h)        g(h) = (1 - phi^h) / (1 - phi)
    sigma(h)    = (10 A + 0.5 |slope|) * g(h)    phi = 0.8, h in minutes after y0

``y0`` is the last reading from before anything can have been delivered, ``slope`` the rise per minute over the last
readings before it. While a herd of cars starts, the current climbs on whatever a provider does: against the current at
call-off a real delivery of 60 A looked like none. Damping and spread were fitted to simulated evenings (six seeds,
three phases, 2.5 hours around the start of a night tariff): in the twelve minutes of the herd the bias is below 3 A up
to four minutes ahead, where a flat line is 44 A low and an undamped trend 26 A high; three of four readings lie within
one sigma, nine of ten within two (decision 0026).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from linkbox.market.contracts import Amps3

DAMPING_PER_MIN = 0.8
BLOCK_A = 10.0
SLOPE_SHARE = 0.5
TREND = timedelta(minutes=3)
"""How far back of the last reading the slope is taken from."""

LATE = timedelta(seconds=30)
"""Readings of a monitor whose minutes are not exactly ours still count."""

METHOD = "damped trend of the feeder's own current before the acceptance (0.8 per minute), against what was measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The feeder's mean current of the minute that ended at ``at``; NaN where a phase was not measured."""

    at: datetime
    current_a: Amps3

    @property
    def complete(self) -> bool:
        """Whether every phase was measured."""
        return all(map(math.isfinite, self.current_a))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What the current would do from ``origin`` on if nobody delivered anything. ``slope_a_per_min`` is its trend."""

    origin: Measured
    slope_a_per_min: Amps3 = (0.0, 0.0, 0.0)

    def expected_a(self, at: datetime) -> Amps3:
        """The expected current at ``at``, never below 0."""
        growth = DAMPING_PER_MIN * self._reach(at)
        a, b, c = (max(0.0, y + s * growth) for y, s in zip(self.origin.current_a, self.slope_a_per_min, strict=True))
        return (a, b, c)

    def sigma_a(self, at: datetime) -> Amps3:
        """One standard deviation of what the current at ``at`` may differ from that by itself."""
        reach = self._reach(at)
        a, b, c = ((BLOCK_A + SLOPE_SHARE * abs(s)) * reach for s in self.slope_a_per_min)
        return (a, b, c)

    def _reach(self, at: datetime) -> float:
        minutes = max(0.0, (at - self.origin.at) / timedelta(minutes=1))
        return float((1.0 - DAMPING_PER_MIN**minutes) / (1.0 - DAMPING_PER_MIN))


def follow(readings: Sequence[Measured], *, before: datetime, at_call: Measured) -> Counterfactual:
    """The trend of the readings up to ``before``, the moment from which something may be delivered.

    ``at_call`` is the current at call-off: the origin where there is no reading. One reading alone has no trend."""
    usable = sorted((r for r in readings if r.at <= before and r.complete), key=lambda r: r.at)
    if not usable:
        return Counterfactual(origin=at_call)
    last = usable[-1]
    first = next(r for r in usable if last.at - r.at <= TREND + LATE)
    minutes = (last.at - first.at) / timedelta(minutes=1)
    if minutes <= 0:
        return Counterfactual(origin=last)
    a, b, c = ((y - x) / minutes for x, y in zip(first.current_a, last.current_a, strict=True))
    return Counterfactual(origin=last, slope_a_per_min=(a, b, c))
