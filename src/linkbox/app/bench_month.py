"""How long a month's report takes: from rows in a store to PDF, JSON and tables on the disk."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.report_files import write_month
from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc
from linkbox.operation.ports import Row, Transaction
from linkbox.operation.reporting import EFFECT, EVENT, TRIP, put_delivery
from linkbox.records.civil_time import month_of
from linkbox.records.events import EventRecord, HoldRecord
from linkbox.records.metrics import RequestMetrics
from linkbox.records.notices import EventFacts
from linkbox.records.regulator import MarketRecord, RegulatorSummary

MONTH = "2026-01"
LIMIT_S = 30.0
_BEGAN = datetime(2026, 1, 2, 17, tzinfo=UTC)
_HOLDS, _FEEDERS = 4, 500
_AT_ONCE = 500


def month_results(interventions: int, folder: Path) -> list[dict[str, Any]]:
    """``month_report_s``: read, counted and written; each intervention with four holds, their requests and notices."""
    store = SqliteStore(folder / "month.sqlite")
    for first in range(0, interventions, _AT_ONCE):
        with store.transaction() as tx:
            for n in range(first, min(first + _AT_ONCE, interventions)):
                _put(tx, n)
    began, cpu = time.perf_counter(), time.process_time()
    files = write_month(store, MONTH, folder / "month")
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    store.close()
    if not all(path.stat().st_size for path in files):
        raise AssertionError("a file of the month's report is empty")
    return [
        {"name": "month_report_s", "value": wall, "unit": "s", "floor": LIMIT_S},
        {"name": "month_report_cpu_s", "value": cpu, "unit": "s", "floor": None},
    ]


def _put(tx: Transaction, n: int) -> None:
    start = _BEGAN + timedelta(minutes=n % 40_000)
    name = f"LB-{start:%Y%m%d}-{n:05d}"
    event = _event(name, FeederId(f"F{n % _FEEDERS:05d}"), start, n)
    tx.put(EVENT, Row(key=name, state=month_of(start), owner=event.summary.event.feeder_id, body=event.to_record()))
    for k in range(_HOLDS):
        for srv in ("7.6", "7.8"):
            body = {
                "srv": srv,
                "intervention": name,
                "sent_at": format_utc(start),
                "completed_at": format_utc(start + timedelta(seconds=5 + (n + k) % 40)),
                "failure": None if (n + k) % 50 else "timed out",
                "region": ("North", "Central", "South")[n % 3],
                "hub": ("single-band", "dual-band")[k % 2],
            }
            tx.put(TRIP, Row(key=f"{name}-{k}-{srv}", state=month_of(start), owner=name, body=body))
        for stage in ("start", "end"):
            notice = {
                "id": f"{name}-{k}-{stage}",
                "audience": "customer",
                "channel": ("e-mail", "SMS")[k % 2],
                "stage": stage,
                "at": format_utc(start),
                "intervention": name,
            }
            put_delivery(tx, notice, "sent", start + timedelta(seconds=9), attempts=1)
    effect = {"intervention": name, "kind": "confirmed", "at": format_utc(start), "drop_a": [40.0, 38.5, 41.0]}
    tx.put(EFFECT, Row(key=name, state=month_of(start), owner=name, body=effect))


def _event(name: str, feeder: FeederId, start: datetime, n: int) -> EventRecord:
    end = start + timedelta(minutes=45)
    holds = tuple(
        HoldRecord(
            customer=f"c-{n:012x}{k:04x}",
            phase=f"L{1 + k % 3}",
            start=start + timedelta(minutes=3),
            end=end,
            ended_by="release",
            expected_a=32.0,
            answer="the device answered success under its signature",
            reason="fewest minutes",
        )
        for k in range(_HOLDS)
    )
    requests = RequestMetrics(
        count=8, failed=0, unanswered=0, p50_s=9.0, p95_s=22.0, max_s=30.0, within_target=1.0, failures={}
    )
    summary = RegulatorSummary(
        event=EventFacts(intervention_id=name, feeder_id=feeder, start=start, end=end, reason="overload of the fuse"),
        limiting_asset="fuse",
        time_to_limit_s=600.0,
        required_a=(40.0, 0.0, 12.0),
        relieved_a=(44.0, 0.0, 12.0),
        market=MarketRecord(
            provider="Dawn Flexibility",
            called_at=start,
            decided_at=start + timedelta(seconds=60),
            outcome="rejected",
            reason="no capacity",
        ),
        authority="automatic",
        customers=_HOLDS,
        customer_minutes=42.0 * _HOLDS,
        longest_minutes=42.0,
        objections=int(n % 97 == 0),
        requests=requests,
        detection_to_reduction_s=95.0,
        shortfall_a=(0.0, 0.0, 0.0),
        escalated=n % 211 == 0,
    )
    story = ((start, "opened", "risk"), (start, "market", "rejected"), (end, "closed", "no more risk"))
    return EventRecord(summary=summary, holds=holds, refused=2, story=story)
