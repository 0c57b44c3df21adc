"""From a need in amperes to commands: permits, candidates, the exact plan, reserved minutes, queued requests.

All of it happens in the session's one transaction: either the minutes are reserved and the signed requests are
stored, or nothing happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from linkbox.base.identifiers import Mpan
from linkbox.control.intervention import Intervention
from linkbox.control.planning import Charger, CurtailmentPlan, PlannedHold, plan
from linkbox.customers import Candidate, Permit, Refusal, permit
from linkbox.dcc.eligibility import Refused, may_send
from linkbox.dcc.inventory import label_is_ev_charger
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.commands import queue_command
from linkbox.operation.drawing_desk import probability_drawing
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.session import Session
from linkbox.operation.translation import SRV

Triple = tuple[float, float, float]

RESERVE_MARGIN_S = 180
"""Reserved beyond the commanded duration: the device may act as late as the request's time-out, and its switch one
polling interval after that. What was not used is given back."""


def rules_forbid(session: Session) -> str | None:
    """The rule by which Linkbox may not switch load at this moment, or None where it may."""
    dcc = session.desk.site.dcc
    verdict = may_send(dcc.profile, role=dcc.role, srv=SRV[CommandKind.HOLD], at=session.now)
    return verdict.rule if isinstance(verdict, Refused) else None


def record_plan(session: Session, intervention: Intervention, found: CurtailmentPlan) -> Intervention:
    """Record what was planned; the intervention with what the plan can not reach."""
    commands = found.commands[: session.desk.site.control.max_commands_per_step]
    if commands or not intervention.escalated:  # a plan that can do nothing is told once, with the escalation
        session.audit(
            "plan",
            "made",
            intervention=intervention.id,
            required_a=found.required_a,
            expected_relief_a=found.expected_relief_a,
            shortfall_a=found.shortfall_a,
            method=str(found.method),
            cost=found.cost,
            commands=len(commands),
            not_chosen=[[session.customer(p.mpan), p.reason] for p in found.passed_over],
        )
    return replace(intervention, shortfall_a=found.shortfall_a)


def queue_plan(session: Session, intervention: Intervention, holds: Sequence[PlannedHold]) -> tuple[Intervention, int]:
    """Reserve and queue; the intervention with its batch, and how many commands."""
    renewable = {c.mpan for c in ending(session, intervention)}
    queued = [_command(session, intervention, hold, n, hold.mpan in renewable).id for n, hold in enumerate(holds)]
    if not queued:
        return intervention, 0
    before = list(session.desk.current_a[intervention.feeder_id])
    batch = {"before_a": before, "commands": queued, "learned": False}
    first = intervention.first_command_at or session.now
    after = replace(intervention, last_switch_at=session.now, first_command_at=first, batch=batch)
    return after, len(queued)


def why_not_now(session: Session, intervention: Intervention, hold: PlannedHold) -> str | None:
    """Why a hold that was planned before can not be ordered any more, or None."""
    desk = session.desk
    point = next((p for p in desk.site.points(intervention.feeder_id) if p.mpan == hold.mpan), None)
    if point is None or hold.mpan not in desk.site.chargers:
        return "its charger is not known any more"
    if hold.mpan in _busy(session, intervention):
        return "it is held or commanded already, or rests after a failure"
    verdict = ask_permit(session, intervention.id, point)
    if isinstance(verdict, Refusal):
        return "; ".join(verdict.reasons)
    left_s = desk.ledger.remaining_s(hold.mpan, session.now) - RESERVE_MARGIN_S
    return f"only {left_s // 60} min left of its quota" if left_s < hold.duration_s else None


def _busy(session: Session, intervention: Intervention) -> set[Mpan]:
    """Chargers that can not be commanded now: they are, or were and failed a moment ago."""
    desk = session.desk
    busy = {c.mpan for c in desk.commands.values() if c.kind is not CommandKind.READ}
    busy -= {c.mpan for c in ending(session, intervention)}
    return busy | {mpan for mpan, until in desk.resting.items() if until > session.now}


def make_plan(session: Session, intervention: Intervention, required_a: Triple) -> CurtailmentPlan:
    """The exact plan among those who may be asked now."""
    desk, control = session.desk, session.desk.site.control
    renewable = {c.mpan for c in ending(session, intervention)}
    busy = _busy(session, intervention)
    chargers = []
    for point in desk.site.points(intervention.feeder_id):
        if point.mpan in busy or point.mpan not in desk.site.chargers:
            continue
        verdict = ask_permit(session, intervention.id, point)
        if isinstance(verdict, Permit):
            chargers.append(_charger(session, verdict, held_now=point.mpan in renewable))
    return plan(required_a, chargers, hold_s=control.hold_s, min_hold_s=control.min_hold_s, at=session.now)


def ask_permit(session: Session, intervention_id: str, point: ConnectionPoint) -> Permit | Refusal:
    """Whether this customer's charger may be held, with the evidence. A refusal is recorded once per intervention."""
    desk = session.desk
    label = desk.labels.get(point.mpan)
    candidate = Candidate(
        mpan=point.mpan,
        domestic=point.domestic,
        priority_register=point.priority_register,
        label_is_ev_charger=label is not None and label_is_ev_charger(label),
        label="not read yet" if label is None else label,
    )
    verdict = permit(candidate, desk.customers, intervention_id=intervention_id, at=session.now)
    if isinstance(verdict, Refusal) and session.first_refusal(intervention_id, point.mpan, verdict.reasons):
        session.audit(
            "permit",
            "refused",
            intervention=intervention_id,
            customer=session.customer(point.mpan),
            reasons=verdict.reasons,
        )
    return verdict


def ending(session: Session, intervention: Intervention) -> list[Command]:
    """Holds that end within the planning lead, are not being ended or renewed already, and so may be renewed."""
    desk = session.desk
    until = session.now + timedelta(seconds=desk.site.control.lead_s)
    touched = Counter(c.mpan for c in desk.commands.values() if c.kind is not CommandKind.READ)
    return [
        c
        for c in desk.held(intervention.feeder_id)
        if c.state is CommandState.CONFIRMED and c.end <= until and touched[c.mpan] == 1
    ]


def _charger(session: Session, granted: Permit, *, held_now: bool) -> Charger:
    desk = session.desk
    charger = desk.site.chargers[granted.mpan]
    left_s = desk.ledger.remaining_s(granted.mpan, session.now) - RESERVE_MARGIN_S
    return Charger(
        mpan=granted.mpan,
        permit=granted,
        phase=charger.phase,
        amps=charger.rated_a,
        probability_drawing=probability_drawing(session, granted.mpan),
        remaining_s=max(0, left_s),
        used_24h_s=desk.ledger.used_s(granted.mpan, session.now, timedelta(hours=24)),
        used_30d_s=desk.ledger.used_s(granted.mpan, session.now, timedelta(days=30)),
        held_now=held_now,
    )


def _command(session: Session, intervention: Intervention, hold: PlannedHold, place: int, renews: bool) -> Command:
    charger = session.desk.site.chargers[hold.mpan]
    duration_s = staggered_s(hold.duration_s, place, session.desk.site.control.min_hold_s)
    command_id = session.desk.next_command_id(intervention.id)
    reserved_s = duration_s + RESERVE_MARGIN_S
    ledger = session.desk.ledger.reserve(hold.mpan, session.now, reserved_s, command=command_id)
    session.put_ledger(ledger, command_id)
    return queue_command(
        session,
        Command(
            id=command_id,
            intervention_id=intervention.id,
            kind=CommandKind.HOLD,
            mpan=hold.mpan,
            phase=charger.phase,
            start=session.now,
            duration_s=duration_s,
            threshold_a=0.0,
            expected_a=hold.expected_relief_a[charger.phase],
            reason=hold.reason,
            request_id="",
            renews=renews,
            decided_at=session.now,
        ),
    )


def quota_spent(session: Session, intervention: Intervention) -> int:
    """How many chargers of the feeder have too little left of their quota for another hold."""
    desk = session.desk
    least_s = desk.site.control.min_hold_s + RESERVE_MARGIN_S
    used = [p.mpan for p in desk.site.points(intervention.feeder_id) if desk.ledger.entries_of(p.mpan)]
    return sum(left_s < least_s for left_s in desk.ledger.remaining_many(used, session.now))


def staggered_s(duration_s: int, place: int, min_hold_s: int) -> int:
    """Shorten the holds of one order by up to 12 minutes, in turn, so that they do not all end in one minute."""
    return max(min_hold_s, duration_s - 60 * (place * 5 % 13))


def queue_other(
    session: Session, intervention_id: str, kind: CommandKind, mpan: Mpan, *, reason: str, target: str | None = None
) -> Command:
    """A reset (SRV 7.8) or a read (SRV 7.7) for one charger."""
    return queue_command(
        session,
        Command(
            id=session.desk.next_command_id(intervention_id),
            intervention_id=intervention_id,
            kind=kind,
            mpan=mpan,
            phase=session.desk.site.chargers[mpan].phase,
            start=session.now,
            duration_s=0,
            threshold_a=0.0,
            expected_a=0.0,
            reason=reason,
            request_id="",
            target=target,
            decided_at=session.now,
        ),
    )
