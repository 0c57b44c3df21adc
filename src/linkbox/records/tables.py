"""Reports as CSV: RFC 4180, a header line, times in UTC, "" for what is not known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from linkbox.base.time import format_utc
from linkbox.records.events import EventRecord
from linkbox.records.metrics import RequestMetrics
from linkbox.records.month import EVENT_COLUMNS, MonthReport, event_row
from linkbox.records.regulator import requests_json

_FIGURES = ("count", "failed", "unanswered", "p50_s", "p95_s", "max_s", "within_target")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV. What a spreadsheet would take for a formula is told as text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return f"'{value}"
    return value


def month_tables(report: MonthReport) -> dict[str, str]:
    """The month's tables by name: ``events``, ``requests``, ``notices``, ``feeders``."""
    return {
        "events": csv_text(EVENT_COLUMNS, map(event_row, report.events)),
        "requests": csv_text(("group", "of", *_FIGURES, "failures"), _request_rows(report)),
        "notices": _mappings(report.notices),
        "feeders": _mappings(report.feeders),
    }


def hold_table(event: EventRecord) -> str:
    """One event's holds; customers are tokens."""
    header = ("customer", "phase", "start", "end", "minutes", "ended_by", "expected_a", "answer", "reason")
    rows = [
        (
            h.customer,
            h.phase,
            format_utc(h.start),
            None if h.end is None else format_utc(h.end),
            round(h.minutes, 2),
            h.ended_by,
            h.expected_a,
            h.answer,
            h.reason,
        )
        for h in event.holds
    ]
    return csv_text(header, rows)


def _request_rows(report: MonthReport) -> Iterable[tuple[Any, ...]]:
    groups: tuple[tuple[str, Mapping[str, RequestMetrics]], ...] = (
        ("all", {"": report.requests}),
        ("srv", report.by_srv),
        ("region", report.by_region),
        ("hub", report.by_hub),
    )
    for name, group in groups:
        for key, metrics in group.items():
            figures = requests_json(metrics)
            failures = "; ".join(f"{code}: {count}" for code, count in metrics.failures.items())
            yield (name, key, *(figures[figure] for figure in _FIGURES), failures)


def _mappings(rows: Sequence[Mapping[str, Any]]) -> str:
    header = list(rows[0]) if rows else []
    return csv_text(header, [[row[name] for name in header] for row in rows])
