"""ECS61a: read auxiliary load switch data (SRV 7.7). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.gbcs.controllers import (
    Controller,
    encode_controller,
    encode_label,
    read_controller,
    read_flag,
    read_label,
)
from linkbox.dcc.gbcs.data import Boolean
from linkbox.dcc.gbcs.dlms import decode_request, encode_request, get
from linkbox.dcc.gbcs.objects import LABELS, SCHEDULE, SPECIAL_DAYS, SWITCH_STATES, TYPES, require_slots
from linkbox.dcc.gbcs.outcome import Unread, encode_or, encode_values, read_or, read_values, require_items
from linkbox.dcc.gbcs.schedule import (
    ScheduleRow,
    SpecialDay,
    encode_schedule,
    encode_special_days,
    read_schedule,
    read_special_days,
)
from linkbox.dcc.gbcs.usecase import UseCase

_ITEMS = tuple(get(target) for target in (*LABELS, *TYPES, SPECIAL_DAYS, SCHEDULE, *SWITCH_STATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSwitchData:
    """Read everything about the five slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchData:
    """What the meter holds about its slots 1 to 5 (at index 0 to 4); Unread where it could not be read.

    A state is True where the switch is closed, the load connected. It has no meaning for the slot of an HCALCS, whose
    state the meter can not know.
    """

    labels: tuple[str | Unread, ...]
    controllers: tuple[Controller | Unread, ...]
    special_days: tuple[SpecialDay, ...] | Unread
    schedule: tuple[ScheduleRow, ...] | Unread
    states: tuple[bool | Unread, ...]

    def __post_init__(self) -> None:
        require_slots(self.labels, self.controllers, self.states)


def _read_command(payload: bytes, counter: int) -> ReadSwitchData:
    require_items(decode_request(payload, counter=counter), _ITEMS)
    return ReadSwitchData()


def _encode_response(data: SwitchData, counter: int) -> bytes:
    values = (
        *(encode_or(encode_label, label) for label in data.labels),
        *(encode_or(encode_controller, controller) for controller in data.controllers),
        encode_or(encode_special_days, data.special_days),
        encode_or(encode_schedule, data.schedule),
        *(encode_or(Boolean, state) for state in data.states),
    )
    return encode_values(values, counter)


def _read_response(payload: bytes, counter: int) -> SwitchData:
    values = read_values(payload, counter, len(_ITEMS))
    labels, controllers, (special_days, schedule), states = values[:5], values[5:10], values[10:12], values[12:]
    return SwitchData(
        labels=tuple(read_or(read_label, value) for value in labels),
        controllers=tuple(read_or(read_controller, value) for value in controllers),
        special_days=read_or(read_special_days, special_days),
        schedule=read_or(read_schedule, schedule),
        states=tuple(read_or(read_flag, value) for value in states),
    )


USE_CASE: UseCase[ReadSwitchData, SwitchData] = UseCase(
    name="ECS61a",
    message_code=0x00BB,
    srvs=("7.7",),
    critical=False,
    encode_command=lambda _, counter: encode_request(_ITEMS, counter=counter),
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=_read_response,
)
build_command = USE_CASE.command
decode_command = USE_CASE.decode_command
build_response = USE_CASE.response
decode_response = USE_CASE.decode_response
