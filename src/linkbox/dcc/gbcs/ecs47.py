"""ECS47: activate, deactivate and reset an auxiliary load (SRV 7.5, 7.6, 7.8). Source: reference dcc.md section 5.6.

Activate closes the switch, deactivate opens it, for some minutes; then, as after a reset, the calendar rules again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import Number, Tag, uint16
from linkbox.dcc.gbcs.dlms import Choice, RequestItem, act, decode_request, encode_request, put, request_head
from linkbox.dcc.gbcs.objects import CLOSE_TIMES, OPEN_TIMES, SLOT_NUMBERS, SLOTS, SWITCH_SCRIPTS, require_slot
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results
from linkbox.dcc.gbcs.usecase import UseCase

MAX_MINUTES = 0xFFFF
_ON, _OFF, _TO_CALENDAR = 0x11, 0x12, 0x20
_SCRIPT_OCTETS = 3  # tag and number of the script, the last thing in a command
_TIMED = (Choice.SET, Choice.ACTION)
_RESET = (Choice.ACTION,)

Ecs47Result = Results
"""Results of set and action, in this order, or of the action alone for a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    index: int
    duration_min: int

    def __post_init__(self) -> None:
        require_slot(self.index)
        if not 0 <= self.duration_min <= MAX_MINUTES:
            raise LocalProtocolError(f"duration {self.duration_min} min", f"must be within 0..{MAX_MINUTES}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateLoad(_Timed):
    """Close switch ``index`` (1..5) for ``duration_min`` minutes (0..65535): the load is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeactivateLoad(_Timed):
    """Open switch ``index`` (1..5) for ``duration_min`` minutes (0..65535): the load is disconnected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetLoad:
    """Give switch ``index`` (1..5) back to its calendar at once."""

    index: int

    def __post_init__(self) -> None:
        require_slot(self.index)


Ecs47Command = ActivateLoad | DeactivateLoad | ResetLoad


def _items(command: Ecs47Command) -> tuple[RequestItem, ...]:
    slot = command.index
    match command:
        case ResetLoad():
            return (act(SWITCH_SCRIPTS, uint16(slot << 8 | _TO_CALENDAR)),)
        case ActivateLoad():
            target, script = CLOSE_TIMES[slot - 1], _ON
        case DeactivateLoad():
            target, script = OPEN_TIMES[slot - 1], _OFF
    return put(target, uint16(command.duration_min)), act(SWITCH_SCRIPTS, uint16(slot << 8 | script))


def _encode_command(command: Ecs47Command, counter: int) -> bytes:
    if isinstance(command, ResetLoad):
        return encode_request(_items(command), counter=counter)
    before, after = _around_minutes(isinstance(command, ActivateLoad), command.index)
    return b"".join((request_head(counter), before, command.duration_min.to_bytes(2), after))


@cache
def _around_minutes(activate: bool, index: int) -> tuple[bytes, bytes]:
    """What stands before and after the minutes: it depends on the switch alone, and thousands are sent at once."""
    kind = ActivateLoad if activate else DeactivateLoad
    octets = encode_request(_items(kind(index=index, duration_min=0)), counter=0)[len(request_head(0)) :]
    return octets[: -_SCRIPT_OCTETS - 2], octets[-_SCRIPT_OCTETS:]


def _read_command(payload: bytes, counter: int) -> Ecs47Command:
    timed = _TIMED_BY_END.get(payload[-_SCRIPT_OCTETS:])
    if timed is not None:  # nearly all: what it would be encodes to the same octets, or it is not that
        activate, index = timed
        minutes = int.from_bytes(payload[-_SCRIPT_OCTETS - 2 : -_SCRIPT_OCTETS])
        command = (ActivateLoad if activate else DeactivateLoad)(index=index, duration_min=minutes)
        if _encode_command(command, counter) == payload:
            return command
    return _read_items(payload, counter)


def _read_items(payload: bytes, counter: int) -> Ecs47Command:
    items = decode_request(payload, counter=counter)
    command = _guess(items)
    if command is None or _items(command) != items:
        raise RemoteProtocolError("ECS47 command", "must be an activation, deactivation or reset of one switch")
    return command


_TIMED_BY_END = {
    _around_minutes(activate, index)[1]: (activate, index) for activate in (True, False) for index in SLOT_NUMBERS
}
"""By the last octets of a command, which name script and switch: whether it activates, and the switch."""


def _guess(items: tuple[RequestItem, ...]) -> Ecs47Command | None:
    """The command that the numbers in ``items`` mean, if these are the whole of it."""
    match [item.data for item in items]:
        case [Number(Tag.UINT16, script)] if 1 <= script >> 8 <= SLOTS:
            return ResetLoad(index=script >> 8)
        case [Number(Tag.UINT16, minutes), Number(Tag.UINT16, script)] if 1 <= script >> 8 <= SLOTS:
            kind = ActivateLoad if script & 0xFF == _ON else DeactivateLoad
            return kind(index=script >> 8, duration_min=minutes)
    return None


def _encode_response(results: Results, counter: int) -> bytes:
    if len(results.results) not in (len(_TIMED), len(_RESET)):
        raise LocalProtocolError("ECS47 response", "must have two results, or one for a reset")
    return encode_results(results, _TIMED if len(results.results) == len(_TIMED) else _RESET, counter)


USE_CASE: UseCase[Ecs47Command, Results] = UseCase(
    name="ECS47",
    message_code=0x0055,
    srvs=("7.5", "7.6", "7.8"),
    critical=True,
    encode_command=_encode_command,
    read_command=_read_command,
    encode_response=_encode_response,
    read_response=lambda payload, counter: read_results(payload, counter, _TIMED, _RESET),
)
build_pre_command = USE_CASE.build_pre_command
decode_command = USE_CASE.decode_command
build_response = USE_CASE.response
decode_response = USE_CASE.decode_response
