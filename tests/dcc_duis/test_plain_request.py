"""Requests that switch load are read without a parser as with one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.dcc.duis import ServiceRequest, decode_request, encode_request, read_request, sign
from linkbox.dcc.duis.bodies import ActivateAuxiliaryLoad, DeactivateAuxiliaryLoad, SignedPreCommand
from linkbox.dcc.duis.plainrequest import match_plain_request, read_plain_request
from linkbox.dcc.duis.request import request_from
from linkbox.dcc.duis.xmltext import inclusive, parse
from tests.dcc_duis.samples import NOW, REQUEST, SIGNED_REQUEST, TRUST, USER_SIGNER
from tests.dcc_duis.test_values import requests

PLAIN = (ActivateAuxiliaryLoad, DeactivateAuxiliaryLoad, SignedPreCommand)


@given(requests)
def test_a_plain_request_is_read_as_with_the_parser(request: ServiceRequest) -> None:
    data = encode_request(request)
    found = match_plain_request(data)
    plain_body = isinstance(request.body, PLAIN) and getattr(request.body, "execution_at", None) is None
    assert (found is not None) == plain_body
    if found is not None:
        assert inclusive(parse(data)) == data
        assert read_plain_request(found) == request == decode_request(data)


UNSIGNED = encode_request(REQUEST)
SECOND = encode_request(
    ServiceRequest(
        request_id=REQUEST.request_id, command_variant=5, srv="7.6", body=SignedPreCommand(payload=bytes(range(133)))
    )
)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_damaged_plain_request_is_never_read_otherwise_than_by_the_full_reader(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from([UNSIGNED, SECOND])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message) - 1))
        message[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"0", b"6", b":", b"=", b".", b"<", b" ", b"9"])
        )
    found = match_plain_request(bytes(message))
    plain = None if found is None else read_plain_request(found)
    if plain is not None:
        assert plain == request_from(parse(bytes(message)))
        assert inclusive(parse(bytes(message))) == bytes(message)


@pytest.mark.parametrize(
    ("change", "into"),
    [
        (b">60<", b">65536<"),
        (b">60<", b">060<"),
        (b'"5.4"', b'"5.9"'),
        (b'"5.4"', b'"5.40"'),
        (b"<sr:ServiceReference>7.6<", b"<sr:ServiceReference>7.5<"),
        (b"<sr:CommandVariant>4<", b"<sr:CommandVariant>1<"),
        (b"<sr:ServiceReferenceVariant>7.6<", b"<sr:ServiceReferenceVariant>7.66<"),
        (b":1001<", b":01001<"),
    ],
)
def test_what_is_wrong_or_unusual_is_left_to_the_full_reader(change: bytes, into: bytes) -> None:
    assert change in UNSIGNED
    found = match_plain_request(UNSIGNED.replace(change, into))
    assert found is None or read_plain_request(found) is None


def test_a_signed_plain_request_verifies_and_is_read() -> None:
    assert read_request(SIGNED_REQUEST, trust=TRUST, at=NOW).value == REQUEST
    assert read_request(sign(SECOND, USER_SIGNER), trust=TRUST, at=NOW).value == decode_request(SECOND)
