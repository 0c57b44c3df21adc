"""A month of Linkbox for the regulator and for the distributor itself: figures from its own records, nothing else.

An intervention belongs to the British civil month in which it opened, and is in the report once it is closed. The same
records give the same report, byte for byte."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.records.canonical import Json
from linkbox.records.events import EventRecord
from linkbox.records.metrics import (
    TARGET_ROUND_TRIP_S,
    RequestMetrics,
    RoundTrip,
    by_hub,
    by_region,
    by_srv,
    measure,
    percentile,
)
from linkbox.records.regulator import requests_json

TARGET_REDUCTION_S = 300.0
"""From detection to reduced charging (SECMP0046 NF13)."""
PHASE_V = 230.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice: ``outcome`` is ``queued``, ``failed`` (to be tried again), ``sent`` or ``given up``."""

    audience: str
    channel: str
    stage: str
    queued_at: datetime
    outcome: str
    attempts: int
    at: datetime

    @property
    def delay_s(self) -> float:
        """From queueing to the last that happened."""
        return (self.at - self.queued_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a feeder's own current showed of the holds just made, in A per phase; positive is less current."""

    intervention_id: str
    kind: str
    drop_a: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFacts:
    """What a month's report is made of."""

    month: str
    events: Sequence[EventRecord]
    trips: Sequence[RoundTrip]
    deliveries: Sequence[Delivery]
    effects: Sequence[Effect]
    still_open: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """The figures of a month; ``events`` in order of their opening."""

    month: str
    events: tuple[EventRecord, ...]
    overview: Mapping[str, Json]
    market: Mapping[str, int]
    last_hop: Mapping[str, Json]
    requests: RequestMetrics
    by_srv: Mapping[str, RequestMetrics]
    by_region: Mapping[str, RequestMetrics]
    by_hub: Mapping[str, RequestMetrics]
    notices: tuple[Mapping[str, Json], ...]
    feeders: tuple[Mapping[str, Json], ...]

    def as_json(self) -> dict[str, Json]:
        """The report as a JSON object, without the single events' holds and stories."""
        groups: dict[str, Json] = {
            name: {key: requests_json(value) for key, value in group.items()}
            for name, group in (("by_srv", self.by_srv), ("by_region", self.by_region), ("by_hub", self.by_hub))
        }
        return {
            "month": self.month,
            "overview": dict(self.overview),
            "market": dict(self.market),
            "last_hop": dict(self.last_hop),
            "service_requests": {**requests_json(self.requests), "target_s": TARGET_ROUND_TRIP_S, **groups},
            "notices": [dict(row) for row in self.notices],
            "feeders": [dict(row) for row in self.feeders],
            "events": [event.summary.as_json() for event in self.events],
        }


def month_report(facts: MonthFacts) -> MonthReport:
    """The figures of a month."""
    events = tuple(sorted(facts.events, key=lambda e: (e.summary.event.start, e.summary.event.intervention_id)))
    return MonthReport(
        month=facts.month,
        events=events,
        overview=_overview(facts, events),
        market=dict(sorted(Counter(e.summary.market.outcome for e in events).items())),
        last_hop=_last_hop(events, facts.effects),
        requests=measure(facts.trips),
        by_srv=by_srv(facts.trips),
        by_region=by_region(facts.trips),
        by_hub=by_hub(facts.trips),
        notices=tuple(_notices(facts.deliveries)),
        feeders=tuple(_feeders(events)),
    )


def _overview(facts: MonthFacts, events: Sequence[EventRecord]) -> dict[str, Json]:
    minutes: dict[str, float] = defaultdict(float)
    for event in events:
        for hold in event.holds:
            minutes[hold.customer] += hold.minutes
    asked = [e for e in events if e.summary.market.provider is not None]
    delivered = sum(e.summary.market.outcome == "delivered" for e in asked)
    return {
        "interventions": len(events),
        "still_open": facts.still_open,
        "feeders": len({e.summary.event.feeder_id for e in events}),
        "with_last_resort": sum(bool(e.holds) for e in events),
        "market_asked": len(asked),
        "market_delivered": delivered,
        "market_success": round(delivered / len(asked), 4) if asked else None,
        "customers_held": len(minutes),
        "holds": sum(len(e.holds) for e in events),
        "customer_minutes": round(sum(minutes.values()), 1),
        "most_minutes_of_one": round(max(minutes.values(), default=0.0), 1),
        "objections": sum(e.summary.objections for e in events),
        "not_permitted": sum(e.refused for e in events),
        "escalated": sum(e.summary.escalated for e in events),
    }


def _last_hop(events: Sequence[EventRecord], effects: Iterable[Effect]) -> dict[str, Json]:
    """Did the amperes go at the feeder: the only proof that a switched charger was drawing."""
    with_holds = [e for e in events if e.holds]
    relief = sorted(s for e in with_holds if (s := e.summary.detection_to_reduction_s) is not None)
    seen_kw = sum(sum(max(a, 0.0) for a in effect.drop_a) for effect in effects if effect.kind == "measured")
    return {
        "interventions_with_holds": len(with_holds),
        "effect_seen_at_feeder": len(relief),
        "success": round(len(relief) / len(with_holds), 4) if with_holds else None,
        "kw_seen": round(seen_kw * PHASE_V / 1000, 1),
        "p50_s": percentile(relief, 50) if relief else None,
        "p95_s": percentile(relief, 95) if relief else None,
        "max_s": relief[-1] if relief else None,
        "within_target": sum(s <= TARGET_REDUCTION_S for s in relief),
        "target_s": TARGET_REDUCTION_S,
    }


def _notices(deliveries: Iterable[Delivery]) -> Iterable[dict[str, Json]]:
    groups: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        groups[delivery.audience, delivery.channel].append(delivery)
    for (audience, channel), mine in sorted(groups.items()):
        counts = Counter(d.outcome for d in mine)
        delays = sorted(d.delay_s for d in mine if d.outcome == "sent")
        yield {
            "audience": audience,
            "channel": channel,
            "count": len(mine),
            "sent": counts["sent"],
            "waiting": counts["queued"] + counts["failed"],
            "given_up": counts["given up"],
            "attempts": sum(d.attempts for d in mine),
            "p50_delay_s": percentile(delays, 50) if delays else None,
            "max_delay_s": delays[-1] if delays else None,
        }


def _feeders(events: Sequence[EventRecord]) -> Iterable[dict[str, Json]]:
    groups: dict[str, list[EventRecord]] = defaultdict(list)
    for event in events:
        groups[event.summary.event.feeder_id].append(event)
    for feeder, mine in sorted(groups.items()):
        yield {
            "feeder": feeder,
            "interventions": len(mine),
            "with_last_resort": sum(bool(e.holds) for e in mine),
            "holds": sum(len(e.holds) for e in mine),
            "customer_minutes": round(sum(e.summary.customer_minutes for e in mine), 1),
            "escalated": sum(e.summary.escalated for e in mine),
        }


EVENT_COLUMNS = (
    *("intervention", "feeder", "start", "end", "reason", "limiting_asset", "market_outcome", "provider", "customers"),
    *(
        "customer_minutes",
        "longest_minutes",
        "objections",
        "requests",
        "failed",
        "detection_to_reduction_s",
        "escalated",
    ),
)


def event_row(event: EventRecord) -> tuple[Any, ...]:
    """One line of the table of events, in the order of EVENT_COLUMNS."""
    summary = event.summary
    facts = summary.as_json()
    return (
        *(facts[name] for name in ("intervention", "feeder", "start", "end", "reason", "limiting_asset")),
        summary.market.outcome,
        summary.market.provider or "",
        summary.customers,
        round(summary.customer_minutes, 2),
        round(summary.longest_minutes, 2),
        summary.objections,
        summary.requests.count,
        summary.requests.failed,
        summary.detection_to_reduction_s,
        summary.escalated,
    )
