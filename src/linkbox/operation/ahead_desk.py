"""Ahead of time: while the market is asked, those whom a last resort would hold now are warned, and can say no before.

It is a forecast: what is planned when the market has failed may be others. Who was warned and was never held is told
so when the intervention is over."""

from __future__ import annotations

from datetime import timedelta

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc, parse_utc
from linkbox.control.intervention import Intervention
from linkbox.operation import clock_desk, notify
from linkbox.operation.plan_desk import make_plan, rules_forbid
from linkbox.operation.ports import Row
from linkbox.operation.session import Session

TABLE = "warning"


def warn(session: Session, intervention: Intervention) -> None:
    """The market has been asked: warn those whom a plan of this moment would hold."""
    overdue = clock_desk.forbids(session, intervention.feeder_id)
    if overdue is not None or rules_forbid(session, intervention) is not None:
        return
    start = max(session.now, intervention.deadline_at or session.now)
    for hold in make_plan(session, intervention, intervention.required_a).commands:
        until = start + timedelta(seconds=hold.duration_s)
        body = {"start": format_utc(start), "until": format_utc(until), "mpan": str(hold.mpan)}
        key = f"{intervention.id}/{session.customer(hold.mpan)}"
        session.tx.put(TABLE, Row(key=key, state="open", owner=intervention.id, body=body))
        notify.foreseen(session, intervention, hold.mpan, start, until)


def close(session: Session, intervention: Intervention) -> None:
    """The intervention is over: tell those who were warned and never held."""
    held = {command.mpan for command in session.desk.holds_of(intervention.id)}
    for row in session.desk.recall_rows(TABLE, intervention.id):
        mpan, start, until = Mpan(row.body["mpan"]), parse_utc(row.body["start"]), parse_utc(row.body["until"])
        if row.state != "open":
            continue
        session.tx.put(TABLE, Row(key=row.key, state="closed", owner=row.owner, body=row.body))
        objected = session.desk.customers.objection(mpan, intervention.id, session.now) is not None
        if mpan not in held and not objected and _was_told(session, intervention, mpan):
            notify.not_needed(session, intervention, mpan, start, until)


def _was_told(session: Session, intervention: Intervention, mpan: Mpan) -> bool:
    key = f"{intervention.id}-{session.customer(mpan)}-ahead"
    return session.desk.recall_row("notice", key) is not None
