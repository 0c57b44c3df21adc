"""The monthly report as PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from reportlab.platypus import Flowable, PageBreak, Paragraph

from linkbox.app import pdf_style as style
from linkbox.base.time import format_utc
from linkbox.records.clocks import ClockReading
from linkbox.records.metrics import TARGET_ROUND_TRIP_S, RequestMetrics
from linkbox.records.month import TARGET_REDUCTION_S, MonthReport

_OVERVIEW = {
    "interventions": "Interventions closed",
    "still_open": "Still open",
    "feeders": "Feeders concerned",
    "with_last_resort": "Of them with the last resort",
    "market_asked": "Market asked",
    "market_delivered": "Market delivered",
    "market_success": "Market success, share",
    "customers_held": "Customers held",
    "holds": "Holds",
    "customer_minutes": "Customer minutes held",
    "most_minutes_of_one": "Most minutes of one customer",
    "objections": "Customers who said no",
    "not_permitted": "Customers who might not be asked",
    "escalated": "Escalated (generation or storage asked for)",
}
_REQUESTS = ("of", "requests", "failed", "no answer", "p50 s", "p95 s", "max s", "in target", "failures by code")
_REQUEST_WIDTHS = (1.5, 1, 0.9, 1, 0.9, 0.9, 0.9, 1, 3)


def month_pdf(report: MonthReport, clocks: Iterable[ClockReading] = ()) -> bytes:
    """The report on paper: figures first, single events at the end."""
    name = f"{datetime.strptime(report.month, '%Y-%m'):%B %Y}"  # noqa: DTZ007 - a month has no zone
    return style.pdf(
        f"Linkbox: report for {name}",
        _parts(report, name, list(clocks)),
        footer=f"Linkbox, report for {name}. From the records alone; times are UTC; no customer is named.",
    )


def _parts(report: MonthReport, name: str, clocks: list[ClockReading]) -> Iterator[Flowable]:
    yield Paragraph(f"Last-resort load control in {name}", style.TITLE)
    yield Paragraph(
        "Interventions on low-voltage feeders that opened in this British civil month: what the market was asked, "
        "whose chargers were held and for how long, and how the smart metering system answered.",
        style.SUBTITLE,
    )
    yield from style.section("At a glance", style.facts(_facts(report.overview, _OVERVIEW)))
    outcomes = sorted(report.market.items())
    yield from style.section(
        "What became of the market", *style.table(("outcome", "interventions"), outcomes, (4, 1), right=(1,))
    )
    yield from style.section("Was the reduction seen at the feeder?", _last_hop(report))
    yield from style.section(
        f"Service requests against the target of {TARGET_ROUND_TRIP_S:.0f} s",
        *style.table(_REQUESTS, _request_rows(report), _REQUEST_WIDTHS, right=range(1, 8)),
    )
    if report.notices:
        yield from style.section("Notices", *_notices(report))
    if clocks:
        yield from style.section("Clocks (NF10)", *_clocks(clocks))
    if report.feeders:
        yield from style.section("Feeders", *_feeders(report))
    if report.events:
        yield PageBreak()
        yield from style.section("Interventions", *_events(report))


def _facts(values: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, Any]]:
    return [(words, _share(values[key]) if key == "market_success" else values[key]) for key, words in names.items()]


def _share(value: Any) -> str | None:
    return None if value is None else f"{100 * value:.1f} %"


def _last_hop(report: MonthReport) -> Flowable:
    hop = report.last_hop
    return style.facts(
        [
            ("Interventions with holds", hop["interventions_with_holds"]),
            ("Effect seen in the feeder's current", hop["effect_seen_at_feeder"]),
            ("Share", _share(hop["success"])),
            ("Reduction seen, kW in all", hop["kw_seen"]),
            ("Detection to reduction, p50 s", hop["p50_s"]),
            ("Detection to reduction, p95 s", hop["p95_s"]),
            ("Longest, s", hop["max_s"]),
            (f"Within the target of {TARGET_REDUCTION_S:.0f} s", hop["within_target"]),
        ]
    )


def _request_rows(report: MonthReport) -> Iterator[tuple[Any, ...]]:
    yield _figures("all", report.requests)
    for prefix, group in (("SRV ", report.by_srv), ("", report.by_region), ("", report.by_hub)):
        for key, metrics in group.items():
            yield _figures(f"{prefix}{key or 'not known'}", metrics)


def _figures(name: str, m: RequestMetrics) -> tuple[Any, ...]:
    failures = style.cell(", ".join(f"{code} ({count})" for code, count in m.failures.items()))
    return (name, m.count, m.failed, m.unanswered, m.p50_s, m.p95_s, m.max_s, _share(m.within_target), failures)


def _notices(report: MonthReport) -> list[Flowable]:
    names = ("audience", "channel", "count", "sent", "waiting", "given_up", "attempts", "p50_delay_s", "max_delay_s")
    header = [
        name.replace("_", " ").replace(" s", ", s") if name.endswith("_s") else name.replace("_", " ") for name in names
    ]
    rows = [[row[name] for name in names] for row in report.notices]
    return style.table(header, rows, (1.3, 1.2, 1, 1, 1, 1, 1, 1.4, 1.4), right=range(2, 9))


def _clocks(clocks: list[ClockReading]) -> list[Flowable]:
    rows = [
        (
            style.cell(c.feeder_id),
            c.state.value.replace("_", " "),
            c.first_month or "-",
            c.due_day or "-",
            style.cell(c.words),
        )
        for c in clocks
    ]
    return style.table(("feeder", "clock", "since", "due", "what is asked"), rows, (2, 1.5, 1, 1.2, 4))


def _feeders(report: MonthReport) -> list[Flowable]:
    names = ("feeder", "interventions", "with_last_resort", "holds", "customer_minutes", "escalated")
    rows = [[style.cell(str(row[names[0]])), *(row[name] for name in names[1:])] for row in report.feeders]
    return style.table([n.replace("_", " ") for n in names], rows, (3, 1.2, 1.4, 1, 1.5, 1), right=range(1, 6))


def _events(report: MonthReport) -> list[Flowable]:
    header = ("intervention", "feeder", "opened", "closed", "market", "held", "minutes", "said no", "effect s")
    rows = []
    for event in report.events:
        s = event.summary
        rows.append(
            (
                s.event.intervention_id,
                _short(s.event.feeder_id, 18),
                format_utc(s.event.start)[5:16].replace("T", " "),
                "open" if s.event.end is None else format_utc(s.event.end)[5:16].replace("T", " "),
                _short(s.market.outcome, 16),
                s.customers,
                s.customer_minutes,
                s.objections,
                s.detection_to_reduction_s,
            )
        )
    return style.table(header, rows, (2.1, 2.2, 1.5, 1.5, 2.0, 0.8, 1.1, 1, 1), right=range(5, 9))


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}."
