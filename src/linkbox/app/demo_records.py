"""What an evening leaves for others: the month's report, each event's file and dossier, suppliers' days, the key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from linkbox.app.report_files import event_files, write_files, write_month, write_supplier_day
from linkbox.operation.reporting import EVENT
from linkbox.records.civil_time import british_time, month_of
from linkbox.records.events import EventRecord
from linkbox.study.evening import Evening
from linkbox.study.export import event_dossier, records_key


def write_records(evening: Evening, out: Path) -> None:
    """Into ``reports/`` and ``suppliers/``; and ``records-key.pem``, the public key that all signatures go by."""
    store, scenario = evening.store, evening.people.scenario
    key, public_pem = records_key(evening)
    write_files(out, {"records-key.pem": public_pem})
    months = sorted({month_of(scenario.start), month_of(scenario.end)})
    for month in months:
        write_month(store, month, out / "reports")
    for row in store.rows(EVENT):
        files = event_files(EventRecord.from_record(row.body))
        write_files(out / "reports", {**files, f"{row.key}.jsonl": event_dossier(evening, row.key)})
    first, last = british_time(scenario.start).date(), british_time(evening.clock.now()).date()
    for days in range((last - first).days + 1):
        write_supplier_day(store, first + timedelta(days=days), out / "suppliers", key)
