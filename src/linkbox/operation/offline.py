"""A unit of work on a store that no controller works on: for commands that record what people decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from linkbox.operation.entities import plain
from linkbox.operation.ports import Row, Store
from linkbox.records.audit import AuditEvent, AuditRecord, append, head_of


def record(
    store: Store,
    at: datetime,
    rows: Callable[[int], list[tuple[str, Row]]],
    *,
    stream: str,
    kind: str,
    facts: Mapping[str, object],
) -> AuditRecord:
    """Write rows (given the number of the audit record) and the record that tells of them, in one commit."""
    head = head_of(AuditRecord.from_line(line.encode()) for line in store.audit_lines())
    told = append(head, AuditEvent(at=at, stream=stream, kind=kind, facts=plain(facts)))
    with store.transaction() as tx:
        for table, row in rows(told.seq):
            tx.put(table, row)
        tx.append_audit([(told.seq, told.line().decode())])
    return told
