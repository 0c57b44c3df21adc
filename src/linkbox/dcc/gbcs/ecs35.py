"""ECS35f and ECS35g: read the event log of the auxiliary load switches (SRV 6.13).

Source: reference dcc.md section 5.6. For an HCALCS the meter writes one entry, outcome not known, when it sends the
command, and one of action MESSAGE_FROM_HCALCS with the same ``command_id`` when the switch reports: only this second
entry tells that the contactor moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.data import CompactArray, Data, Tag
from linkbox.dcc.gbcs.dlms import decode_request, encode_request
from linkbox.dcc.gbcs.levels import Level, read_level
from linkbox.dcc.gbcs.logs import LogPeriod, period_of, read_log_item
from linkbox.dcc.gbcs.objects import EVENT_LOG, SLOTS, require_slot
from linkbox.dcc.gbcs.outcome import Unread, encode_or, encode_values, read_or, read_values, require_items
from linkbox.dcc.gbcs.times import from_log_seconds, log_seconds
from linkbox.dcc.gbcs.usecase import UseCase

_COLUMNS = (Tag.UINT32, Tag.UINT16, Tag.ENUM, Tag.UINT32)
_LEVEL_FLAG = 0x1000


class SwitchEventKind(IntEnum):
    """What happened to a switch."""

    MESSAGE_FROM_HCALCS = 0x00
    ON = 0x11
    OFF = 0x12
    REVERT_TO_CALENDAR = 0x20


class EventOutcome(IntEnum):
    """How it went."""

    NOT_KNOWN = 0
    SUCCESS = 1
    FAILURE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchEvent:
    """``kind`` at switch ``number`` (1..5)."""

    number: int
    kind: SwitchEventKind

    def __post_init__(self) -> None:
        require_slot(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry. ``command_id`` is that of the message on the home network, 0 for a switch of the meter's own.

    A Level instead of a switch event is taken to be coded as in ECS47a: no published message shows one.
    """

    at: datetime
    event: SwitchEvent | Level
    outcome: EventOutcome
    command_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSwitchLog:
    """Read the entries within ``period``."""

    period: LogPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLog:
    """The entries, oldest first as the meter gives them; Unread if it could not."""

    entries: tuple[LogEntry, ...] | Unread


def _read_command(payload: bytes, counter: int) -> ReadSwitchLog:
    items = decode_request(payload, counter=counter)
    period = period_of(items[0])
    require_items(items, (read_log_item(EVENT_LOG, period),))
    return ReadSwitchLog(period=period)


def _encode_event(event: SwitchEvent | Level) -> int:
    if isinstance(event, Level):
        return event.controller_code << 8 | event.level_percent
    return event.number << 8 | event.kind


def _read_event(code: int) -> SwitchEvent | Level:
    number, kind = divmod(code, 0x100)
    if code >= _LEVEL_FLAG:
        return read_level(number, kind)
    try:
        event = SwitchEventKind(kind)
    except ValueError:
        raise RemoteProtocolError("switch log", f"must hold known events: {code:04X}") from None
    if not 1 <= number <= SLOTS:
        raise RemoteProtocolError("switch log", f"must name a switch 1..{SLOTS}: {code:04X}")
    return SwitchEvent(number=number, kind=event)


def _encode_log(entries: tuple[LogEntry, ...]) -> Data:
    rows = ((log_seconds(e.at), _encode_event(e.event), e.outcome.value, e.command_id) for e in entries)
    return CompactArray(_COLUMNS, tuple(rows))


def _read_log(data: Data) -> tuple[LogEntry, ...]:
    if not isinstance(data, CompactArray) or data.columns != _COLUMNS:
        raise RemoteProtocolError("switch log", "must be a compact array of time, event, outcome, command")
    return tuple(_read_entry(*row) for row in data.rows)


def _read_entry(seconds: int, code: int, outcome: int, command_id: int) -> LogEntry:
    if outcome not in tuple(EventOutcome):
        raise RemoteProtocolError("switch log", f"must hold known outcomes: {outcome}")
    at, event = from_log_seconds(seconds), _read_event(code)
    return LogEntry(at=at, event=event, outcome=EventOutcome(outcome), command_id=command_id)


def _read_response(payload: bytes, counter: int) -> SwitchLog:
    (log,) = read_values(payload, counter, 1)
    return SwitchLog(entries=read_or(_read_log, log))


def _use_case(name: str, message_code: int) -> UseCase[ReadSwitchLog, SwitchLog]:
    return UseCase(
        name=name,
        message_code=message_code,
        srvs=("6.13",),
        critical=False,
        encode_command=lambda c, counter: encode_request((read_log_item(EVENT_LOG, c.period),), counter=counter),
        read_command=_read_command,
        encode_response=lambda log, counter: encode_values((encode_or(_encode_log, log.entries),), counter),
        read_response=_read_response,
    )


ECS35F = _use_case("ECS35f", 0x00BA)
"""Meters before GBCS 4."""
ECS35G = _use_case("ECS35g", 0x00FD)
"""Meters of GBCS 4; a network operator may read them."""
