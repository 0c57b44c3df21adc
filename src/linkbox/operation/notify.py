"""Telling people: customers when their charger may be held, is held and is free again; suppliers of their own
customers; the regulator's record of each event. Notices are queued with what they tell of; nothing waits for them."""

from __future__ import annotations

from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.control.intervention import Intervention
from linkbox.operation.boost_rows import button_after, button_during
from linkbox.operation.contact_desk import contact_of
from linkbox.operation.entities import Command
from linkbox.operation.event_desk import write_event
from linkbox.operation.invitations import invite
from linkbox.operation.outbox import NOT_AFTER, NOT_BEFORE
from linkbox.operation.reporting import put_delivery
from linkbox.operation.session import Session
from linkbox.operation.supplier_desk import tell_suppliers
from linkbox.records.notices import (
    Changed,
    CustomerNotice,
    Ended,
    Ending,
    Foreseen,
    Hold,
    NoticeStage,
    Occasion,
    Started,
    customer_notice,
    why_words,
)

_ENDINGS = {"expiry": Ending.EXPIRY, "release": Ending.RELEASE, "unknown": Ending.NOT_HELD}
_END_IS_TOLD_WITHIN = timedelta(hours=24)
_AFTER_QUIET_HOURS = timedelta(hours=1)
_NOMINAL_V = 230.0


def foreseen(session: Session, intervention: Intervention, mpan: Mpan, start: datetime, until: datetime) -> None:
    """The charger may have to be held: tell a customer who wants to know ahead."""
    if contact_of(session.desk, mpan).ahead:
        key = f"{intervention.id}-{session.customer(mpan)}"
        _to_customer(session, mpan, intervention.id, key, Foreseen(), start, until)


def not_needed(session: Session, intervention: Intervention, mpan: Mpan, start: datetime, until: datetime) -> None:
    """What was foreseen did not come: tell those who were told."""
    key = f"{intervention.id}-{session.customer(mpan)}"
    ended = Ended(ended_at=session.now, ending=Ending.NOT_HELD)
    _to_customer(session, mpan, intervention.id, key, ended, start, until)


def held(session: Session, command: Command, renewed: Command | None) -> None:
    """A device has confirmed a hold, or the renewal of one: tell the customer, with what it means and how to say no."""
    occasion: Occasion = Started() if renewed is None else Changed(was_until=renewed.end)
    _of_command(session, command, occasion)


def freed(session: Session, command: Command, ended_by: str) -> None:
    """A hold is over: tell the customer. A renewed hold goes on, which ``held`` has told."""
    if ended_by == "renewal":
        return
    objected = session.desk.customers.objection(command.mpan, command.intervention_id, session.now)
    ending = Ending.OBJECTION if ended_by == "release" and objected is not None else _ENDINGS[ended_by]
    _of_command(session, command, Ended(ended_at=session.now, ending=ending))


def _of_command(session: Session, command: Command, occasion: Occasion) -> None:
    start = command.answered_at or command.start
    until = max(command.end, start + timedelta(seconds=1))
    left_a = session.desk.site.chargers[command.mpan].rated_a * command.level_fraction
    _to_customer(
        session, command.mpan, command.intervention_id, command.id, occasion, start, until, left_w=_in_watts(left_a)
    )


def _in_watts(amps: float) -> int | None:
    """The rate that remains, to a tenth of a kilowatt, as a customer knows it; None for none."""
    return round(amps * _NOMINAL_V / 100) * 100 or None


def _to_customer(
    session: Session,
    mpan: Mpan,
    intervention_id: str,
    name: str,
    occasion: Occasion,
    start: datetime,
    until: datetime,
    left_w: int | None = None,
) -> None:
    setup, contact = session.desk.site.notices, contact_of(session.desk, mpan)
    links = None
    if not isinstance(occasion, Ended):
        links = invite(session, mpan, intervention_id, language=contact.language, start=start, until=until)
    asset = next((i.limiting_asset for i in session.desk.interventions.values() if i.id == intervention_id), "")
    hold = Hold(
        mpan=mpan,
        intervention_id=intervention_id,
        start=start,
        until=until,
        why=why_words(asset.split()[0] if asset else "cable", contact.language),
        reject_reference=f"reference {intervention_id}, phone {setup.sender.phone}" if links is None else links.reject,
        leave_reference="" if links is None else links.leave,
        boost_button=button_after(session, mpan) if isinstance(occasion, Ended) else button_during(session, mpan),
        reduced_to_w=left_w,
    )
    notice = customer_notice(hold, setup.sender, occasion, at=session.now, language=contact.language)
    _queue(session, name, notice, until)


def _queue(session: Session, name: str, notice: CustomerNotice, until: datetime) -> None:
    number = session.desk.next_number("notice")
    key = f"{name}-{notice.stage.value}"
    contact, customer = contact_of(session.desk, notice.mpan), session.customer(notice.mpan)
    urgent = notice.stage is not NoticeStage.END
    not_before = contact.not_before(session.now, urgent=urgent)
    body = {
        "id": key,
        "number": number,
        "audience": "customer",
        "channel": contact.channel.value,
        "to": contact.address,
        "language": contact.language.value,
        "customer": customer,
        "intervention": notice.intervention_id,
        "stage": notice.stage.value,
        "at": notice.at,
        "subject": notice.subject,
        "body": notice.body,
        "short": notice.short,
    }
    waited = not_before + _AFTER_QUIET_HOURS if not_before > session.now else until
    give_up_at = max(until, waited) + (timedelta(0) if urgent else _END_IS_TOLD_WITHIN)
    waits = {NOT_BEFORE: format_utc(not_before)} if not_before > session.now else {}
    private = {NOT_AFTER: format_utc(give_up_at)} | waits
    session.queue("notice", key, notice.intervention_id, body | private)
    put_delivery(session.tx, session.desk.outbox["notice", key], "queued", session.now)
    session.audit("notice", notice.stage.value, customer=customer, channel=contact.channel, notice=key)


def closed(session: Session, intervention: Intervention) -> None:
    """An intervention is over: write the regulator's record, and tell each supplier of its own customers."""
    commands = session.desk.holds_of(intervention.id)
    write_event(session, intervention, commands)
    if commands:
        tell_suppliers(session, intervention, commands)
