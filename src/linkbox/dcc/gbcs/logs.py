"""Reading a part of a log, by time. Source: reference dcc.md section 5.6, ECS61c and ECS35f."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.data import Array, Data, Number, Octets, Structure, Tag, uint16, uint32
from linkbox.dcc.gbcs.dlms import Choice, CosemObject, RequestItem, Selection
from linkbox.dcc.gbcs.objects import LOG_CLOCK
from linkbox.dcc.gbcs.times import from_log_seconds, log_seconds

_BY_RANGE = 1
_CLOCK = Structure((uint16(LOG_CLOCK.class_id), Octets(LOG_CLOCK.obis), Number(Tag.INT8, LOG_CLOCK.member), uint16(0)))
_ALL_COLUMNS = Array(())


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPeriod:
    """From ``start`` to ``end`` (UTC, whole seconds), both included."""

    start: datetime
    end: datetime


def read_log_item(log: CosemObject, period: LogPeriod) -> RequestItem:
    """The get of the entries of ``log`` within ``period``."""
    bounds = (uint32(log_seconds(period.start)), uint32(log_seconds(period.end)))
    selection = Selection(selector=_BY_RANGE, parameters=Structure((_CLOCK, *bounds, _ALL_COLUMNS)))
    return RequestItem(choice=Choice.GET_WITH_SELECTION, target=log, selection=selection)


def period_of(item: RequestItem) -> LogPeriod:
    """The period of a ``read_log_item``; the caller compares the rest of it."""
    parameters: Data | None = None if item.selection is None else item.selection.parameters
    match parameters:
        case Structure((_, Number(Tag.UINT32, start), Number(Tag.UINT32, end), _)):
            return LogPeriod(start=from_log_seconds(start), end=from_log_seconds(end))
    raise RemoteProtocolError("log selection", "must be a range of times")
