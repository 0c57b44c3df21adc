"""Call-offs and answers as plain JSON values, exact both ways: for the store, the record and the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import Phase
from linkbox.base.time import parse_utc
from linkbox.market.calloff import CallOff, FlexRequest
from linkbox.market.contracts import Amps3
from linkbox.market.delivery import Accepted, Answer, Effect, Rejected


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
    record: dict[str, Any] = {name: getattr(request, name) for name in request.__slots__}
    record |= {name: _text(record[name]) for name in _TIMES}
    return record | {"congestion_point": str(request.congestion_point), "phase": request.phase.name}


def flex_request_from_record(record: Mapping[str, Any]) -> FlexRequest:
    """Raises KeyError, TypeError or ValueError for a record that flex_request_to_record did not write."""
    values = dict(record)
    values |= {name: parse_utc(record[name]) for name in _TIMES}
    values |= {"congestion_point": FeederId(record["congestion_point"]), "phase": Phase[record["phase"]]}
    return FlexRequest(**values)


_TIMES = ("start", "end", "expiration_at")


def answer_to_record(answer: Answer) -> dict[str, Any]:
    """The answer with its kind; answer_from_record is its inverse."""
    record: dict[str, Any] = {"request_id": answer.request_id, "at": _text(answer.at)}
    if isinstance(answer, Accepted):
        return record | {"answer": "accepted", "current_a": answer.current_a, "offer_id": answer.offer_id}
    return record | {"answer": "rejected", "reason": answer.reason}


def answer_from_record(record: Mapping[str, Any]) -> Answer:
    """Raises KeyError or ValueError for a record that is not an answer."""
    request_id, at = str(record["request_id"]), parse_utc(record["at"])
    match record["answer"]:
        case "accepted":
            offered = record.get("current_a")
            current = None if offered is None else float(offered)
            return Accepted(request_id=request_id, at=at, current_a=current, offer_id=str(record.get("offer_id", "")))
        case "rejected":
            return Rejected(request_id=request_id, at=at, reason=str(record.get("reason", "")))
        case other:
            raise ValueError(f"answer must be accepted or rejected, not {other!r}")


def effect_to_record(effect: Effect) -> dict[str, Any]:
    """What the feeder showed, in tenths of an ampere; effect_from_record is its inverse at that precision."""
    return {"at": _text(effect.at)} | {name: [round(v, 1) for v in getattr(effect, name)] for name in _AMPS}


def effect_from_record(record: Mapping[str, Any]) -> Effect:
    """Raises KeyError or ValueError for a record that effect_to_record did not write."""
    return Effect(at=parse_utc(record["at"]), **{name: _amps(record[name]) for name in _AMPS})


_AMPS = ("expected_a", "measured_a", "reduction_a", "sigma_a")


def _text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _amps(values: Any) -> Amps3:
    a, b, c = (float(v) for v in values)
    return (a, b, c)
