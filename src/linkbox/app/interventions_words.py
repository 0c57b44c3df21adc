"""An operator's word from a terminal into the store that the controller works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.operator_words import LEAST_DIGITS, find, word_about
from linkbox.operation.operators import OPERATOR, WordKind, key_of, sealed, word_identity
from linkbox.operation.ports import InboxItem

__all__ = ["find", "reading", "say"]


@contextmanager
def reading(path: Path) -> Iterator[SqliteStore]:
    """The store at ``path``, closed afterwards; raise InvalidInput where there is none: none is made here."""
    if not path.is_file():
        raise InvalidInput("store", [Issue(where="--store", value=str(path), rule="must be a controller's store")])
    store = SqliteStore(path)
    try:
        yield store
    finally:
        store.close()


def say(path: Path, kind: str, intervention_id: str, who: str, why: str, *, code: str, plan: str, at: datetime) -> str:
    """Leave a sealed word in the store's inbox; what was left, in a line. Raise InvalidInput for one that could never
    count: for an intervention that is over, a plan that does not wait, without a name or a reason."""
    with reading(path) as store:
        word = word_about(store, WordKind(kind), intervention_id, who=who, why=why, at=at, plan=plan)
        body = sealed(word, key_of(who, code))
        item = InboxItem(kind=OPERATOR, identity=word_identity(body), received_at=at, body=body)
        with store.transaction() as tx:
            tx.put_inbox(item)
    about = f" of plan {word.digest[:LEAST_DIGITS]}" if word.digest else ""
    what = f"{kind}{about} for {intervention_id or 'every intervention'} by {who}"
    return f"{what} waits for the controller; see it with: linkbox interventions show"
