"""What is due by the retention periods, and doing it: rows are removed, personal values of the chain redacted, and the
chain tells how much of what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.time import format_utc, parse_utc
from linkbox.operation import offline
from linkbox.operation.personal import HELD, PERSONAL, PSEUDONYM, redacted_row
from linkbox.operation.ports import Row, Store, Transaction
from linkbox.operation.redaction import GROUNDS, places
from linkbox.records.beside import REDACTION
from linkbox.records.commitments import NAME, Personal
from linkbox.records.retention import Action, RetentionPolicy, Rule

READING, INBOX = "reading", "inbox"
KINDS = frozenset(
    {
        *("intervention", "command", "exchange", "hold", "assessment", "label", "refusal", "resting", "stop", "boost"),
        *("alert_count", "alert_sequence", "customer_message", "seeking", "review", "escalation", "market_message"),
        *("market_inbound", "settlement", "market_finding", "notice", "contact", "invitation", "warning", "trip"),
        *(
            "delivery",
            "effect",
            "event",
            "clock",
            "clock_warning",
            "checkpoint",
            "word",
            "duty",
            "habit",
            PERSONAL,
            PSEUDONYM,
            READING,
            INBOX,
        ),
    }
)
"""Kinds of record that may have a period."""
AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due of one kind: rows, or only their number where they are counted by the database."""

    rule: Rule
    rows: tuple[Row, ...]
    undated: int = 0

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.rows)


def due(store: Store, policy: RetentionPolicy, now: datetime) -> list[Due]:
    """What is due of each kind that has entities; readings and arrivals are found as they are removed."""
    found = []
    for rule in policy.rules:
        if rule.action is Action.KEEP or rule.kind in (READING, INBOX):
            continue
        states = [HELD] if rule.action is Action.REDACT else list(rule.states) or None
        old, undated, before = [], 0, rule.due_before(now)
        for row in store.rows(rule.kind, states=states):
            at = _dated(row, rule)
            undated += at is None
            if at is not None and at < before:
                old.append(row)
        found.append(Due(rule=rule, rows=tuple(old), undated=undated))
    return found


def _dated(row: Row, rule: Rule) -> datetime | None:
    try:
        return parse_utc(str(row.body[rule.dated_by]))
    except (KeyError, ValueError):
        return None


def carry_out(
    store: Store, policy: RetentionPolicy, by: Sequence[str], now: datetime, said: Callable[[str], None]
) -> dict[str, int]:
    """Remove and redact what is due, in commits of some thousand rows, from a store that no controller works on; how
    many of each kind. What was cut off is completed by doing it again."""
    done: dict[str, int] = {}
    for each in due(store, policy, now):
        for some in _parts(each.rows):
            _take(store, each.rule, some, by, now)
        if each.count:
            said(f"{each.rule.kind}: {each.count}")
            done[each.rule.kind] = each.count
    for kind in (READING, INBOX):
        rule = policy.of(kind)
        if rule is not None and rule.action is Action.REMOVE:
            count = _clear(store, rule, by, now)
            if count:
                said(f"{kind}: {count}")
                done[kind] = count
    return done


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def _take(store: Store, rule: Rule, rows: Sequence[Row], by: Sequence[str], now: datetime) -> None:
    redacts = rule.action is Action.REDACT

    def work(tx: Transaction, seq: int) -> None:
        told = {"at": format_utc(now), "ground": GROUNDS["retention"], "record": seq}
        for row in rows:
            if redacts:
                tx.put(rule.kind, redacted_row(row, told))
            else:
                tx.remove(rule.kind, row.key)

    facts: dict[str, object] = {"kind": rule.kind, "count": len(rows), "older_than": rule.due_before(now)}
    facts |= {"by": [Personal(name, NAME) for name in by], "reason": rule.reason}
    if redacts:
        values = [] if rule.kind == PSEUDONYM else places(rows)
        customers = [row.key for row in rows] if rule.kind == PSEUDONYM else []
        facts |= {"ground": GROUNDS["retention"], "values": values, "customers": customers}
    offline.record(
        store,
        now,
        lambda _: [],
        stream=REDACTION if redacts else "retention",
        kind="redacted" if redacts else "removed",
        facts=facts,
        work=work,
    )


def _clear(store: Store, rule: Rule, by: Sequence[str], now: datetime) -> int:
    before, total = rule.due_before(now), 0
    while True:
        with store.transaction() as tx:
            clear = tx.remove_readings if rule.kind == READING else tx.remove_inbox
            count = clear(before, most=AT_ONCE)
        total += count
        if count < AT_ONCE:
            break
    if total:
        facts = {"kind": rule.kind, "count": total, "older_than": before, "reason": rule.reason}
        facts |= {"by": [Personal(name, NAME) for name in by]}
        offline.record(store, now, lambda _: [], stream="retention", kind="removed", facts=facts)
    return total
