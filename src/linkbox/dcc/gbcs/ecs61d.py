"""ECS61d: read the configuration of the auxiliary controllers (SRV 7.14). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.gbcs.controllers import encode_label, read_label
from linkbox.dcc.gbcs.dlms import decode_request, encode_request, get
from linkbox.dcc.gbcs.objects import LABELS, SCHEDULE, SPECIAL_DAYS, require_slots
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

_ITEMS = tuple(get(target) for target in (*LABELS, SPECIAL_DAYS, SCHEDULE))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadControllerConfiguration:
    """Read the labels and the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfiguration:
    """The labels of slots 1 to 5 (at index 0 to 4) and the calendar; Unread where it could not be read."""

    labels: tuple[str | Unread, ...]
    special_days: tuple[SpecialDay, ...] | Unread
    schedule: tuple[ScheduleRow, ...] | Unread

    def __post_init__(self) -> None:
        require_slots(self.labels)


def _read_command(payload: bytes, counter: int) -> ReadControllerConfiguration:
    require_items(decode_request(payload, counter=counter), _ITEMS)
    return ReadControllerConfiguration()


def _encode_response(configuration: ControllerConfiguration, counter: int) -> bytes:
    values = (
        *(encode_or(encode_label, label) for label in configuration.labels),
        encode_or(encode_special_days, configuration.special_days),
        encode_or(encode_schedule, configuration.schedule),
    )
    return encode_values(values, counter)


def _read_response(payload: bytes, counter: int) -> ControllerConfiguration:
    *labels, special_days, schedule = read_values(payload, counter, len(_ITEMS))
    return ControllerConfiguration(
        labels=tuple(read_or(read_label, label) for label in labels),
        special_days=read_or(read_special_days, special_days),
        schedule=read_or(read_schedule, schedule),
    )


USE_CASE: UseCase[ReadControllerConfiguration, ControllerConfiguration] = UseCase(
    name="ECS61d",
    message_code=0x011C,
    srvs=("7.14",),
    critical=False,
    encode_command=lambda _, counter: encode_request(_ITEMS, counter=counter),
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=_read_response,
)
