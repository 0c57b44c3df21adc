"""What providers send: taken once, answered as UFTP asks, and brought to the intervention that it is about.

Every message gets its response, accepted or rejected with the specification's reason, and every one leaves a record of
what became of it: late, repeated, odd and useless ones too, so that nothing is ordered on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from linkbox.base.time import format_utc
from linkbox.control.intervention import Intervention
from linkbox.market import Accepted, FlexRequest, Rejected, answer_to_record
from linkbox.market.messages import Offer, flex_order, order_name, read_offer, response
from linkbox.market.uftp import VERSIONS
from linkbox.operation.foreign import said
from linkbox.operation.market_desk import called_off
from linkbox.operation.outbox import between
from linkbox.operation.ports import InboxItem, Row
from linkbox.operation.session import Session

RESPOND_WITHIN = timedelta(hours=1)
"""How long a response is offered to a provider that can not be reached."""

_LEAST_A = 0.01

Message = Mapping[str, Any]


def identity(message: Message) -> str:
    """What makes two deliveries the same: sender, MessageID and content."""
    return f"{message['sender_domain']}/{message['message_id']}/{_digest(message)[:24]}"


def _digest(message: Message) -> str:
    return hashlib.sha256(json.dumps(message, sort_keys=True, default=str).encode()).hexdigest()


def take(session: Session, item: InboxItem, message: Message) -> None:
    """Act on one stored message: it was verified again, from the bytes that are stored."""
    kind = str(message["type"])
    session.tx.finish_inbox(item.kind, item.identity, kind)
    session.audit(
        "market",
        "message",
        message_id=message["message_id"],
        type=kind,
        sender=said(message["sender_domain"]),
        result=said(message.get("result")),
        reason=said(message.get("rejection_reason")),
    )
    wrong = _not_acceptable(session, message)
    if wrong is not None:
        _refuse(session, message, wrong, wrong)
        return
    match kind:
        case "TestMessage":
            _respond(session, message)
        case "FlexOffer":
            _take_offer(session, message)
        case "FlexOfferRevocation":
            _take_revocation(session, message)
        case "FlexRequestResponse":
            _take_request_response(session, message)
        case "FlexOrderResponse":
            _take_order_response(session, message)
        case "FlexSettlementResponse":
            _take_settlement_response(session, message)
        case _:
            return  # another response: its record is all that there is to do


def _not_acceptable(session: Session, message: Message) -> str | None:
    """Why a genuine message is rejected before its content is looked at."""
    if message.get("problem") is not None:
        return str(message["problem"])
    if message["version"] not in VERSIONS:
        return f"Invalid Message: version must be one of {', '.join(VERSIONS)}"
    key, digest = f"{message['sender_domain']}/{message['message_id']}", _digest(message)
    known = session.desk.recall_row("market_inbound", key)
    if known is not None and known.body["digest"] != digest:
        return "Duplicate Identifier"
    body = {"digest": digest, "at": format_utc(session.now)}
    session.tx.put("market_inbound", Row(key=key, state=message["type"], owner=message["sender_domain"], body=body))
    return None


def _respond(session: Session, message: Message, rejected: str | None = None, *, about: str = "market") -> None:
    """Queue the response that a message asks for; a response asks for none."""
    if str(message["type"]).endswith("Response"):
        return
    answer = response(message, session.desk.site.market, session.now, rejected=rejected)
    if message["version"] not in VERSIONS:
        answer["version"] = VERSIONS[-1]
    if rejected == "Duplicate Identifier":
        answer["message_id"] = session.desk.site.market.message_id(f"{_digest(message)}/response")
    body = between(answer, session.now, session.now + RESPOND_WITHIN)
    session.queue("market_message", answer["message_id"], about, body)


def _refuse(
    session: Session, message: Message, rejected: str, why: str, intervention: Intervention | None = None
) -> None:
    """Record what was not taken, and tell the provider."""
    facts = {} if intervention is None else {"intervention": intervention.id}
    session.audit("market", "not_taken", message_id=message["message_id"], why=said(why), **facts)
    _respond(session, message, rejected, about="market" if intervention is None else intervention.id)


def _about(session: Session, reference: object, name: str) -> tuple[Intervention, FlexRequest] | None:
    """The open intervention and the request whose message (``request`` or its ``order``) is referred to."""
    me = session.desk.site.market
    for intervention in session.desk.interventions.values():
        for request in () if intervention.call_off is None else called_off(intervention).requests:
            if reference == me.message_id(request.request_id if name == "request" else order_name(request)):
                return intervention, request
    return None


def _nothing_open(session: Session, message: Message, field: str) -> None:
    """The message refers to what is over, or to nothing that was ever sent."""
    known = session.desk.recall_row("market_message", str(message.get(field)))
    session.audit(
        "market", "answer_to_nothing", message_id=message["message_id"], about=None if known is None else known.owner
    )
    name = "".join(part.capitalize() for part in field.removesuffix("_message_id").split("_"))
    _respond(session, message, f"Unknown {name}MessageID reference" if known is None else "Reference message expired")


def _take_offer(session: Session, message: Message) -> None:
    found = _about(session, message.get("flex_request_message_id"), "request")
    if found is None:
        _nothing_open(session, message, "flex_request_message_id")
        return
    intervention, request = found
    useless = _why_useless(session, intervention, request)
    if useless is not None:
        _refuse(session, message, *useless, intervention)
        return
    offer = read_offer(message, request, session.desk.site.market, session.now)
    if isinstance(offer, str):
        why = f"{request.provider}'s offer was rejected: {offer}"
        _refuse(session, message, offer, why, intervention)
    elif offer.offered_a <= _LEAST_A:
        _take_empty(session, intervention, request, offer, message)
    else:
        _order(session, intervention, request, offer, message)


def _why_useless(session: Session, intervention: Intervention, request: FlexRequest) -> tuple[str, str] | None:
    """The specification's reason and ours why an answer does not count: a provider may act on an order."""
    if intervention.market_outcome is not None:
        return "Reference message expired", f"the market was judged before: {intervention.market_outcome}"
    if session.now > request.expiration_at:
        return "Reference message expired", f"{request.provider} answered after its deadline"
    if any(a["request_id"] == request.request_id for a in intervention.answers):
        why = f"{request.provider} answered before; the first answer counts"
        return "Invalid Message: the FlexRequest has its answer", why
    return None


def _take_empty(
    session: Session, intervention: Intervention, request: FlexRequest, offer: Offer, message: Message
) -> None:
    """Nothing is offered, or the wrong way round: that is a no."""
    raises = offer.offered_a < -_LEAST_A
    reason = f"offered to raise the current by {-offer.offered_a:.1f} A" if raises else "offered nothing"
    session.audit("market", "empty_offer", intervention=intervention.id, provider=request.provider, why=reason)
    _respond(session, message, f"Invalid Message: {reason}" if raises else None, about=intervention.id)
    _answered(session, intervention, Rejected(request_id=request.request_id, at=session.now, reason=reason))


def _order(session: Session, intervention: Intervention, request: FlexRequest, offer: Offer, message: Message) -> None:
    """Accept the offer and order it: the order stands in the same commit as the acceptance."""
    me = session.desk.site.market
    _respond(session, message, about=intervention.id)
    order = flex_order(offer, request, me, session.now)
    last = min(request.end, called_off(intervention).delivery_deadline)
    session.queue("market_message", order["message_id"], intervention.id, between(order, session.now, last))
    session.audit(
        "market",
        "ordered",
        intervention=intervention.id,
        provider=request.provider,
        phase=request.phase.name,
        asked_a=request.current_a,
        offered_a=offer.offered_a,
        ordered_a=offer.ordered_a,
        activation_factor=float(offer.factor),
        price_gbp=float(offer.price_gbp),
        larger=offer.offered_a > request.current_a + _LEAST_A,
    )
    accepted = Accepted(
        request_id=request.request_id, at=session.now, current_a=_at_least(offer, request), offer_id=offer.offer_id
    )
    _answered(session, intervention, accepted)


def _at_least(offer: Offer, request: FlexRequest) -> float:
    """What is offered; a request that was rounded up to whole watts is not short by that when it is met."""
    met = abs(offer.offered_a - request.current_a) <= _LEAST_A
    return request.current_a if met else offer.offered_a


def _answered(session: Session, intervention: Intervention, answer: Accepted | Rejected) -> None:
    record = answer_to_record(answer)
    session.put_intervention(replace(intervention, answers=(*intervention.answers, record)))


def _take_request_response(session: Session, message: Message) -> None:
    """A FlexRequest that the provider rejects is a no; one that it accepts will be answered by an offer."""
    if message["result"] != "Rejected":
        return
    found = _about(session, message.get("flex_request_message_id"), "request")
    if found is None:
        _nothing_open(session, message, "flex_request_message_id")
        return
    intervention, request = found
    useless = _why_useless(session, intervention, request)
    if useless is not None:
        _refuse(session, message, *useless, intervention)
        return
    reason = said(message.get("rejection_reason")) or ""
    _answered(session, intervention, Rejected(request_id=request.request_id, at=session.now, reason=reason))


def _take_order_response(session: Session, message: Message) -> None:
    """A provider that rejects its order takes back what it had offered."""
    if message["result"] != "Rejected":
        return
    found = _about(session, message.get("flex_order_message_id"), "order")
    if found is None:
        _nothing_open(session, message, "flex_order_message_id")
        return
    reason = f"rejected the order: {said(message.get('rejection_reason')) or 'no reason given'}"
    _take_back(session, *found, reason)


def _take_revocation(session: Session, message: Message) -> None:
    """An ordered offer can not be revoked; but who says that it will not deliver is believed."""
    offer_id = message["flex_offer_message_id"]
    for intervention in session.desk.interventions.values():
        answers = [a for a in intervention.answers if a.get("offer_id") == offer_id]
        for request in called_off(intervention).requests if answers else ():
            if request.request_id == answers[0]["request_id"]:
                _respond(session, message, "Invalid Message: the FlexOffer has been ordered", about=intervention.id)
                _take_back(session, intervention, request, "revoked its offer after the order")
                return
    _respond(session, message, "Unknown FlexOfferMessageID reference")
    session.audit("market", "answer_to_nothing", message_id=message["message_id"], about=None)


def _take_back(session: Session, intervention: Intervention, request: FlexRequest, reason: str) -> None:
    """An acceptance is no longer one. Where the market was judged before, it is recorded, and the feeder decides."""
    session.audit("market", "taken_back", intervention=intervention.id, provider=request.provider, why=said(reason))
    _answered(session, intervention, Rejected(request_id=request.request_id, at=session.now, reason=reason))


def _take_settlement_response(session: Session, message: Message) -> None:
    """What the provider says of its account: accepted or disputed, order by order."""
    for status in message["flex_order_settlement_statuses"]:
        order = said(status.get("order_reference"))
        session.audit(
            "market",
            "settlement_answer",
            order_reference=order,
            disposition=status["disposition"],
            why=said(status.get("dispute_reason")),
        )
