"""A level of a controller for a period: the shape that ECS47a (set) and ECS47e (limit) share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.data import Number, Octets, Tag, uint16
from linkbox.dcc.gbcs.dlms import Choice, CosemObject, RequestItem, act, decode_request, encode_request, put
from linkbox.dcc.gbcs.levels import Level, read_level
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results
from linkbox.dcc.gbcs.times import date_time_octets, read_date_time
from linkbox.dcc.gbcs.usecase import UseCase

PERIOD_MAX = timedelta(hours=24)
_CHOICES = (Choice.SET, Choice.SET, Choice.ACTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPeriod:
    """``level`` from ``start`` to ``end`` (UTC, whole seconds).

    The device refuses a period that is not ``allowed`` when it comes to set the end; so it can be expressed.
    """

    level: Level
    start: datetime
    end: datetime

    @property
    def allowed(self) -> bool:
        """Whether the end comes after the start, and at most 24 hours after it."""
        return timedelta(0) < self.end - self.start <= PERIOD_MAX


P = TypeVar("P", bound=ControlPeriod)
Make = Callable[[Level, datetime, datetime], P]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodObjects:
    """The objects that hold start and end for each slot, and the scripts that set the level."""

    starts: tuple[CosemObject, ...]
    ends: tuple[CosemObject, ...]
    scripts: CosemObject


def _items(period: ControlPeriod, objects: PeriodObjects) -> tuple[RequestItem, ...]:
    level, slot = period.level, period.level.number - 1
    return (
        put(objects.starts[slot], Octets(date_time_octets(period.start))),
        put(objects.ends[slot], Octets(date_time_octets(period.end))),
        act(objects.scripts, uint16(level.controller_code << 8 | level.level_percent)),
    )


def _read(payload: bytes, counter: int, *, name: str, objects: PeriodObjects, make: Make[P]) -> P:
    items = decode_request(payload, counter=counter)
    match [item.data for item in items]:
        case [Octets(start), Octets(end), Number(Tag.UINT16, script)]:
            period = make(read_level(*divmod(script, 0x100)), read_date_time(start), read_date_time(end))
            if _items(period, objects) == items:
                return period
    raise RemoteProtocolError(f"{name} command", "must set start and end and call the script of one controller")


def period_use_case(
    *, name: str, message_code: int, srv: str, objects: PeriodObjects, make: Make[P]
) -> UseCase[P, Results]:
    """The use case whose command is what ``make`` makes of level, start and end."""
    return UseCase(
        name=name,
        message_code=message_code,
        srvs=(srv,),
        critical=True,
        encode_command=lambda period, counter: encode_request(_items(period, objects), counter=counter),
        read_command=lambda payload, counter: _read(payload, counter, name=name, objects=objects, make=make),
        encode_response=lambda results, counter: encode_results(results, _CHOICES, counter),
        read_response=lambda payload, counter: read_results(payload, counter, _CHOICES),
    )
