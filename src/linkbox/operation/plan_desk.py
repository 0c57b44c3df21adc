"""From a need in amperes to commands: permits, candidates, the exact plan, reserved minutes, queued requests.

All of it happens in the session's one transaction: either the minutes are reserved and the signed requests are
stored, or nothing happened."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.control.coupling import FeederNeed, plan_transformer
from linkbox.control.devices import OnOff
from linkbox.control.intervention import Intervention, InterventionEvent
from linkbox.control.planning import Charger, CurtailmentPlan, PlannedHold, plan
from linkbox.customers import Candidate, Permit, Refusal, permit
from linkbox.dcc.eligibility import Refused, may_send
from linkbox.dcc.inventory import label_is_ev_charger
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.commands import queue_command
from linkbox.operation.devices import Way, control_of, srv_of, way_of
from linkbox.operation.drawing_desk import belief_of, probability_drawing
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.needs import own_need_a, transformer_need_a
from linkbox.operation.session import Session
from linkbox.operation.translation import whole_second

Triple = tuple[float, float, float]

RESERVE_MARGIN_S = 180
"""Reserved beyond the commanded duration: the device may act as late as the request's time-out, and its switch one
polling interval after that. What was not used is given back."""


def rules_forbid(session: Session, intervention: Intervention) -> str | None:
    """The rule by which Linkbox may switch nothing on this feeder at this moment, or None where it may something."""
    desk, dcc = session.desk, session.desk.site.dcc
    homes = [p.mpan for p in desk.site.points(intervention.feeder_id) if p.mpan in desk.site.chargers]
    srvs = {srv_of(CommandKind.HOLD, desk.site.inventory.find(mpan)) for mpan in homes}
    verdicts = [may_send(dcc.profile, role=dcc.role, srv=srv, at=session.now) for srv in sorted(srvs) or ["7.6"]]
    refused = [v.rule for v in verdicts if isinstance(v, Refused)]
    return refused[0] if len(refused) == len(verdicts) else None


def _eligible(session: Session, mpan: Mpan) -> bool:
    """Whether the rules in force allow the service that this charger's device needs."""
    dcc = session.desk.site.dcc
    srv = srv_of(CommandKind.HOLD, session.desk.site.inventory.find(mpan))
    return not isinstance(may_send(dcc.profile, role=dcc.role, srv=srv, at=session.now), Refused)


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
    left_s = desk.ledger.remaining_s(hold.mpan, session.now, weight=hold.weight) - RESERVE_MARGIN_S
    return f"only {left_s // 60} min left of its quota" if left_s < hold.duration_s else None


def _busy(session: Session, intervention: Intervention) -> set[Mpan]:
    """Chargers that can not be commanded now: they are, or were and failed a moment ago."""
    desk = session.desk
    busy = {c.mpan for c in desk.commands.values() if c.kind in _SWITCHING}
    busy -= {c.mpan for c in (*ending(session, intervention), *deeper(session, intervention))}
    return busy | {mpan for mpan, until in desk.resting.items() if until > session.now}


def make_plan(session: Session, intervention: Intervention, required_a: Triple) -> CurtailmentPlan:
    """The exact plan among those who may be asked now; where a transformer needs it, among all of its feeders."""
    control = session.desk.site.control
    shared_a = transformer_need_a(session, intervention.feeder_id)
    together = _acting_together(session, intervention)
    if len(together) > 1 and any(shared_a):
        return _coupled(session, intervention, together, shared_a, required_a)
    chargers = candidates(session, intervention)
    return plan(required_a, chargers, hold_s=control.hold_s, min_hold_s=control.min_hold_s, at=session.now)


def _acting_together(session: Session, intervention: Intervention) -> list[Intervention]:
    """This intervention and those beside it under the same transformer that could be ordered something now, too."""
    desk, found = session.desk, []
    for feeder_id in desk.site.beside(intervention.feeder_id):
        other = desk.interventions.get(feeder_id)
        if feeder_id == intervention.feeder_id:
            found.append(intervention)
        elif other is not None and _may_be_ordered(other):
            found.append(other)
    return found


def _may_be_ordered(other: Intervention) -> bool:
    """Whether its market is judged and no person has stopped it or looks at a plan of it."""
    stopped = any(step.event == InterventionEvent.STOP for step in other.history)
    free = other.request is None and other.no_more is None
    return free and not stopped and other.market_outcome not in (None, "delivered")


def _coupled(
    session: Session,
    intervention: Intervention,
    together: Sequence[Intervention],
    shared_a: Triple,
    required_a: Triple,
) -> CurtailmentPlan:
    """This feeder's part of the plan that is cheapest for all feeders of the transformer.

    Each feeder has its own intervention, and only that orders anything on it: the others make the same plan when it is
    their turn, less what has been ordered by then."""
    control = session.desk.site.control
    found = plan_transformer(
        [
            FeederNeed(feeder_id=i.feeder_id, required_a=own_need_a(session, i), chargers=tuple(candidates(session, i)))
            for i in together
        ],
        transformer_required_a=shared_a,
        hold_s=control.hold_s,
        min_hold_s=control.min_hold_s,
        at=session.now,
    )
    mine = dict(found.plans)[intervention.feeder_id]
    a, b, c = (max(own, all_) for own, all_ in zip(mine.shortfall_a, found.transformer_shortfall_a, strict=True))
    if any(len(p.commands) for _, p in found.plans) or not intervention.escalated:
        session.audit(
            "plan",
            "coupled",
            intervention=intervention.id,
            transformer_required_a=found.transformer_required_a,
            transformer_relief_a=found.transformer_relief_a,
            transformer_shortfall_a=found.transformer_shortfall_a,
            commands={feeder_id: len(p.commands) for feeder_id, p in found.plans},
            method=str(found.method),
            cost=found.cost,
            bound=found.bound,
        )
    return replace(mine, required_a=required_a, shortfall_a=(a, b, c))


def candidates(session: Session, intervention: Intervention) -> list[Charger]:
    """Everybody of the feeder who may be asked now, as the planner sees them."""
    desk = session.desk
    renewable = {c.mpan for c in ending(session, intervention)}
    limited = {c.mpan: c for c in deeper(session, intervention) if c.mpan not in renewable}
    busy = _busy(session, intervention)
    chargers = []
    for point in desk.site.points(intervention.feeder_id):
        if point.mpan in busy or point.mpan not in desk.site.chargers or not _eligible(session, point.mpan):
            continue
        verdict = ask_permit(session, intervention.id, point)
        if isinstance(verdict, Permit):
            held = limited.get(point.mpan)
            drawn_a = desk.site.chargers[point.mpan].rated_a * (1.0 if held is None else held.level_fraction)
            held_now = point.mpan in renewable or held is not None
            chargers.append(_charger(session, verdict, held_now=held_now, drawn_a=drawn_a))
    return chargers


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
        switched_off=control_of(desk.site.chargers[point.mpan], desk.site.inventory.find(point.mpan)) == OnOff(),
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


_SWITCHING = frozenset({CommandKind.HOLD, CommandKind.RESET})


def _touched(session: Session) -> Counter[Mpan]:
    """How many commands are in force or under way for each charger."""
    return Counter(c.mpan for c in session.desk.commands.values() if c.kind in _SWITCHING)


def deeper(session: Session, intervention: Intervention) -> list[Command]:
    """Chargers that are held at a level and could be limited further."""
    touched = _touched(session)
    return [
        c
        for c in session.desk.held(intervention.feeder_id)
        if c.state is CommandState.CONFIRMED and c.level_fraction > 0.0 and touched[c.mpan] == 1
        if way_of(session.desk.site.inventory.find(c.mpan)) is Way.LEVEL
    ]


def ending(session: Session, intervention: Intervention) -> list[Command]:
    """Holds that end within the planning lead, are not being ended or renewed already, and so may be renewed."""
    desk = session.desk
    until = session.now + timedelta(seconds=desk.site.control.lead_s)
    touched = _touched(session)
    return [
        c
        for c in desk.held(intervention.feeder_id)
        if c.state is CommandState.CONFIRMED and c.end <= until and touched[c.mpan] == 1
    ]


def _charger(session: Session, granted: Permit, *, held_now: bool, drawn_a: float) -> Charger:
    """``drawn_a``: what it draws when it draws; less than its rating where it is limited already."""
    desk = session.desk
    charger = desk.site.chargers[granted.mpan]
    described = Charger(
        mpan=granted.mpan,
        permit=granted,
        phase=charger.phase,
        phase_probability=None if charger.phase is not None else _shares(session, granted.mpan),
        amps=drawn_a,
        rated_a=charger.rated_a,
        control=control_of(charger, desk.site.inventory.find(granted.mpan)),
        probability_drawing=probability_drawing(session, granted.mpan),
        remaining_s=0,
        used_24h_s=desk.ledger.used_s(granted.mpan, session.now, timedelta(hours=24)),
        used_30d_s=desk.ledger.used_s(granted.mpan, session.now, timedelta(days=30)),
        held_now=held_now,
    )
    left_s = desk.ledger.remaining_s(granted.mpan, session.now, weight=described.deepest_weight) - RESERVE_MARGIN_S
    return replace(described, remaining_s=max(0, left_s))


def _command(session: Session, intervention: Intervention, hold: PlannedHold, place: int, renews: bool) -> Command:
    charger = session.desk.site.chargers[hold.mpan]
    duration_s = staggered_s(hold.duration_s, place, session.desk.site.control.min_hold_s)
    command_id = session.desk.next_command_id(intervention.id)
    reserved_s = duration_s + RESERVE_MARGIN_S
    ledger = session.desk.ledger.reserve(
        hold.mpan, session.now, reserved_s, command=command_id, weight=max(hold.weight, 0.001)
    )
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
            threshold_a=charger.rated_a * hold.level_fraction,
            expected_a=math.fsum(hold.expected_relief_a),
            phase_share=None if charger.phase is not None else _shares(session, hold.mpan),
            level_fraction=hold.level_fraction,
            shed_a=_shed_a(session, hold, renews=renews),
            until=_until(session, hold.mpan, timedelta(seconds=duration_s)),
            reason=hold.reason,
            request_id="",
            renews=renews,
            decided_at=session.now,
        ),
    )


def _shares(session: Session, mpan: Mpan) -> tuple[float, float, float]:
    """On which phase the relief of a charger of unknown phase is expected to show."""
    return belief_of(session.desk, mpan, session.now).phase_probability


def _shed_a(session: Session, hold: PlannedHold, *, renews: bool) -> float:
    """What goes away if the charger draws: from what it may draw now to what it is left."""
    rated_a = session.desk.site.chargers[hold.mpan].rated_a
    now = [c for c in session.desk.commands.values() if c.holding and c.mpan == hold.mpan and not renews]
    return rated_a * ((now[0].level_fraction if now else 1.0) - hold.level_fraction)


def _until(session: Session, mpan: Mpan, lasts: timedelta) -> datetime | None:
    """The end that a command itself names, in whole seconds; None for a switch, which counts from when it is told."""
    if way_of(session.desk.site.inventory.find(mpan)) is Way.SWITCH:
        return None
    return whole_second(session.now) + lasts


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
    """A reset, a read, or a request about the boost button, for one charger.

    A reset of a device that is told periods is a period at full level, until the hold would have ended."""
    hold = session.desk.commands.get(target or "")
    until = _until(session, mpan, timedelta(seconds=60)) if kind is CommandKind.RESET else None
    if until is not None and hold is not None:
        until = max(until, hold.end)
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
            until=until,
            decided_at=session.now,
        ),
    )
