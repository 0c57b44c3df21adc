"""Call-offs and answers as plain JSON values, exact both ways: for the store, the record and the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.time import parse_utc
from linkbox.market.calloff import CallOff, FlexRequest
from linkbox.market.contracts import Amps3
from linkbox.market.delivery import Accepted, Answer, Rejected


def call_off_to_record(call: CallOff) -> dict[str, Any]:
    """The call-off with its requests; call_off_from_record is its inverse."""
    return {
        "event_id": call.event_id,
        "congestion_point": str(call.congestion_point),
        "at": _text(call.at),
        "required_a": list(call.required_a),
        "uncovered_a": list(call.uncovered_a),
        "baseline_a": list(call.baseline_a),
        "start": _text(call.start),
        "end": _text(call.end),
        "requests": [flex_request_to_record(r) for r in call.requests],
        "answer_deadline": _text(call.answer_deadline),
        "delivery_deadline": _text(call.delivery_deadline),
    }


def call_off_from_record(record: Mapping[str, Any]) -> CallOff:
    """Raises KeyError or ValueError for a record that call_off_to_record did not write."""
    return CallOff(
        event_id=record["event_id"],
        congestion_point=FeederId(record["congestion_point"]),
        at=parse_utc(record["at"]),
        required_a=_amps(record["required_a"]),
        uncovered_a=_amps(record["uncovered_a"]),
        baseline_a=_amps(record["baseline_a"]),
        start=parse_utc(record["start"]),
        end=parse_utc(record["end"]),
        requests=tuple(flex_request_from_record(r) for r in record["requests"]),
        answer_deadline=parse_utc(record["answer_deadline"]),
        delivery_deadline=parse_utc(record["delivery_deadline"]),
    )


def flex_request_to_record(request: FlexRequest) -> dict[str, Any]:
    """One provider's request; flex_request_from_record is its inverse."""
    return {
        "event_id": request.event_id,
        "contract_id": request.contract_id,
        "provider": request.provider,
        "congestion_point": str(request.congestion_point),
        "current_a": list(request.current_a),
        "start": _text(request.start),
        "end": _text(request.end),
        "expiration_at": _text(request.expiration_at),
    }


def flex_request_from_record(record: Mapping[str, Any]) -> FlexRequest:
    """Raises KeyError or ValueError for a record that flex_request_to_record did not write."""
    return FlexRequest(
        event_id=record["event_id"],
        contract_id=record["contract_id"],
        provider=record["provider"],
        congestion_point=FeederId(record["congestion_point"]),
        current_a=_amps(record["current_a"]),
        start=parse_utc(record["start"]),
        end=parse_utc(record["end"]),
        expiration_at=parse_utc(record["expiration_at"]),
    )


def answer_to_record(answer: Answer) -> dict[str, Any]:
    """The answer with its kind; answer_from_record is its inverse."""
    record: dict[str, Any] = {"contract_id": answer.contract_id, "at": _text(answer.at)}
    if isinstance(answer, Accepted):
        offered = None if answer.current_a is None else list(answer.current_a)
        return record | {"answer": "accepted", "current_a": offered}
    return record | {"answer": "rejected", "reason": answer.reason}


def answer_from_record(record: Mapping[str, Any]) -> Answer:
    """Raises KeyError or ValueError for a record that is not an answer."""
    contract_id, at = str(record["contract_id"]), parse_utc(record["at"])
    match record["answer"]:
        case "accepted":
            offered = record.get("current_a")
            current = None if offered is None else _amps(offered)
            return Accepted(contract_id=contract_id, at=at, current_a=current)
        case "rejected":
            return Rejected(contract_id=contract_id, at=at, reason=str(record.get("reason", "")))
        case other:
            raise ValueError(f"answer must be accepted or rejected, not {other!r}")


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _amps(values: Any) -> Amps3:
    a, b, c = (float(v) for v in values)
    return (a, b, c)
