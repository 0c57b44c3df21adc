"""DLMS data values and their octets, the kinds that GBCS uses. Source: reference dcc.md section 5.5.

Decoding is bounded: a value may nest MAX_DEPTH deep, and every element costs at least one octet of input.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.gbcs.octets import Cursor, encode_length

MAX_DEPTH = 8
MAX_COMPACT_ROWS = 4096


class Tag(IntEnum):
    """The first octet of a value."""

    NULL = 0x00
    ARRAY = 0x01
    STRUCTURE = 0x02
    BOOLEAN = 0x03
    BIT_STRING = 0x04
    UINT32 = 0x06
    OCTET_STRING = 0x09
    VISIBLE_STRING = 0x0A
    UTF8_STRING = 0x0C
    INT8 = 0x0F
    UINT8 = 0x11
    UINT16 = 0x12
    COMPACT_ARRAY = 0x13
    ENUM = 0x16


NUMBER_OCTETS = {Tag.UINT32: 4, Tag.INT8: 1, Tag.UINT8: 1, Tag.UINT16: 2, Tag.ENUM: 1}
_TEXT_ENCODINGS = {Tag.VISIBLE_STRING: "ascii", Tag.UTF8_STRING: "utf-8"}
_TAGS = {tag.value: tag for tag in Tag}
_TRUE, _FALSE = b"\xff", b"\x00"


@dataclass(frozen=True, slots=True)
class Null:
    """No value: a get's data in a request, a set's or an action's in a response, a failed get's too."""


NULL = Null()


@dataclass(frozen=True, slots=True)
class Boolean:
    """Encoded FF or 00; any octet but 00 is read as true, as DLMS says."""

    value: bool


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or enumerated value of the width that ``tag`` says."""

    tag: Tag
    value: int


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit string, written as a text of 0 and 1, first bit first."""

    value: str


@dataclass(frozen=True, slots=True)
class Octets:
    """An octet string."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """A visible (ASCII) or UTF-8 string."""

    tag: Tag
    value: str


@dataclass(frozen=True, slots=True)
class Array:
    """Values of one kind."""

    items: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """Values of any kinds, in a fixed order."""

    items: tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class CompactArray:
    """Rows of a structure of numbers, whose ``columns`` are said once."""

    columns: tuple[Tag, ...]
    rows: tuple[tuple[int, ...], ...]


Data = Null | Boolean | Number | Bits | Octets | Text | Array | Structure | CompactArray


def uint8(value: int) -> Number:
    """An unsigned number of one octet."""
    return Number(Tag.UINT8, value)


def uint16(value: int) -> Number:
    """An unsigned number of two octets."""
    return Number(Tag.UINT16, value)


def uint32(value: int) -> Number:
    """An unsigned number of four octets."""
    return Number(Tag.UINT32, value)


def encode_data(data: Data) -> bytes:
    """The octets of ``data``; raise LocalProtocolError for a value that its kind can not hold."""
    match data:
        case Null():
            return b"\x00"
        case Boolean(value):
            return b"\x03" + (_TRUE if value else _FALSE)
        case Number(tag, value):
            return bytes((tag,)) + _encode_number(tag, value)
        case Bits(value):
            return b"\x04" + encode_length(len(value)) + _encode_bits(value)
        case Octets(value):
            return b"\x09" + encode_length(len(value)) + value
        case Text(tag, value):
            return _encode_text(tag, value)
        case Array(items):
            return b"\x01" + encode_length(len(items)) + b"".join(map(encode_data, items))
        case Structure(items):
            return b"\x02" + encode_length(len(items)) + b"".join(map(encode_data, items))
        case CompactArray(columns, rows):
            return _encode_compact(columns, rows)
        case _:
            assert_never(data)


def _encode_number(tag: Tag, value: int) -> bytes:
    try:
        return value.to_bytes(NUMBER_OCTETS[tag], signed=tag is Tag.INT8)
    except (OverflowError, KeyError):
        raise LocalProtocolError(f"DLMS number {value}", f"must fit the kind {tag.name}") from None


def _encode_bits(value: str) -> bytes:
    if value.strip("01"):
        raise LocalProtocolError(f"DLMS bit string {value!r}", "must be a text of 0 and 1")
    return b"".join(int(value[i : i + 8].ljust(8, "0"), 2).to_bytes(1) for i in range(0, len(value), 8))


def _encode_text(tag: Tag, value: str) -> bytes:
    try:
        octets = value.encode(_TEXT_ENCODINGS[tag])
    except (UnicodeEncodeError, KeyError):
        raise LocalProtocolError(f"DLMS text {value!r}", f"must fit the kind {tag.name}") from None
    return bytes((tag,)) + encode_length(len(octets)) + octets


def _encode_compact(columns: tuple[Tag, ...], rows: tuple[tuple[int, ...], ...]) -> bytes:
    if not columns or any(len(row) != len(columns) for row in rows):
        raise LocalProtocolError("DLMS compact array", "must have columns, and a number for each in every row")
    content = b"".join(_encode_number(tag, value) for row in rows for tag, value in zip(columns, row, strict=True))
    description = bytes((Tag.STRUCTURE, len(columns), *columns))
    return b"\x13" + description + encode_length(len(content)) + content


def read_data(cursor: Cursor, depth: int = 0) -> Data:
    """The value that stands at ``cursor``."""
    number = cursor.uint(1)
    tag = _TAGS.get(number)
    if tag is None:
        raise cursor.fault(f"must be a kind of data that GBCS uses, is {number:02X}")
    if tag in NUMBER_OCTETS:
        return Number(tag, _read_number(cursor, tag))
    match tag:
        case Tag.NULL:
            return Null()
        case Tag.BOOLEAN:
            return Boolean(cursor.take(1) != _FALSE)
        case Tag.OCTET_STRING:
            return Octets(cursor.block())
        case Tag.VISIBLE_STRING | Tag.UTF8_STRING:
            return _read_text(cursor, tag)
        case Tag.BIT_STRING:
            return _read_bits(cursor)
        case Tag.COMPACT_ARRAY:
            return _read_compact(cursor)
    if depth == MAX_DEPTH:
        raise cursor.fault(f"must not nest deeper than {MAX_DEPTH}")
    count = cursor.length()
    if count > cursor.left:  # each item takes an octet at least: refuse before any is read
        raise cursor.fault(f"must hold {count} items, has {cursor.left} octets")
    items = tuple(read_data(cursor, depth + 1) for _ in range(count))
    return Array(items) if tag is Tag.ARRAY else Structure(items)


def _read_number(cursor: Cursor, tag: Tag) -> int:
    return int.from_bytes(cursor.take(NUMBER_OCTETS[tag]), signed=tag is Tag.INT8)


def _read_text(cursor: Cursor, tag: Tag) -> Text:
    octets = cursor.block()
    try:
        return Text(tag, octets.decode(_TEXT_ENCODINGS[tag]))
    except UnicodeDecodeError:
        raise cursor.fault(f"text must be {_TEXT_ENCODINGS[tag]}") from None


def _read_bits(cursor: Cursor) -> Bits:
    length = cursor.length()
    octets = cursor.take((length + 7) // 8)
    bits = "".join(f"{octet:08b}" for octet in octets)
    if "1" in bits[length:]:
        raise cursor.fault("unused bits of a bit string must be zero")
    return Bits(bits[:length])


def _read_compact(cursor: Cursor) -> CompactArray:
    cursor.expect(bytes((Tag.STRUCTURE,)))
    numbers = cursor.take(cursor.uint(1))
    columns = tuple(tag for number in numbers if (tag := _TAGS.get(number)) in NUMBER_OCTETS and tag is not None)
    if not columns or len(columns) != len(numbers):
        raise cursor.fault(f"compact array must be a structure of numbers: {numbers.hex()}")
    content = Cursor(cursor.block(), "DLMS compact array")
    size = sum(NUMBER_OCTETS[tag] for tag in columns)
    if content.left % size or content.left // size > MAX_COMPACT_ROWS:
        raise content.fault(f"must be whole rows of {size} octets, {MAX_COMPACT_ROWS} at most: {content.left} octets")
    count = content.left // size
    return CompactArray(columns, tuple(tuple(_read_number(content, t) for t in columns) for _ in range(count)))
