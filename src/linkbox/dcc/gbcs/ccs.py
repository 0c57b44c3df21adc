"""CCS01 and CCS02: add a device to, or remove it from, the log of the communications hub (SRV 8.11).

Source: reference dcc.md sections 5.8 and 7.6. Only the access control broker may send these.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import Boolean, Data, Number, Octets, Structure, Tag, uint16
from linkbox.dcc.gbcs.dlms import Choice, RequestItem, act, decode_request, encode_request, put
from linkbox.dcc.gbcs.objects import DEVICE_LOG_ADD, DEVICE_LOG_JOIN_TIME, DEVICE_LOG_JOINING, DEVICE_LOG_REMOVE
from linkbox.dcc.gbcs.outcome import Results, encode_results, read_results, require_items
from linkbox.dcc.gbcs.usecase import UseCase

KEY_OCTETS = 16
_EUI_OCTETS = 8
_ADD_CHOICES = (Choice.ACTION, Choice.SET, Choice.SET)
_REMOVE_CHOICES = (Choice.ACTION,)
_INSTALL_CODE = Number(Tag.ENUM, 1)


class HanDeviceType(IntEnum):
    """Kinds of device as the use case tables list them; the published message bears out that an ESME is 0. Since
    sources differ on the others, a command may have any number, and this is what to send."""

    ESME = 0
    GSME = 1
    HCALCS = 13
    IHD = 128
    CAD = 130
    PPMID = 132
    GPF = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDevice:
    """Let device ``eui`` join with its ``install_code`` (16 octets, without check sum) during ``join_time_s``."""

    eui: Eui64
    install_code: bytes
    device_type: int
    join_time_s: int

    def __post_init__(self) -> None:
        if len(self.install_code) != KEY_OCTETS:
            raise LocalProtocolError("install code", f"must be {KEY_OCTETS} octets")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDevice:
    """Take device ``eui`` out of the log."""

    eui: Eui64


def _add_items(command: AddDevice) -> tuple[RequestItem, ...]:
    device = (Octets(command.eui.octets), _INSTALL_CODE, Octets(command.install_code))
    return (
        act(DEVICE_LOG_ADD, Structure((*device, Number(Tag.ENUM, command.device_type)))),
        put(DEVICE_LOG_JOIN_TIME, uint16(command.join_time_s)),
        put(DEVICE_LOG_JOINING, Boolean(True)),
    )


def _remove_items(command: RemoveDevice) -> tuple[RequestItem, ...]:
    return (act(DEVICE_LOG_REMOVE, Octets(command.eui.octets)),)


def _guess_add(data: list[Data]) -> AddDevice:
    match data:
        case [
            Structure((Octets(eui), _, Octets(code), Number(Tag.ENUM, device_type))),
            Number(Tag.UINT16, join_time_s),
            Boolean(True),
        ] if len(eui) == _EUI_OCTETS and len(code) == KEY_OCTETS:
            return AddDevice(
                eui=Eui64.from_octets(eui), install_code=code, device_type=device_type, join_time_s=join_time_s
            )
    raise RemoteProtocolError("CCS01 command", "must add a device, set the time to join and allow it")


def _read_add(payload: bytes, counter: int) -> AddDevice:
    items = decode_request(payload, counter=counter)
    command = _guess_add([item.data for item in items])
    require_items(items, _add_items(command))
    return command


def _read_remove(payload: bytes, counter: int) -> RemoveDevice:
    items = decode_request(payload, counter=counter)
    match [item.data for item in items]:
        case [Octets(eui)] if len(eui) == _EUI_OCTETS:
            command = RemoveDevice(eui=Eui64.from_octets(eui))
            require_items(items, _remove_items(command))
            return command
    raise RemoteProtocolError("CCS02 command", "must remove one device")


CCS01: UseCase[AddDevice, Results] = UseCase(
    name="CCS01",
    message_code=0x0001,
    srvs=("8.11",),
    critical=False,
    encode_command=lambda command, counter: encode_request(_add_items(command), counter=counter),
    read_command=_read_add,
    encode_response=lambda results, counter: encode_results(results, _ADD_CHOICES, counter),
    read_response=lambda payload, counter: read_results(payload, counter, _ADD_CHOICES),
)
CCS02: UseCase[RemoveDevice, Results] = UseCase(
    name="CCS02",
    message_code=0x0002,
    srvs=("8.11",),
    critical=False,
    encode_command=lambda command, counter: encode_request(_remove_items(command), counter=counter),
    read_command=_read_remove,
    encode_response=lambda results, counter: encode_results(results, _REMOVE_CHOICES, counter),
    read_response=lambda payload, counter: read_results(payload, counter, _REMOVE_CHOICES),
)
