"""Reports into a folder: the month and single events, as PDF, CSV and JSON, whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from linkbox.app.pdf_event import event_pdf
from linkbox.app.pdf_month import month_pdf
from linkbox.base.errors import LinkboxError
from linkbox.operation.clock_desk import read_all_clocks
from linkbox.operation.ports import Store
from linkbox.operation.report_source import read_event, read_month
from linkbox.operation.supplier_days import supplier_days
from linkbox.records.events import EventRecord
from linkbox.records.month import month_report
from linkbox.records.tables import hold_table, month_tables


class NotWritten(LinkboxError):
    """A report could not be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.path = path
        super().__init__(f"{path} could not be written: {error.strerror}")


def write_month(store: Store, month: str, out: Path) -> list[Path]:
    """``MONTH.pdf``, ``MONTH.json`` and ``MONTH-<table>.csv``; return the files written."""
    report = month_report(read_month(store, month))
    clocks = read_all_clocks(store, on=_last_day(month))
    files = {f"{month}.pdf": month_pdf(report, clocks), f"{month}.json": _json(report.as_json())}
    files |= {f"{month}-{name}.csv": text.encode() for name, text in month_tables(report).items()}
    return write_files(out, files)


def write_event(store: Store, intervention_id: str, out: Path) -> list[Path]:
    """``ID.pdf``, ``ID.json`` and ``ID-holds.csv``; return the files written."""
    return write_files(out, event_files(read_event(store, intervention_id)))


def event_files(event: EventRecord) -> dict[str, bytes]:
    """The files of one event by name."""
    name = event.summary.event.intervention_id
    return {
        f"{name}.pdf": event_pdf(event),
        f"{name}.json": _json(event.to_record()),
        f"{name}-holds.csv": hold_table(event).encode(),
    }


def write_supplier_day(store: Store, day: date, out: Path, key: Any = None) -> list[Path]:
    """A folder for each supplier with its own customers of that British civil day; return the files written."""
    written: list[Path] = []
    for supplier, files in supplier_days(store, day, key).items():
        written += write_files(out / "-".join(supplier.replace("/", " ").split()), files)
    return written


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write each under another name first and then rename it; raise NotWritten."""
    written = []
    for name, octets in files.items():
        target = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f"{name}.part")
            draft.write_bytes(octets)
            os.replace(draft, target)
        except OSError as error:
            raise NotWritten(target, error) from error
        written.append(target)
    return written


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _last_day(month: str) -> date:
    first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
