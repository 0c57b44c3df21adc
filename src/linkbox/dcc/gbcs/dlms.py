"""The DLMS messages that GBCS carries: access request, access response, and the notification of an alert.

Source: reference dcc.md section 5.5. The invoke id holds the low 24 bits of the originator counter; decoding checks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.gbcs.data import NULL, Data, Number, Octets, Structure, Tag, encode_data, read_data
from linkbox.dcc.gbcs.octets import Cursor
from linkbox.dcc.gbcs.times import date_time_octets, read_date_time

_INVOKE_FLAGS, _INVOKE_BITS = 0x20000000, 0xFFFFFF
_REQUEST, _RESPONSE, _NOTIFICATION = b"\xd9", b"\xda", b"\x0f"
_NO_DATE_TIME = b"\x00"
_NO_SPECIFICATIONS = b"\x00"
MAX_ITEMS = 0x7F


class Choice(IntEnum):
    """What an item of an access request asks."""

    GET = 1
    SET = 2
    ACTION = 3
    GET_WITH_SELECTION = 4

    @property
    def answered_as(self) -> Choice:
        """How the response names the item: it does not tell the two kinds of get apart."""
        return Choice.GET if self is Choice.GET_WITH_SELECTION else self


class DlmsResult(IntEnum):
    """What became of one item."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


_CHOICES = {choice.value: choice for choice in Choice}
_RESULTS = {result.value: result for result in DlmsResult}


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemObject:
    """An attribute (or, for an action, a method) of a COSEM object. ``obis`` is six octets."""

    class_id: int
    obis: bytes
    member: int

    @property
    def octets(self) -> bytes:
        """Class, OBIS, member: nine octets."""
        return self.class_id.to_bytes(2) + self.obis + self.member.to_bytes(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What part of an attribute to read."""

    selector: int
    parameters: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestItem:
    """One get, set or action. A get has ``data`` Null; a selection makes it a get with selection."""

    choice: Choice
    target: CosemObject
    data: Data = NULL
    selection: Selection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseItem:
    """The answer to one item: data for a get that succeeded, else Null."""

    choice: Choice
    result: DlmsResult
    data: Data = NULL


def get(target: CosemObject) -> RequestItem:
    """Read ``target``."""
    return RequestItem(choice=Choice.GET, target=target)


def put(target: CosemObject, data: Data) -> RequestItem:
    """Set ``target`` to ``data``."""
    return RequestItem(choice=Choice.SET, target=target, data=data)


def act(target: CosemObject, data: Data) -> RequestItem:
    """Call the method ``target`` with ``data``."""
    return RequestItem(choice=Choice.ACTION, target=target, data=data)


def invoke_id(counter: int) -> bytes:
    """Four octets: flags, then the low 24 bits of the originator counter."""
    return (_INVOKE_FLAGS | counter & _INVOKE_BITS).to_bytes(4)


def _count(items: Sequence[object]) -> bytes:
    if not 0 < len(items) <= MAX_ITEMS:
        raise LocalProtocolError("DLMS items", f"must be 1..{MAX_ITEMS}: {len(items)}")
    return len(items).to_bytes(1)


def encode_request(items: Sequence[RequestItem], *, counter: int) -> bytes:
    """The access request of a command whose originator counter is ``counter``."""
    count = _count(items)
    specifications = b"".join(map(_specification, items))
    data = b"".join(encode_data(item.data) for item in items)
    return b"".join((request_head(counter), count, specifications, count, data))


def request_head(counter: int) -> bytes:
    """The octets with which every access request begins."""
    return b"".join((_REQUEST, invoke_id(counter), _NO_DATE_TIME))


def _specification(item: RequestItem) -> bytes:
    if (item.selection is None) == (item.choice is Choice.GET_WITH_SELECTION):
        raise LocalProtocolError("DLMS request item", "must have a selection if it is a get with selection, else none")
    head = item.choice.to_bytes(1) + item.target.octets
    if item.selection is None:
        return head
    return head + item.selection.selector.to_bytes(1) + encode_data(item.selection.parameters)


def decode_request(payload: bytes, *, counter: int) -> tuple[RequestItem, ...]:
    """The items of an access request; raise RemoteProtocolError for anything else."""
    cursor = Cursor(payload, "DLMS access request")
    cursor.expect(request_head(counter))
    specifications = [_read_specification(cursor) for _ in range(_read_count(cursor))]
    cursor.expect(len(specifications).to_bytes(1))
    items = tuple(
        RequestItem(choice=choice, target=target, selection=selection, data=read_data(cursor))
        for choice, target, selection in specifications
    )
    cursor.finish()
    return items


def _read_count(cursor: Cursor) -> int:
    count = cursor.uint(1)
    if not 0 < count <= MAX_ITEMS:
        raise cursor.fault(f"must hold 1..{MAX_ITEMS} items, says {count}")
    return count


def _read_choice(cursor: Cursor) -> Choice:
    number = cursor.uint(1)
    if number not in _CHOICES:
        raise cursor.fault(f"must be get, set, action or get with selection, is {number:02X}")
    return _CHOICES[number]


def _read_specification(cursor: Cursor) -> tuple[Choice, CosemObject, Selection | None]:
    choice = _read_choice(cursor)
    target = CosemObject(class_id=cursor.uint(2), obis=cursor.take(6), member=cursor.uint(1))
    if choice is not Choice.GET_WITH_SELECTION:
        return choice, target, None
    return choice, target, Selection(selector=cursor.uint(1), parameters=read_data(cursor))


def encode_response(items: Sequence[ResponseItem], *, counter: int) -> bytes:
    """The access response to the command whose originator counter is ``counter``."""
    count = _count(items)
    data = b"".join(encode_data(item.data) for item in items)
    results = b"".join(bytes((item.choice.answered_as, item.result)) for item in items)
    return b"".join((response_head(counter), count, data, count, results))


def response_head(counter: int) -> bytes:
    """The octets with which every access response begins."""
    return b"".join((_RESPONSE, invoke_id(counter), _NO_DATE_TIME, _NO_SPECIFICATIONS))


def decode_response(payload: bytes, *, counter: int) -> tuple[ResponseItem, ...]:
    """The items of an access response; raise RemoteProtocolError for anything else."""
    cursor = Cursor(payload, "DLMS access response")
    cursor.expect(response_head(counter))
    data = [read_data(cursor) for _ in range(_read_count(cursor))]
    cursor.expect(len(data).to_bytes(1))
    items = tuple(_read_result(cursor, datum) for datum in data)
    cursor.finish()
    return items


def _read_result(cursor: Cursor, datum: Data) -> ResponseItem:
    choice, number = _read_choice(cursor), cursor.uint(1)
    if choice is Choice.GET_WITH_SELECTION or number not in _RESULTS:
        raise cursor.fault(f"must be a result of get, set or action, is {choice:02X} {number:02X}")
    return ResponseItem(choice=choice, result=_RESULTS[number], data=datum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What an alert says: its code, when, and what else."""

    alert_code: int
    at: datetime
    values: tuple[Data, ...] = ()


def encode_notification(notification: Notification, *, counter: int) -> bytes:
    """The notification of the alert that the device sends with its ``counter``."""
    values = (
        Number(Tag.UINT16, notification.alert_code),
        Octets(date_time_octets(notification.at)),
        *notification.values,
    )
    head = _NOTIFICATION + invoke_id(counter) + _NO_DATE_TIME
    return head + encode_data(Structure(values))


def decode_notification(payload: bytes, *, counter: int) -> Notification:
    """The inverse of ``encode_notification``; raise RemoteProtocolError for anything else."""
    cursor = Cursor(payload, "DLMS notification")
    cursor.expect(_NOTIFICATION + invoke_id(counter) + _NO_DATE_TIME)
    body = read_data(cursor)
    cursor.finish()
    match body:
        case Structure((Number(Tag.UINT16, code), Octets(at), *more)):
            return Notification(alert_code=code, at=read_date_time(at), values=tuple(more))
    raise cursor.fault("must be a structure that begins with an alert code and a time")
