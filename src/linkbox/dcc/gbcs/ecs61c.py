"""ECS61c: read the boost button's log and controls (SRV 7.11). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.controllers import read_flag
from linkbox.dcc.gbcs.data import Boolean, CompactArray, Data, Tag
from linkbox.dcc.gbcs.dlms import RequestItem, decode_request, encode_request, get
from linkbox.dcc.gbcs.logs import LogPeriod, period_of, read_log_item
from linkbox.dcc.gbcs.objects import BOOST_AVAILABILITY, BOOST_CONTROLS, BOOST_LOG, require_slots
from linkbox.dcc.gbcs.outcome import Unread, encode_or, encode_values, read_or, read_values, require_items
from linkbox.dcc.gbcs.times import from_log_seconds, log_seconds
from linkbox.dcc.gbcs.usecase import UseCase

_COLUMNS = (Tag.UINT32, Tag.UINT32)
_VALUES = 2 + len(BOOST_CONTROLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBoostDetails:
    """Read the controls, and the log within ``period``."""

    period: LogPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """One time that the consumer pressed the button."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostDetails:
    """Whether the meter has the function, its log, and for each slot whether the button switches it."""

    available: bool | Unread
    log: tuple[Boost, ...] | Unread
    controls: tuple[bool | Unread, ...]

    def __post_init__(self) -> None:
        require_slots(self.controls)


def _items(period: LogPeriod) -> tuple[RequestItem, ...]:
    return (get(BOOST_AVAILABILITY), read_log_item(BOOST_LOG, period), *(get(target) for target in BOOST_CONTROLS))


def _read_command(payload: bytes, counter: int) -> ReadBoostDetails:
    items = decode_request(payload, counter=counter)
    period = period_of(items[min(1, len(items) - 1)])
    require_items(items, _items(period))
    return ReadBoostDetails(period=period)


def _encode_log(log: tuple[Boost, ...]) -> Data:
    return CompactArray(_COLUMNS, tuple((log_seconds(b.start), log_seconds(b.end)) for b in log))


def _read_log(data: Data) -> tuple[Boost, ...]:
    if not isinstance(data, CompactArray) or data.columns != _COLUMNS:
        raise RemoteProtocolError("boost log", "must be a compact array of start and end")
    return tuple(Boost(start=from_log_seconds(start), end=from_log_seconds(end)) for start, end in data.rows)


def _encode_response(details: BoostDetails, counter: int) -> bytes:
    values = (
        encode_or(Boolean, details.available),
        encode_or(_encode_log, details.log),
        *(encode_or(Boolean, control) for control in details.controls),
    )
    return encode_values(values, counter)


def _read_response(payload: bytes, counter: int) -> BoostDetails:
    available, log, *controls = read_values(payload, counter, _VALUES)
    return BoostDetails(
        available=read_or(read_flag, available),
        log=read_or(_read_log, log),
        controls=tuple(read_or(read_flag, control) for control in controls),
    )


USE_CASE: UseCase[ReadBoostDetails, BoostDetails] = UseCase(
    name="ECS61c",
    message_code=0x005E,
    srvs=("7.11",),
    critical=False,
    encode_command=lambda command, counter: encode_request(_items(command.period), counter=counter),
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=_read_response,
)
