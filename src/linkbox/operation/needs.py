"""What a feeder under an intervention needs now, and whether it has been calm for long enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES
from linkbox.control.intervention import Intervention
from linkbox.grid.risk import RiskState
from linkbox.operation import market_desk
from linkbox.operation.entities import CommandState
from linkbox.operation.session import Session

Triple = tuple[float, float, float]


def need_a(session: Session, intervention: Intervention) -> Triple:
    """What must go now, beyond what is held and what is on its way: nothing where it is less than the margin.

    What the transformer needs can go from any of its feeders, and counts as going from whichever it goes."""
    own, shared = own_need_a(session, intervention), transformer_need_a(session, intervention.feeder_id)
    a, b, c = (max(o, s) for o, s in zip(own, shared, strict=True))
    return (a, b, c)


def own_need_a(session: Session, intervention: Intervention) -> Triple:
    """What must go from this feeder for its own fuse and cable."""
    required = session.desk.assessments[intervention.feeder_id].own_reduction_a
    return _left(session, required, coming_a(session, intervention.feeder_id))


def transformer_need_a(session: Session, feeder_id: FeederId) -> Triple:
    """What must go from the feeders of a transformer together: the most that one of them sees."""
    desk = session.desk
    feeders = desk.site.beside(feeder_id)
    known = [desk.assessments[f].transformer_reduction_a for f in feeders if f in desk.assessments]
    coming = [coming_a(session, f) for f in feeders]
    return _left(session, [max(a) for a in zip(*known, strict=True)], [sum(a) for a in zip(*coming, strict=True)])


def _left(session: Session, required_a: Sequence[float], coming_a: Sequence[float]) -> Triple:
    margin = session.desk.site.control.need_margin_a
    a, b, c = (r - c if r - c > margin else 0.0 for r, c in zip(required_a, coming_a, strict=True))
    return (a, b, c)


def coming_a(session: Session, feeder_id: FeederId) -> list[float]:
    """Relief of holds whose effect can not have shown on the feeder yet: commanded, or confirmed just now.

    A renewal sheds nothing new. It counts only as long as the assessment still reckons with the end of the hold that it
    renews."""
    desk = session.desk
    settle = timedelta(seconds=desk.site.control.settle_s)
    if feeder_id not in desk.assessments:
        return [0.0, 0.0, 0.0]
    seen = desk.assessments[feeder_id].at
    young = [
        c
        for c in desk.held(feeder_id)
        if c.state is CommandState.QUEUED
        or (c.answered_at is not None and (c.answered_at > seen if c.renews else session.now - c.answered_at < settle))
    ]
    intervention = desk.interventions.get(feeder_id)
    promised = (0.0, 0.0, 0.0) if intervention is None else market_desk.promised_a(session, intervention)
    return [sum(c.expected_a * c.share[phase] for c in young) + promised[phase] for phase in PHASES]


def calmed(session: Session, intervention: Intervention) -> Intervention:
    """Keep since when nothing has been needed and the risk has been over."""
    assessment = session.desk.assessments[intervention.feeder_id]
    over = not assessment.state.needs_action and not any(need_a(session, intervention))
    over = over and assessment.state is not RiskState.BLIND
    if not over:
        return replace(intervention, calm_since=None)
    return intervention if intervention.calm_since is not None else replace(intervention, calm_since=session.now)


def quiet(session: Session, intervention: Intervention) -> bool:
    """Whether it has been calm for as long as the policy wants."""
    since = intervention.calm_since
    return since is not None and (session.now - since).total_seconds() >= session.desk.site.control.quiet_s


def overdue(session: Session, intervention: Intervention) -> bool:
    """Whether the state that it waits in has timed out."""
    return intervention.deadline_at is not None and intervention.deadline_at <= session.now


def over(intervention: Intervention) -> str:
    """How the risk ended. Where it came true it is not over: it went with the supply."""
    if not intervention.dead_phases:
        return "the risk is over"
    return f"what could be protected is; {'/'.join(intervention.dead_phases)} is without supply"


def chargers(count: int, *, more: bool = False) -> str:
    """How many, in words: 1 charger, 2 more chargers."""
    return f"{count} {'more ' if more else ''}{'charger' if count == 1 else 'chargers'}"


def amps(values: Triple) -> str:
    """Amperes per phase in words."""
    return "/".join(f"{v:.0f}" for v in values)
