"""Hostile input: every parser gives a value or RemoteProtocolError, soon, and reads nothing but its bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkbox.dcc.duis import (
    MalformedXml,
    SchemaViolation,
    canonical_unsigned,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
    read_request,
    read_response,
    read_synchronous_reply,
)
from linkbox.dcc.duis.xmltext import MAX_DEPTH, MAX_OCTETS, SR
from linkbox.dcc.errors import RemoteProtocolError
from tests.dcc_duis.samples import NOW, REQUEST, RESPONSE, SIGNED_REQUEST, SIGNED_RESPONSE, TRUST

UNSIGNED = encode_request(REQUEST)
PARSERS: list[Callable[[bytes], Any]] = [
    decode_request,
    decode_response,
    canonical_unsigned,
    lambda data: read_request(data, trust=TRUST, at=NOW),
    lambda data: read_response(data, trust=TRUST, at=NOW),
    lambda data: read_synchronous_reply(data, trust=TRUST, at=NOW),
]

every_parser = pytest.mark.parametrize("parser", PARSERS)


def with_document_type(declaration: str, use: str = "&x;") -> bytes:
    return declaration.encode() + UNSIGNED.replace(b">60<", f">{use}<".encode())


@every_parser
def test_billion_laughs_are_refused_before_they_are_told(parser: Callable[[bytes], Any]) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    with pytest.raises(MalformedXml, match="document type"):
        parser(with_document_type(f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]>', "&l11;"))


@every_parser
def test_an_external_entity_is_not_read(parser: Callable[[bytes], Any], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("60")
    with pytest.raises(MalformedXml, match="document type"):
        parser(with_document_type(f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'))


@every_parser
def test_an_external_document_type_is_not_fetched(parser: Callable[[bytes], Any]) -> None:
    with pytest.raises(MalformedXml, match="document type"):
        parser(with_document_type('<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd">', "60"))


@every_parser
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_a_document_type_can_not_hide_in_another_encoding(parser: Callable[[bytes], Any], encoding: str) -> None:
    text = with_document_type('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x "60">]>').decode()
    with pytest.raises(MalformedXml):
        parser(text.encode(encoding))


@every_parser
def test_an_undeclared_entity_is_refused(parser: Callable[[bytes], Any]) -> None:
    with pytest.raises(MalformedXml, match="well-formed"):
        parser(UNSIGNED.replace(b">60<", b">&x;<"))


@every_parser
def test_a_body_of_50_megabytes_is_refused_by_its_size(parser: Callable[[bytes], Any]) -> None:
    with pytest.raises(MalformedXml, match=f"at most {MAX_OCTETS} octets"):
        parser(UNSIGNED.replace(b">60<", b">" + b"6" * 50_000_000 + b"<"))


@every_parser
@pytest.mark.parametrize("depth", [MAX_DEPTH, 250, 5_000, 100_000])
def test_deep_nesting_is_refused(parser: Callable[[bytes], Any], depth: int) -> None:
    inside = b"<sr:a>" * depth + b"</sr:a>" * depth
    with pytest.raises(MalformedXml):
        parser(UNSIGNED.replace(b"<sr:Body>", b"<sr:Body>" + inside))


@pytest.mark.parametrize("number", ["-1", "65536", "9" * 19, "9" * 5_000, "-" + "9" * 5_000, "1e3", "0x10", "NaN", "٣"])
def test_negative_and_huge_numbers_are_refused_by_name(number: str) -> None:
    with pytest.raises(SchemaViolation, match="Duration"):
        decode_request(UNSIGNED.replace(b">60<", f">{number}<".encode()))


@pytest.mark.parametrize("counter", ["-1", "18446744073709551616", "9" * 5_000, "01", "1.0", ""])
def test_negative_and_huge_counters_are_refused_by_name(counter: str) -> None:
    with pytest.raises(SchemaViolation, match="RequestID"):
        decode_request(UNSIGNED.replace(b":1001<", f":{counter}<".encode()))


@pytest.mark.parametrize("year", ["0000", "-0001", "10000", "99999", "9" * 5_000])
def test_years_that_no_computer_holds_are_refused(year: str) -> None:
    with pytest.raises(RemoteProtocolError, match="ResponseDateTime"):
        decode_response(encode_response(RESPONSE).replace(b">2026-", f">{year}-".encode()))


def test_very_many_elements_are_refused_with_a_short_list() -> None:
    with pytest.raises(SchemaViolation) as refusal:
        decode_request(
            UNSIGNED.replace(b"</sr:Duration>", b"</sr:Duration>" + b"<sr:Duration>1</sr:Duration>" * 20_000)
        )
    assert len(refusal.value.issues) <= 50


def test_every_problem_is_reported_at_once() -> None:
    data = UNSIGNED.replace(b'index="3"', b'index="7"').replace(b">60<", b">x<").replace(b">4<", b">0<")
    with pytest.raises(SchemaViolation) as refusal:
        decode_request(data)
    assert [issue.where for issue in refusal.value.issues] == [
        "/Request/Header/CommandVariant",
        "/Request/Body/DeactivateAuxiliaryLoad/DeactivateALCSHCALCS/@index",
        "/Request/Body/DeactivateAuxiliaryLoad/DeactivateALCSHCALCS/Duration",
    ]


def test_an_element_of_another_namespace_is_not_taken_for_ours() -> None:
    with pytest.raises(SchemaViolation, match="urn:x"):
        decode_request(UNSIGNED.replace(SR.encode(), b"urn:x"))
    mixed = UNSIGNED.replace(b"<sr:Duration>", b'<x:Duration xmlns:x="urn:x">').replace(b"</sr:Dur", b"</x:Dur")
    with pytest.raises(SchemaViolation, match="Duration"):
        decode_request(mixed)


@every_parser
@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"\xef\xbb\xbf")
@example(data=b"\x00")
def test_any_bytes_give_a_value_or_a_remote_fault(parser: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parser(data)


@every_parser
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_to_a_message_gives_a_value_or_a_remote_fault(
    parser: Callable[[bytes], Any], data: st.DataObject
) -> None:
    message = bytearray(
        data.draw(st.sampled_from([SIGNED_REQUEST, SIGNED_RESPONSE, UNSIGNED, encode_response(RESPONSE)]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message) - 1))
        end = min(len(message), at + data.draw(st.sampled_from([0, 1, 1, 7, 80])))
        message[at:end] = data.draw(
            st.sampled_from([b"", b"<", b">", b"&", b'"', b"\x00", b"\xff", b"9", b"]]>", b"<!--"])
        )
    try:
        parser(bytes(message))
    except RemoteProtocolError as error:
        assert error.what  # noqa: PT017 - refused is as good as read; any other exception is not


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_damage_to_a_signed_request_changes_what_is_read(data: st.DataObject) -> None:
    """Whatever is done to the bytes: what comes out verified is the request that was signed."""
    message = bytearray(SIGNED_REQUEST)
    at = data.draw(st.integers(0, len(message) - 1))
    message[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        assert read_request(bytes(message), trust=TRUST, at=NOW).value == REQUEST
    except RemoteProtocolError as error:
        assert error.what  # noqa: PT017 - the usual outcome
