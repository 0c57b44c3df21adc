"""A flexibility provider (AGR) that speaks UFTP: messages in, messages with their times out; no I/O and no clock.

What it does behind the messages is the twin's ``provider``: seeded, and nothing that a controller could look into. The
simulation and ``linkbox provider`` run the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from linkbox.base.phases import Phase
from linkbox.base.time import format_utc, parse_utc
from linkbox.market.messages import Plain, bad_isps, header, response
from linkbox.market.uftp import (
    CURRENCY,
    VERSIONS,
    IspSpan,
    UftpIdentity,
    amps,
    isps_of_day,
    span_times,
    split_point,
    watts,
)
from linkbox.twin.provider import FlexRequest, Hold, ProviderAnswer, ProviderOptions, answer
from linkbox.twin.vehicles import Bools

Outgoing = tuple[datetime, Plain]

_ACKNOWLEDGED_AFTER = timedelta(seconds=1)


class FlexProvider:
    """One provider. ``home_phase`` gives the phase of every home that its options name; ``holds`` is what it does."""

    def __init__(
        self,
        me: UftpIdentity,
        options: ProviderOptions,
        *,
        home_phase: Sequence[int],
        seed: int,
        price_gbp_per_kwh: float,
    ) -> None:
        self.me, self.options, self.seed = me, options, seed
        self._home_phase, self._price = home_phase, price_gbp_per_kwh
        self.holds: list[Hold] = []
        self._answered: set[str] = set()
        self._conversations: dict[str, int] = {}
        self._offers: dict[str, ProviderAnswer] = {}

    def take(self, message: Mapping[str, Any], at: datetime, drawing: Bools | None = None) -> list[Outgoing]:
        """What it sends because of a message, each with its time. A message that came before gets nothing more."""
        if message["message_id"] in self._answered or str(message["type"]).endswith("Response"):
            return []
        self._answered.add(message["message_id"])
        match message["type"]:
            case _ if message.get("problem") or message["version"] not in VERSIONS:
                reason = message.get("problem") or "Invalid Message: version"
                return [(at + _ACKNOWLEDGED_AFTER, response(message, self.me, at, rejected=str(reason)))]
            case "FlexRequest":
                return self._take_request(message, at, drawing)
            case "FlexOrder":
                return self._take_order(message, at)
            case "FlexSettlement":
                return [(at + _ACKNOWLEDGED_AFTER, self._settlement_response(message, at))]
            case _:
                return [(at + _ACKNOWLEDGED_AFTER, response(message, self.me, at))]

    def _take_request(self, message: Mapping[str, Any], at: datetime, drawing: Bools | None) -> list[Outgoing]:
        soon = at + _ACKNOWLEDGED_AFTER
        request = self._read(message, at)
        if isinstance(request, str):
            return [(soon, response(message, self.me, soon, rejected=request))]
        found = answer(request, self.options, home_phase=self._home_phase, seed=self.seed, drawing=drawing)
        if found.answered_at is None:
            return []
        if not found.accepted:
            no = response(message, self.me, found.answered_at, rejected="no capacity to offer")
            return [(found.answered_at, no)]
        offer = self._offer(message, found, found.answered_at)
        self._offers[offer["message_id"]] = found
        sent = [(soon, response(message, self.me, soon)), (found.answered_at, offer)]
        if found.again_at is not None:
            sent.append((found.again_at, self._offer(message, found, found.again_at, turn=2)))
        if found.revoked_at is not None:
            sent.append((found.revoked_at, self._revocation(message, offer, found.revoked_at)))
        return sent

    def _read(self, message: Mapping[str, Any], at: datetime) -> FlexRequest | str:
        """The request in the twin's terms, or why it is rejected."""
        point = split_point(message["congestion_point"])
        if point is None:
            return "Invalid CongestionPoint"
        zone, period = message["time_zone"], message["period"]
        if zone != self.me.time_zone:
            return "TimeZone rejected"
        if message["isp_duration"] != self.me.isp_duration:
            return "ISP duration rejected"
        try:
            day = date.fromisoformat(period)
        except ValueError:
            return "Period out of bounds"
        wanted = [isp for isp in message["isps"] if isp.get("disposition") == "Requested" and isp["min_power"] < 0]
        wrong = bad_isps(message["isps"], isps_of_day(day, zone, self.me.isp_minutes))
        if wrong or not wanted:
            return wrong or "Invalid Message: no reduction is requested"
        spans = [IspSpan(period=day, start=isp["start"], duration=isp["duration"]) for isp in wanted]
        end = max(span_times(span, zone, self.me.isp_minutes)[1] for span in spans)
        if end <= at:
            return "Period out of bounds"
        needed = max(amps(isp["min_power"]) for isp in wanted)
        return FlexRequest(
            request_id=self._keyed(message),
            at=at,
            until=end,
            amps=_on(point[1], needed),
            expires=parse_utc(message["expiration_date_time"]),
        )

    def _keyed(self, message: Mapping[str, Any]) -> str:
        """What its dice are thrown for: one event of a contract, by its number in the day. All phases fare alike."""
        sent = parse_utc(message["time_stamp"])
        number = self._conversations.setdefault(message["conversation_id"], len(self._conversations) + 1)
        return f"LB-{sent:%Y%m%d}-{number:03d}/{message.get('contract_id', '')}"

    def _offer(self, message: Mapping[str, Any], found: ProviderAnswer, at: datetime, turn: int = 1) -> Plain:
        power = watts(max(found.accepted_amps))
        isps = [
            {"power": power, "start": isp["start"], "duration": isp["duration"]}
            for isp in message["isps"]
            if isp.get("disposition") == "Requested"
        ]
        hours = sum(isp["duration"] for isp in isps) * self.me.isp_minutes / 60.0
        begun = self._header("FlexOffer", message, f"{message['message_id']}/offer/{turn}", at)
        names = ("isp_duration", "time_zone", "period", "congestion_point")
        return begun | {
            **{name: message[name] for name in names},
            **({"contract_id": message["contract_id"]} if "contract_id" in message else {}),
            "expiration_date_time": format_utc(at + timedelta(minutes=15)),
            "flex_request_message_id": message["message_id"],
            "currency": CURRENCY,
            "offer_options": [
                {
                    "option_reference": "1",
                    "price": f"{-power / 1000.0 * hours * self._price:.4f}",
                    "min_activation_factor": "0.01",
                    "isps": isps,
                }
            ],
        }

    def _revocation(self, message: Mapping[str, Any], offer: Plain, at: datetime) -> Plain:
        begun = self._header("FlexOfferRevocation", message, f"{offer['message_id']}/revoked", at)
        return begun | {"flex_offer_message_id": offer["message_id"]}

    def _header(self, kind: str, message: Mapping[str, Any], name: str, at: datetime) -> Plain:
        begun = header(kind, self.me, to=message["sender_domain"], name=name, conversation="", at=at)
        return begun | {"conversation_id": message["conversation_id"], "version": message["version"]}

    def _take_order(self, message: Mapping[str, Any], at: datetime) -> list[Outgoing]:
        """An order begins what the offer meant: its holds, not before the provider is ready for them."""
        soon = at + _ACKNOWLEDGED_AFTER
        found = self._offers.pop(str(message.get("flex_offer_message_id")), None)
        if found is None:
            return [(soon, response(message, self.me, soon, rejected="Unknown FlexOfferMessageID reference"))]
        self.holds += [replace(hold, start=max(hold.start, at)) for hold in found.holds if hold.end > at]
        return [(soon, response(message, self.me, soon))]

    def _settlement_response(self, message: Mapping[str, Any], at: datetime) -> Plain:
        statuses = [
            {"order_reference": account["order_reference"], "disposition": "Accepted"}
            for account in message["flex_order_settlements"]
        ]
        return response(message, self.me, at) | {"flex_order_settlement_statuses": statuses}


def _on(phase: Phase, needed_a: float) -> tuple[float, float, float]:
    return (
        needed_a if phase is Phase.L1 else 0.0,
        needed_a if phase is Phase.L2 else 0.0,
        needed_a if phase is Phase.L3 else 0.0,
    )
