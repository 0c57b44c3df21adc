"""What a provider answers, as plain UFTP messages: the right answer to a request, and changes to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

PROVIDER = "dawn-flexibility.example"
DISTRIBUTOR = "dso.linkbox.example"

Message = dict[str, Any]


def uuid(name: str) -> str:
    """A MessageID for a name."""
    return str(uuid5(NAMESPACE_URL, name))


def begun(kind: str, name: str, conversation_id: str) -> Message:
    """What every message begins with."""
    return {
        "type": kind,
        "version": "3.1.0",
        "sender_domain": PROVIDER,
        "recipient_domain": DISTRIBUTOR,
        "time_stamp": "2026-01-13T18:00:00Z",
        "message_id": uuid(name),
        "conversation_id": conversation_id,
        "sender_role": "AGR",
    }


def offer_to(
    request: Mapping[str, Any], *, name: str = "offer-1", power_w: int | None = None, **changes: Any
) -> Message:
    """The FlexOffer that gives what is asked, or ``power_w``; ``changes`` are made to it as they are."""
    (isp,) = request["isps"]
    power = isp["min_power"] if power_w is None else power_w
    option = {
        "option_reference": "1",
        "price": "0.0000",
        "min_activation_factor": "0.01",
        "isps": [{"power": power, "start": isp["start"], "duration": isp["duration"]}],
    }
    same = ("isp_duration", "time_zone", "period", "congestion_point", "contract_id")
    return {
        **begun("FlexOffer", f"{name}/{request['message_id']}", request["conversation_id"]),
        **{key: request[key] for key in same},
        "expiration_date_time": "2026-01-14T18:00:00Z",
        "flex_request_message_id": request["message_id"],
        "currency": "GBP",
        "offer_options": [option],
        **changes,
    }


def rejection_of(
    message: Mapping[str, Any], reason: str | None = "no capacity", *, name: str = "no", **changes: Any
) -> Message:
    """The Response that rejects a FlexRequest or a FlexOrder."""
    field = {"FlexRequest": "flex_request_message_id", "FlexOrder": "flex_order_message_id"}[message["type"]]
    said = {} if reason is None else {"rejection_reason": reason}
    start = begun(f"{message['type']}Response", f"{name}/{message['message_id']}", message["conversation_id"])
    return {**start, "result": "Rejected", field: message["message_id"], **said, **changes}
