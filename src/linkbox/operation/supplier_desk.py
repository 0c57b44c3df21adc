"""Suppliers are told of their own customers: per event as it closes, per day as the day is over; signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from linkbox.control.intervention import Intervention
from linkbox.customers.events import SupplierChange
from linkbox.operation.entities import Command
from linkbox.operation.event_desk import event_facts, known_end
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.reporting import put_delivery
from linkbox.operation.session import Session
from linkbox.records.canonical import canonical_json
from linkbox.records.notices import AffectedPoint, SupplierNotice, supplier_notices


def tell_suppliers(session: Session, intervention: Intervention, commands: Sequence[Command]) -> None:
    """Queue one notice for each supplier with a customer among the holds."""
    event = event_facts(session, intervention)
    for notice in supplier_notices(event, _points(session, commands), at=session.now):
        key = f"{intervention.id}-{'-'.join(notice.supplier.split())}"
        setup = session.desk.site.notices
        body = {
            "id": key,
            "audience": "supplier",
            "channel": setup.supplier_channels.get(notice.supplier, "file"),
            "supplier": notice.supplier,
            **where_to(setup, notice.supplier),
            "intervention": intervention.id,
            "stage": "event",
            "at": notice.at,
            "body": notice.text(),
            **signed_files(notice, setup.records_key),
        }
        session.queue("notice", key, intervention.id, body)
        put_delivery(session.tx, session.desk.outbox["notice", key], "queued", session.now)
        session.audit("notice", "supplier", supplier=notice.supplier, points=len(notice.points), notice=key)


def where_to(setup: NoticeSetup, supplier: str) -> dict[str, str]:
    """The address of a supplier's channel, where it has one."""
    return {"to": setup.supplier_addresses[supplier]} if supplier in setup.supplier_addresses else {}


def signed_files(notice: SupplierNotice, key: RecordsKey | None) -> dict[str, object]:
    """The notice as CSV and JSON, and the signatures over their bytes in UTF-8 (DER, as hex; "" without a key)."""
    text, data = notice.csv(), notice.as_json()
    signatures = {
        kind: "" if key is None else key.sign(octets).hex()
        for kind, octets in (("csv", text.encode()), ("json", canonical_json(data)))
    }
    return {"csv": text, "json": data, "signatures": signatures, "key_id": "" if key is None else key.key_id}


def _points(session: Session, commands: Sequence[Command]) -> list[AffectedPoint]:
    """One line for each hold and supplier: a renewed hold ends where its renewal begins; where the supplier changed
    during a hold, each is told of its own part."""
    postcode = {p.mpan: p.postcode for feeder in session.desk.site.feeders for p in feeder.points}
    return [
        AffectedPoint(mpan=c.mpan, postcode=postcode[c.mpan], supplier=supplier, start=start, end=end)
        for c in sorted(commands, key=lambda c: (c.mpan, c.start))
        for supplier, start, end in _parts(session, c)
    ]


def _parts(session: Session, command: Command) -> Iterator[tuple[str, datetime, datetime | None]]:
    """Who supplied the point during a hold, from when to when."""
    customers, mpan = session.desk.customers, command.mpan
    start, end = command.answered_at or command.start, known_end(command, session.now)
    changes = [e.at for e in customers.history(mpan) if isinstance(e, SupplierChange) and start < e.at]
    edges = [start, *(at for at in changes if end is None or at < end)]
    for since, until in zip(edges, [*edges[1:], end], strict=True):
        yield customers.supplier(mpan, since) or session.desk.site.chargers[mpan].supplier, since, until
