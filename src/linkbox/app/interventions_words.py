"""An operator's word from a terminal into the store that the controller works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.control.authorisation import AuthorisationRequest
from linkbox.control.intervention import Intervention
from linkbox.operation.operators import OPERATOR, Word, WordKind, key_of, sealed, word_identity
from linkbox.operation.ports import InboxItem

LEAST_DIGITS = 12


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


def find(store: SqliteStore, intervention_id: str) -> Intervention:
    """One intervention; raise InvalidInput for an id that the store does not know."""
    row = store.row("intervention", intervention_id)
    if row is None:
        known = ", ".join(r.key for r in store.rows("intervention")) or "none"
        rule = f"must be an intervention of this store: {known}"
        raise InvalidInput("intervention", [Issue(where="INTERVENTION", value=intervention_id, rule=rule)])
    return Intervention.from_record(row.body)


def say(path: Path, kind: str, intervention_id: str, who: str, why: str, *, code: str, plan: str, at: datetime) -> str:
    """Leave a sealed word in the store's inbox; what was left, in a line. Raise InvalidInput for one that could never
    count: for an intervention that is over, a plan that does not wait, without a name or a reason."""
    with reading(path) as store:
        found = find(store, intervention_id)
        digest = "" if kind == WordKind.STOP else _digest(found, plan)
        _require(found, who, why)
        word = Word(
            kind=WordKind(kind), intervention_id=found.id, who=who, why=why, said_at=format_utc(at), digest=digest
        )
        body = sealed(word, key_of(who, code))
        item = InboxItem(kind=OPERATOR, identity=word_identity(body), received_at=at, body=body)
        with store.transaction() as tx:
            tx.put_inbox(item)
    about = f" of plan {digest[:LEAST_DIGITS]}" if digest else ""
    return f"{kind}{about} for {found.id} by {who} waits for the controller; see it with: linkbox interventions show"


def _require(found: Intervention, who: str, why: str) -> None:
    issues = [
        Issue(where=option, value=text, rule="must not be empty")
        for option, text in (("--as", who), ("--why", why))
        if not text.strip()
    ]
    if not found.open:
        issues.append(Issue(where="INTERVENTION", value=found.id, rule=f"must be under way, is {found.state}"))
    if issues:
        raise InvalidInput("word", issues)


def _digest(found: Intervention, plan: str) -> str:
    """The whole digest of the plan that waits, if ``plan`` begins it."""
    request = None if found.request is None else AuthorisationRequest.from_record(found.request)
    if request is None:
        raise InvalidInput("plan", [Issue(where="--plan", value=plan, rule=f"no plan of {found.id} waits for people")])
    if len(plan) < LEAST_DIGITS or not request.digest.startswith(plan.lower()):
        rule = f"must begin the SHA-256 of the plan that waits now ({request.digest[:LEAST_DIGITS]}): look at it again"
        raise InvalidInput("plan", [Issue(where="--plan", value=plan, rule=rule)])
    return request.digest
