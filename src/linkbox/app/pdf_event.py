"""One intervention on paper: what was foreseen, who was asked, whose charger was held, when each supply came back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reportlab.platypus import Flowable, Paragraph

from linkbox.app import pdf_style as style
from linkbox.base.time import format_utc
from linkbox.records.events import EventRecord


def event_pdf(event: EventRecord) -> bytes:
    """The record of one closed intervention as PDF: the same bytes for the same record."""
    name = event.summary.event.intervention_id
    footer = f"Linkbox, intervention {name}. From the records alone; times are UTC; customers are tokens."
    return style.pdf(f"Linkbox: intervention {name}", _parts(event), footer=footer)


def _parts(event: EventRecord) -> Iterator[Flowable]:
    s = event.summary
    yield Paragraph(f"Intervention {s.event.intervention_id}", style.TITLE)
    yield Paragraph(
        f"Feeder {s.event.feeder_id}, {_at(s.event.start)} to {_at(s.event.end)} UTC. Reason: {s.event.reason}.",
        style.SUBTITLE,
    )
    yield from style.section("At a glance", style.facts(_glance(event)))
    yield from style.section("The market first", *_market(event))
    if event.holds:
        yield from style.section("Whose charger was held, and when each supply came back", *_holds(event))
        yield from style.section("Why these customers", *_why(event))
    yield from style.section("Step by step", *_story(event))
    if s.escalated:
        words = (
            "Escalated: mobile generation or storage was asked for this feeder, and its reinforcement is to be "
            "brought forward."
        )
        yield from style.section("Escalation", style.text(words))


def _glance(event: EventRecord) -> list[tuple[str, Any]]:
    s = event.summary
    limit = None if s.time_to_limit_s is None else f"{s.time_to_limit_s / 60:.0f} min"
    effect = None if s.detection_to_reduction_s is None else f"{s.detection_to_reduction_s:.0f} s"
    return [
        ("What would have failed", s.limiting_asset),
        ("In", limit),
        ("Required reduction, A on L1/L2/L3", _amps(s.required_a)),
        ("Expected from the holds, A", _amps(s.relieved_a)),
        ("Not covered, A", _amps(s.shortfall_a)),
        ("Detection to reduction at the feeder", effect),
        ("Customers held", s.customers),
        ("Minutes in all", round(s.customer_minutes, 1)),
        ("Most minutes of one customer", round(s.longest_minutes, 1)),
        ("Customers who said no", s.objections),
        ("Customers who might not be asked", event.refused),
        ("Service requests (failed)", f"{s.requests.count} ({s.requests.failed})"),
    ]


def _market(event: EventRecord) -> list[Flowable]:
    market = event.summary.market
    asked = "Nobody: no contract covers the feeder." if market.provider is None else f"Asked: {market.provider}"
    called = "" if market.called_at is None else f", at {_at(market.called_at)}"
    decided = "" if market.decided_at is None else f" Decided at {_at(market.decided_at)}."
    return [
        style.text(f"{asked}{called}. Outcome: {market.outcome} ({market.reason}).{decided}"),
        style.text(f"Authority for the last resort: {event.summary.authority}."),
    ]


def _holds(event: EventRecord) -> list[Flowable]:
    header = ("customer", "phase", "device answered", "held from", "free at", "minutes", "by")
    rows = [
        (h.customer, h.phase, style.cell(h.answer), _clock(h.start), _clock(h.end), round(h.minutes, 1), h.ended_by)
        for h in event.holds
    ]
    return style.table(header, rows, (2.2, 0.8, 3, 1.2, 1.2, 1, 1.2), right=(5,))


def _why(event: EventRecord) -> list[Flowable]:
    rows = [(h.customer, f"{h.expected_a:.1f}", style.cell(h.reason)) for h in event.holds]
    return style.table(("customer", "expected A", "reason, as it was decided"), rows, (2, 1, 8), right=(1,))


def _story(event: EventRecord) -> list[Flowable]:
    rows = [(_clock(at), style.cell(what), style.cell(why)) for at, what, why in event.story]
    return style.table(("time", "state", "what and why"), rows, (1, 1.6, 8))


def _amps(values: tuple[float, float, float]) -> str:
    return " / ".join(f"{value:.0f}" for value in values)


def _at(at: datetime | None) -> str:
    return "(open)" if at is None else format_utc(at)[:19].replace("T", " ")


def _clock(at: datetime | None) -> str:
    return "still held" if at is None else format_utc(at)[11:19]
