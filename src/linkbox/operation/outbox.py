"""Messages and notices that wait to be handed over: at least once, idempotent by their id, never after their time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from linkbox.base.time import format_utc, parse_utc
from linkbox.operation.desk import Desk
from linkbox.operation.ports import PeerUnreachable, Row
from linkbox.operation.session import Session

AGAIN_AFTER = timedelta(seconds=16)
_NOT_BEFORE = "not_before"
"""Ours alone, in the stored body: when the next attempt is due."""
NOT_AFTER = "not_after"
"""Ours alone, in the stored body: from when on the message must not go out any more."""
_AT_ONCE = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, str]
"""Table (``market_message`` or ``notice``) and the message's id."""


def due(desk: Desk, at: datetime) -> dict[Key, dict[str, Any]]:
    """What is to be handed over at ``at``, as the receiver is to see it."""
    now = format_utc(at)
    return {key: message(body) for key, body in desk.outbox.items() if body.get(_NOT_BEFORE, "") <= now}


def expired(desk: Desk, key: Key, at: datetime) -> bool:
    """Whether what a queued message asks for can not be answered in time any more."""
    return key in desk.outbox and over(desk.outbox[key], at)


def over(body: dict[str, Any], at: datetime) -> bool:
    """Whether what a message asks for can not be answered in time any more: it must not go out."""
    expires = body.get(NOT_AFTER)
    return expires is not None and parse_utc(expires) <= at


def wake_times(desk: Desk) -> Iterator[datetime]:
    """When something is to be handed over: long ago for what has not been tried."""
    for body in desk.outbox.values():
        yield parse_utc(body[_NOT_BEFORE]) if _NOT_BEFORE in body else _AT_ONCE


def take_answer(session: Session, key: Key, row: Row | None, failure: PeerUnreachable | None) -> None:
    """A message was handed over, or not: again later, unless what it asks for is over by then."""
    body = session.desk.outbox.get(key)
    if body is None or row is None:
        return  # somebody else was faster
    (table, name), later = key, session.now + AGAIN_AFTER
    if failure is not None:
        session.audit("outbox", "not_delivered", table=table, message=name, why=failure.why)
        if not over(body, later):
            session.queue(table, name, row.owner, {**body, _NOT_BEFORE: format_utc(later)})
            return
    gone = failure is not None or over(body, session.now)
    if gone:
        session.audit("outbox", "expired", table=table, message=name, not_after=body[NOT_AFTER])
    del session.desk.outbox[key]
    state = "expired" if gone else "delivered"
    session.tx.put(table, Row(key=name, state=state, owner=row.owner, body=message(body)))


def message(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the receiver is to see of a stored body."""
    return {key: value for key, value in body.items() if key not in (_NOT_BEFORE, NOT_AFTER)}
