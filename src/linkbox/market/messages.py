"""UFTP messages as plain values: the specification's attributes in small letters, as the store and the wire hold them.

What is built here goes out as XML (``adapters.market_uftp``), what came in as XML is read here. Nothing is looked up
and nothing is random: the same call-off gives the same messages, whenever they are built.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from linkbox.base.time import format_utc, parse_utc
from linkbox.market.calloff import FlexRequest
from linkbox.market.uftp import CURRENCY, VERSION, UftpIdentity, amps, isp_span, isps_of_day, watts

Plain = dict[str, Any]

_TOLERANCE_A = 0.01
"""Less than the 0.004 A of one watt, and a little: powers are whole watts."""

_PENNY = Decimal("0.01")


def header(kind: str, me: UftpIdentity, *, to: str, name: str, conversation: str, at: datetime) -> Plain:
    """What every message begins with; ``name`` and ``conversation`` are what its identifiers are made from."""
    return {
        "type": kind,
        "version": VERSION,
        "sender_domain": me.domain,
        "recipient_domain": to,
        "time_stamp": format_utc(at),
        "message_id": me.message_id(name),
        "conversation_id": me.message_id(conversation),
    }


def market_values(request: FlexRequest, me: UftpIdentity) -> Plain:
    """What Flex messages about a request have in common: the market's ISP and zone, the day, the congestion point."""
    return {
        "isp_duration": me.isp_duration,
        "time_zone": me.time_zone,
        "period": isp_span(request.start, request.end, me.time_zone, me.isp_minutes).period.isoformat(),
        "congestion_point": me.congestion_point(request.congestion_point, request.phase),
        "contract_id": request.contract_id,
    }


def flex_request(request: FlexRequest, me: UftpIdentity, at: datetime) -> Plain:
    """FlexRequest: any reduction up to what is needed is acceptable in the ISPs that the call touches."""
    span = isp_span(request.start, request.end, me.time_zone, me.isp_minutes)
    isp = {
        "disposition": "Requested",
        "min_power": watts(request.current_a),
        "max_power": 0,
        "start": span.start,
        "duration": span.duration,
    }
    values = {"revision": 1, "expiration_date_time": format_utc(request.expiration_at), "isps": [isp]}
    begun = header(
        "FlexRequest",
        me,
        to=request.domain,
        name=request.request_id,
        conversation=conversation(request),
        at=at,
    )
    return begun | market_values(request, me) | values


def conversation(request: FlexRequest) -> str:
    """All messages of one event with one provider's contract are one conversation."""
    return f"{request.event_id}/{request.contract_id}"


def response(message: Mapping[str, Any], me: UftpIdentity, at: datetime, *, rejected: str | None = None) -> Plain:
    """The response that a message asks for: accepted, or rejected with the reason."""
    kind = str(message["type"])
    begun = header(f"{kind}Response", me, to=message["sender_domain"], name=f"{message['message_id']}/response",
                   conversation="", at=at)  # fmt: skip
    begun |= {"version": message["version"], "conversation_id": message["conversation_id"]}
    begun["result"] = "Accepted" if rejected is None else "Rejected"
    if rejected is not None:
        begun["rejection_reason"] = rejected
    if kind != "TestMessage":
        begun[reference_field(kind)] = message["message_id"]
    return begun


def reference_field(kind: str) -> str:
    """The attribute by which a response names the message that it answers."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower() + "_message_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A FlexOffer's best option for a request, and how much of it is ordered.

    ``offered_a`` is the least that it sheds in any ISP of the request (negative: it would raise the current),
    ``factor`` the activation factor, ``ordered_a`` what is then shed, ``price_gbp`` what that costs."""

    offer_id: str
    option_reference: str
    isps: tuple[Mapping[str, Any], ...]
    offered_a: float
    factor: Decimal
    price_gbp: Decimal

    @property
    def ordered_a(self) -> float:
        """What the order sheds, A."""
        return self.offered_a * float(self.factor)


def read_offer(message: Mapping[str, Any], request: FlexRequest, me: UftpIdentity, at: datetime) -> Offer | str:
    """The offer of a well-formed FlexOffer, or the specification's reason to reject it."""
    wrong = _mismatch(message, market_values(request, me), at)
    if wrong is not None:
        return wrong
    span = isp_span(request.start, request.end, me.time_zone, me.isp_minutes)
    day = isps_of_day(span.period, me.time_zone, me.isp_minutes)
    found: list[Offer] = []
    for option in message["offer_options"]:
        wrong = bad_isps(option["isps"], day)
        if wrong is not None:
            return wrong
        found.append(_offer(message, option, request, span.start, span.duration, me))
    affordable = [offer for offer in found if _within_contract(offer, request, me)]
    if not affordable:
        return "Price above the contract's"
    return max(affordable, key=lambda o: (min(o.offered_a, request.current_a), -o.price_gbp, o.option_reference))


def _mismatch(message: Mapping[str, Any], expected: Mapping[str, Any], at: datetime) -> str | None:
    rules = {
        "isp_duration": "ISP duration rejected",
        "time_zone": "TimeZone rejected",
        "period": "Reference Period mismatch",
        "congestion_point": "Invalid CongestionPoint",
    }
    for name, reason in rules.items():
        if message[name] != expected[name]:
            return reason
    if message.get("contract_id") not in (None, expected["contract_id"]):
        return "Invalid Message: ContractID is not that of the FlexRequest"
    if message["currency"] != CURRENCY:
        return f"Invalid Message: Currency must be {CURRENCY}"
    if parse_utc(message["expiration_date_time"]) < at:
        return "ExpirationDateTime out of bounds"
    return None


def bad_isps(isps: Sequence[Mapping[str, Any]], isps_of_the_day: int) -> str | None:
    """The specification's reason against a list of ISPs, or None."""
    taken: set[int] = set()
    for isp in isps:
        first, after = isp["start"], isp["start"] + isp["duration"]
        if first < 1 or isp["duration"] < 1 or after - 1 > isps_of_the_day:
            return "ISPs out of bounds"
        if taken & set(range(first, after)):
            return "ISP conflict"
        taken |= set(range(first, after))
    return None


def _offer(
    message: Mapping[str, Any],
    option: Mapping[str, Any],
    request: FlexRequest,
    start: int,
    count: int,
    me: UftpIdentity,
) -> Offer:
    powers = {n: isp["power"] for isp in option["isps"] for n in range(isp["start"], isp["start"] + isp["duration"])}
    offered = min(amps(powers.get(n, 0)) for n in range(start, start + count))
    least = Decimal(option["min_activation_factor"])
    factor = Decimal(1)
    if offered > request.current_a + _TOLERANCE_A:
        enough = Decimal(math.ceil(round(100 * request.current_a / offered, 6))) / 100
        factor = min(Decimal(1), max(least, enough))
    return Offer(
        offer_id=message["message_id"],
        option_reference=option["option_reference"],
        isps=tuple(option["isps"]),
        offered_a=offered,
        factor=factor,
        price_gbp=Decimal(option["price"]) * factor,
    )


def energy_kwh(isps: Sequence[Mapping[str, Any]], me: UftpIdentity) -> float:
    """The energy of ISPs with a power, as a reduction."""
    return float(sum(-isp["power"] * isp["duration"] for isp in isps)) * me.isp_minutes / 60.0 / 1000.0


def _within_contract(offer: Offer, request: FlexRequest, me: UftpIdentity) -> bool:
    agreed = Decimal(str(round(energy_kwh(offer.isps, me) * request.price_gbp_per_kwh * float(offer.factor), 4)))
    return offer.price_gbp <= max(agreed, Decimal(0)) + _PENNY


def flex_order(offer: Offer, request: FlexRequest, me: UftpIdentity, at: datetime) -> Plain:
    """FlexOrder: the offer's ISPs, all of them, at the activation factor."""
    isps = [{**isp, "power": round(isp["power"] * float(offer.factor))} for isp in offer.isps]
    begun = header(
        "FlexOrder", me, to=request.domain, name=order_name(request), conversation=conversation(request), at=at
    )
    values = {
        "isps": isps,
        "flex_offer_message_id": offer.offer_id,
        "price": f"{offer.price_gbp:.4f}",
        "currency": CURRENCY,
        "order_reference": request.request_id,
        "option_reference": offer.option_reference,
        "activation_factor": f"{offer.factor:.2f}",
    }
    return begun | market_values(request, me) | values


def order_name(request: FlexRequest) -> str:
    """What the MessageID of the order to a request is made from."""
    return f"{request.request_id}/order"
