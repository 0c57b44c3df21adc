"""Messages and notices that wait to be handed over: at least once, idempotent by their id, never after their time.

What fails is tried again after longer and longer; a notice that has lost its use, or whose receiver will never take
it, is given up, and that is recorded. A message to the market is tried until what it asks for is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from linkbox.base.time import format_utc, parse_utc
from linkbox.operation.desk import Desk
from linkbox.operation.ports import PeerRefused, PeerUnreachable, Row
from linkbox.operation.reporting import put_delivery
from linkbox.operation.session import Session

AGAIN_AFTER = timedelta(seconds=16)
LONGEST_WAIT = timedelta(minutes=30)
NOT_BEFORE, NOT_AFTER, ATTEMPTS = "not_before", "not_after", "attempts"
"""Ours alone, in the stored body: when the next attempt is due; from when on the message must not go out any more; how
often it was tried."""
_PRIVATE = frozenset({NOT_BEFORE, NOT_AFTER, ATTEMPTS})
_AT_ONCE = datetime.min.replace(tzinfo=UTC)
_NOTICE = "notice"

Key = tuple[str, str]
"""Table (``market_message`` or ``notice``) and the message's id."""


def due(desk: Desk, at: datetime, table: str) -> dict[Key, dict[str, Any]]:
    """What of ``table`` is to be handed over at ``at``, as the receiver is to see it."""
    now = format_utc(at)
    return {
        key: message(body) for key, body in desk.outbox.items() if key[0] == table and body.get(NOT_BEFORE, "") <= now
    }


def expired(desk: Desk, key: Key, at: datetime) -> bool:
    """Whether there is no use any more in handing over a queued message."""
    return key in desk.outbox and over(desk.outbox[key], at)


def between(message: dict[str, Any], first: datetime, last: datetime) -> dict[str, Any]:
    """A message to queue that goes out from ``first`` (when it was decided: not before, also after a restart with a
    clock that is behind) until ``last``."""
    return message | {NOT_BEFORE: format_utc(first), NOT_AFTER: format_utc(last)}


def over(body: Mapping[str, Any], at: datetime) -> bool:
    """Whether what a message asks for can not be answered in time any more: it must not go out."""
    expires = body.get(NOT_AFTER)
    return expires is not None and parse_utc(expires) <= at


def wake_times(desk: Desk, *, without_notices: bool = False) -> Iterator[datetime]:
    """When something is to be handed over: long ago for what has not been tried. ``without_notices`` while they are
    being handed over."""
    for (table, _), body in desk.outbox.items():
        if without_notices and table == _NOTICE:
            continue
        yield parse_utc(body[NOT_BEFORE]) if NOT_BEFORE in body else _AT_ONCE


def take_answer(
    session: Session, key: Key, row: Row | None, failure: PeerUnreachable | None, *, sent: bool = True
) -> None:
    """A message was handed over, or not (not ``sent``: too late for it): again later, unless there is no use in it."""
    body = session.desk.outbox.get(key)
    if body is None or row is None:
        return  # somebody else was faster
    table, name = key
    attempts = int(body.get(ATTEMPTS, 0)) + sent
    if failure is not None:
        session.audit("outbox", "not_delivered", table=table, message=name, why=failure.why)
        later = session.now + _wait(table, attempts)
        if not isinstance(failure, PeerRefused) and not over(body, later):
            again = {**body, NOT_BEFORE: format_utc(later), ATTEMPTS: attempts}
            session.queue(table, name, row.owner, again)
            _track(session, table, body, "failed", attempts, failure.why)
            return
    state = "delivered" if sent and failure is None else _give_up(session, key, body, failure)
    del session.desk.outbox[key]
    session.tx.put(table, Row(key=name, state=state, owner=row.owner, body=message(body)))
    outcome = "sent" if state == "delivered" else "given up"
    _track(session, table, body, outcome, attempts, "" if failure is None else failure.why)


def _wait(table: str, attempts: int) -> timedelta:
    """The market is asked again soon, for its answer is awaited; people are written to after longer and longer."""
    return min(AGAIN_AFTER * 2 ** min(attempts - 1, 10), LONGEST_WAIT) if table == _NOTICE else AGAIN_AFTER


def _give_up(session: Session, key: Key, body: Mapping[str, Any], failure: PeerUnreachable | None) -> str:
    table, name = key
    if table != _NOTICE:
        session.audit("outbox", "expired", table=table, message=name, not_after=body.get(NOT_AFTER))
        return "expired"
    session.audit("outbox", "given_up", table=table, message=name, why=None if failure is None else failure.why)
    return "given up"


def _track(session: Session, table: str, body: Mapping[str, Any], outcome: str, attempts: int, why: str) -> None:
    if table == _NOTICE:
        put_delivery(session.tx, body, outcome, session.now, attempts=attempts, why=why)


def message(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the receiver is to see of a stored body."""
    return {key: value for key, value in body.items() if key not in _PRIVATE}
