"""What the regulator is told about an intervention, as a value: counts and reasons, no MPAN at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.time import format_utc
from linkbox.records.canonical import Json
from linkbox.records.metrics import RequestMetrics
from linkbox.records.supplier_notices import EventFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRecord:
    """What the market was asked and what it did, before the last resort."""

    provider: str | None
    called_at: datetime | None
    decided_at: datetime | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegulatorSummary:
    """One intervention for the regulator. Times are UTC; minutes are the equivalent of full off; no MPAN."""

    event: EventFacts
    limiting_asset: str
    time_to_limit_s: float | None
    required_a: tuple[float, float, float]
    relieved_a: tuple[float, float, float]
    market: MarketRecord
    authority: str
    customers: int
    customer_minutes: float
    longest_minutes: float
    objections: int
    requests: RequestMetrics
    detection_to_reduction_s: float | None
    shortfall_a: tuple[float, float, float]
    escalated: bool

    def as_json(self) -> dict[str, Json]:
        """The summary as a JSON object."""
        market = self.market
        return {
            "intervention": self.event.intervention_id,
            "feeder": str(self.event.feeder_id),
            "start": format_utc(self.event.start),
            "end": None if self.event.end is None else format_utc(self.event.end),
            "reason": self.event.reason,
            "limiting_asset": self.limiting_asset,
            "time_to_limit_s": self.time_to_limit_s,
            "required_a": list(self.required_a),
            "relieved_a": list(self.relieved_a),
            "shortfall_a": list(self.shortfall_a),
            "authority": self.authority,
            "market": {
                "provider": market.provider,
                "called_at": None if market.called_at is None else format_utc(market.called_at),
                "decided_at": None if market.decided_at is None else format_utc(market.decided_at),
                "outcome": market.outcome,
                "reason": market.reason,
            },
            "customers": self.customers,
            "customer_minutes": self.customer_minutes,
            "longest_minutes": self.longest_minutes,
            "objections": self.objections,
            "service_requests": requests_json(self.requests),
            "detection_to_reduction_s": self.detection_to_reduction_s,
            "escalated": self.escalated,
        }

    def text(self) -> str:
        """The summary as plain text, a line for each question that a regulator asks."""
        event, market, requests = self.event, self.market, self.requests
        asked = "nobody: no contract covers the feeder" if market.provider is None else market.provider
        called = "" if market.called_at is None else f", asked at {format_utc(market.called_at)}"
        relief = self.detection_to_reduction_s
        lines = [
            f"Intervention {event.intervention_id} on feeder {event.feeder_id}",
            f"When: {format_utc(event.start)} to {'(open)' if event.end is None else format_utc(event.end)}",
            f"Why: {event.reason}",
            f"What would have failed: {self.limiting_asset}{_within(self.time_to_limit_s)}",
            f"Market first: {asked}{called}; {market.outcome} ({market.reason}){_decided(market.decided_at)}",
            f"Authority: {self.authority}",
            f"Required reduction L1/L2/L3: {_amps(self.required_a)}; achieved: {_amps(self.relieved_a)}",
            (
                f"Customers held: {self.customers}; {self.customer_minutes:.0f} minutes in all; "
                f"most for one: {self.longest_minutes:.0f}; said no: {self.objections}"
            ),
            f"Service requests: {requests.count}, {requests.failed} failed",
            "From detection to reduced current: " + ("not measured" if relief is None else f"{relief:.0f} s"),
            f"Not covered L1/L2/L3: {_amps(self.shortfall_a)}",
        ]
        if self.escalated:
            lines.append(
                "Escalated: mobile generation or storage was asked for, and a permanent solution to be hastened"
            )
        return "\n".join(lines) + "\n"


def requests_json(metrics: RequestMetrics) -> dict[str, Json]:
    """Request metrics as a JSON object."""
    failures: Mapping[str, Json] = dict(metrics.failures)
    return {
        "count": metrics.count,
        "failed": metrics.failed,
        "unanswered": metrics.unanswered,
        "p50_s": metrics.p50_s,
        "p95_s": metrics.p95_s,
        "max_s": metrics.max_s,
        "within_target": metrics.within_target,
        "failures": failures,
    }


def _within(time_to_limit_s: float | None) -> str:
    return "" if time_to_limit_s is None else f", in {time_to_limit_s / 60:.0f} min"


def _decided(at: datetime | None) -> str:
    return "" if at is None else f" at {format_utc(at)}"


def _amps(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.0f} A" for value in values)
