"""Asking a new tenant for consent as soon as the change of tenancy is known."""

from __future__ import annotations

from linkbox.base.time import format_utc
from linkbox.customers import TenancyChange, event_to_row
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.letters import Asked, notice_of, sought_event, was_asked
from linkbox.operation.ports import Row
from linkbox.operation.session import Session


def seek(session: Session, point: ConnectionPoint, change: TenancyChange) -> None:
    """Ask the new tenant. Where nobody has set up how, the property waits on a list for the next campaign."""
    desk, now = session.desk, session.now
    if desk.customers.tenancy(point.mpan, max(now, change.at)) != change:
        return  # a later tenancy is known already
    if was_asked(desk.customers, point.mpan, change.tenancy):
        return
    setup = desk.site.seeking
    reference = f"tenancy-{session.customer(point.mpan)}-{change.tenancy}"
    state = "open" if setup is None else "sought"
    body = {"mpan": str(point.mpan), "tenancy": change.tenancy, "since": format_utc(change.at)}
    session.tx.put("seeking", Row(key=reference, state=state, owner=str(point.mpan), body=body))
    session.audit("customer", "consent_sought" if setup else "consent_to_seek", customer=session.customer(point.mpan))
    if setup is None:
        return
    asked = Asked(
        mpan=point.mpan,
        postcode=point.postcode,
        reference=reference,
        text_version=setup.text_version,
        language=setup.language,
        at=now,
        fields={},
    )
    sought = sought_event(asked, setup.channel, change.tenancy, recorded_by="linkbox")
    session.tx.append_customer_event(event_to_row(sought))
    desk.customers = desk.customers.with_(sought)
    notice = notice_of(asked, setup.channel, setup.render(asked, setup.channel), session.customer(point.mpan))
    session.queue("notice", str(notice["id"]), "consent", notice)
