"""What is on file: of one connection point, of a feeder, as tables; reviews of the past; the standing opt-out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from linkbox.app.open_store import AnyStore
from linkbox.app.wire_io import bad_input
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.time import format_utc
from linkbox.customers import (
    Annulment,
    Candidate,
    CustomerEvent,
    CustomerFile,
    Permit,
    event_to_row,
    fact_id,
    permit,
)
from linkbox.customers.tables import TABLES, cells_of
from linkbox.customers.withdrawal import withdrawal
from linkbox.operation.ports import Row
from linkbox.operation.stored_facts import stored

_FACTS_AT_ONCE = 20_000


def facts_of_point(store: AnyStore, mpan: Mpan, at: datetime, known_at: datetime | None) -> dict[str, Any]:
    """Consent, tenancy, supplier and history of one point. The MPAN itself is not repeated."""
    file = CustomerFile.of(event for _, event in store.customer_facts(mpans=[mpan]))
    status = file.consent(mpan, at, known_at=known_at)
    point = store.point_of(mpan)
    scope = {} if status.event is None or not status.valid else event_to_row(status.event).get("scope", {})
    return {
        "at": format_utc(at),
        "known at": "now" if known_at is None else format_utc(known_at),
        "consent in force": status.valid,
        "why": status.reason,
        "scope": scope or "as usual",
        "tenancy": status.tenancy,
        "supplier": file.supplier(mpan, at, known_at=known_at) or (point.supplier if point else None),
        "feeder": None if point is None else str(point.feeder_id),
        "history": [_told(e, file.annulled(mpan, known_at=known_at)) for e in file.told(mpan, known_at=known_at)],
    }


def _told(event: CustomerEvent, annulled: Mapping[str, Annulment]) -> dict[str, Any]:
    fact = fact_id(event)
    row = {name: value for name, value in event_to_row(event).items() if name != "mpan" and value != ""}
    gone = annulled.get(fact)
    told = {**row, "fact": row.get("fact", fact)}
    if isinstance(event, Annulment):
        told["this_fact"] = fact
    return told if gone is None else {**told, "annulled": f"at {format_utc(gone.recorded_at)}: {gone.reason}"}


def annul_fact(store: AnyStore, mpan: Mpan, fact: str, *, by: str, reason: str, at: datetime) -> str:
    """Record that a fact was recorded in error; what the consent is before and after, in words."""
    file = CustomerFile.of(event for _, event in store.customer_facts(mpans=[mpan]))
    found = {fact_id(event): event for event in file.told(mpan)}
    wanted = [known for known in found if len(fact) >= _SHORTEST and known.startswith(fact.lower())]
    issues = [
        Issue(where=where, value=value, rule=rule)
        for where, value, rule, right in (
            ("FACT", fact, "must be one fact of this point, as 'consents show' prints it", len(wanted) == 1),
            ("FACT", fact, "is annulled already", not (len(wanted) == 1 and wanted[0] in file.annulled(mpan))),
            ("--by", by, "must be given", bool(by.strip())),
            ("--reason", reason, "must be given", bool(reason.strip())),
        )
        if not right
    ]
    if issues:
        raise InvalidInput("annulment", issues)
    event = Annulment(mpan=mpan, at=found[wanted[0]].at, recorded_at=at, fact=wanted[0], reason=reason, recorded_by=by)
    store.record([stored(event_to_row(event))])
    before, after = file.consent(mpan, at), file.with_(event).consent(mpan, at)
    return f"recorded; before: {before.reason}; now: {after.reason}"


_SHORTEST = 8


def permits_of_feeder(store: AnyStore, feeder: str, at: datetime) -> dict[str, Any]:
    """How many points could be asked, and the reasons why the others could not."""
    points = store.points_of(FeederId(feeder))
    if not points:
        raise bad_input("FEEDER", feeder, "must be in the register")
    file = CustomerFile.of(store.facts_of(FeederId(feeder)))
    refused: Counter[str] = Counter()
    permitted = 0
    for registered in points:
        p = registered.point
        candidate = Candidate(mpan=p.mpan, domestic=p.domestic, priority_register=p.priority_register)
        verdict = permit(candidate, file, intervention_id="", at=at)
        if isinstance(verdict, Permit):
            permitted += 1
        else:
            refused.update(reason.partition(" at ")[0] for reason in verdict.reasons)
    return {"points": len(points), "permitted": permitted, "refused because of": dict(refused.most_common())}


def export_table(store: AnyStore, name: str, out: TextIO) -> None:
    """All facts of one kind, in the order of recording."""
    table = next(t for t in TABLES if t.name == name)
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(table.columns)
    after, last = 0, store.last_customer_fact()
    while after < last:
        facts = store.customer_facts(after=after, most=_FACTS_AT_ONCE)
        for number, event in facts:
            after = number
            if event_to_row(event)["event"] == table.event:
                lines.writerow(cells_of(event, table))
        if not facts:
            return


def record_opt_out(store: AnyStore, mpan: Mpan, *, channel: str, evidence: str, by: str, at: datetime) -> str:
    """Record that the present tenant does not want to be held any more; what was on file, in words."""
    file = CustomerFile.of(event for _, event in store.customer_facts(mpans=[mpan]))
    before = file.consent(mpan, at)
    event = withdrawal(file, mpan, at, channel=channel, evidence=evidence, recorded_by=by)
    store.record([stored(event_to_row(event))])
    return f"recorded; before: {before.reason}"


def open_reviews(store: AnyStore) -> list[dict[str, Any]]:
    """What a person has to look at. No MPAN: the command leads to it."""
    return [
        {"command": row.key, "intervention": row.owner, **{n: v for n, v in row.body.items() if n not in _HIDDEN}}
        for row in store.rows("review", states=["open"])
    ]


_HIDDEN = ("mpan", "command")


def close_review(store: AnyStore, command: str, *, by: str, finding: str, at: datetime) -> None:
    """Keep what a person found."""
    row = store.row("review", command)
    issues = [
        Issue(where=where, value=value, rule=rule)
        for where, value, rule, right in (
            ("--close", command, "must be the command of an open review", row is not None and row.state == "open"),
            ("--by", by, "must be given", bool(by)),
            ("--finding", finding, "must be given", bool(finding)),
        )
        if not right
    ]
    if issues or row is None:
        raise InvalidInput("review", issues)
    body = {**row.body, "closed_by": by, "finding": finding, "closed_at": format_utc(at)}
    with store.transaction() as tx:
        tx.put("review", Row(key=row.key, state="closed", owner=row.owner, body=body))
