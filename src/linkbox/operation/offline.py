"""A unit of work on a store that no controller works on: for commands that record what people decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from linkbox.operation.entities import plain
from linkbox.operation.personal import keep_openings, random_salt
from linkbox.operation.ports import Row, Store, Transaction
from linkbox.records.audit import AuditEvent, AuditRecord, append, head_of
from linkbox.records.commitments import Salts, seal


def record(
    store: Store,
    at: datetime,
    rows: Callable[[int], list[tuple[str, Row]]],
    *,
    stream: str,
    kind: str,
    facts: Mapping[str, object],
    salts: Salts = random_salt,
    work: Callable[[Transaction, int], None] = lambda tx, seq: None,
) -> AuditRecord:
    """Write rows (given the number of the audit record), do other ``work`` on the store, and write the record that
    tells of it, in one commit. What is Personal in ``facts`` goes in as a commitment."""
    head = head_of(AuditRecord.from_line(line.encode()) for line in store.audit_lines())
    sealed, openings = seal(plain(facts), salts)
    told = append(head, AuditEvent(at=at, stream=stream, kind=kind, facts=sealed))
    with store.transaction() as tx:
        keep_openings(tx, told.seq, openings, at)
        for table, row in rows(told.seq):
            tx.put(table, row)
        work(tx, told.seq)
        tx.append_audit([(told.seq, told.line().decode())])
    return told
