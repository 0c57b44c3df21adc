"""What comes in from outside: committed before it is answered, taken exactly once, never trusted unverified."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

from linkbox.dcc.duis import ServiceResponse, read_response
from linkbox.dcc.duis.response import DccAlert, DeviceAlert
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange import receive_response, request_of
from linkbox.dcc.exchange.storms import News, take_alert
from linkbox.dcc.gbcs.envelope import decode
from linkbox.dcc.smki import Verified
from linkbox.operation.alert_counts import rows_of
from linkbox.operation.commands import advance, book_late, conclude, end_released
from linkbox.operation.desk import LiveExchange
from linkbox.operation.entities import Command, CommandEvent, CommandKind
from linkbox.operation.foreign import said
from linkbox.operation.plan_desk import queue_other
from linkbox.operation.ports import InboxItem
from linkbox.operation.session import Session

DCC, MARKET = "dcc", "market"


def dcc_identity(message: Verified[ServiceResponse]) -> str:
    """What makes two deliveries the same: the ResponseID where there is one, with the digest of the content."""
    response = message.value
    about = response.response_id or response.request_id or "alert"
    return f"{about}/{hashlib.sha256(message.raw).hexdigest()[:24]}"


def take_dcc(session: Session, item: InboxItem) -> None:
    """Act on one stored DUIS message. It is verified again: nothing is acted on but what was verified."""
    dcc = session.desk.site.dcc
    try:
        message = read_response(item.body, trust=dcc.trust, at=session.now)
    except RemoteProtocolError as error:
        session.audit("dcc", "unreadable", what=said(error.what), rule=said(error.rule))
        session.tx.finish_inbox(item.kind, item.identity, "unreadable")
        return
    match message.value.body:
        case DeviceAlert() as alert:
            outcome = _count_alert(session, alert)
        case DccAlert() as notice:
            session.audit("dcc", "dcc_alert", code=notice.code, content=type(notice.alert).__name__)
            live = session.desk.exchanges.get(str(request_of(message.value)))
            outcome = "alert" if live is None else _respond(session, live, message)
        case _:
            outcome = _match(session, message)
    session.tx.finish_inbox(item.kind, item.identity, outcome)


def _count_alert(session: Session, alert: DeviceAlert) -> str:
    """Count a device's alert; a storm of them is told once, when it begins, and delays no command (catalogue D11)."""
    try:
        device = decode(alert.payload).originator
    except RemoteProtocolError as error:
        session.audit("dcc", "unreadable", what=said(error.what), rule=said(error.rule))
        return "unreadable"
    session.desk.alerts, news = take_alert(
        session.desk.alerts,
        device,
        alert.alert_code,
        at=session.now,
        sequence_id=alert.throttled_sequence_id,
        count=alert.throttled_count,
    )
    for table, row in rows_of(session.desk.alerts, device, alert.alert_code):
        session.tx.put(table, row)
    if news in {News.FIRST, News.STORM_BEGINS}:
        count = session.desk.alerts.counts[device, alert.alert_code]
        session.audit(
            "dcc", "device_alert", alert_code=f"{alert.alert_code:04X}", device=device, news=news, total=count.total
        )
    return f"alert, {news}"


def _match(session: Session, message: Verified[ServiceResponse]) -> str:
    request_id = str(message.value.request_id)
    live = session.desk.exchanges.get(request_id)
    if live is not None:
        return _respond(session, live, message)
    known = session.desk.recall_exchange(request_id)
    kind = "unknown_response" if known is None else "late_response"
    state = None if known is None else known.exchange.state.value
    session.audit("dcc", kind, request_id=request_id, state=state)
    if known is not None:
        _learn_late(session, known, message)
    return kind


def _learn_late(session: Session, known: LiveExchange, message: Verified[ServiceResponse]) -> None:
    """The request was closed before; what the device says of it now, under its signature, still counts."""
    exchange = receive_response(known.exchange, message, trust=session.desk.site.dcc.trust, at=session.now)
    session.put_exchange(replace(known, exchange=exchange))
    if exchange.succeeded is None or known.exchange.succeeded is not None:
        return  # nothing is proven, or nothing new
    why = f"late answer: {exchange.failure or 'the device answered success under its signature'}"
    command = session.desk.commands.get(known.command_id)
    if command is not None:
        event = CommandEvent.DEVICE_CONFIRMED if exchange.succeeded else CommandEvent.NOT_DONE
        conclude(session, command, event, why, exchange)
    elif exchange.succeeded:
        _done_after_the_end(session, session.desk.recall_command(known.command_id))


def _done_after_the_end(session: Session, command: Command) -> None:
    """A device carried out a command that was closed as not known. A hold whose minutes are over is ended again."""
    if command.kind is CommandKind.RESET:
        end_released(session, session.put_command(replace(command, answered_at=session.now)))
    if command.kind is not CommandKind.HOLD or (command.until is not None and command.until <= session.now):
        return  # a period whose end has passed holds nobody
    held_again = any(c.mpan == command.mpan and c.holding for c in session.desk.commands.values())
    if held_again:
        book_late(session, command, session.now, session.now + timedelta(seconds=command.duration_s))
        return
    why = f"the device carried out {command.id} after its time"
    queue_other(session, command.intervention_id, CommandKind.RESET, command.mpan, reason=why, target=command.id)


def _respond(session: Session, live: LiveExchange, message: Verified[ServiceResponse]) -> str:
    exchange = receive_response(live.exchange, message, trust=session.desk.site.dcc.trust, at=session.now)
    advance(session, live, exchange)
    return "response"


__all__ = ["DCC", "MARKET", "dcc_identity", "take_dcc"]
