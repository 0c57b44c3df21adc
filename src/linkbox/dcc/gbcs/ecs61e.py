"""ECS61e: read the operational data of the auxiliary controllers (SRV 7.15). Source: reference dcc.md section 5.6."""

from __future__ import annotations

from dataclasses import dataclass

from linkbox.dcc.gbcs.controllers import Controller, encode_controller, read_controller
from linkbox.dcc.gbcs.controllerstate import ControllerState, encode_state, read_state
from linkbox.dcc.gbcs.dlms import decode_request, encode_request, get
from linkbox.dcc.gbcs.objects import SLOTS, STATE_TEXTS, TYPES, require_slots
from linkbox.dcc.gbcs.outcome import Unread, encode_or, encode_values, read_or, read_values, require_items
from linkbox.dcc.gbcs.usecase import UseCase

_ITEMS = tuple(get(target) for target in (*TYPES, *STATE_TEXTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadControllerOperation:
    """Read what stands behind each slot, and its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerOperation:
    """What stands behind slots 1 to 5 (at index 0 to 4) and its state; Unread where it could not be read."""

    controllers: tuple[Controller | Unread, ...]
    states: tuple[ControllerState | Unread, ...]

    def __post_init__(self) -> None:
        require_slots(self.controllers, self.states)


def _read_command(payload: bytes, counter: int) -> ReadControllerOperation:
    require_items(decode_request(payload, counter=counter), _ITEMS)
    return ReadControllerOperation()


def _encode_response(operation: ControllerOperation, counter: int) -> bytes:
    values = (
        *(encode_or(encode_controller, controller) for controller in operation.controllers),
        *(encode_or(encode_state, state) for state in operation.states),
    )
    return encode_values(values, counter)


def _read_response(payload: bytes, counter: int) -> ControllerOperation:
    values = read_values(payload, counter, len(_ITEMS))
    return ControllerOperation(
        controllers=tuple(read_or(read_controller, value) for value in values[:SLOTS]),
        states=tuple(read_or(read_state, value) for value in values[SLOTS:]),
    )


USE_CASE: UseCase[ReadControllerOperation, ControllerOperation] = UseCase(
    name="ECS61e",
    message_code=0x011D,
    srvs=("7.15",),
    critical=False,
    encode_command=lambda _, counter: encode_request(_ITEMS, counter=counter),
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=_read_response,
)
