"""One closed intervention as reports see it: the regulator's summary, each hold, each step. No MPAN, tokens only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc, parse_utc
from linkbox.records.canonical import Json
from linkbox.records.metrics import RequestMetrics
from linkbox.records.regulator import MarketRecord, RegulatorSummary
from linkbox.records.supplier_notices import EventFacts

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """One hold that a device confirmed. ``customer`` is a token; ``answer`` is what became of the command, in words."""

    customer: str
    phase: str
    start: datetime
    end: datetime | None
    ended_by: str
    expected_a: float
    answer: str
    reason: str

    @property
    def minutes(self) -> float:
        """How long the charger was held; 0 while that is not known."""
        return 0.0 if self.end is None else (self.end - self.start).total_seconds() / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """A closed intervention. ``story`` is its history: when, what, and why, in words."""

    summary: RegulatorSummary
    holds: tuple[HoldRecord, ...]
    refused: int
    story: tuple[tuple[datetime, str, str], ...]

    def to_record(self) -> dict[str, Json]:
        """Plain JSON values; ``from_record`` is the inverse."""
        return {
            **self.summary.as_json(),
            "refused": self.refused,
            "holds": [
                {
                    "customer": h.customer,
                    "phase": h.phase,
                    "start": format_utc(h.start),
                    "end": None if h.end is None else format_utc(h.end),
                    "ended_by": h.ended_by,
                    "expected_a": h.expected_a,
                    "answer": h.answer,
                    "reason": h.reason,
                }
                for h in self.holds
            ],
            "story": [[format_utc(at), what, why] for at, what, why in self.story],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> EventRecord:
        """Raise KeyError, TypeError or ValueError for a record that is none."""
        market, requests = record["market"], record["service_requests"]
        summary = RegulatorSummary(
            event=EventFacts(
                intervention_id=record["intervention"],
                feeder_id=FeederId(record["feeder"]),
                start=parse_utc(record["start"]),
                end=_time(record["end"]),
                reason=record["reason"],
            ),
            limiting_asset=record["limiting_asset"],
            time_to_limit_s=record["time_to_limit_s"],
            required_a=_triple(record["required_a"]),
            relieved_a=_triple(record["relieved_a"]),
            market=MarketRecord(
                provider=market["provider"],
                called_at=_time(market["called_at"]),
                decided_at=_time(market["decided_at"]),
                outcome=market["outcome"],
                reason=market["reason"],
            ),
            authority=record["authority"],
            customers=record["customers"],
            customer_minutes=record["customer_minutes"],
            longest_minutes=record["longest_minutes"],
            objections=record["objections"],
            requests=RequestMetrics(**requests),
            detection_to_reduction_s=record["detection_to_reduction_s"],
            shortfall_a=_triple(record["shortfall_a"]),
            escalated=record["escalated"],
        )
        return cls(
            summary=summary,
            refused=record["refused"],
            holds=tuple(
                HoldRecord(**{**hold, "start": parse_utc(hold["start"]), "end": _time(hold["end"])})
                for hold in record["holds"]
            ),
            story=tuple((parse_utc(at), what, why) for at, what, why in record["story"]),
        )


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)


def _triple(values: Any) -> Triple:
    a, b, c = values
    return (float(a), float(b), float(c))
