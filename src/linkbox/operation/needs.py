"""What a feeder under an intervention needs now, and whether it has been calm for long enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from linkbox.base.phases import PHASES
from linkbox.control.intervention import Intervention
from linkbox.grid.risk import RiskState
from linkbox.operation import market_desk
from linkbox.operation.entities import CommandState
from linkbox.operation.session import Session

Triple = tuple[float, float, float]


def need_a(session: Session, intervention: Intervention) -> Triple:
    """What must go now, beyond what is held and what is on its way: nothing where it is less than the margin."""
    assessment = session.desk.assessments[intervention.feeder_id]
    margin = session.desk.site.control.need_margin_a
    coming = coming_a(session, intervention)
    left = (r - c for r, c in zip(assessment.required_reduction_a, coming, strict=True))
    a, b, c = (r if r > margin else 0.0 for r in left)
    return (a, b, c)


def coming_a(session: Session, intervention: Intervention) -> list[float]:
    """Relief of holds whose effect can not have shown on the feeder yet: commanded, or confirmed just now.

    A renewal sheds nothing new. It counts only as long as the assessment still reckons with the end of the hold that it
    renews."""
    settle = timedelta(seconds=session.desk.site.control.settle_s)
    seen = session.desk.assessments[intervention.feeder_id].at
    young = [
        c
        for c in session.desk.held(intervention.feeder_id)
        if c.state is CommandState.QUEUED
        or (c.answered_at is not None and (c.answered_at > seen if c.renews else session.now - c.answered_at < settle))
    ]
    promised = market_desk.promised_a(session, intervention)
    return [sum(c.expected_a for c in young if c.phase is phase) + promised[phase] for phase in PHASES]


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
