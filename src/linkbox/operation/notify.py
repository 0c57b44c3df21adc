"""Telling people: customers when their charger is held and when it is free again, suppliers of their own customers,
the regulator's file of each event. Notices are queued with the facts that they tell of; nothing waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from linkbox.control.intervention import Intervention
from linkbox.operation.entities import Command
from linkbox.operation.session import Session
from linkbox.records.notices import (
    AffectedPoint,
    BoostButton,
    Changed,
    CustomerNotice,
    Ended,
    Ending,
    EventFacts,
    Hold,
    Occasion,
    Sender,
    Started,
    customer_notice,
    supplier_notices,
)

SENDER = Sender(name="Linkbox Networks", phone="105", website="the power cut website")

_ENDINGS = {"expiry": Ending.EXPIRY, "release": Ending.RELEASE, "unknown": Ending.NOT_HELD}


def held(session: Session, command: Command, renewed: Command | None) -> None:
    """A device has confirmed a hold, or the renewal of one: tell the customer, with what it means and how to say no."""
    occasion: Occasion = Started() if renewed is None else Changed(was_until=renewed.end)
    _to_customer(session, command, occasion)


def freed(session: Session, command: Command, ended_by: str) -> None:
    """A hold is over: tell the customer. A renewed hold goes on, which ``held`` has told."""
    if ended_by == "renewal":
        return
    _to_customer(session, command, Ended(ended_at=session.now, ending=_ENDINGS[ended_by]))


def _to_customer(session: Session, command: Command, occasion: Occasion) -> None:
    start = command.answered_at or command.start
    hold = Hold(
        mpan=command.mpan,
        intervention_id=command.intervention_id,
        start=start,
        until=max(command.end, start),
        why=_why(session, command),
        reject_reference=f"reference {command.intervention_id}, phone {SENDER.phone}",
        boost_button=BoostButton.KEPT,
    )
    notice = customer_notice(hold, SENDER, occasion, at=session.now)
    _queue_customer(session, command, notice)


def _why(session: Session, command: Command) -> str:
    intervention = next((i for i in session.desk.interventions.values() if i.id == command.intervention_id), None)
    asset = "cable or fuse" if intervention is None else intervention.limiting_asset
    return f"Without this, the {asset} that supplies your street would have been overloaded."


def _queue_customer(session: Session, command: Command, notice: CustomerNotice) -> None:
    number = session.desk.next_number("notice")
    key = f"{command.id}-{notice.stage.value}"
    channel = session.desk.site.chargers[command.mpan].channel
    body = {
        "id": key,
        "number": number,
        "audience": "customer",
        "channel": channel,
        "customer": session.customer(command.mpan),
        "intervention": notice.intervention_id,
        "stage": notice.stage.value,
        "at": notice.at,
        "subject": notice.subject,
        "body": notice.body,
    }
    session.queue("notice", key, command.intervention_id, body)
    session.audit("notice", notice.stage.value, customer=body["customer"], channel=channel, notice=key)


def closed(session: Session, intervention: Intervention) -> None:
    """An intervention is over: tell each supplier of its own customers, and write the regulator's record."""
    commands = session.desk.holds_of(intervention.id)
    if not commands:
        return
    event = EventFacts(
        intervention_id=intervention.id,
        feeder_id=intervention.feeder_id,
        start=intervention.opened_at,
        end=session.now,
        reason=_reason(intervention),
    )
    for notice in supplier_notices(event, _points(session, commands), at=session.now):
        key = f"{intervention.id}-{'-'.join(notice.supplier.split())}"
        body = {
            "id": key,
            "audience": "supplier",
            "channel": "file",
            "supplier": notice.supplier,
            "at": notice.at,
            "csv": notice.csv(),
            "json": notice.as_json(),
            "body": notice.text(),
        }
        session.queue("notice", key, intervention.id, body)
        session.audit("notice", "supplier", supplier=notice.supplier, points=len(notice.points), notice=key)


def _points(session: Session, commands: Sequence[Command]) -> list[AffectedPoint]:
    """One line for each hold; a renewed hold ends where its renewal begins."""
    postcode = {p.mpan: p.postcode for feeder in session.desk.site.feeders for p in feeder.points}
    return [
        AffectedPoint(
            mpan=c.mpan,
            postcode=postcode[c.mpan],
            supplier=session.desk.site.chargers[c.mpan].supplier,
            start=c.answered_at or c.start,
            end=_end(c, session.now),
        )
        for c in sorted(commands, key=lambda c: (c.mpan, c.start))
    ]


def _end(command: Command, now: datetime) -> datetime | None:
    return command.ended_at if command.ended_at is not None and command.ended_at <= now else None


def _reason(intervention: Intervention) -> str:
    phase = "" if intervention.limiting_phase is None else f" on {intervention.limiting_phase}"
    market = (intervention.market_outcome or "no outcome").replace("_", " ")
    return f"overload of the {intervention.limiting_asset}{phase}; market: {market}"
