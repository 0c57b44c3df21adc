"""ECS62: which slots the boost button switches (SRV 7.9, 7.10). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.controllers import read_flag
from linkbox.dcc.gbcs.data import Boolean
from linkbox.dcc.gbcs.dlms import Choice, RequestItem, decode_request, encode_request, put
from linkbox.dcc.gbcs.objects import BOOST_CONTROLS, SLOTS, require_slots
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results, require_items
from linkbox.dcc.gbcs.usecase import UseCase

_CHOICES = (Choice.SET,) * SLOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBoostControls:
    """For each slot, whether the boost button switches it. All five are always written."""

    controls: tuple[bool, ...]

    def __post_init__(self) -> None:
        require_slots(self.controls)


def _items(command: SetBoostControls) -> tuple[RequestItem, ...]:
    return tuple(put(target, Boolean(on)) for target, on in zip(BOOST_CONTROLS, command.controls, strict=True))


def _read_command(payload: bytes, counter: int) -> SetBoostControls:
    items = decode_request(payload, counter=counter)
    if len(items) != SLOTS:
        raise RemoteProtocolError("ECS62 command", f"must write {SLOTS} controls, has {len(items)} items")
    command = SetBoostControls(controls=tuple(read_flag(item.data) for item in items))
    require_items(items, _items(command))
    return command


USE_CASE: UseCase[SetBoostControls, Results] = UseCase(
    name="ECS62",
    message_code=0x005F,
    srvs=("7.9", "7.10"),
    critical=False,
    encode_command=lambda command, counter: encode_request(_items(command), counter=counter),
    read_command=_read_command,
    encode_response=lambda results, counter: encode_results(results, _CHOICES, counter),
    read_response=lambda payload, counter: read_results(payload, counter, _CHOICES),
)
