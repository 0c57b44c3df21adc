"""Checkpoints while Linkbox is at work: the chain's head signed from time to time, kept beside the chain.

Whoever has one can not be shown another past: without the key nobody can rewrite what is before it."""

from __future__ import annotations

from linkbox.operation.dossiers import CHECKPOINT
from linkbox.operation.ports import Row
from linkbox.operation.session import Session
from linkbox.records.checkpoints import make_checkpoint


def checkpoint(session: Session) -> bool:
    """Sign the head; False where there is no key, no record, or a checkpoint over this very record."""
    head, key = session.desk.chain, session.desk.site.notices.records_key
    if key is None or head.seq < 1 or session.desk.recall_row(CHECKPOINT, str(head.seq)) is not None:
        return False
    made = make_checkpoint(head, at=session.now, key_id=key.key_id, sign=key.sign)
    session.tx.put(CHECKPOINT, Row(key=str(head.seq), state="signed", owner="", body={"line": made.line().decode()}))
    return True
