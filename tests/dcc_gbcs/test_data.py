"""DLMS data values: exact, bounded, and closed to everything that GBCS does not use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import (
    MAX_DEPTH,
    NULL,
    Array,
    Bits,
    Boolean,
    CompactArray,
    Data,
    Number,
    Octets,
    Structure,
    Tag,
    Text,
    encode_data,
    read_data,
)
from linkbox.dcc.gbcs.octets import Cursor, encode_length

_RANGES = {
    Tag.UINT8: (0, 0xFF),
    Tag.ENUM: (0, 0xFF),
    Tag.UINT16: (0, 0xFFFF),
    Tag.UINT32: (0, 0xFFFFFFFF),
    Tag.INT8: (-128, 127),
}


def _numbers() -> st.SearchStrategy[Number]:
    return st.sampled_from(sorted(_RANGES)).flatmap(
        lambda tag: st.integers(*_RANGES[Tag(tag)]).map(lambda value: Number(Tag(tag), value))
    )


def _compact_arrays() -> st.SearchStrategy[CompactArray]:
    columns = st.lists(st.sampled_from(sorted(_RANGES)).map(Tag), min_size=1, max_size=5).map(tuple)
    return columns.flatmap(
        lambda tags: st.lists(st.tuples(*(st.integers(*_RANGES[tag]) for tag in tags)), max_size=20).map(
            lambda rows: CompactArray(tags, tuple(rows))
        )
    )


_flat: st.SearchStrategy[Data] = st.one_of(
    st.just(NULL),
    st.booleans().map(Boolean),
    _numbers(),
    st.text("01", max_size=300).map(Bits),
    st.binary(max_size=300).map(Octets),
    st.text(st.characters(max_codepoint=0x7F), max_size=300).map(lambda text: Text(Tag.VISIBLE_STRING, text)),
    st.text(max_size=100).map(lambda text: Text(Tag.UTF8_STRING, text)),
    _compact_arrays(),
)
any_data: st.SearchStrategy[Data] = st.recursive(
    _flat,
    lambda inner: (
        st.lists(inner, max_size=6).map(lambda items: Array(tuple(items)))
        | st.lists(inner, max_size=6).map(lambda items: Structure(tuple(items)))
    ),
    max_leaves=12,
)


def _read(octets: bytes) -> Data:
    cursor = Cursor(octets, "data")
    data = read_data(cursor)
    cursor.finish()
    return data


def _depth(data: Data) -> int:
    return 1 + max(map(_depth, data.items), default=0) if isinstance(data, Array | Structure) else 0


@given(any_data)
def test_any_value_survives_encoding_and_decoding(data: Data) -> None:
    if _depth(data) <= MAX_DEPTH:
        assert _read(encode_data(data)) == data


@given(st.binary(max_size=200))
def test_any_octets_give_a_value_or_a_remote_error(octets: bytes) -> None:
    try:
        data = _read(octets)
    except RemoteProtocolError:
        return
    assert _read(encode_data(data)) == data


@pytest.mark.parametrize(
    ("octets", "value"),
    [  # written by hand from the tags that reference dcc.md section 5.5 lists
        ("00", NULL),
        ("03FF", Boolean(True)),
        ("0300", Boolean(False)),
        ("0407FE", Bits("1111111")),
        ("0404F0", Bits("1111")),
        ("0400", Bits("")),
        ("061C20E100", Number(Tag.UINT32, 471916800)),
        ("0F80", Number(Tag.INT8, -128)),
        ("11FF", Number(Tag.UINT8, 255)),
        ("12003C", Number(Tag.UINT16, 60)),
        ("160D", Number(Tag.ENUM, 13)),
        ("09020102", Octets(b"\x01\x02")),
        ("0A024556", Text(Tag.VISIBLE_STRING, "EV")),
        ("0C02C3A9", Text(Tag.UTF8_STRING, "é")),
        ("0102" + "1101" + "1102", Array((Number(Tag.UINT8, 1), Number(Tag.UINT8, 2)))),
        ("0200", Structure(())),
        ("130202111206" + "00010A" + "020014", CompactArray((Tag.UINT8, Tag.UINT16), ((0, 0x010A), (2, 0x0014)))),
    ],
)
def test_a_value_has_the_octets_that_the_standard_says(octets: str, value: Data) -> None:
    assert encode_data(value).hex().upper() == octets
    assert _read(bytes.fromhex(octets)) == value


def test_a_true_of_another_octet_is_read_as_true() -> None:
    assert _read(b"\x03\x01") == Boolean(True)


def test_a_value_nested_too_deep_is_refused_before_the_stack_is() -> None:
    assert _depth(_read(b"\x01\x01" * MAX_DEPTH + b"\x00")) == MAX_DEPTH
    with pytest.raises(RemoteProtocolError, match="nest deeper"):
        _read(b"\x02\x01" * 30_000 + b"\x00")


def test_a_count_beyond_the_octets_is_refused_before_anything_is_read() -> None:
    with pytest.raises(RemoteProtocolError, match="must hold 65535 items"):
        _read(b"\x01\x82\xff\xff" + b"\x00" * 1000)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x05\x00\x00\x00\x00",  # a kind that GBCS does not use
        b"\xff",
        b"\x12\x00",  # truncated
        b"\x09\x05\x00",
        b"\x09\x81\x05" + bytes(5),  # length not in its shortest form
        b"\x09\x82\x00\x05" + bytes(5),
        b"\x09\x83\x00\x00\x05" + bytes(5),
        b"\x09\x80",
        b"\x04\x07\xff",  # a bit beyond the length
        b"\x0a\x01\xc3",  # not ASCII
        b"\x0c\x01\xc3",  # not UTF-8
        b"\x13\x01\x01\x11\x01\x00",  # compact array of no structure
        b"\x13\x02\x00\x00",  # without columns
        b"\x13\x02\x01\x09\x01\x00",  # of octet strings
        b"\x13\x02\x01\x12\x03\x00\x00\x00",  # half a row
        b"\x13\x02\x01\x11\x82\x20\x00" + bytes(0x2000),  # too many rows
        b"\x11\x00\x00",  # more behind it
    ],
)
def test_a_malformed_value_is_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        _read(octets)


@pytest.mark.parametrize(
    "data",
    [
        Number(Tag.UINT8, 256),
        Number(Tag.UINT16, -1),
        Number(Tag.UINT32, 2**32),
        Number(Tag.INT8, 128),
        Number(Tag.NULL, 0),
        Bits("012"),
        Text(Tag.VISIBLE_STRING, "é"),
        Text(Tag.UTF8_STRING, "\ud800"),
        Text(Tag.UINT8, "x"),
        CompactArray((), ()),
        CompactArray((Tag.UINT8,), ((1, 2),)),
        Octets(bytes(0x10000)),
    ],
)
def test_a_value_that_its_kind_can_not_hold_is_not_encoded(data: Data) -> None:
    with pytest.raises(LocalProtocolError):
        encode_data(data)


@given(st.integers(0, 0xFFFF), st.binary(max_size=3))
def test_a_length_is_read_as_written(length: int, behind: bytes) -> None:
    cursor = Cursor(encode_length(length) + behind, "length")
    assert cursor.length() == length
    assert cursor.left == len(behind)
