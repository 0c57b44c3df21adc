"""What is due once each British civil day: yesterday's files for the suppliers, and a look at the feeders' clocks.

Which day was done last is in the store, so a day that passed while Linkbox was down is done after the restart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from linkbox.base.time import format_utc
from linkbox.operation.clock_desk import read_all_clocks
from linkbox.operation.ports import Row, Store
from linkbox.operation.reporting import put_delivery
from linkbox.operation.session import Session
from linkbox.operation.supplier_days import supplier_days
from linkbox.operation.supplier_desk import where_to
from linkbox.records.civil_time import british_time
from linkbox.records.clocks import ClockReading

DUTY, CLOCK_WARNING = "duty", "clock_warning"
SUPPLIER_DAYS, CLOCK_CHECK = "supplier_days", "clock_check"
DAYS_BACK = 31
"""So many days that were missed are made up for; before that, a person has to ask for them."""


def due_days(store: Store, duty: str, now: datetime, at: time, *, lag: int) -> list[date]:
    """The civil days whose turn of ``duty`` is due and not done, oldest first. A day's turn comes ``lag`` days later,
    at ``at`` by British civil time. The first time ever only the newest is due."""
    local = british_time(now)
    newest = local.date() - timedelta(days=lag if local.time() >= at else lag + 1)
    row = store.row(DUTY, duty)
    if row is None:
        return [newest]
    done = date.fromisoformat(row.body["last"])
    first = max(done + timedelta(days=1), newest - timedelta(days=DAYS_BACK - 1))
    return [first + timedelta(days=n) for n in range((newest - first).days + 1)]


def done(session: Session, duty: str, day: date) -> None:
    """Keep that a day's turn is done."""
    body = {"last": day.isoformat(), "at": format_utc(session.now)}
    session.tx.put(DUTY, Row(key=duty, state="done", owner="", body=body))


def send_supplier_days(session: Session, store: Store, day: date) -> int:
    """Queue each supplier's file of ``day``, and again that of the day before where it has changed since: an event
    that began before midnight may have been closed after its day's file. How many were queued."""
    key = session.desk.site.notices.records_key
    queued = 0
    for earlier in (1, 0):
        wanted = day - timedelta(days=earlier)
        for supplier, files in supplier_days(store, wanted, key).items():
            queued += _queue_day(session, supplier, wanted, files, amends=bool(earlier))
    done(session, SUPPLIER_DAYS, day)
    session.audit("notice", "supplier_day", day=day.isoformat(), files=queued)
    return queued


def _queue_day(session: Session, supplier: str, day: date, files: Mapping[str, bytes], *, amends: bool) -> int:
    stem = f"day-{day}-{'-'.join(supplier.split())}"
    sent = _sent(session, stem)
    text = files[f"{day}.csv"].decode()
    if (sent and sent[-1].body["csv"] == text) or (amends and not sent and not _kept_days(session)):
        return 0
    name = stem if not sent else f"{stem}-{len(sent) + 1}"
    setup = session.desk.site.notices
    points = json.loads(files[f"{day}.json"])
    body: dict[str, Any] = {
        "id": name,
        "audience": "supplier",
        "channel": setup.supplier_channels.get(supplier, "file"),
        "supplier": supplier,
        **where_to(setup, supplier),
        "intervention": "",
        "stage": "day",
        "at": format_utc(session.now),
        "body": f"{len(points['points'])} holds on {day}" + (", amended" if sent else ""),
        "csv": text,
        "json": points,
        "signatures": {kind: files.get(f"{day}.{kind}.sig", b"").hex() for kind in ("csv", "json")},
        "key_id": "" if setup.records_key is None else setup.records_key.key_id,
    }
    session.queue("notice", name, stem, body)
    put_delivery(session.tx, body, "queued", session.now)
    return 1


def _sent(session: Session, stem: str) -> list[Row]:
    return session.desk.recall_rows("notice", stem)


def _kept_days(session: Session) -> bool:
    return session.desk.recall_row(DUTY, SUPPLIER_DAYS) is not None


def check_clocks(session: Session, store: Store, day: date, *, tell: str = "") -> int:
    """Record each warning (60, 30, 7 days ahead, overdue, beyond) once, and e-mail it to ``tell`` where that is given;
    how many were new."""
    new = 0
    for reading, key in _warned(store, day):
        if session.desk.recall_row(CLOCK_WARNING, key) is not None:
            continue
        new += 1
        session.tx.put(CLOCK_WARNING, Row(key=key, state=reading.state.value, owner=reading.feeder_id, body={}))
        facts = {"feeder": reading.feeder_id, "state": reading.state, "due": reading.due_day, "words": reading.words}
        session.audit("clock", "warning", **facts, days_left=reading.days_left)
        if tell:
            notice = _warning(reading, key, tell, session.now)
            session.queue("notice", notice["id"], reading.feeder_id, notice)
            put_delivery(session.tx, notice, "queued", session.now)
    done(session, CLOCK_CHECK, day)
    return new


def _warned(store: Store, day: date) -> Iterator[tuple[ClockReading, str]]:
    for reading in read_all_clocks(store, on=day):
        overdue = reading.days_left is not None and reading.days_left <= 0
        if reading.warning is not None or overdue or reading.used_beyond:
            step = "overdue" if overdue else f"{reading.warning}"
            yield reading, f"{reading.feeder_id}/{reading.state}/{reading.due_day}/{step}/{reading.used_beyond}"


def _warning(reading: ClockReading, key: str, tell: str, now: datetime) -> dict[str, Any]:
    left = "" if reading.days_left is None else f", {reading.days_left} days left"
    return {
        "id": f"clock-{key.replace('/', '-')}",
        "audience": "internal",
        "channel": "e-mail",
        "to": tell,
        "language": "en",
        "stage": "clock",
        "at": format_utc(now),
        "subject": f"Feeder {reading.feeder_id}: {reading.state.value.replace('_', ' ')}{left}",
        "body": f"{reading.words}\nDue: {reading.due_day or 'no day'}\n",
    }
