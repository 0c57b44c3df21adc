"""Calling the market and judging what it does, for one intervention."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from linkbox.base.time import format_utc
from linkbox.control.intervention import Intervention, InterventionEvent
from linkbox.market import (
    Accepted,
    CallOff,
    Delivered,
    Effect,
    FlexRequest,
    Judgement,
    Measured,
    NoCover,
    Pending,
    Shortfall,
    answer_from_record,
    call_off,
    call_off_from_record,
    call_off_to_record,
    effect_to_record,
    judge,
    useful_a,
)
from linkbox.market.counterfactual import METHOD
from linkbox.market.messages import flex_request
from linkbox.operation.outbox import between
from linkbox.operation.session import Session

Triple = tuple[float, float, float]

CALL_DURATION_S = 2 * 3600.0
LAST_RESORT_NEEDS_S = 420.0
"""Signing, the DCC, the switch's polling interval and a reading that shows the effect."""

TREND_BEFORE_CALL = timedelta(minutes=6)
"""How far back readings are looked at for the trend that the delivery is judged against."""


def call_market(session: Session, intervention: Intervention) -> Intervention:
    """Call off every contract that covers the feeder, or find that there is none that helps."""
    site = session.desk.site
    found = call_off(
        intervention.feeder_id,
        required_a=intervention.required_a,
        time_to_limit_s=intervention.time_to_limit_s,
        last_resort_needs_s=LAST_RESORT_NEEDS_S,
        baseline_a=intervention.baseline_a,
        contracts=site.contracts,
        duration_s=CALL_DURATION_S,
        event_id=intervention.id,
        at=session.now,
        zone=site.market.time_zone,
    )
    if isinstance(found, NoCover):
        return _no_cover(session, intervention, found)
    for request in found.requests:
        message = flex_request(request, site.market, session.now)
        body = between(message, session.now, _whole_ms(request.expiration_at))
        session.queue("market_message", message["message_id"], intervention.id, body)
    providers = list(dict.fromkeys(r.provider for r in found.requests))
    session.audit(
        "market",
        "called",
        intervention=intervention.id,
        required_a=found.required_a,
        uncovered_a=found.uncovered_a,
        providers=providers,
        answer_deadline=_whole_ms(found.answer_deadline),
        delivery_deadline=_whole_ms(found.delivery_deadline),
    )
    asked = ", ".join(providers)
    why = f"asked {asked} for {_amps(found.required_a)} A, answer by {format_utc(found.answer_deadline)[11:19]}"
    called = replace(intervention, call_off=call_off_to_record(found))
    return called.apply(InterventionEvent.CALL_OFF_SENT, session.now, why, deadline_at=_whole_ms(found.answer_deadline))


def _no_cover(session: Session, intervention: Intervention, found: NoCover) -> Intervention:
    session.audit("market", "no_cover", intervention=intervention.id, reason=found.reason.value, why=found.why)
    decided = replace(intervention, market_outcome=found.reason.value, market_decided_at=session.now)
    return decided.apply(InterventionEvent.NO_COVER, session.now, found.why)


def judge_market(session: Session, intervention: Intervention) -> Intervention:
    """Take the next step of an intervention whose market has been called."""
    call = called_off(intervention)
    answers = [answer_from_record(a) for a in intervention.answers]
    verdict: Judgement = judge(call, answers, _readings(session, call), at=session.now)
    match verdict:
        case Pending(until=until):
            return replace(intervention, deadline_at=_whole_ms(until))
        case Delivered():
            return _delivered(session, intervention, verdict)
        case Shortfall():
            kept = _keep_effect(intervention, verdict.effect)
            return _shortfall(session, kept, verdict.reason.value, verdict.why, verdict.missing_a, verdict.effect)


def _delivered(session: Session, intervention: Intervention, verdict: Delivered) -> Intervention:
    intervention = replace(intervention, deadline_at=None)
    if intervention.market_outcome == "delivered":
        return intervention
    effect = verdict.effect
    session.audit("market", "delivered", intervention=intervention.id, **_effect_facts(effect))
    seen = intervention.reduction_seen_at or session.now
    decided = replace(
        _keep_effect(intervention, effect),
        market_outcome="delivered",
        market_decided_at=session.now,
        reduction_seen_at=seen,
    )
    return decided.note(session.now, f"the market delivered: the feeder shows {effect} less than expected")


def _keep_effect(intervention: Intervention, effect: Effect | None) -> Intervention:
    """Keep what the feeder showed beside the call, for the account of the event."""
    if effect is None or intervention.call_off is None:
        return intervention
    return replace(intervention, call_off={**intervention.call_off, "effect": effect_to_record(effect)})


def _effect_facts(effect: Effect | None) -> dict[str, object]:
    if effect is None:
        return {}
    amps = {name: getattr(effect, name) for name in ("reduction_a", "sigma_a", "expected_a", "measured_a")}
    return amps | {"measured_at": effect.at, "method": METHOD}


def _shortfall(
    session: Session, intervention: Intervention, reason: str, why: str, missing_a: Triple, effect: Effect | None
) -> Intervention:
    """The hand-over to the last resort, to the millisecond, with what was left of the time to limit."""
    limit_s = intervention.time_to_limit_s - (session.now - intervention.opened_at).total_seconds()
    session.audit(
        "market",
        "shortfall",
        intervention=intervention.id,
        reason=reason,
        why=why,
        missing_a=missing_a,
        handed_over_at=session.now,
        time_to_limit_s=limit_s,
        **_effect_facts(effect),
    )
    decided = replace(intervention, market_outcome=reason, market_decided_at=session.now)
    return decided.apply(InterventionEvent.SHORTFALL, session.now, f"{reason.replace('_', ' ')}: {why}")


def accepted_requests(intervention: Intervention) -> list[tuple[FlexRequest, Accepted]]:
    """The requests that stand accepted: an acceptance that was taken back is none."""
    if intervention.call_off is None:
        return []
    answers = [answer_from_record(a) for a in intervention.answers]
    last = {a.request_id: a for a in answers}
    found = ((r, last.get(r.request_id)) for r in called_off(intervention).requests)
    return [(request, answer) for request, answer in found if isinstance(answer, Accepted)]


def promised_a(session: Session, intervention: Intervention) -> Triple:
    """What providers have accepted to shed and may still deliver in time: not to be curtailed a second time."""
    if intervention.call_off is None or session.now >= called_off(intervention).delivery_deadline:
        return (0.0, 0.0, 0.0)
    amps = [0.0, 0.0, 0.0]
    for request, answer in accepted_requests(intervention):
        if request.start <= session.now < request.end:
            offered = request.current_a if answer.current_a is None else answer.current_a
            amps[request.phase] += useful_a(offered, request)
    return (amps[0], amps[1], amps[2])


def fell_short_later(session: Session, intervention: Intervention) -> Intervention:
    """The market delivered what was asked, but by now more is needed than it holds."""
    need = session.desk.assessments[intervention.feeder_id].required_reduction_a
    why = "what was delivered is no longer enough"
    return _shortfall(session, intervention, "not_enough_capacity", why, need, None)


def why_load_fell(intervention: Intervention) -> str:
    """Why nothing is needed any more: not by itself, where a provider had accepted to bring it down."""
    providers = list(dict.fromkeys(request.provider for request, _ in accepted_requests(intervention)))
    if not providers:
        return "the load fell by itself"
    return f"the load fell; {', '.join(providers)} had accepted to lower it, and may have done so late or in part"


def called_off(intervention: Intervention) -> CallOff:
    """The call of an intervention whose market was called; raise ValueError for another."""
    if intervention.call_off is None:
        raise ValueError(f"{intervention.id} waits for a market that was not called")
    return call_off_from_record(intervention.call_off)


def _readings(session: Session, call: CallOff) -> list[Measured]:
    """The feeder's readings from some minutes before the call on, each at its own time."""
    rows = session.desk.recall_readings(call.congestion_point, call.at - TREND_BEFORE_CALL)
    found = []
    for at, body in rows:
        a, b, c = (float(v) for v in body["current_a"])
        found.append(Measured(at=at, current_a=(a, b, c)))
    return found


def _whole_ms(at: datetime) -> datetime:
    """The next whole millisecond: what is stored keeps no more, and a deadline must not come back as an earlier one."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _amps(values: Triple) -> str:
    return "/".join(f"{v:.0f}" for v in values)
