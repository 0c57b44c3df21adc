"""What customers say, and what becomes of their supplies, while Linkbox is at work: kept, and obeyed at once by those
holds that it no longer allows; a new tenant is asked, and what was done before on a wrong footing is put on a list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers import Annulment, CustomerEvent, Refusal, TenancyChange, event_to_row
from linkbox.customers.withdrawal import withdrawal
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.desk import Desk
from linkbox.operation.entities import Command
from linkbox.operation.plan_desk import ask_permit
from linkbox.operation.ports import Row
from linkbox.operation.release_desk import free
from linkbox.operation.seeking import seek
from linkbox.operation.session import Session
from linkbox.records.commitments import FREE_TEXT, NAME, Personal


def tell(session: Session, event: CustomerEvent) -> None:
    """Add a fact to the customers' file, and act on it."""
    session.tx.append_customer_event(event_to_row(event))
    learn(session, event)


def learn(session: Session, event: CustomerEvent) -> None:
    """Act on a fact that is in the store. A charger that may not be held any more is given its supply back."""
    desk = session.desk
    before = desk.customers
    desk.customers = before.with_(event)
    customer, more = session.customer(event.mpan), _said(session, event)
    session.audit("customer", "told", customer=customer, event=type(event).__name__, at=event.at, **more)
    for hold in _holds(desk):
        if hold.mpan == event.mpan:
            _free_if_refused(session, hold)
    point = _point(desk, event.mpan)
    if point is not None and isinstance(event, TenancyChange):
        seek(session, point, event)
    if event.at < session.now:
        _mark_for_review(session, event)


def _said(session: Session, event: CustomerEvent) -> dict[str, Any]:
    """What more the record tells: of an annulment, of which fact, by whom and why."""
    if not isinstance(event, Annulment):
        return {}
    token = session.customer(event.mpan)
    reason, by = Personal(event.reason, FREE_TEXT, token), Personal(event.recorded_by, NAME, token)
    return {"fact": event.fact, "reason": reason, "by": by}


def withdraw(session: Session, mpan: Mpan, *, channel: str, evidence: str, recorded_by: str) -> None:
    """The standing opt-out: nobody's word but the present tenant's is needed, and it counts from now on."""
    file = session.desk.customers
    event = withdrawal(file, mpan, session.now, channel=channel, evidence=evidence, recorded_by=recorded_by)
    tell(session, event)


def recheck(session: Session) -> None:
    """End the holds whose consent has ended by the passing of time: it expired, or a tenancy that was known to end
    has ended."""
    desk = session.desk
    for hold in _holds(desk):
        if any(at <= session.now for at in _boundaries(desk, hold)):
            _free_if_refused(session, hold)
    desk.rechecked_at = session.now


def wake_times(desk: Desk) -> Iterator[datetime]:
    """When something that is known already may end a consent under a hold."""
    for hold in _holds(desk):
        yield from _boundaries(desk, hold)


def _holds(desk: Desk) -> list[Command]:
    return [c for c in desk.commands.values() if c.holding and c.unwanted is None]


def _boundaries(desk: Desk, hold: Command) -> Iterator[datetime]:
    """The moments since the last look at which what was known before ends the consent, or rejects the hold."""
    since = max(desk.rechecked_at, hold.decided_at)
    for event in desk.customers.history(hold.mpan):
        for at in (event.at, getattr(event, "expires_at", None)):
            if at is not None and since < at < hold.end and _forbidden(desk, hold, at):
                yield at


def _forbidden(desk: Desk, hold: Command, at: datetime) -> bool:
    status = desk.customers.consent(hold.mpan, at)
    given = status.event
    covered = status.valid and given is not None and (given.scope.off or hold.level_fraction > 0.0)
    return not covered or desk.customers.objection(hold.mpan, hold.intervention_id, at) is not None


def _free_if_refused(session: Session, hold: Command) -> None:
    point = _point(session.desk, hold.mpan)
    if point is None:
        return
    verdict = ask_permit(session, hold.intervention_id, point)
    if isinstance(verdict, Refusal):
        free(session, hold, "; ".join(verdict.reasons))


def _point(desk: Desk, mpan: Mpan) -> ConnectionPoint | None:
    return next((p for feeder in desk.site.feeders for p in feeder.points if p.mpan == mpan), None)


def _mark_for_review(session: Session, event: CustomerEvent) -> None:
    """What came to be known late may say that a hold of the past had no consent: a person looks at each of them."""
    desk = session.desk
    for entry in desk.ledger.entries_of(event.mpan):
        if not (event.at < entry.end and entry.start < session.now):
            continue
        known = desk.customers.consent(event.mpan, entry.start, known_at=event.recorded_at - timedelta(microseconds=1))
        status = desk.customers.consent(event.mpan, max(entry.start, event.at))
        if status.valid or not known.valid:
            continue
        command = desk.recall_command(entry.command)
        body = {
            "mpan": str(event.mpan),
            "command": command.id,
            "event": type(event).__name__,
            "at": format_utc(event.at),
            "recorded_at": format_utc(event.recorded_at),
            "start": format_utc(entry.start),
            "end": format_utc(entry.end),
            "why": status.reason,
        }
        session.tx.put("review", Row(key=command.id, state="open", owner=command.intervention_id, body=body))
        session.audit(
            "customer",
            "review",
            intervention=command.intervention_id,
            command=command.id,
            customer=session.customer(event.mpan),
            why=status.reason,
            known_since=event.recorded_at,
        )
