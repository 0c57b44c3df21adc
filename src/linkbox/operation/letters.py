"""Letters that ask for consent, as values: whom they are for, what they say, and that they were sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers import ConsentEvent, ConsentKind, CustomerFile, event_to_row
from linkbox.operation.ports import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a letter is for and what it is about. ``fields``: what a selection says besides, the name for example."""

    mpan: Mpan
    postcode: str
    reference: str
    text_version: str
    language: str
    at: datetime
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes out: a letter, an e-mail or a short message."""

    subject: str
    body: str


Render = Callable[[Asked, str], Letter]
"""From whom and which channel (``letter``, ``e-mail``, ``message``) to the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeking:
    """How this installation asks for consent: with which version of the text, through which channel."""

    text_version: str
    render: Render
    channel: str = "letter"
    language: str = "en"


def was_asked(file: CustomerFile, mpan: Mpan, tenancy: str | None) -> bool:
    """Whether a tenant was asked already, or has said something without being asked. None: no tenancy is known."""
    words = [event for event in file.history(mpan) if isinstance(event, ConsentEvent)]
    return any(tenancy is None or word.tenancy == tenancy for word in words)


def sought_event(asked: Asked, channel: str, tenancy: str, *, recorded_by: str) -> ConsentEvent:
    """That somebody was asked, as a fact."""
    return ConsentEvent(
        mpan=asked.mpan,
        at=asked.at,
        recorded_at=asked.at,
        kind=ConsentKind.SOUGHT,
        text_version=asked.text_version,
        channel=channel,
        evidence=asked.reference,
        tenancy=tenancy,
        recorded_by=recorded_by,
    )


def notice_of(asked: Asked, channel: str, letter: Letter, customer: str) -> dict[str, Any]:
    """The letter as a notice for the channels; it names the customer by the token only, and the fields it came with."""
    return {
        "id": asked.reference,
        "audience": "consent",
        "channel": channel,
        "customer": customer,
        "stage": "consent_sought",
        "language": asked.language,
        "text_version": asked.text_version,
        "at": format_utc(asked.at),
        "to": dict(asked.fields),
        "subject": letter.subject,
        "body": letter.body,
    }


def record_campaign(tx: Transaction, asked: Asked, channel: str, letter: Letter, tenancy: str, customer: str) -> None:
    """One letter of a campaign: the fact and the queued notice, committed together, before anything is sent."""
    tx.append_customer_event(event_to_row(sought_event(asked, channel, tenancy, recorded_by="campaign")))
    notice = notice_of(asked, channel, letter, customer)
    tx.put("notice", Row(key=asked.reference, state="queued", owner="consent", body=notice))
