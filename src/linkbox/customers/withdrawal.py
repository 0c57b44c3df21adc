"""The standing opt-out: the present tenant takes the consent back, or says no before being asked."""

from __future__ import annotations

from datetime import datetime

from linkbox.base.identifiers import Mpan
from linkbox.customers.events import ConsentEvent, ConsentKind
from linkbox.customers.register import CustomerFile


def withdrawal(
    file: CustomerFile, mpan: Mpan, at: datetime, *, channel: str, evidence: str, recorded_by: str
) -> ConsentEvent:
    """The word as a fact, of whoever lives there at ``at``; it counts until that tenant consents anew."""
    status = file.consent(mpan, at)
    return ConsentEvent(
        mpan=mpan,
        at=at,
        recorded_at=at,
        kind=ConsentKind.WITHDRAWN,
        text_version="" if status.event is None else status.event.text_version,
        channel=channel,
        evidence=evidence,
        tenancy=status.tenancy or "",
        recorded_by=recorded_by,
    )
