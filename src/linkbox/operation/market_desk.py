"""Calling the market and judging what it does, for one intervention."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from linkbox.base.time import format_utc
from linkbox.control.intervention import Intervention, InterventionEvent
from linkbox.market import (
    Accepted,
    Answer,
    CallOff,
    Delivered,
    Judgement,
    Measured,
    NoCover,
    Pending,
    Shortfall,
    answer_from_record,
    answer_to_record,
    call_off,
    call_off_from_record,
    call_off_to_record,
    judge,
)
from linkbox.market.records import flex_request_to_record
from linkbox.operation.foreign import said
from linkbox.operation.session import Session

Triple = tuple[float, float, float]

CALL_DURATION_S = 2 * 3600.0
LAST_RESORT_NEEDS_S = 420.0
"""Signing, the DCC, the switch's polling interval and a reading that shows the effect."""


def call_market(session: Session, intervention: Intervention) -> Intervention:
    """Call off every contract that covers the feeder, or find that there is none that helps."""
    desk = session.desk
    found = call_off(
        intervention.feeder_id,
        required_a=intervention.required_a,
        time_to_limit_s=intervention.time_to_limit_s,
        last_resort_needs_s=LAST_RESORT_NEEDS_S,
        baseline_a=intervention.baseline_a,
        contracts=desk.site.contracts,
        duration_s=CALL_DURATION_S,
        event_id=intervention.id,
        at=session.now,
    )
    if isinstance(found, NoCover):
        return _no_cover(session, intervention, found)
    for request in found.requests:
        message_id = f"{intervention.id}/{request.contract_id}"
        body = {"type": "FlexRequest", "message_id": message_id, **flex_request_to_record(request)}
        session.queue("market_message", message_id, intervention.id, body)
    session.audit(
        "market",
        "called",
        intervention=intervention.id,
        required_a=found.required_a,
        uncovered_a=found.uncovered_a,
        providers=[r.provider for r in found.requests],
        answer_deadline=found.answer_deadline,
        delivery_deadline=found.delivery_deadline,
    )
    asked = ", ".join(r.provider for r in found.requests)
    why = f"asked {asked} for {_amps(found.required_a)} A, answer by {format_utc(found.answer_deadline)[11:19]}"
    called = replace(intervention, call_off=call_off_to_record(found))
    return called.apply(InterventionEvent.CALL_OFF_SENT, session.now, why, deadline_at=_whole_ms(found.answer_deadline))


def _no_cover(session: Session, intervention: Intervention, found: NoCover) -> Intervention:
    session.audit("market", "no_cover", intervention=intervention.id, reason=found.reason.value, why=found.why)
    decided = replace(intervention, market_outcome=found.reason.value, market_decided_at=session.now)
    return decided.apply(InterventionEvent.NO_COVER, session.now, found.why)


def take_answer(session: Session, intervention: Intervention, message: Mapping[str, Any]) -> Intervention:
    """Keep a provider's answer if it counts; accept an offer with a FlexOrder."""
    told = {
        "answer": message.get("result"),
        "contract_id": message.get("contract_id"),
        "at": format_utc(session.now),
        "current_a": message.get("current_a"),
        "reason": said(message.get("reason")) or "",
    }
    try:
        answer = answer_from_record(told)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        session.audit("market", "unreadable", intervention=intervention.id, why=said(f"{error}"))
        return intervention
    useless = _why_useless(intervention, answer)
    if useless is not None:
        session.audit("market", "not_taken", intervention=intervention.id, why=useless)
        return intervention
    if isinstance(answer, Accepted):
        message_id = f"{intervention.id}/{answer.contract_id}/order"
        order = {"type": "FlexOrder", "message_id": message_id, "flex_offer_message_id": message["message_id"]}
        session.queue("market_message", message_id, intervention.id, order)
    return replace(intervention, answers=(*intervention.answers, answer_to_record(answer)))


def _why_useless(intervention: Intervention, answer: Answer) -> str | None:
    """Why an answer does not count, so that nothing is ordered on it: a provider may act on an order."""
    asked = {} if intervention.call_off is None else {r.contract_id: r for r in _call(intervention).requests}
    if answer.contract_id not in asked:
        return f"contract {said(answer.contract_id)} was not asked"
    if intervention.market_outcome is not None:
        return f"the market was judged before: {intervention.market_outcome}"
    if answer.at > asked[answer.contract_id].expiration_at:
        return f"{asked[answer.contract_id].provider} answered after its deadline"
    if any(a["contract_id"] == answer.contract_id for a in intervention.answers):
        return f"{asked[answer.contract_id].provider} answered before; the first answer counts"
    return None


def judge_market(session: Session, intervention: Intervention) -> Intervention:
    """Take the next step of an intervention whose market has been called."""
    call = _call(intervention)
    measured = _measured(session, intervention)
    answers = [answer_from_record(a) for a in intervention.answers]
    verdict: Judgement = judge(call, answers, measured, at=session.now)
    match verdict:
        case Pending(until=until):
            return replace(intervention, deadline_at=_whole_ms(until))
        case Delivered():
            return _delivered(session, intervention, verdict)
        case Shortfall():
            return _shortfall(session, intervention, verdict.reason.value, verdict.why)


def _delivered(session: Session, intervention: Intervention, verdict: Delivered) -> Intervention:
    intervention = replace(intervention, deadline_at=None)
    if intervention.market_outcome == "delivered":
        return intervention
    fell = _amps(verdict.reduction_a)
    session.audit("market", "delivered", intervention=intervention.id, reduction_a=verdict.reduction_a)
    seen = intervention.reduction_seen_at or session.now
    decided = replace(intervention, market_outcome="delivered", market_decided_at=session.now, reduction_seen_at=seen)
    return decided.note(session.now, f"the market delivered: the current fell by {fell} A")


def _shortfall(session: Session, intervention: Intervention, reason: str, why: str) -> Intervention:
    session.audit("market", "shortfall", intervention=intervention.id, reason=reason, why=why)
    decided = replace(intervention, market_outcome=reason, market_decided_at=session.now)
    return decided.apply(InterventionEvent.SHORTFALL, session.now, f"{reason.replace('_', ' ')}: {why}")


def promised_a(session: Session, intervention: Intervention) -> Triple:
    """What providers have accepted to shed and may still deliver in time: not to be curtailed a second time."""
    if intervention.call_off is None or session.now >= _call(intervention).delivery_deadline:
        return (0.0, 0.0, 0.0)
    asked = {r.contract_id: r.current_a for r in _call(intervention).requests}
    answers = [answer_from_record(a) for a in intervention.answers]
    amps = [_offered_a(a, asked[a.contract_id]) for a in answers if isinstance(a, Accepted) and a.contract_id in asked]
    return (sum(a[0] for a in amps), sum(a[1] for a in amps), sum(a[2] for a in amps))


def _offered_a(answer: Accepted, asked_a: Triple) -> Triple:
    """What of an acceptance is of use: never more than was asked, and nothing for what is no amount."""
    if answer.current_a is None:
        return asked_a
    a, b, c = (min(o, most) if 0.0 <= o < math.inf else 0.0 for o, most in zip(answer.current_a, asked_a, strict=True))
    return (a, b, c)


def fell_short_later(session: Session, intervention: Intervention) -> Intervention:
    """The market delivered what was asked, but by now more is needed than it holds."""
    return _shortfall(session, intervention, "not_enough_capacity", "what was delivered is no longer enough")


def _call(intervention: Intervention) -> CallOff:
    if intervention.call_off is None:
        raise ValueError(f"{intervention.id} waits for a market that was not called")
    return call_off_from_record(intervention.call_off)


def _measured(session: Session, intervention: Intervention) -> Measured | None:
    """The last reading at its own time: what was assessed since, without a reading, measures nothing."""
    seen = session.desk.seen_until(intervention.feeder_id)
    current = session.desk.current_a.get(intervention.feeder_id)
    if seen is None or current is None or any(map(math.isnan, current)):
        return None
    return Measured(at=seen, current_a=current)


def _whole_ms(at: datetime) -> datetime:
    """The next whole millisecond: what is stored keeps no more, and a deadline must not come back as an earlier one."""
    return at + timedelta(microseconds=-at.microsecond % 1000)


def _amps(values: tuple[float, float, float]) -> str:
    return "/".join(f"{v:.0f}" for v in values)
