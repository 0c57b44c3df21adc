"""From what the watch said and what became of the streets: sensitivity, specificity, false alarms, lead times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkbox.grid.risk import RiskState
from linkbox.study.detection import STATES, WARM_UP_MIN, Lived, Watched

Alarm = Callable[[Watched], npt.NDArray[np.bool_]]
LEAD_WANTED_MIN = 10
NEAR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """One alarm over all feeder-days. Shares are NaN where there is nothing to take a share of.

    An overload counts as seen where the alarm first stood at least LEAD_WANTED_MIN minutes
    before. A day is *clear* where no asset passed its limit and the most sensitive fuse that the standard allows would
    not have melted either; *borderline* where only that one would have: acting then is right by the standard, nobody
    knowing which fuse is in. ``false`` counts alarms on clear days, ``false_far`` those on which that fuse did not
    even get to NEAR of melting, ``false_strict`` alarms on all days without overload. Days on which it was too late
    before the watch began are left out, and counted in ``begun_over``.
    """

    days: int
    begun_over: int
    overloads: int
    borderline: int
    clear: int
    seen: int
    seen_late: int
    false: int
    false_far: int
    false_strict: int
    leads_min: tuple[float, ...]

    @property
    def sensitivity(self) -> float:
        """Share of overloads that were seen at least LEAD_WANTED_MIN minutes before."""
        return self.seen / self.overloads if self.overloads else float("nan")

    @property
    def specificity(self) -> float:
        """Share of clear days without an alarm."""
        return 1.0 - self.false / self.clear if self.clear else float("nan")

    @property
    def false_per_1000_days(self) -> float:
        """Alarms on clear days per 1,000 feeder-days of all kinds."""
        return 1000.0 * self.false / self.days if self.days else float("nan")

    @property
    def lead_p10_min(self) -> float:
        """A tenth of the overloads has less lead than this; an overload that was not seen has none."""
        return float(np.percentile(self.leads_min, 10.0)) if self.leads_min else float("nan")


def in_state(least: RiskState) -> Alarm:
    """The alarm that stands while the risk is at least in this state."""
    rank = STATES.index(least)
    return lambda watched: watched.grade >= rank


def within(seconds: float) -> Alarm:
    """The alarm that stands while the limit is at most this far away."""
    return lambda watched: watched.time_to_limit_s <= seconds


def at_probability(least: float) -> Alarm:
    """The alarm that stands while the limit is passed within the horizon with at least this probability."""
    return lambda watched: watched.probability >= least


def quality(lived: Sequence[Lived], watched: Sequence[Watched], alarm: Alarm) -> Quality:
    """Judge one alarm over all days. What it says in the warm-up does not count."""
    leads, false, false_far, false_strict = [], 0, 0, 0
    judged = [(day, said) for day, said in zip(lived, watched, strict=True) if not day.begun_over]
    for day, said in judged:
        minutes = np.flatnonzero(alarm(said)[WARM_UP_MIN:]) + WARM_UP_MIN
        if day.overload_min is not None:
            before = minutes[minutes < day.overload_min]
            leads.append(float(day.overload_min - before[0]) if before.size else 0.0)
        elif minutes.size:
            false_strict += 1
            false += day.sensitive_min is None
            false_far += day.sensitive_peak < NEAR
    borderline = sum(day.overload_min is None and day.sensitive_min is not None for day, _ in judged)
    return Quality(
        days=len(judged),
        begun_over=len(lived) - len(judged),
        overloads=len(leads),
        borderline=borderline,
        clear=len(judged) - len(leads) - borderline,
        seen=sum(lead >= LEAD_WANTED_MIN for lead in leads),
        seen_late=sum(0.0 < lead < LEAD_WANTED_MIN for lead in leads),
        false=false,
        false_far=false_far,
        false_strict=false_strict,
        leads_min=tuple(leads),
    )
