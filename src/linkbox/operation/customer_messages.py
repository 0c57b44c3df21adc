"""Messages about customers from other systems: each is a fact with an event id, taken once, whoever repeats it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.customers import CustomerEvent, event_from_row
from linkbox.operation import customer_desk
from linkbox.operation.ports import Row
from linkbox.operation.session import Session

TABLE = "customer_message"
MAX_EVENT_ID = 128
_OWN = ("event_id", "recorded_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMessage:
    """A fact as another system tells it. ``digest`` is of the message as it came."""

    event_id: str
    event: CustomerEvent
    digest: str


def read(message: Mapping[str, Any], *, recorded_at: datetime) -> CustomerMessage:
    """The message: an ``event_id`` and a row as ``event_to_row`` has it, without ``recorded_at``, for that is when we
    came to know. Raise InvalidInput with everything that is wrong with it."""
    issues = [
        Issue(where="recorded_at", value="", rule="must not be given: it is when Linkbox comes to know")
        for name in message
        if name == "recorded_at"
    ]
    event_id = message.get("event_id")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= MAX_EVENT_ID:
        issues.append(Issue(where="event_id", value="", rule=f"must be text of 1 to {MAX_EVENT_ID} characters"))
    row = {name: value for name, value in message.items() if name not in _OWN}
    try:
        event = event_from_row({**row, "recorded_at": format_utc(recorded_at)})
    except InvalidInput as error:
        raise InvalidInput("customer message", [*issues, *error.issues]) from error
    if issues:
        raise InvalidInput("customer message", issues)
    text = json.dumps(message, sort_keys=True)
    return CustomerMessage(event_id=str(event_id), event=event, digest=hashlib.sha256(text.encode()).hexdigest())


def take(session: Session, told: CustomerMessage) -> None:
    """Keep the event id, and act on the fact, in one commit."""
    body = {"digest": told.digest, "at": format_utc(session.now)}
    session.tx.put(TABLE, Row(key=told.event_id, state="taken", owner=str(told.event.mpan), body=body))
    customer_desk.tell(session, told.event)


def answer_to_repeat(known: Row, told: CustomerMessage) -> str | None:
    """None for the same message again; the rule that is broken where the id is used for something else."""
    return None if known.body["digest"] == told.digest else "event_id: was used for another message before"
