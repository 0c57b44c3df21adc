"""Driving interventions: one step for each open one, as often as something changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES
from linkbox.control.intervention import TABLE, Intervention, InterventionEvent, InterventionState
from linkbox.control.ledger import LedgerError
from linkbox.control.planning import PlanningError
from linkbox.dcc.eligibility import EligibilityRefused
from linkbox.grid.risk import RiskAssessment, RiskState
from linkbox.operation import (
    ahead_desk,
    authorisation_desk,
    boost_desk,
    clock_desk,
    drawing_desk,
    market_desk,
    notify,
    plan_desk,
    release_desk,
    rotation_desk,
    settlement_desk,
)
from linkbox.operation.awaiting import COMMAND_WAIT, awaiting, further_request
from linkbox.operation.entities import CommandKind, CommandState
from linkbox.operation.incidents import join, see_dead_phases
from linkbox.operation.needs import amps, calmed, chargers, need_a, over, overdue, quiet
from linkbox.operation.session import Session
from linkbox.records.commitments import Personal

_S, _E = InterventionState, InterventionEvent

UNREACHED_FOR = timedelta(seconds=30)
"""When the DCC takes no command for this long in an emergency, people must know."""

HOLD_AT_MOST = timedelta(hours=8)
PLANNED_AT_MOST = timedelta(hours=1)
"""How long a risk may stand without anything having to go, before the intervention is closed as idle."""

_MAX_STEPS = 8
_BY_OPERATOR = "stopped by an operator"
"""Who it was, and why, is said once, as a commitment."""
_PLAN_ERRORS = (PlanningError, LedgerError, EligibilityRefused)


def after_reading(session: Session, feeder_id: FeederId) -> None:
    """A new assessment is there: open an intervention where one is needed, else learn from what is measured."""
    desk = session.desk
    assessment = desk.assessments[feeder_id]
    intervention = desk.interventions.get(feeder_id)
    drawing_desk.learn_from_reading(session, feeder_id)
    if intervention is None:
        if feeder_id in desk.stopped:
            _lift_stop(session, assessment)
        elif assessment.state.needs_action and any(assessment.required_reduction_a):
            _open(session, assessment)
        return
    seen = join(session, see_dead_phases(session, intervention), assessment)
    wiser = drawing_desk.learn_from_drop(session, release_desk.see_reduction(session, seen))
    if wiser is not intervention:
        session.put_intervention(wiser)


def step(session: Session) -> None:
    """Take every open intervention as far as it can go now."""
    release_desk.free_unwanted(session)
    for intervention in list(session.desk.interventions.values()):
        _drive(session, intervention)
    boost_desk.step(session)
    session.desk.fresh.clear()


def _drive(session: Session, intervention: Intervention) -> None:
    for _ in range(_MAX_STEPS):
        after = _safely(session, intervention)
        if after == intervention:
            return
        moved = after.state is not intervention.state
        intervention = session.put_intervention(after)
        if moved:
            _record_step(session, intervention)
        if not moved or not intervention.open:
            return


def _safely(session: Session, intervention: Intervention) -> Intervention:
    """One step; a plan that can not be made is an outcome of its own, told to people, and tried again later."""
    try:
        return _step(session, intervention)
    except _PLAN_ERRORS as error:
        why = f"no plan could be made: {error}"
        session.audit("plan", "failed", intervention=intervention.id, why=why)
        told = release_desk.escalate(session, intervention, intervention.required_a, why, kind="no plan")
        if _E.ERROR in TABLE.rows[told.state] and told.state is _S.PLANNED:
            return told.apply(_E.ERROR, session.now, why)
        return told


def _record_step(session: Session, intervention: Intervention) -> None:
    last = intervention.history[-1]
    why = Personal(last.why) if last.event == _E.STOP else last.why
    session.audit("intervention", last.state.value, intervention=intervention.id, event=last.event, why=why)
    if intervention.state is _S.MARKET_CALLED:
        ahead_desk.warn(session, intervention)
    if not intervention.open:
        settlement_desk.settle_event(session, intervention)
        ahead_desk.close(session, intervention)
        notify.closed(session, intervention)


def _open(session: Session, assessment: RiskAssessment) -> None:
    number = session.desk.next_number("intervention")
    intervention = Intervention(
        id=f"LB-{assessment.at:%Y%m%d}-{number:03d}",
        feeder_id=assessment.feeder_id,
        opened_at=session.now,
        since=session.now,
        limiting_asset=assessment.limiting_asset,
        limiting_phase=None if assessment.limiting_phase is None else assessment.limiting_phase.name,
        time_to_limit_s=assessment.time_to_limit_s,
        baseline_a=session.desk.current_a[assessment.feeder_id],
        required_a=assessment.required_reduction_a,
    ).note(session.now, assessment.reason)
    session.put_intervention(intervention)
    session.audit(
        "intervention",
        "opened",
        intervention=intervention.id,
        feeder=assessment.feeder_id,
        reason=assessment.reason,
        baseline_a=intervention.baseline_a,
        required_a=intervention.required_a,
        time_to_limit_s=assessment.time_to_limit_s,
    )


def _step(session: Session, intervention: Intervention) -> Intervention:
    if intervention.open and any(step.event == _E.STOP for step in intervention.history):
        return _stopped(session, intervention)
    if intervention.request is not None and intervention.state is not _S.AWAITING_AUTHORISATION:
        intervention = further_request(session, intervention)
    match intervention.state:
        case _S.DETECTED:
            return market_desk.call_market(session, intervention)
        case _S.MARKET_CALLED:
            return _market_called(session, intervention)
        case _S.PLANNED:
            return _planned(session, intervention)
        case _S.COMMANDING | _S.ROTATING:
            return _commanding(session, intervention)
        case _S.HOLDING | _S.RELEASING:
            return _holding(session, intervention)
        case _S.AWAITING_AUTHORISATION:
            return awaiting(session, intervention)
        case _:
            return intervention


def _market_called(session: Session, intervention: Intervention) -> Intervention:
    if intervention.market_outcome == "delivered":
        intervention = calmed(session, intervention)
        fresh = intervention.feeder_id in session.desk.fresh
        if fresh and _forecast_has_seen_it(session, intervention) and any(need_a(session, intervention)):
            return market_desk.fell_short_later(session, intervention)
        if quiet(session, intervention):
            return intervention.apply(_E.RISK_GONE, session.now, "the market delivered and the risk is over")
        return intervention
    return market_desk.judge_market(session, intervention)


def _forecast_has_seen_it(session: Session, intervention: Intervention) -> bool:
    """Whether a need that is still there after the market delivered is one: the forecast follows the current slowly.
    Close to the limit nobody waits for it."""
    since, state = intervention.market_decided_at, session.desk.assessments[intervention.feeder_id].state
    slow = timedelta(seconds=session.desk.site.control.lead_s)
    return since is None or session.now - since >= slow or state in {RiskState.IMMINENT, RiskState.EXCEEDED}


def _planned(session: Session, intervention: Intervention) -> Intervention:
    need = need_a(session, intervention)
    assessment = session.desk.assessments[intervention.feeder_id]
    if not any(need):
        if not assessment.state.needs_action and assessment.state is not RiskState.BLIND:
            return intervention.apply(_E.RISK_GONE, session.now, market_desk.why_load_fell(intervention))
        if session.now - intervention.since >= PLANNED_AT_MOST:
            why = f"nothing had to go for {PLANNED_AT_MOST}; the next reading that needs it opens another"
            return intervention.apply(_E.TIME_OUT, session.now, why)
        return replace(intervention, deadline_at=intervention.since + PLANNED_AT_MOST)
    overdue = _overdue(session, intervention)
    if overdue is not None:
        escalated = release_desk.escalate(session, intervention, need, overdue, kind="clock")
        return escalated.apply(_E.NOTHING_TO_COMMAND, session.now, overdue)
    forbidden = plan_desk.rules_forbid(session, intervention)
    if forbidden is not None:
        why = f"Linkbox may not switch load under the rules in force: {forbidden}"
        escalated = release_desk.escalate(session, intervention, need, why, kind="rules")
        return escalated.apply(_E.NOTHING_TO_COMMAND, session.now, why)
    intervention, commands = authorisation_desk.order(session, intervention, need)
    intervention = _escalate_shortfall(session, intervention)
    request = authorisation_desk.pending(intervention)
    if request is not None:
        why = f"plan {request.digest[:12]} for {amps(need)} A waits for {request.people} people"
        return intervention.apply(_E.PLAN_NEEDS_AUTHORISATION, session.now, why, deadline_at=request.expires_at)
    if not commands:
        why = "no charger may be held: see the refusals"
        if _labels_coming(session, intervention):
            why = "no charger may be held yet: the meters are being asked what their switches feed"
        elif not any(intervention.shortfall_a):
            why = "nothing to hold here: the feeders beside it shed what their transformer needs"
        return intervention.apply(_E.NOTHING_TO_COMMAND, session.now, why)
    why = f"{chargers(commands)} to hold for {amps(need)} A"
    return intervention.apply(_E.AUTHORISED, session.now, why, deadline_at=session.now + COMMAND_WAIT)


def _commanding(session: Session, intervention: Intervention) -> Intervention:
    mine = [c for c in session.desk.commands.values() if c.intervention_id == intervention.id]
    waiting = [c for c in mine if c.kind is CommandKind.HOLD and c.state is CommandState.QUEUED]
    intervention = _escalate_unreachable(session, intervention)
    if not waiting:
        after = intervention.apply(_E.ALL_ANSWERED, session.now, _became(session, intervention))
        return replace(after, last_switch_at=session.now)
    if overdue(session, intervention):
        count = len(waiting)
        why = f"{count} {'command' if count == 1 else 'commands'} without an answer"
        return intervention.apply(_E.TIME_OUT, session.now, why)
    if intervention.feeder_id in session.desk.fresh and any(need := need_a(session, intervention)):
        return _more_at_once(session, intervention, need)
    return intervention


def _became(session: Session, intervention: Intervention) -> str:
    """What became of the last order, in words: an order is not answered because it is over."""
    known = session.desk.commands
    batch = [] if intervention.batch is None else intervention.batch["commands"]
    failed = sum(c not in known for c in batch)
    unknown = sum(c in known and known[c].state is CommandState.UNKNOWN for c in batch)
    held = sum(c.intervention_id == intervention.id and c.state is CommandState.CONFIRMED for c in known.values())
    parts = [f"{failed} of {len(batch)} commands failed"] if failed else []
    parts += [f"of {unknown} of {len(batch)} nothing is known"] if unknown else []
    return f"{', '.join(parts) or 'all answered'}; {chargers(held)} held"


def _escalate_unreachable(session: Session, intervention: Intervention) -> Intervention:
    """Say it when commands wait because the DCC can not be reached: the last resort itself is failing then."""
    desk = session.desk
    stuck = [
        (live.trouble, command)
        for live in desk.exchanges.values()
        if live.trouble is not None and session.now - live.opened_at >= UNREACHED_FOR
        if (command := desk.commands.get(live.command_id)) is not None
        if command.kind is CommandKind.HOLD and command.intervention_id == intervention.id
    ]
    if not stuck:
        return intervention
    a, b, c = (sum(held.expected_a * held.share[phase] for _, held in stuck) for phase in PHASES)
    seconds = UNREACHED_FOR.total_seconds()
    why = f"{len(stuck)} holds for {amps((a, b, c))} A could not be sent for {seconds:.0f} s: {stuck[0][0]}"
    return release_desk.escalate(session, intervention, (a, b, c), why, kind="unreachable")


def _more_at_once(session: Session, intervention: Intervention, need: tuple[float, float, float]) -> Intervention:
    """The load climbs while commands are still under way: do not wait for the slowest answer."""
    intervention, commands = authorisation_desk.order(session, intervention, need)
    if not commands:
        return intervention
    later = replace(intervention, deadline_at=session.now + COMMAND_WAIT)
    return later.note(session.now, f"{chargers(commands, more=True)} to hold for {amps(need)} A")


def _holding(session: Session, intervention: Intervention) -> Intervention:
    if intervention.feeder_id not in session.desk.fresh:
        return intervention
    intervention = calmed(session, intervention)
    holds = [c for c in session.desk.held(intervention.feeder_id) if c.intervention_id == intervention.id]
    need = need_a(session, intervention)
    outlasted = session.now - intervention.opened_at > HOLD_AT_MOST
    if any(need) and outlasted:
        why = f"the intervention has lasted {HOLD_AT_MOST} and more is needed"
        return release_desk.escalate(session, intervention, need, why, kind="outlasted")
    if any(need):
        return _more(session, intervention, need)
    if not holds and quiet(session, intervention):
        event = _E.ALL_FREE if intervention.state is _S.RELEASING else _E.RISK_GONE
        return intervention.apply(event, session.now, f"nobody is held and {over(intervention)}")
    if outlasted and intervention.state is _S.HOLDING:
        return intervention.apply(_E.TIME_OUT, session.now, "held as long as an intervention may last")
    if not any(need) and holds:
        released = release_desk.release_some(session, intervention, holds)
        return rotation_desk.take_turns(session, intervention, holds) if released is intervention else released
    return intervention


def _more(session: Session, intervention: Intervention, need: tuple[float, float, float]) -> Intervention:
    if _overdue(session, intervention) is not None or plan_desk.rules_forbid(session, intervention) is not None:
        return intervention
    intervention, commands = authorisation_desk.order(session, intervention, need)
    intervention = _escalate_shortfall(session, intervention)
    if not commands:
        return intervention
    why = _in_turn(session, intervention, commands, need)
    return intervention.apply(_E.MORE_NEEDED, session.now, why, deadline_at=session.now + COMMAND_WAIT)


def _overdue(session: Session, intervention: Intervention) -> str | None:
    """Why the feeder's clock lets no last resort begin; one that has begun goes on."""
    return None if intervention.first_command_at else clock_desk.forbids(session, intervention.feeder_id)


def _labels_coming(session: Session, intervention: Intervention) -> bool:
    """Whether meters of the feeder are being asked what their switches feed: more may be held in half a minute."""
    points = {p.mpan for p in session.desk.site.points(intervention.feeder_id)}
    return any(c.kind is CommandKind.READ and c.mpan in points for c in session.desk.commands.values())


def _in_turn(session: Session, intervention: Intervention, commands: int, need: tuple[float, float, float]) -> str:
    """What an order is: more, or the next turn. Whoever takes over is held before the one before is free."""
    ending = plan_desk.ending(session, intervention)
    if not ending:
        return f"{chargers(commands, more=True)} to hold for {amps(need)} A"
    return f"{chargers(commands)} to hold for {amps(need)} A, in turn for {len(ending)} whose holds end"


def _escalate_shortfall(session: Session, intervention: Intervention) -> Intervention:
    missing = intervention.shortfall_a
    if not any(m > session.desk.site.control.need_margin_a for m in missing) or _labels_coming(session, intervention):
        return intervention
    spent = plan_desk.quota_spent(session, intervention)
    ended = f"; {spent} chargers have no minutes left of their quota" if spent else ""
    why = f"{amps(missing)} A can not be shed by anybody who may be asked{ended}"
    return release_desk.escalate(session, intervention, missing, why, kind="quota" if spent else "shortfall")


def stop(session: Session, feeder_id: FeederId, *, who: str, why: str) -> None:
    """An operator's stop: everybody held is freed at once, and nobody new is held until the risk is over."""
    intervention = session.desk.interventions[feeder_id]
    intervention = authorisation_desk.withdraw(session, intervention, _BY_OPERATOR)
    stopped = intervention.apply(_E.STOP, session.now, f"stopped by {who}: {why}")
    session.put_intervention(stopped)
    _record_step(session, stopped)
    if not stopped.open:
        session.put_stop(feeder_id, in_force=True)
    release_desk.release_all(session, stopped, _BY_OPERATOR)


def _stopped(session: Session, intervention: Intervention) -> Intervention:
    """Nobody new is held; those who are held are being freed. It is over when the risk is."""
    if intervention.feeder_id not in session.desk.fresh:
        return intervention
    intervention = calmed(session, intervention)
    if session.desk.held(intervention.feeder_id) or not quiet(session, intervention):
        return intervention
    return intervention.apply(_E.ALL_FREE, session.now, f"stopped; nobody is held and {over(intervention)}")


def _lift_stop(session: Session, assessment: RiskAssessment) -> None:
    """The overload that somebody wanted nothing done about is over: the next one is met again."""
    if not assessment.state.needs_action:
        session.put_stop(assessment.feeder_id, in_force=False)
        session.audit("intervention", "stop_lifted", feeder=assessment.feeder_id, risk=assessment.state)
