"""Whom to hold down, and for how long: the least burden that sheds what is needed, each choice with its reason.

The burden of a charger grows with what it has borne: ``100 x (1 + 3 x used30d/480 + 2 x used24h/120)``, less 20 where
it is held already (lv-network reference 6.1), so that minutes are shared out fairly and switches are few. Currents are
expectations: the nominal amperes times the probability that the charger draws. The answer is the exact minimum for the
expectations given, unless ``method`` says ``greedy-swap``; whether the expectation was right shows on the feeder.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES, Phase
from linkbox.base.time import require_utc
from linkbox.control.cover import Amps3, Cover, Item, cheapest_cover
from linkbox.control.greedy import greedy_cover
from linkbox.customers import Permit

MIN_HOLD_S = 900
MAX_HOLD_S = 7200
_DAY_MINUTES, _MONTH_MINUTES = 120.0, 480.0
#: A charger that is expected to shed less than this on every phase in need is not worth a command.
_LEAST_RELIEF_A = 0.05
#: A permit is for now: consent may end at any moment.
_PERMIT_LASTS_S = 60


class PlanningError(LinkboxError, ValueError):
    """A plan was asked for with values that make no sense; ``what`` and ``value`` name them."""

    def __init__(self, what: str, value: object, rule: str) -> None:
        self.what, self.value, self.rule = what, value, rule
        super().__init__(f"{what} = {value!r}: {rule}")


class PlanMethod(StrEnum):
    """How a plan was found. Only PREFIX_ENUMERATION is proved to be the minimum."""

    PREFIX_ENUMERATION = "prefix-enumeration"
    GREEDY_SWAP = "greedy-swap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One charger that may be held: it has a permit, and can not be described without one.

    ``phase`` is None where it is unknown, with ``phase_probability`` (default: equal), or with ``three_phase`` where
    the charger draws ``amps`` on all three. ``held_now``: a hold is in force whose renewal is up for decision.
    """

    mpan: Mpan
    permit: Permit
    phase: Phase | None
    amps: float
    probability_drawing: float
    remaining_s: int
    used_24h_s: float
    used_30d_s: float
    held_now: bool = False
    three_phase: bool = False
    phase_probability: Amps3 | None = None

    def __post_init__(self) -> None:
        if self.permit.mpan != self.mpan:
            raise PlanningError("permit", self.permit.intervention_id, "belongs to another connection point")
        if not 0.0 < self.amps < math.inf:
            raise PlanningError("amps", self.amps, "must be above 0")
        if not 0.0 <= self.probability_drawing <= 1.0:
            raise PlanningError("probability_drawing", self.probability_drawing, "must be within 0..1")

    @property
    def expected_a(self) -> Amps3:
        """What a hold is expected to shed on each phase."""
        expected = self.amps * self.probability_drawing
        if self.phase is not None:
            return (expected * (self.phase == 0), expected * (self.phase == 1), expected * (self.phase == 2))
        if self.three_phase:
            return (expected, expected, expected)
        a, b, c = self.phase_probability or (1 / 3, 1 / 3, 1 / 3)
        return (expected * a, expected * b, expected * c)

    @property
    def weight(self) -> float:
        """The burden of holding this charger now."""
        month, day = self.used_30d_s / 60 / _MONTH_MINUTES, self.used_24h_s / 60 / _DAY_MINUTES
        return 100.0 * (1.0 + 3.0 * month + 2.0 * day) - (20.0 if self.held_now else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHold:
    """One charger to hold down for ``duration_s``, whole minutes, and why."""

    mpan: Mpan
    duration_s: int
    expected_relief_a: Amps3
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """One charger that was not chosen, and why."""

    mpan: Mpan
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtailmentPlan:
    """What to command now. ``shortfall_a`` is what the candidates can not shed, per phase; 0 where they suffice."""

    at: datetime
    required_a: Amps3
    commands: tuple[PlannedHold, ...]
    expected_relief_a: Amps3
    shortfall_a: Amps3
    method: PlanMethod
    cost: float
    passed_over: tuple[PassedOver, ...]

    @property
    def sufficient(self) -> bool:
        """Whether the expected relief covers what is required on every phase."""
        return not any(self.shortfall_a)


def plan(
    required_a: Amps3,
    chargers: Sequence[Charger],
    *,
    hold_s: int,
    min_hold_s: int = MIN_HOLD_S,
    at: datetime,
) -> CurtailmentPlan:
    """The cheapest holds that shed ``required_a`` (A per phase, finite, >= 0) from ``at`` on.

    A charger is a candidate if its permit is of this minute and it may be held for ``min_hold_s`` or longer. Each hold
    lasts ``hold_s``, or as long as its quota allows where that is less, in whole minutes. Where the candidates do not
    suffice, all that help are taken and the rest is reported in ``shortfall_a``. Raises PlanningError for values out of
    range or a charger named twice.
    """
    require_utc(at)
    _check(required_a, chargers, hold_s, min_hold_s)
    obstacles = {c.mpan: _obstacle(c, required_a, hold_s, min_hold_s, at) for c in chargers}
    candidates = [c for c in chargers if obstacles[c.mpan] is None]
    items = [Item(relief_a=c.expected_a, weight=c.weight, tie=_lot(c.mpan, at)) for c in candidates]
    cover, method = _cover(required_a, items)
    chosen = [candidates[i] for i in cover.chosen]
    taken = {c.mpan for c in chosen}
    relief = [math.fsum(c.expected_a[p] for c in chosen) for p in range(3)]
    return CurtailmentPlan(
        at=at,
        required_a=required_a,
        commands=tuple(_planned(c, required_a, len(candidates), hold_s, method) for c in chosen),
        expected_relief_a=(relief[0], relief[1], relief[2]),
        shortfall_a=cover.shortfall_a,
        method=method,
        cost=cover.cost,
        passed_over=tuple(
            PassedOver(mpan=c.mpan, reason=obstacles[c.mpan] or _not_needed(c)) for c in chargers if c.mpan not in taken
        ),
    )


def _check(required_a: Amps3, chargers: Sequence[Charger], hold_s: int, min_hold_s: int) -> None:
    if len(required_a) != 3 or not all(0.0 <= a < math.inf for a in required_a):
        raise PlanningError("required_a", required_a, "must be three finite amperes, none below 0")
    if not 60 <= min_hold_s <= hold_s <= MAX_HOLD_S:
        raise PlanningError("hold_s", (min_hold_s, hold_s), f"must be 60 <= min_hold_s <= hold_s <= {MAX_HOLD_S}")
    if len({c.mpan for c in chargers}) != len(chargers):
        raise PlanningError("chargers", len(chargers), "the same charger stands there twice")


def _cover(required_a: Amps3, items: Sequence[Item]) -> tuple[Cover, PlanMethod]:
    exact = cheapest_cover(required_a, items)
    if exact is not None:
        return exact, PlanMethod.PREFIX_ENUMERATION
    return greedy_cover(required_a, items), PlanMethod.GREEDY_SWAP


def _hold_s(charger: Charger, hold_s: int) -> int:
    return min(hold_s, charger.remaining_s) // 60 * 60


def _helps(charger: Charger, required_a: Amps3) -> bool:
    return any(r > 0 and e >= _LEAST_RELIEF_A for r, e in zip(required_a, charger.expected_a, strict=True))


def _lot(mpan: Mpan, at: datetime) -> int:
    """Who comes first among equals, drawn anew every day so that it is not always the same household."""
    return zlib.crc32(f"{at:%Y-%m-%d} {mpan}".encode())


def _planned(charger: Charger, required_a: Amps3, candidates: int, hold_s: int, method: PlanMethod) -> PlannedHold:
    where = " and ".join(
        f"{charger.expected_a[p]:.1f} of {required_a[p]:.1f} A on {p.name}"
        for p in PHASES
        if required_a[p] > 0 and charger.expected_a[p] > 0
    )
    reason = (
        f"expected to shed {where} ({charger.amps:.0f} A, drawing with probability {charger.probability_drawing:.2f}); "
        f"{_use(charger)}; {'held already; ' if charger.held_now else ''}"
        f"in the set of least burden among {candidates} candidates ({method})"
    )
    duration_s = _hold_s(charger, hold_s)
    if duration_s < hold_s:
        reason += f"; {duration_s // 60} min, because no more is left of its quota"
    return PlannedHold(mpan=charger.mpan, duration_s=duration_s, expected_relief_a=charger.expected_a, reason=reason)


def _obstacle(charger: Charger, required_a: Amps3, hold_s: int, min_hold_s: int, at: datetime) -> str | None:
    """Why a charger is no candidate, or None."""
    age_s = (at - charger.permit.at).total_seconds()
    if not 0 <= age_s <= _PERMIT_LASTS_S:
        return f"its permit was decided {age_s:.0f} s ago and has to be asked for again"
    if _hold_s(charger, hold_s) < min_hold_s:
        left_min = max(0, charger.remaining_s) // 60
        return f"only {left_min} min left of its quota, {min_hold_s // 60} needed; {_use(charger)}"
    if not _helps(charger, required_a):
        return "not expected to shed anything where it is needed"
    return None


def _not_needed(charger: Charger) -> str:
    return f"others suffice at less burden; {_use(charger)}, burden {charger.weight:.0f}"


def _use(charger: Charger) -> str:
    return (
        f"held {charger.used_24h_s / 60:.0f} of 120 min in 24 h and {charger.used_30d_s / 60:.0f} of 480 min in 30 days"
    )
