"""The feeders' clocks from the store: uses are the events' own records, decisions are kept beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Any

from linkbox.base.time import parse_utc
from linkbox.operation import offline
from linkbox.operation.ports import Row, Store
from linkbox.operation.reporting import EVENT
from linkbox.operation.session import Session
from linkbox.records.clocks import ClockReading, Decision, read_clocks
from linkbox.records.commitments import NAME, Personal

CLOCK = "clock"


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


def decide(session: Session, decision: Decision) -> None:
    """Keep what people decided about a feeder, with their names and reason."""
    session.tx.put(CLOCK, _row(decision, session.desk.chain.seq + 1))
    session.audit("clock", decision.event.value, **_told(decision))


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
