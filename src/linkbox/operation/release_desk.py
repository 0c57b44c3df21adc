"""Giving the supply back: early and in steps where there is room, at once for an operator's stop; and escalation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES, Phase
from linkbox.control.intervention import Intervention, InterventionEvent, InterventionState
from linkbox.control.release import Held, plan_release
from linkbox.operation import commands
from linkbox.operation.drawing_desk import probability_drawing, shown_idle
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.needs import chargers
from linkbox.operation.plan_desk import queue_other
from linkbox.operation.ports import Row
from linkbox.operation.session import Session

Triple = tuple[float, float, float]

MITIGATION = "call out mobile generation or storage for this feeder, and bring its reinforcement forward"


def release_some(session: Session, intervention: Intervention, holds: Sequence[Command]) -> Intervention:
    """End as many holds early as there is room for, in small steps; first those that buy nothing."""
    desk, control = session.desk, session.desk.site.control
    assessment = desk.assessments[intervention.feeder_id]
    confirmed = [c for c in holds if c.state is CommandState.CONFIRMED and not _being_released(session, c)]
    found = plan_release(
        assessment.allowable_current_a,
        assessment.upper_current_a,
        [_held(session, c) for c in confirmed],
        at=session.now,
        lead_s=control.lead_s,
        margin_a=control.headroom_margin_a,
        min_hold_s=control.min_hold_s,
        gap_s=control.release_gap_s,
        last_release_at=last_releases(session, intervention),
    )
    by_mpan = {c.mpan: c for c in confirmed}
    idle = sum(shown_idle(session, by_mpan[chosen.mpan]) for chosen in found.release)
    for chosen in found.release:
        hold = by_mpan[chosen.mpan]
        queue_other(session, intervention.id, CommandKind.RESET, chosen.mpan, reason=chosen.reason, target=hold.id)
    if not found.release:
        return intervention
    count = len(found.release)
    why = f"{chargers(count)} {'gets its' if count == 1 else 'get their'} supply back early"
    if idle:
        why += f", {idle} of them shown not to draw"
    if intervention.state is InterventionState.HOLDING and idle < count:
        return intervention.apply(InterventionEvent.HEADROOM, session.now, why)
    return intervention.note(session.now, why)


def release_all(session: Session, intervention: Intervention, why: str) -> None:
    """Give everybody the supply back now."""
    for hold in session.desk.held(intervention.feeder_id):
        free(session, hold, why)


def release_one(session: Session, mpan: Mpan, why: str) -> None:
    """Give one customer the supply back now."""
    for hold in [c for c in session.desk.commands.values() if c.holding and c.mpan == mpan]:
        free(session, hold, why)


def free(session: Session, hold: Command, why: str) -> None:
    """Call off what the DCC has not taken, reset what holds or may hold. A hold that is on its way to the device is
    neither, for a reset could overtake it: it is ended when its answer is there."""
    unwanted = commands.mark_unwanted(session, hold, why)
    live = session.desk.exchanges.get(hold.request_id)
    if live is not None and commands.sendable(live):
        commands.call_off(session, live, why)
        unwanted = session.desk.commands.get(hold.id, unwanted)
    _reset(session, unwanted)


def free_unwanted(session: Session) -> None:
    """End the unwanted holds that have just been confirmed; and with each reading those whose reset has failed."""
    for hold in list(session.desk.commands.values()):
        if hold.unwanted is not None and (session.desk.fresh or hold.answered_at == session.now):
            _reset(session, hold)


def _reset(session: Session, hold: Command) -> None:
    if hold.holding and hold.state is not CommandState.QUEUED and not _being_released(session, hold):
        why = hold.unwanted or "unwanted"
        queue_other(session, hold.intervention_id, CommandKind.RESET, hold.mpan, reason=why, target=hold.id)


def _being_released(session: Session, hold: Command) -> bool:
    return any(c.target == hold.id for c in session.desk.commands.values())


def _held(session: Session, command: Command) -> Held:
    return Held(
        mpan=command.mpan,
        phase=command.phase,
        amps=session.desk.site.chargers[command.mpan].rated_a * command.weight,
        probability_drawing=probability_drawing(session, command.mpan),
        since=command.answered_at or command.start,
        until=command.end,
        used_24h_s=session.desk.ledger.used_s(command.mpan, session.now, timedelta(hours=24)),
        idle=shown_idle(session, command),
    )


def last_releases(session: Session, intervention: Intervention) -> list[datetime | None]:
    """When something was last given back on each phase, by any feeder of the same transformer: they share its room."""
    desk = session.desk
    beside = desk.site.beside(intervention.feeder_id)
    together = {desk.interventions[f].id for f in beside if f in desk.interventions} | {intervention.id}
    found: dict[Phase, datetime] = {}
    for (intervention_id, phase), at in desk.released_at.items():
        if intervention_id in together:
            found[phase] = max(at, found.get(phase, at))
    for command in desk.commands.values():
        if command.kind is CommandKind.RESET and command.intervention_id in together:
            found |= dict.fromkeys(command.phases, session.now)
    return [found.get(phase) for phase in PHASES]


def see_reduction(session: Session, intervention: Intervention) -> Intervention:
    """Find the first reading that shows the effect of the last holds on the feeder's own current.

    Seen is: on the phase that was to be relieved most, at least half of the expected amperes went away since the
    holds were commanded. Other load moves too, so the proof may take a reading more, or come with the next holds."""
    batch = intervention.batch
    if intervention.reduction_seen_at is not None or batch is None:
        return intervention
    desk = session.desk
    known = [desk.commands[c] for c in batch["commands"] if c in desk.commands]
    held = [c for c in known if not c.renews]
    expected = [sum(c.expected_a * c.share[p] for c in held if c.state is CommandState.CONFIRMED) for p in PHASES]
    drop = [b - n for b, n in zip(batch["before_a"], desk.current_a[intervention.feeder_id], strict=True)]
    most = max(PHASES, key=lambda phase: expected[phase])
    if expected[most] <= 0.0 or drop[most] < 0.5 * expected[most]:
        return intervention
    session.audit(
        "effect",
        "confirmed",
        intervention=intervention.id,
        drop_a=drop,
        expected_a=expected,
        after_s=(session.now - intervention.opened_at).total_seconds(),
    )
    seen_at = replace(intervention, reduction_seen_at=session.now)
    fell = "/".join(f"{d:.0f}" for d in drop)
    return seen_at.note(session.now, f"effect confirmed on the feeder: the current fell by {fell} A")


def escalate(
    session: Session, intervention: Intervention, missing_a: Triple, why: str, *, kind: str = "shortfall"
) -> Intervention:
    """Say once for each kind of reason, by name, what is needed beyond Linkbox's means.

    The feeder stays escalated until the intervention is over."""
    if kind in intervention.escalated_for:
        return intervention
    raised = (*intervention.escalated_for, kind)
    body = {
        "intervention": intervention.id,
        "feeder": intervention.feeder_id,
        "missing_a": list(missing_a),
        "why": why,
        "kinds": list(raised),
    }
    key = f"{intervention.id}/{kind}"  # one for each kind: a later reason does not hide an earlier one
    session.tx.put("escalation", Row(key=key, state="open", owner=intervention.feeder_id, body=body))
    session.audit(
        "escalation", "raised", intervention=intervention.id, missing_a=missing_a, why=why, ask=MITIGATION, reason=kind
    )
    escalated = replace(intervention, escalated=True, escalated_for=raised)
    return escalated.note(session.now, f"ESCALATED: {why}; {MITIGATION}")
