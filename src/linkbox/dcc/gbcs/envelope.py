"""The GBCS envelope: the general-signing message and the MAC header around it.

Source: reference dcc.md sections 5.1 and 5.2. Decoding is strict, so that ``encode(decode(data)) == data``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter
from struct import Struct
from typing import Any, cast

from linkbox.base.identifiers import Eui64
from linkbox.base.values import draft_of
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.octets import encode_length

MAX_MESSAGE_OCTETS = 0x10000
SIGNATURE_OCTETS = 64
MAC_OCTETS = 12
DATE_TIME_OCTETS = 12

_HEAD = Struct(">3sQB8sB8sB")  # DF 09 CRA | counter | 08 originator | 08 recipient | date-time length
_MAC_HEAD = bytes.fromhex("DD000000000000")
_SECURITY_HEADER = bytes.fromhex("1100000000")
_COUNTER_MAX = 2**64 - 1
_CODE_ONLY, _PARTY, _PARTY_COUNTER, _BOTH_COUNTERS = 2, 10, 18, 26


class Cra(IntEnum):
    """What kind of message it is: the CRA flag."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


_CRA_BY_START = {bytes((0xDF, 0x09, cra)): cra for cra in Cra}
_eui = lru_cache(maxsize=65536)(Eui64.from_octets)
eui_octets = lru_cache(maxsize=65536)(attrgetter("octets"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One GBCS message.

    For a response ``originator_counter`` is the counter of the command that it answers. The supplementary fields name
    the user on whose behalf the access control broker acts; a later one is present only with those before it (a
    certificate stands in place of the supplementary originator counter). ``date_time``, ``signature`` (64) and ``mac``
    (12 octets) are raw; without ``mac`` there is no MAC header. ``bare`` marks the published form of a Pre-Command
    that ends after its payload, without the octet that says "no signature".
    """

    cra: Cra
    originator_counter: int
    originator: Eui64
    recipient: Eui64
    message_code: int
    payload: bytes
    date_time: bytes | None = None
    supplementary_party: Eui64 | None = None
    supplementary_counter: int | None = None
    supplementary_originator_counter: int | None = None
    supplementary_certificate: bytes | None = None
    signature: bytes | None = None
    mac: bytes | None = None
    bare: bool = False

    @property
    def user(self) -> Eui64:
        """The user's EUI: the supplementary party if there is one, else the end that is not the device."""
        if self.supplementary_party is not None:
            return self.supplementary_party
        return self.originator if self.cra is Cra.COMMAND else self.recipient

    @property
    def user_counter(self) -> int:
        """The counter under which the user knows this message: that of the DUIS RequestID for a command or response."""
        return self.originator_counter if self.supplementary_counter is None else self.supplementary_counter


def split(data: bytes) -> tuple[bytes, bytes | None]:
    """The general-signing message within ``data``, and the MAC if there is a MAC header around it."""
    if len(data) > MAX_MESSAGE_OCTETS:
        raise RemoteProtocolError("GBCS message", f"must not exceed {MAX_MESSAGE_OCTETS} octets: {len(data)}")
    if data[:1] != b"\xdd":
        return data, None
    if data[:7] != _MAC_HEAD:
        raise RemoteProtocolError("GBCS MAC header", f"must begin {_MAC_HEAD.hex().upper()}")
    ciphered, end = _block(data, 7, "GBCS MAC header")
    if end != len(data):
        raise RemoteProtocolError("GBCS MAC header", f"must count all that follows: {len(data) - end} octets too many")
    if ciphered[:5] != _SECURITY_HEADER or len(ciphered) <= 5 + MAC_OCTETS:
        raise RemoteProtocolError("GBCS MAC header", f"must hold {_SECURITY_HEADER.hex()}, a message and a MAC")
    return ciphered[5:-MAC_OCTETS], ciphered[-MAC_OCTETS:]


def decode(data: bytes) -> Message:
    """Read one message, with or without MAC header. Raise RemoteProtocolError for anything else.

    Neither signature nor MAC is checked: ``protection`` does that.
    """
    inner, mac = split(data)
    if len(inner) < _HEAD.size:
        raise RemoteProtocolError("GBCS message", f"must hold a header of {_HEAD.size} octets, has {len(inner)}")
    start, counter, eight, originator, eight_too, recipient, date_length = _HEAD.unpack_from(inner)
    cra = _CRA_BY_START.get(start)
    if cra is None:
        raise RemoteProtocolError("GBCS message", f"must begin DF 09 and a CRA flag 01..03: {start.hex().upper()}")
    if eight != 8 or eight_too != 8:
        raise RemoteProtocolError("GBCS message", "originator and recipient must be 8 octets each")
    if date_length not in (0, DATE_TIME_OCTETS):
        raise RemoteProtocolError("GBCS date-time", f"must be 0 or {DATE_TIME_OCTETS} octets: {date_length}")
    at = _HEAD.size + date_length
    other, at = _block(inner, at, "GBCS other information")
    payload, at = _block(inner, at, "GBCS payload")
    signature, bare = _signature(inner, at)
    if bare and (mac is not None or cra is not Cra.COMMAND):
        raise RemoteProtocolError("GBCS signature", "may be left out of a Pre-Command only")
    code, party, party_counter, own_counter, certificate = _other_information(other)
    return _new(
        cra,
        counter,
        _eui(originator),
        _eui(recipient),
        code,
        payload,
        inner[_HEAD.size : _HEAD.size + date_length] if date_length else None,
        party,
        party_counter,
        own_counter,
        certificate,
        signature,
        mac,
        bare,
    )


_Draft = draft_of(Message)


def _new(*values: object) -> Message:
    draft: Any = _Draft(*values)
    draft.__class__ = Message
    return cast("Message", draft)


def answer_to(command: Message, *, message_code: int, payload: bytes, date_time: bytes | None) -> Message:
    """The unsigned response to ``command``: its ends swapped, its counter and supplementary party the same."""
    party, counter = command.supplementary_party, command.supplementary_counter
    start = Cra.RESPONSE, command.originator_counter, command.recipient, command.originator, message_code
    return _new(*start, payload, date_time, party, counter, None, None, None, None, False)


def _block(data: bytes, at: int, what: str) -> tuple[bytes, int]:
    """A length at ``at`` and the octets that it counts; then where they end."""
    length, start = _length(data, at, what)
    stop = start + length
    if stop > len(data):
        raise RemoteProtocolError(what, f"must hold {length} octets, has {len(data) - start}")
    return data[start:stop], stop


def _length(data: bytes, at: int, what: str) -> tuple[int, int]:
    """The length at ``at``, in its shortest form, and where it ends. Cursor.length is the same, but slower."""
    first = data[at : at + 1]
    if first < b"\x80":
        if first:
            return first[0], at + 1
    elif first == b"\x81" and data[at + 1 : at + 2] >= b"\x80":
        return data[at + 1], at + 2
    elif first == b"\x82" and len(data) >= at + 3 and data[at + 1]:
        return data[at + 1] << 8 | data[at + 2], at + 3
    rule = f"length must be one octet below 80, or 81 nn, or 82 nnnn, in its shortest form: {data[at : at + 3].hex()}"
    raise RemoteProtocolError(what, rule)


def _signature(data: bytes, at: int) -> tuple[bytes | None, bool]:
    """The signature, if any, and whether even its length is missing; it must be the last thing."""
    left = len(data) - at
    if left == 0:
        return None, True
    if left == 1 and data[at] == 0:
        return None, False
    if left == 1 + SIGNATURE_OCTETS and data[at] == SIGNATURE_OCTETS:
        return data[at + 1 :], False
    rule = f"must be one octet 00, or 40 and {SIGNATURE_OCTETS} octets, and end the message"
    raise RemoteProtocolError("GBCS signature", f"{rule}: {data[at]:02X}, {left} octets")


_Other = tuple[int, Eui64 | None, int | None, int | None, bytes | None]


def _other_information(other: bytes) -> _Other:
    """Message code, supplementary party, its counter, the originator's counter or the party's certificate."""
    size = len(other)
    code = int.from_bytes(other[:2])
    if size == _CODE_ONLY:
        return code, None, None, None, None
    if size not in (_PARTY, _PARTY_COUNTER, _BOTH_COUNTERS) and size <= _BOTH_COUNTERS:
        raise RemoteProtocolError("GBCS other information", f"must be 2, 10, 18, 26 or more octets: {size}")
    party = _eui(other[2:10])
    if size == _PARTY:
        return code, party, None, None, None
    counter = int.from_bytes(other[10:18])
    if size == _PARTY_COUNTER:
        return code, party, counter, None, None
    if size == _BOTH_COUNTERS:
        return code, party, counter, int.from_bytes(other[18:26]), None
    return code, party, counter, None, other[18:]


def encode(message: Message) -> bytes:
    """The octets of ``message``, with MAC header if it has a MAC. Raise LocalProtocolError for an impossible one."""
    inner = encode_inner(message)
    return inner if message.mac is None else wrap(inner, message.mac)


def encode_inner(message: Message) -> bytes:
    """The general-signing message alone, signature included: what a MAC protects."""
    unsigned = b"\xdf" + signed_part(message)
    if message.signature is not None:
        _require(len(message.signature) == SIGNATURE_OCTETS, "signature", f"must be {SIGNATURE_OCTETS} octets")
        _require(not message.bare, "bare", "must be false for a signed message")
        return unsigned + b"\x40" + message.signature
    _require(not message.bare or (message.cra is Cra.COMMAND and message.mac is None), "bare", "is for Pre-Commands")
    return unsigned if message.bare else unsigned + b"\x00"


def wrap(inner: bytes, mac: bytes) -> bytes:
    """Put the MAC header and ``mac`` around a general-signing message."""
    _require(len(mac) == MAC_OCTETS, "MAC", f"must be {MAC_OCTETS} octets")
    return b"".join((_MAC_HEAD, encode_length(5 + len(inner) + MAC_OCTETS), _SECURITY_HEADER, inner, mac))


def signed_part(message: Message) -> bytes:
    """The octets that a signature covers: from the transaction-id length to the end of the payload."""
    _require(0 <= message.originator_counter <= _COUNTER_MAX, "originator counter", "must be within 0..2^64-1")
    date_time = message.date_time or b""
    _require(len(date_time) in (0, DATE_TIME_OCTETS), "date-time", f"must be {DATE_TIME_OCTETS} octets")
    other = _encode_other(message)
    return b"".join(
        (
            b"\x09",
            message.cra.to_bytes(1),
            message.originator_counter.to_bytes(8),
            b"\x08",
            eui_octets(message.originator),
            b"\x08",
            eui_octets(message.recipient),
            encode_length(len(date_time)),
            date_time,
            encode_length(len(other)),
            other,
            encode_length(len(message.payload)),
            message.payload,
        )
    )


def encode_pre_command(
    payload: bytes, *, originator: Eui64, recipient: Eui64, counter: int, message_code: int
) -> bytes:
    """A Pre-Command with its trailing 00: the same as ``encode`` of such a Message, in a third of the time."""
    _require(0 <= counter <= _COUNTER_MAX, "originator counter", "must be within 0..2^64-1")
    start = counter.to_bytes(8), b"\x08", eui_octets(originator), b"\x08", eui_octets(recipient), b"\x00\x02"
    end = message_code.to_bytes(2), encode_length(len(payload)), payload, b"\x00"
    return b"".join((b"\xdf\x09\x01", *start, *end))


def _encode_other(message: Message) -> bytes:
    _require(0 <= message.message_code <= 0xFFFF, "message code", "must be within 0..FFFF")
    code = message.message_code.to_bytes(2)
    party, counter = message.supplementary_party, message.supplementary_counter
    own, certificate = message.supplementary_originator_counter, message.supplementary_certificate
    if party is None or counter is None:
        _require(counter is None and own is None and certificate is None, "supplementary fields", "must have no gap")
        return code if party is None else code + party.octets
    _require(own is None or certificate is None, "supplementary fields", "must end in a counter or a certificate")
    last = b"" if own is None else own.to_bytes(8)
    if certificate is not None:
        _require(len(certificate) > 8, "supplementary certificate", "must be a certificate")
        last = certificate
    return b"".join((code, party.octets, counter.to_bytes(8), last))


def _require(holds: bool, what: str, rule: str) -> None:
    if not holds:
        raise LocalProtocolError(f"GBCS {what}", rule)
