"""Giving the supply back: which holds may end early this minute, and which ends have to be made good by others.

Every hold ends by itself; that is the fail-safe. Ending some early shortens them for the customer, but what comes back
must not overload the feeder again, and must never come back all at once. So a release needs room on every phase that it
touches, after everything that comes back by itself within the lead; few go at a time, and the feeder is measured before
the next. Those whose hold buys nothing go first, because the drop showed that they do not draw; then those who have
borne most.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES, Phase
from linkbox.base.time import require_utc

Amps3: TypeAlias = tuple[float, float, float]
#: Room is kept for the mean of what comes back plus this many standard deviations (90 % of a normal).
_SURE = 1.28
#: At most this part of a phase's holds, rounded down but at least one, is released in one step.
_STEP_FRACTION = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One charger that is held ``[since, until)``. ``probability_drawing``: that it draws ``amps`` once it may.

    ``phase`` is None where it draws on all three, or where the phase is not known: it is then counted on each.
    ``idle``: the current was measured after it was held, and showed that it was not drawing.
    """

    mpan: Mpan
    phase: Phase | None
    amps: float
    probability_drawing: float
    since: datetime
    until: datetime
    used_24h_s: float = 0.0
    idle: bool = False

    def touches(self, phase: Phase) -> bool:
        """Whether its return is to be reckoned with on ``phase``."""
        return self.phase is None or self.phase is phase


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelease:
    """One hold to end now, and why."""

    mpan: Mpan
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What to do this minute.

    ``replace_a``: what has to be held in place of the holds that end within the lead (A per phase, 0 where nothing has
    to be); ``expiring`` are those holds. ``projected_a`` is the current to reckon with after this step and those ends.
    """

    release: tuple[PlannedRelease, ...]
    expiring: tuple[Mpan, ...]
    replace_a: Amps3
    projected_a: Amps3


def plan_release(
    allowable_a: Amps3,
    expected_a: Amps3,
    held: Sequence[Held],
    *,
    at: datetime,
    lead_s: float,
    margin_a: float = 0.0,
    min_hold_s: float = 0.0,
    gap_s: float = 0.0,
    last_release_at: Sequence[datetime | None] = (None, None, None),
) -> ReleasePlan:
    """Decide on releases at ``at``.

    ``allowable_a`` and ``expected_a`` (A per phase): what the feeder may carry, and what it is expected to carry while
    all of ``held`` stay held. ``margin_a`` is kept free. A charger held for less than ``min_hold_s`` stays, and a phase
    whose last release is less than ``gap_s`` ago waits for its effect to be measured. Where anything is still held,
    something stays held: all are never released in one step, unless only one is left. ``allowable_a`` that is not a
    number (a blind feeder) releases nobody early.

    A hold that buys nothing (``idle``) needs no minimum, for no car is restarted by its end, and beside the margin room
    for the mean of what is believed of it only: but it is counted among the releases of its phase, and waits for their
    gap, as any other.
    """
    require_utc(at)
    expiring = [h for h in held if h.until <= at + timedelta(seconds=lead_s)]
    staying = [h for h in held if h.until > at + timedelta(seconds=lead_s)]
    room = [_room(a, e, margin_a) for a, e in zip(allowable_a, expected_a, strict=True)]
    returning = [h for h in expiring if h.until > at]
    replace = [max(0.0, _upper(expiring, p) - room[p]) if _any(expiring, p) else 0.0 for p in PHASES]
    resting = [_resting(last_release_at[p], at, gap_s) for p in PHASES]
    released: list[Held] = []
    for hold in sorted(staying, key=lambda h: (not h.idle, -h.used_24h_s, h.since, h.mpan)):
        if len(released) + 1 >= max(len(held), 2):
            break
        if at - hold.since < timedelta(seconds=min_hold_s) and not hold.idle:
            continue
        if all(_may_join(hold, p, staying, released, expiring, room, resting) for p in PHASES if hold.touches(p)):
            released.append(hold)
    back = [*expiring, *released]
    a, b, c = (expected_a[p] + _upper(back, p) for p in PHASES)
    return ReleasePlan(
        release=tuple(PlannedRelease(mpan=h.mpan, reason=_reason(h, expected_a, allowable_a, back)) for h in released),
        expiring=tuple(h.mpan for h in returning),
        replace_a=(replace[0], replace[1], replace[2]),
        projected_a=(a, b, c),
    )


def _room(allowable_a: float, expected_a: float, margin_a: float) -> float:
    room = allowable_a - expected_a - margin_a
    return room if not math.isnan(room) else -math.inf


def _resting(last_release_at: datetime | None, at: datetime, gap_s: float) -> bool:
    return last_release_at is not None and at - last_release_at < timedelta(seconds=gap_s)


def _may_join(
    hold: Held,
    phase: Phase,
    staying: Sequence[Held],
    released: Sequence[Held],
    expiring: Sequence[Held],
    room: Sequence[float],
    resting: Sequence[bool],
) -> bool:
    """Whether one more release fits on this phase: in number, in time, in amperes."""
    on_phase = sum(h.touches(phase) for h in staying)
    allowed = max(1, math.floor(on_phase * _STEP_FRACTION))
    if resting[phase] or sum(h.touches(phase) for h in released) >= allowed:
        return False
    return _upper([*expiring, *released, hold], phase) <= room[phase]


def _any(holds: Iterable[Held], phase: Phase) -> bool:
    return any(h.touches(phase) for h in holds)


def _upper(holds: Iterable[Held], phase: Phase) -> float:
    """What may come back on a phase: the mean and a margin for luck, but never more than all of it.

    Of an idle one the mean: that it was seen not to draw leaves no luck of this minute, only what begins later."""
    mine = [h for h in holds if h.touches(phase)]
    mean = math.fsum(h.amps * h.probability_drawing for h in mine)
    variance = math.fsum(h.amps**2 * h.probability_drawing * (1 - h.probability_drawing) for h in mine if not h.idle)
    return min(math.fsum(h.amps for h in mine), mean + _SURE * math.sqrt(max(0.0, variance)))


def _reason(hold: Held, expected_a: Amps3, allowable_a: Amps3, back: Sequence[Held]) -> str:
    where = "; ".join(
        f"{p.name}: {expected_a[p]:.0f} A now, at most {expected_a[p] + _upper(back, p):.0f} A after this step, "
        f"{allowable_a[p]:.0f} A allowed"
        for p in PHASES
        if hold.touches(p)
    )
    if hold.idle:
        shown = f"shown not to draw when it was held (probability {hold.probability_drawing:.2f} now)"
        return f"{shown}: its hold buys nothing ({where}); held {hold.used_24h_s / 60:.0f} min in 24 h"
    return f"room to give the supply back early ({where}); held {hold.used_24h_s / 60:.0f} min in 24 h"
