"""Keeping the belief which chargers draw: from the feeder's own current each minute, from each charger's habit, and
from the drop after holds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import PHASES
from linkbox.control.drawing import Belief, learn
from linkbox.control.habits import share_out
from linkbox.control.intervention import Intervention
from linkbox.grid.profile import british_local
from linkbox.operation import habit_desk
from linkbox.operation.desk import DRAWING_SNAPSHOT, Desk
from linkbox.operation.entities import Command, CommandState
from linkbox.operation.session import Session

Triple = tuple[float, float, float]

HOUSEHOLD_KW_BY_HOUR = (
    *(0.33, 0.27, 0.24, 0.23, 0.23, 0.26, 0.36, 0.52, 0.55, 0.49, 0.47, 0.48),
    *(0.51, 0.48, 0.47, 0.52, 0.72, 0.93, 0.98, 0.93, 0.87, 0.79, 0.64, 0.46),
)
"""Mean demand of a GB home without a car on a winter weekday, kW by local hour: the shape of Elexon's profile class 1,
scaled to a mean of 0.53 kW. An error of it is an error of a few amperes in what the chargers are believed to draw."""

_SIGMA_A = 12.0
"""How far the households move by themselves between two readings."""


_RATE = (0.02, 0.95)
_SURE = (0.1, 0.9)
TEST_LASTS = timedelta(minutes=30)
"""A drop that left a belief beyond _SURE was a test of that charger; what it showed is kept for this long."""


def probability_drawing(session: Session, mpan: Mpan) -> float:
    """What is believed now of one charger."""
    return belief_of(session.desk, mpan, session.now).probability


def belief_of(desk: Desk, mpan: Mpan, at: datetime) -> Belief:
    """The belief about one charger; the prior where there is none yet."""
    known = desk.beliefs.get(mpan)
    if known is not None:
        return known
    charger = desk.site.chargers[mpan]
    likely = habit_desk.expected(desk, mpan, at, habit_desk.general_prior(desk, at))
    return Belief.of(mpan, charger.rated_a, likely, charger.phase)


def shown_idle(session: Session, hold: Command) -> bool:
    """Whether the drop after this very hold showed that its charger was not drawing: it buys nothing then."""
    desk, tested_at = session.desk, session.desk.tested_at.get(hold.mpan)
    if tested_at is None or hold.answered_at is None or not hold.answered_at <= tested_at:
        return False
    return session.now - tested_at < TEST_LASTS and belief_of(desk, hold.mpan, session.now).probability <= _SURE[0]


_TOLD = {True: 0.99, False: 0.01}
"""A channel that tells is believed almost: it may be a minute old."""


def told(session: Session, drawing: Mapping[Mpan, bool]) -> None:
    """Some channel (OCPP, a controller's read-back) tells which chargers draw now: that is better than any estimate."""
    desk = session.desk
    for mpan, draws in drawing.items():
        _keep(desk, [replace(belief_of(desk, mpan, session.now), probability=_TOLD[draws])])
        desk.tested_at[mpan] = session.now
    habit_desk.learn(session, {mpan: _TOLD[draws] for mpan, draws in drawing.items()})
    _save(session)


def learn_from_reading(session: Session, feeder_id: FeederId) -> None:
    """Take in one reading: what flows above the households' expectation is chargers that are not held.

    The readings of following minutes are no independent news, so nothing is accumulated: each reading sets the rate
    at which the chargers of a phase draw, shared by all of which nothing better is known, each as its habit weighs.
    Held chargers keep what was believed when they were held, or what their drop taught.
    """
    desk, now = session.desk, session.now
    held = {c.mpan for c in desk.held(feeder_id)}
    limited = [c for c in desk.held(feeder_id) if c.state is CommandState.CONFIRMED and c.level_fraction > 0.0]
    points = desk.site.points(feeder_id)
    free = [belief_of(desk, p.mpan, now) for p in points if p.mpan in desk.site.chargers and p.mpan not in held]
    anywhere = [b for b in free if desk.site.chargers[b.mpan].phase is None]
    tested = {m for m, at in desk.tested_at.items() if now - at < TEST_LASTS}
    found: dict[Mpan, float] = dict.fromkeys((b.mpan for b in anywhere), 0.0)
    for phase in PHASES:
        homes = sum(p.phase is phase for p in points) + sum(p.phase is None for p in points) / len(PHASES)
        limited_a = sum(
            c.level_fraction * belief_of(desk, c.mpan, now).amps * _drawing(desk, c, now) * desk.share_of(c)[phase]
            for c in limited
        )
        excess = max(0.0, desk.current_a[feeder_id][phase] - homes * _household_a(now) - limited_a)
        here = [b for b in free if desk.site.chargers[b.mpan].phase is phase]
        here += [replace(b, amps=b.amps * b.phase_probability[phase]) for b in anywhere]
        known, others = [b for b in here if b.mpan in tested], [b for b in here if b.mpan not in tested]
        shared = _share_out(desk, known, others, excess, now)
        _keep(desk, [b for b in shared if b.mpan not in found])
        where = {b.mpan: b.phase_probability[phase] for b in anywhere}
        for b in shared:
            if b.mpan in found:
                found[b.mpan] += b.probability * where[b.mpan]
    _keep(desk, [replace(b, probability=found[b.mpan]) for b in anywhere])
    _save(session)


def _drawing(desk: Desk, hold: Command, at: datetime) -> float:
    return belief_of(desk, hold.mpan, at).probability


def _share_out(desk: Desk, known: list[Belief], others: list[Belief], excess_a: float, at: datetime) -> list[Belief]:
    """Beliefs of one phase's free chargers, given what they draw together. ``known`` keep theirs where they fit.

    A charger of unknown phase is among those of each, with its amperes times the probability of the phase."""
    left = excess_a - sum(b.amps * b.probability for b in known)
    room = sum(b.amps for b in others)
    rate = left / room if room else 0.0
    if known and not 0.0 <= rate <= 1.0:
        known, others = [], [*known, *others]  # what was known does not explain the current any more
        rate = excess_a / sum(b.amps for b in others)
    return [*known, *_by_habit(desk, others, rate, at)]


def _by_habit(desk: Desk, others: list[Belief], rate: float, at: datetime) -> list[Belief]:
    """One rate for all of which nothing is known from evenings before; what is known of the others weighs theirs."""
    rate = min(_RATE[1], max(_RATE[0], rate))
    if not any(habit_desk.has_habit(desk, b.mpan, at) for b in others):
        return [replace(b, probability=rate) for b in others]
    amps = [b.amps for b in others]
    likely = share_out(rate * sum(amps), amps, [habit_desk.expected(desk, b.mpan, at, rate) for b in others])
    limited = (min(_RATE[1], max(_RATE[0], p)) for p in likely)
    return [replace(b, probability=p) for b, p in zip(others, limited, strict=True)]


def learn_from_drop(session: Session, intervention: Intervention) -> Intervention:
    """Once the last holds have settled: how much the current fell tells how many of them were drawing."""
    desk, batch = session.desk, intervention.batch
    if batch is None or batch["learned"]:
        return intervention
    since = intervention.last_switch_at
    if since is None or (session.now - since).total_seconds() < desk.site.control.settle_s:
        return intervention
    commands = [desk.commands[c] for c in batch["commands"] if c in desk.commands]
    held = [c for c in commands if c.state is CommandState.CONFIRMED and not c.renews]
    now_a = desk.current_a[intervention.feeder_id]
    drop = tuple(b - n for b, n in zip(batch["before_a"], now_a, strict=True))
    touched = {phase for c in held for phase in c.phases}
    measured = tuple(drop[p] if p in touched else math.nan for p in PHASES)
    beliefs = [belief_of(desk, c.mpan, session.now) for c in held]
    if beliefs:
        shed = [replace(b, amps=c.shed_a or b.amps) for b, c in zip(beliefs, held, strict=True)]
        wiser = learn(shed, (measured[0], measured[1], measured[2]), sigma_a=_SIGMA_A)
        taught = [replace(w, amps=b.amps) for w, b in zip(wiser, beliefs, strict=True)]
        _keep(desk, taught)
        habit_desk.learn(session, {b.mpan: b.probability for b in taught})
        for command in held:
            if not _SURE[0] < desk.beliefs[command.mpan].probability < _SURE[1]:
                desk.tested_at[command.mpan] = session.now
        believed = sum(belief_of(desk, c.mpan, session.now).probability for c in held)
        session.audit(
            "effect",
            "measured",
            intervention=intervention.id,
            drop_a=drop,
            held=len(held),
            believed_drawing=believed,
        )
        _save(session)
    return replace(intervention, batch={**batch, "learned": True})


def _household_a(at: datetime) -> float:
    local = british_local(at)
    hour, share = local.hour, local.minute / 60
    kw = HOUSEHOLD_KW_BY_HOUR[hour] * (1 - share) + HOUSEHOLD_KW_BY_HOUR[(hour + 1) % 24] * share
    return kw * 1000 / 230 / 0.95


def _keep(desk: Desk, beliefs: Sequence[Belief]) -> None:
    desk.beliefs.update({belief.mpan: belief for belief in beliefs})


def _save(session: Session) -> None:
    tested = session.desk.tested_at
    body = {
        b.mpan: [
            b.amps,
            b.probability,
            list(b.phase_probability),
            tested[b.mpan].timestamp() if b.mpan in tested else 0,
        ]
        for b in session.desk.beliefs.values()
    }
    session.tx.save_snapshot(DRAWING_SNAPSHOT, session.now, json.dumps(body).encode())
