"""ECS46c and ECS46d: write the calendar of the switches (SRV 6.14.2) or controllers (SRV 6.14.3).

Source: reference dcc.md section 5.6 and the published messages. The calendar takes effect at a time, at once, or, to
cancel one that waits, never. Its response has the device's time in the header.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.controllers import Controller, encode_controller, read_controller
from linkbox.dcc.gbcs.data import Data, Octets
from linkbox.dcc.gbcs.dlms import Choice, RequestItem, decode_request, encode_request, put
from linkbox.dcc.gbcs.objects import (
    PENDING_SCHEDULE,
    PENDING_SPECIAL_DAYS,
    SCHEDULE_ACTIVATION,
    SLOTS,
    SPECIAL_DAYS_ACTIVATION,
    TYPES,
    require_slots,
)
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results, require_items
from linkbox.dcc.gbcs.schedule import (
    ScheduleRow,
    SpecialDay,
    encode_schedule,
    encode_special_days,
    read_schedule,
    read_special_days,
)
from linkbox.dcc.gbcs.times import Activation, activation_octets, read_activation
from linkbox.dcc.gbcs.usecase import UseCase

_CALENDAR = (PENDING_SPECIAL_DAYS, PENDING_SCHEDULE, SCHEDULE_ACTIVATION, SPECIAL_DAYS_ACTIVATION)
_CHOICES = tuple((Choice.SET,) * (len(_CALENDAR) + types) for types in range(SLOTS + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCalendar:
    """The whole calendar, and when it takes effect (both its parts at the same time)."""

    special_days: tuple[SpecialDay, ...]
    schedule: tuple[ScheduleRow, ...]
    activation: datetime | Activation


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSwitchCalendar(WriteCalendar):
    """As WriteCalendar, and what stands behind slots 1 to 5 (at index 0 to 4), None for one that stays."""

    controllers: tuple[Controller | None, ...]

    def __post_init__(self) -> None:
        require_slots(self.controllers)


def _calendar_items(command: WriteCalendar) -> tuple[RequestItem, ...]:
    at = Octets(activation_octets(command.activation))
    values: tuple[Data, ...] = (encode_special_days(command.special_days), encode_schedule(command.schedule), at, at)
    return tuple(put(target, value) for target, value in zip(_CALENDAR, values, strict=True))


def _switch_items(command: WriteSwitchCalendar) -> tuple[RequestItem, ...]:
    pairs = zip(TYPES, command.controllers, strict=True)
    types = tuple(put(target, encode_controller(controller)) for target, controller in pairs if controller is not None)
    return types + _calendar_items(command)


def _read_calendar(items: tuple[RequestItem, ...]) -> WriteCalendar:
    match [item.data for item in items]:
        case [special_days, schedule, Octets(at), Octets()]:
            return WriteCalendar(
                special_days=read_special_days(special_days),
                schedule=read_schedule(schedule),
                activation=read_activation(at),
            )
    raise RemoteProtocolError("calendar command", "must write special days, schedule and when they take effect")


def _read_controller_command(payload: bytes, counter: int) -> WriteCalendar:
    items = decode_request(payload, counter=counter)
    command = _read_calendar(items)
    require_items(items, _calendar_items(command))
    return command


def _read_switch_command(payload: bytes, counter: int) -> WriteSwitchCalendar:
    items = decode_request(payload, counter=counter)
    calendar = _read_calendar(items[-len(_CALENDAR) :])
    types = {item.target: read_controller(item.data) for item in items[: -len(_CALENDAR)]}
    command = WriteSwitchCalendar(
        special_days=calendar.special_days,
        schedule=calendar.schedule,
        activation=calendar.activation,
        controllers=tuple(types.get(target) for target in TYPES),
    )
    require_items(items, _switch_items(command))
    return command


def _encode_response(results: Results, counter: int) -> bytes:
    types = len(results.results) - len(_CALENDAR)
    if not 0 <= types <= SLOTS:
        raise LocalProtocolError("calendar response", f"must have {len(_CALENDAR)} results, and one for each type")
    return encode_results(results, _CHOICES[types], counter)


ECS46C: UseCase[WriteSwitchCalendar, Results] = UseCase(
    name="ECS46c",
    message_code=0x0054,
    srvs=("6.14.2",),
    critical=True,
    encode_command=lambda command, counter: encode_request(_switch_items(command), counter=counter),
    read_command=_read_switch_command,
    encode_response=_encode_response,
    read_response=lambda payload, counter: read_results(payload, counter, *_CHOICES),
)
ECS46D: UseCase[WriteCalendar, Results] = UseCase(
    name="ECS46d",
    message_code=0x011A,
    srvs=("6.14.3",),
    critical=True,
    encode_command=lambda command, counter: encode_request(_calendar_items(command), counter=counter),
    read_command=_read_controller_command,
    encode_response=_encode_response,
    read_response=lambda payload, counter: read_results(payload, counter, _CHOICES[0]),
)
