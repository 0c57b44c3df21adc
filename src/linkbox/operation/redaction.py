"""Taking personal values away for good, by a person's right to it, while the chain and all its signatures still verify.

What opens a commitment or a token is deleted, and so is what the store's own rows say of the person's contact; a record
in the chain tells how much was taken away, on what ground, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers import ConsentEvent, ConsentKind
from linkbox.operation import offline
from linkbox.operation.foreign import said
from linkbox.operation.personal import HELD, PERSONAL, PSEUDONYM, redacted_row
from linkbox.operation.ports import Row, Store, Transaction
from linkbox.records.audit import AuditRecord
from linkbox.records.beside import REDACTION
from linkbox.records.commitments import NAME, Personal

GROUNDS: Mapping[str, str] = {
    "erasure": "a request for erasure (UK GDPR, Article 17)",
    "objection": "an objection to processing (UK GDPR, Article 21)",
    "rectification": "a value that was wrong (UK GDPR, Article 16)",
    "order": "an order of a court or of the Information Commissioner",
    "retention": "the end of its retention period (UK GDPR, Article 5(1)(e))",
}
"""On what ground something may be redacted, by the word that the command line takes."""

CONTACT, HABIT, NOTICE = "contact", "habit", "notice"
_BLANKED = ("to", "subject", "body", "short")
_FINAL_NOTICE = ("delivered", "given up", "expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks that something be redacted, and why. ``names``: how many different people it takes."""

    ground: str
    reason: str
    by: tuple[str, ...]
    names: int = 2

    def __post_init__(self) -> None:
        """Raise InvalidInput with everything that is wrong."""
        people = {" ".join(name.split()).casefold() for name in self.by if name.strip()}
        known = ", ".join(GROUNDS)
        checks = (
            (self.ground in GROUNDS, "--ground", self.ground, f"must be one of {known}"),
            (bool(self.reason.strip()), "--reason", self.reason, "must be given"),
            (len(people) >= self.names, "--by", str(len(people)), f"it takes {self.names} different names"),
        )
        issues = [Issue(where=where, value=value, rule=rule) for good, where, value, rule in checks if not good]
        if issues:
            raise InvalidInput("redaction", issues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is of somebody: tokens and values of the chain, and rows beside it."""

    tokens: tuple[Row, ...] = ()
    values: tuple[Row, ...] = ()
    contacts: tuple[Row, ...] = ()
    habits: tuple[Row, ...] = ()
    notices: tuple[Row, ...] = ()

    def __bool__(self) -> bool:
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """How much of each."""
        return {
            "tokens": len(self.tokens),
            "values": len(self.values),
            "contacts": len(self.contacts),
            "habits": len(self.habits),
            "notices": len(self.notices),
        }


def find_customer(store: Store, mpan: Mpan) -> Found:
    """What the records hold of the customer at a connection point, without notices that are still to go out."""
    tokens = store.rows(PSEUDONYM, states=[HELD], owner=mpan)
    names = {row.key for row in tokens}
    facts = [event for _, event in store.customer_facts(mpans=[mpan]) if isinstance(event, ConsentEvent)]
    names |= {event.evidence for event in facts if event.kind is ConsentKind.SOUGHT}  # letters of campaigns
    notices = store.rows(NOTICE, states=_FINAL_NOTICE)
    return Found(
        tokens=tuple(tokens),
        values=tuple(row for row in store.rows(PERSONAL, states=[HELD]) if row.owner in names),
        contacts=tuple(store.rows(CONTACT, owner=mpan)),
        habits=tuple(store.rows(HABIT, owner=mpan)),
        notices=tuple(n for n in notices if n.body.get("customer") in names and n.body.get("to") is not None),
    )


def find_person(store: Store, name: str) -> Found:
    """The values of the chain in which a person is named: an operator, or whoever decided something."""
    wanted = " ".join(name.split()).casefold()
    held = store.rows(PERSONAL, states=[HELD])
    return Found(values=tuple(row for row in held if wanted in str(row.body["value"]).casefold()))


def redact(store: Store, found: Found, request: Request, *, at: datetime) -> AuditRecord:
    """Take it away, in one commit with the record that tells of it, from a store that no controller works on."""
    ground = GROUNDS[request.ground]

    def work(tx: Transaction, seq: int) -> None:
        told = {"at": format_utc(at), "ground": ground, "record": seq}
        for row in found.tokens:
            tx.put(PSEUDONYM, redacted_row(row, told))
        for row in found.values:
            tx.put(PERSONAL, redacted_row(row, told))
        for row in found.contacts:
            tx.remove(CONTACT, row.key)
        for row in found.habits:
            tx.remove(HABIT, row.key)
        for row in found.notices:
            tx.put(NOTICE, _blank(row, seq))

    return offline.record(
        store,
        at,
        lambda _: [],
        stream=REDACTION,
        kind="redacted",
        facts=_facts(found, request, ground),
        work=work,
    )


def _facts(found: Found, request: Request, ground: str) -> dict[str, Any]:
    return {
        "ground": ground,
        "reason": Personal(said(request.reason) or ""),
        "by": [Personal(name, NAME) for name in request.by],
        "customers": [row.key for row in found.tokens],
        "values": places(found.values),
        "rows": {"contact": len(found.contacts), "habit": len(found.habits), "notice": len(found.notices)},
    }


def places(rows: Sequence[Row]) -> list[list[Any]]:
    """Record and place of each value."""
    return [[row.body["seq"], row.body["where"]] for row in rows]


def _blank(row: Row, seq: int) -> Row:
    body = {name: value for name, value in row.body.items() if name not in _BLANKED}
    return Row(key=row.key, state=row.state, owner=row.owner, body=body | {"redacted": seq})
