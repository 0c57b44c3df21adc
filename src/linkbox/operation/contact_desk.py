"""How a customer wants to be told: what was chosen last, or what the charger's record says."""

from __future__ import annotations

from linkbox.base.identifiers import Mpan
from linkbox.operation.desk import Desk
from linkbox.operation.ports import Row
from linkbox.operation.session import Session
from linkbox.records.contact import Channel, Contact


def contact_of(desk: Desk, mpan: Mpan) -> Contact:
    """The customer's own choice; else the site's; else the channel that the charger's record names."""
    chosen = desk.contacts.get(mpan) or desk.site.notices.contacts.get(mpan)
    return chosen or Contact(channel=Channel(desk.site.chargers[mpan].channel))


def choose(session: Session, mpan: Mpan, contact: Contact) -> None:
    """Keep what a customer chose. The record says that it changed; the address stays out of it."""
    session.desk.contacts[mpan] = contact
    session.tx.put(
        "contact", Row(key=str(mpan), state=contact.channel.value, owner=str(mpan), body=contact.to_record())
    )
    session.audit(
        "customer",
        "contact_chosen",
        customer=session.customer(mpan),
        channel=contact.channel,
        language=contact.language,
        quiet=contact.quiet is not None,
    )
