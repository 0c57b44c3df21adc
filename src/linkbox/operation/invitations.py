"""The links in a notice: what each is about is stored before the notice goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.operation.ports import Row
from linkbox.operation.session import Session
from linkbox.records.contact import Language
from linkbox.records.links import Purpose

AFTER_THE_END = timedelta(minutes=15)
"""So long after the end of a hold its link still works: a hold may be renewed."""
LEAVE_WITHIN = timedelta(days=30)
"""So long after the end of a hold the link that leaves the scheme works."""
TABLE = "invitation"
MARK = {Purpose.REJECT: "rejected_at", Purpose.LEAVE: "left_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The two links of one customer in one intervention."""

    reject: str
    leave: str


def invite(
    session: Session, mpan: Mpan, intervention_id: str, *, language: Language, start: datetime, until: datetime
) -> Addresses | None:
    """Keep what the links are about, and return them; None where there is no page to lead to."""
    setup = session.desk.site.notices
    if setup.links is None:
        return None
    reference = setup.links.reference(intervention_id, mpan)
    known = session.desk.recall_row(TABLE, reference)
    body = {
        "mpan": str(mpan),
        "language": language.value,
        "start": format_utc(start),
        "until": format_utc(until),
        **{name: None if known is None else known.body[name] for name in MARK.values()},
    }
    state = "open" if known is None else known.state
    session.tx.put(TABLE, Row(key=reference, state=state, owner=intervention_id, body=body))
    expires = {Purpose.REJECT: until + AFTER_THE_END, Purpose.LEAVE: until + LEAVE_WITHIN}
    reject, leave = (setup.links.token(purpose, reference, expires_at=at) for purpose, at in expires.items())
    return Addresses(reject=f"{setup.page_url}/no/{reject}", leave=f"{setup.page_url}/leave/{leave}")
