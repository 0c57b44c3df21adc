"""Sending commands and learning what became of them. Signed bytes are stored before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from linkbox.base.identifiers import Mpan, RequestId
from linkbox.dcc.exchange import Exchange, ExchangeState, open_exchange, send_failed, time_out
from linkbox.dcc.gbcs.ecs61a import decode_response as decode_alcs_data
from linkbox.dcc.gbcs.ecs61d import USE_CASE as _ECS61D
from linkbox.dcc.gbcs.outcome import Unread
from linkbox.operation import boost_rows, notify
from linkbox.operation.desk import Desk, LiveExchange
from linkbox.operation.devices import reach_of
from linkbox.operation.entities import Command, CommandEvent, CommandKind, CommandState
from linkbox.operation.ports import Row
from linkbox.operation.session import Session
from linkbox.operation.translation import READ_SRVS, outcome_of, to_service_request

decode_configuration = _ECS61D.decode_response

RELEASE_MARGIN_S = 60
"""After a reset the switch may stay open until it next polls its meter; that time counts as used."""

SEND_WITHIN = timedelta(seconds=60)
"""A hold that could not be sent within this time of its start is given up: it was planned for a feeder as it was then,
and the veto would stop it."""

_SENDABLE = {ExchangeState.AWAITING_PRE_COMMAND, ExchangeState.SIGNED, ExchangeState.AWAITING_ACKNOWLEDGEMENT}


def queue_command(session: Session, draft: Command) -> Command:
    """Give ``draft`` a request id, build and sign its request, and store both.

    Raise EligibilityRefused where the rules in force do not allow it; nothing is stored then."""
    dcc, now = session.desk.site.dcc, session.now
    installation = session.desk.site.inventory.find(draft.mpan)
    counter = session.tx.take_counters(dcc.user, 1, at_least=int(now.timestamp() * 1000))
    reach = reach_of(draft.kind, installation)
    request_id = RequestId(dcc.user, reach.device, counter)
    request = to_service_request(
        draft,
        at=installation,
        request_id=request_id,
        schema_version=dcc.schema_version,
        boost=session.desk.boost_controls(draft.mpan),
    )
    exchange = open_exchange(request, xml_signer=dcc.xml_signer, profile=dcc.profile, role=dcc.role, at=now)
    command = session.put_command(replace(draft, request_id=str(request_id), srv=request.srv))
    deadline = now + timedelta(seconds=session.desk.site.control.request_timeout_s)
    session.put_exchange(
        LiveExchange(exchange=exchange, command_id=command.id, opened_at=now, deadline_at=deadline, next_attempt_at=now)
    )
    session.audit(
        "command",
        "queued",
        command=command.id,
        intervention=command.intervention_id,
        customer=session.customer(command.mpan),
        srv=command.srv,
        request_id=str(request_id),
        start=command.start,
        duration_s=command.duration_s,
        threshold_a=command.threshold_a,
        reason=command.reason,
    )
    return command


def due_exchanges(desk: Desk, at: datetime) -> list[LiveExchange]:
    """Service requests whose bytes must go out now: switching and restoring before reads."""
    due = [
        live
        for live in desk.exchanges.values()
        if sendable(live) and live.next_attempt_at <= at < send_until(desk, live)
    ]
    return sorted(due, key=lambda live: live.exchange.request.srv in READ_SRVS)


def sendable(live: LiveExchange) -> bool:
    """Whether the DCC has not taken it yet, as far as is known."""
    return live.exchange.state in _SENDABLE


def send_until(desk: Desk, live: LiveExchange) -> datetime:
    """From when on nothing of a request may go out any more."""
    command = desk.commands.get(live.command_id)
    if command is None or command.kind is not CommandKind.HOLD:
        return live.deadline_at
    return min(live.deadline_at, command.start + SEND_WITHIN)


def attempted(live: LiveExchange, at: datetime) -> LiveExchange:
    """The request after it was posted once more. Its bytes were stored long before."""
    return replace(live, attempts=live.attempts + 1, first_sent_at=live.first_sent_at or at)


def stop(session: Session, live: LiveExchange, reasons: tuple[str, ...]) -> None:
    """A hold that the veto does not let go out: closed with the reasons, its minutes given back."""
    session.audit("veto", "stopped", command=live.command_id, reasons=reasons)
    advance(session, live, send_failed(live.exchange, "vetoed: " + "; ".join(reasons)))


def call_off(session: Session, live: LiveExchange, why: str) -> None:
    """A hold that is not wanted any more: it goes out no more. Its minutes come back if it never can have been done."""
    session.audit("command", "called_off", **_named(session, live.command_id), why=why)
    advance(session, live, send_failed(live.exchange, f"called off: {why}"))


def _named(session: Session, command_id: str) -> dict[str, object]:
    """A command in an audit record: which, whose, by which service."""
    command = session.desk.commands[command_id]
    return {"command": command.id, "customer": session.customer(command.mpan), "srv": command.srv}


def mark_unwanted(session: Session, hold: Command, why: str) -> Command:
    """Keep that somebody wants a hold ended. That is told: one on its way may go on for a while all the same."""
    first = hold.unwanted is None
    marked = session.put_command(replace(hold, unwanted=why))
    if first:
        session.audit("command", "unwanted", **_named(session, hold.id), why=why)
    return marked


def advance(session: Session, live: LiveExchange, exchange: Exchange) -> None:
    """Take over what became of a service request, and with it of its command."""
    outcome = outcome_of(exchange)
    closed_at = None if outcome is None else session.now
    live = replace(live, exchange=exchange, closed_at=closed_at, next_attempt_at=session.now, trouble=None)
    session.put_exchange(live)
    if outcome is None:
        return
    session.audit(
        "dcc",
        "exchange_ended",
        command=live.command_id,
        request_id=str(exchange.request.request_id),
        srv=exchange.request.srv,
        state=exchange.state.value,
        response_code=exchange.response_code,
        round_trip_s=(session.now - live.opened_at).total_seconds(),
        why=outcome.why,
    )
    command = session.desk.commands.get(live.command_id)
    if command is not None:
        conclude(session, command, outcome.event, outcome.why, exchange)


def conclude(session: Session, command: Command, event: CommandEvent, why: str, exchange: Exchange) -> None:
    """Apply an outcome to a command and to the ledger."""
    command = session.put_command(command.apply(event, session.now, why))
    if command.state in {CommandState.REFUSED, CommandState.UNKNOWN}:
        session.rest(command.mpan)
    match command.kind:
        case CommandKind.HOLD:
            _settle_hold(session, command)
            if command.state is CommandState.CONFIRMED:
                notify.held(session, command, _end_renewed(session, command))
        case CommandKind.RESET if command.state is CommandState.CONFIRMED:
            end_released(session, command)
        case CommandKind.RESET if command.target is not None and command.target not in session.desk.commands:
            late = session.desk.recall_command(command.target)
            book_late(session, late, command.start, command.start + timedelta(seconds=late.duration_s))
        case CommandKind.READ if command.state is CommandState.CONFIRMED:
            _take_labels(session, command, exchange)
        case CommandKind.BOOST_READ | CommandKind.BOOST_OFF | CommandKind.BOOST_ON:
            boost_rows.take_outcome(session, command, exchange)
    if command.kind is not CommandKind.HOLD and command.state in {CommandState.CONFIRMED, CommandState.UNKNOWN}:
        session.put_command(command.apply(CommandEvent.OVER, session.now, why))
    session.audit(
        "command",
        command.state.value,
        command=command.id,
        intervention=command.intervention_id,
        customer=session.customer(command.mpan),
        srv=command.srv,
        why=why,
    )


def _settle_hold(session: Session, command: Command) -> None:
    ledger = session.desk.ledger
    if command.state is CommandState.REFUSED:
        session.put_ledger(ledger.release(command.id), command.id)
    elif command.state is CommandState.UNKNOWN:
        session.put_ledger(ledger.hold_unknown(command.id), command.id)


def _end_renewed(session: Session, renewal: Command) -> Command | None:
    """The device counts from the new hold on: the one before it, which is returned, is over."""
    renewed = None
    for old in list(session.desk.commands.values()):
        if old.mpan == renewal.mpan and old.id != renewal.id and old.state is CommandState.CONFIRMED and old.holding:
            end_hold(session, old, "renewal")
            renewed = old
    return renewed


def end_released(session: Session, reset: Command) -> None:
    """A reset was carried out: the hold that it was for is over."""
    for phase in reset.phases:
        session.desk.released_at[(reset.intervention_id, phase)] = session.now
    target = session.desk.commands.get(reset.target or "")
    if target is not None and target.holding:
        end_hold(session, target, "release")
    elif target is None and reset.target is not None:
        over = session.desk.recall_command(reset.target)
        if over.ended_at is None or over.ended_at < reset.start:
            book_late(session, over, reset.start, session.now + timedelta(seconds=RELEASE_MARGIN_S))


LATE_MARGIN = timedelta(seconds=60)
"""How long before its answer a device may have acted: the way back of the answer."""


def book_late(session: Session, hold: Command, told_at: datetime, until: datetime) -> None:
    """A hold that was given up was carried out after all, late: what it took counts, whether or not it was allowed."""
    if session.desk.ledger.entry(hold.id) is None:
        return
    session.put_ledger(session.desk.ledger.book(hold.id, told_at - LATE_MARGIN, until), hold.id)
    session.audit(
        "ledger", "booked_late", command=hold.id, customer=session.customer(hold.mpan), since=told_at, until=until
    )


def end_hold(session: Session, hold: Command, ended_by: str) -> None:
    """The charger is free again (or, unknown, must be by now): settle the minutes that were used."""
    entry = session.desk.ledger.entry(hold.id)
    margin = timedelta(seconds=RELEASE_MARGIN_S if ended_by == "release" else 0)
    if entry is not None:
        until = max(entry.reserved_start, min(entry.reserved_end, session.now + margin, hold.end + margin))
        if ended_by == "unknown":
            until = entry.reserved_end
        session.put_ledger(session.desk.ledger.settle(hold.id, until), hold.id)
    ended = replace(hold.apply(CommandEvent.OVER, session.now, f"ended by {ended_by}"), ended_at=session.now)
    session.put_command(replace(ended, ended_by=ended_by))
    session.audit(
        "release",
        ended_by,
        command=hold.id,
        intervention=hold.intervention_id,
        customer=session.customer(hold.mpan),
        confirmed=hold.state is CommandState.CONFIRMED,
    )
    notify.freed(session, hold, ended_by)


def free_at(desk: Desk, hold: Command) -> datetime | None:
    """When time itself ends a hold: its commanded end where it was confirmed, the last moment at which the device
    could still hold where that is unknown. None while the command is under way."""
    if hold.state is CommandState.CONFIRMED:
        return hold.end
    entry = desk.ledger.entry(hold.id)
    return entry.reserved_end if hold.state is CommandState.UNKNOWN and entry is not None else None


def wake_times(desk: Desk) -> Iterator[datetime]:
    """When something is to be sent again, times out, or ends."""
    for live in desk.exchanges.values():
        yield live.deadline_at
        until = send_until(desk, live)
        if sendable(live) and live.next_attempt_at < until:
            yield live.next_attempt_at
        if live.exchange.state is ExchangeState.AWAITING_PRE_COMMAND:
            yield until
    for command in desk.commands.values():
        at = free_at(desk, command) if command.holding else None
        if at is not None:
            yield at
    yield from boost_rows.wake_times(desk)


def expire(session: Session) -> None:
    """End what time has ended: requests past their deadline, holds whose commanded time is over."""
    for live in list(session.desk.exchanges.values()):
        unsent = live.exchange.state is ExchangeState.AWAITING_PRE_COMMAND
        if live.deadline_at <= session.now or (unsent and send_until(session.desk, live) <= session.now):
            advance(session, live, _timed_out(live))
    for command in list(session.desk.commands.values()):
        at = free_at(session.desk, command) if command.holding else None
        if at is not None and at <= session.now:
            end_hold(session, command, "expiry" if command.state is CommandState.CONFIRMED else "unknown")


def _timed_out(live: LiveExchange) -> Exchange:
    ended = time_out(live.exchange)
    return ended if live.trouble is None else replace(ended, failure=f"{ended.failure}; {live.trouble}")


def _take_labels(session: Session, command: Command, exchange: Exchange) -> None:
    """Keep the label that the meter itself reports for the charger's slot (catalogue D15)."""
    if exchange.response is None:
        return
    slot = reach_of(command.kind, session.desk.site.inventory.find(command.mpan)).slot
    by_period = command.srv == "7.14"
    decode = decode_configuration if by_period else decode_alcs_data
    label = decode(exchange.response).labels[slot - 1]
    if isinstance(label, Unread):
        session.audit("device", "label_unread", customer=session.customer(command.mpan), result=label.result.name)
        session.rest(command.mpan)
        return
    remember_label(session, command.mpan, label)


def remember_label(session: Session, mpan: Mpan, label: str) -> None:
    """Store a label read from a meter."""
    if session.desk.labels.get(mpan) == label:
        return
    session.desk.labels[mpan] = label
    session.tx.put("label", Row(key=str(mpan), state="read", owner=str(mpan), body={"label": label}))
    session.audit("device", "label_read", customer=session.customer(mpan), label=label)
