"""CS03A1, CS03A2, CS03B, CS03C: join two devices of a home network (SRV 8.7.1, 8.7.2), in ASN.1 DER.

Source: reference dcc.md section 5.6. Joining takes two commands, one to each device.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.octets import Cursor, encode_length
from linkbox.dcc.gbcs.usecase import UseCase

_INTEGER, _OCTET_STRING, _SEQUENCE = b"\x02\x01", b"\x04\x08", b"\x30"
_EUI_OCTETS = 8


class JoinMethod(IntEnum):
    """How to join, and the part of the device in it. CS03A1, A2, B, C in this order."""

    A_INITIATOR = 0
    A_RESPONDER = 1
    B = 2
    C = 3


class JoinDeviceType(IntEnum):
    """The kind of the other device."""

    GSME = 0
    ESME = 1
    CHF = 2
    GPF = 3
    HCALCS = 4
    PPMID = 5
    TYPE_2 = 6


class JoinResult(IntEnum):
    """What became of a join."""

    SUCCESS = 0
    INVALID_MESSAGE_CODE_FOR_METHOD_AND_ROLE = 1
    INVALID_METHOD_AND_ROLE = 2
    INCOMPATIBLE_WITH_EXISTING_ENTRY = 3
    DEVICE_LOG_FULL = 4
    WRITE_FAILURE = 5
    KEY_AGREEMENT_NO_RESOURCES = 6
    KEY_AGREEMENT_UNKNOWN_ISSUER = 7
    KEY_AGREEMENT_UNSUPPORTED_SUITE = 8
    KEY_AGREEMENT_BAD_MESSAGE = 9
    KEY_AGREEMENT_BAD_KEY_CONFIRM = 10
    INVALID_OR_MISSING_CERTIFICATE = 11
    NO_PARTNER_LINK_KEY_RECEIVED = 12
    NO_CBKE_RESPONSE = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDevice:
    """Join with device ``eui``. ``certificate`` (DER) is the other's key agreement certificate, for method C.

    The method may contradict the message code: it is for the device to answer that.
    """

    method: JoinMethod
    eui: Eui64
    device_type: JoinDeviceType
    certificate: bytes | None = None

    def __post_init__(self) -> None:
        if self.certificate is not None and not _is_sequence(self.certificate):
            raise LocalProtocolError("certificate of the other device", "must be one DER sequence")


def _is_sequence(der: bytes) -> bool:
    cursor = Cursor(der, "certificate")
    try:
        cursor.expect(_SEQUENCE)
        cursor.block()
        cursor.finish()
    except RemoteProtocolError:
        return False
    return True


def _encode_command(command: JoinDevice, _: int) -> bytes:
    parts = (
        _INTEGER,
        command.method.to_bytes(1),
        _OCTET_STRING,
        command.eui.octets,
        _INTEGER,
        command.device_type.to_bytes(1),
        command.certificate or b"",
    )
    content = b"".join(parts)
    return _SEQUENCE + encode_length(len(content)) + content


def _read_command(payload: bytes, _: int) -> JoinDevice:
    cursor = Cursor(payload, "join command")
    cursor.expect(_SEQUENCE)
    if cursor.length() != cursor.left:
        raise cursor.fault("sequence must be the whole payload")
    method = _read_integer(cursor, JoinMethod)
    cursor.expect(_OCTET_STRING)
    eui = Eui64.from_octets(cursor.take(_EUI_OCTETS))
    device_type = _read_integer(cursor, JoinDeviceType)
    certificate = cursor.take(cursor.left) or None
    if certificate is not None and not _is_sequence(certificate):
        raise cursor.fault("must end in a certificate, or before it")
    return JoinDevice(
        method=JoinMethod(method), eui=eui, device_type=JoinDeviceType(device_type), certificate=certificate
    )


def _read_integer(cursor: Cursor, kind: type[IntEnum]) -> int:
    cursor.expect(_INTEGER)
    value = cursor.uint(1)
    if value not in tuple(kind):
        raise cursor.fault(f"must be a {kind.__name__}: {value}")
    return value


def _read_response(payload: bytes, _: int) -> JoinResult:
    cursor = Cursor(payload, "join response")
    result = JoinResult(_read_integer(cursor, JoinResult))
    cursor.finish()
    return result


def _use_case(
    name: str, message_code: int, srvs: tuple[str, ...], critical: bool | None
) -> UseCase[JoinDevice, JoinResult]:
    return UseCase(
        name=name,
        message_code=message_code,
        srvs=srvs,
        critical=critical,
        encode_command=_encode_command,
        read_command=_read_command,
        encode_response=lambda result, _: _INTEGER + result.to_bytes(1),
        read_response=_read_response,
    )


CS03A1 = _use_case("CS03A1", 0x000D, ("8.7.1",), True)
CS03A2 = _use_case("CS03A2", 0x00AB, ("8.7.1", "8.7.2"), None)
CS03B = _use_case("CS03B", 0x000E, ("8.7.2",), False)
CS03C = _use_case("CS03C", 0x00AF, ("8.7.1", "8.7.2"), None)
