"""The feeders' clocks from the store: uses are the events' own records, decisions are kept beside them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc, parse_utc
from linkbox.operation import offline
from linkbox.operation.ports import InboxItem, Row, Store
from linkbox.operation.reporting import EVENT
from linkbox.operation.session import Session
from linkbox.records.civil_time import british_time
from linkbox.records.clocks import ClockReading, Decision, read_clock, read_clocks
from linkbox.records.commitments import NAME, Personal

CLOCK, DECISION = "clock", "clock_decision"
"""The kind of entity, and that of an arrival which tells of one."""


def read_all_clocks(store: Store, *, on: date) -> tuple[ClockReading, ...]:
    """Every feeder's clock on a day, the most urgent first."""
    used: dict[str, list[datetime]] = defaultdict(list)
    limits: Counter[str] = Counter()
    for row in store.rows(EVENT):
        if row.body["holds"]:
            used[row.owner].append(parse_utc(row.body["start"]))
        if row.body["escalated"] and date.fromisoformat(row.body["start"][:10]) <= on:
            limits[row.owner] += 1
    decisions = [Decision.from_record(row.body) for row in store.rows(CLOCK)]
    return read_clocks(used, decisions, limits, on=on)


def forbids(session: Session, feeder_id: FeederId) -> str | None:
    """Why the last resort may not begin on a feeder: its clock has run out, and no override is in force (NF10)."""
    if not session.desk.site.overdue_clock_refuses:
        return None
    on = british_time(session.now).date()
    known = session.desk.clocks.get(feeder_id)
    if known is None or known[0] != on:
        known = session.desk.clocks[feeder_id] = (on, _overdue(session, feeder_id, on))
    return known[1]


def _overdue(session: Session, feeder_id: FeederId, on: date) -> str | None:
    recall = session.desk.recall_rows
    used = [parse_utc(row.body["start"]) for row in recall(EVENT, feeder_id) if row.body["holds"]]
    decisions = [Decision.from_record(row.body) for row in recall(CLOCK, feeder_id)]
    reading = read_clock(feeder_id, used, decisions, on=on)
    if not reading.overdue:
        return None
    since = f"since {reading.due_day}" if reading.due_day else ""
    return f"the feeder's clock (NF10) is overdue {since}: use needs an override with a reason and two names"


def decide(session: Session, decision: Decision) -> None:
    """Keep what people decided about a feeder, with their names and reason; it counts at once."""
    session.desk.clocks.pop(FeederId(decision.feeder_id), None)
    session.tx.put(CLOCK, _row(decision, session.desk.chain.seq + 1))
    session.audit("clock", decision.event.value, **_told(decision))


def handed_over(decision: Decision, at: datetime) -> InboxItem:
    """The decision as an arrival, for the controller that works on the store."""
    body = json.dumps(decision.to_record(), sort_keys=True).encode()
    identity = hashlib.sha256(body + format_utc(at).encode()).hexdigest()
    return InboxItem(kind=DECISION, identity=identity, received_at=at, body=body)


def take_decision(session: Session, item: InboxItem) -> None:
    """Act on a decision that another process left in the store."""
    decide(session, Decision.from_record(json.loads(item.body)))
    session.tx.finish_inbox(item.kind, item.identity, "taken")


def decide_offline(store: Store, decision: Decision, *, at: datetime) -> None:
    """The same on a store that no controller works on."""
    offline.record(
        store,
        at,
        lambda seq: [(CLOCK, _row(decision, seq))],
        stream="clock",
        kind=decision.event.value,
        facts=_told(decision),
    )


def _told(decision: Decision) -> dict[str, Any]:
    """As the audit record has it: names and reason as commitments."""
    by = [Personal(name, NAME) for name in decision.by]
    return {**decision.to_record(), "by": by, "reason": Personal(decision.reason)}


def _row(decision: Decision, seq: int) -> Row:
    key = f"{decision.feeder_id}/{seq}"
    return Row(key=key, state=decision.event.value, owner=decision.feeder_id, body=decision.to_record())
