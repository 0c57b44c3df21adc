"""The signature profile: what we sign is read back, and every departure from the profile is refused."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import (
    MalformedXml,
    ServiceRequest,
    Unsigned,
    canonical_unsigned,
    encode_request,
    encode_response,
    read_request,
    read_response,
    read_synchronous_reply,
    sign,
)
from linkbox.dcc.duis.answer import encode_by_shape, response_from
from linkbox.dcc.duis.plainreply import match_plain, read_plain
from linkbox.dcc.duis.response import Acknowledgement, GbcsPayload, PreCommand, ResponseBody, ServiceResponse
from linkbox.dcc.duis.xmltext import inclusive, parse
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.smki import BadSignature, TrustStore, UnknownCertificate, Verified
from tests.dcc_duis.samples import (
    DSP_SIGNER,
    GBCS_SIGNER,
    NOW,
    OTHER_SIGNER,
    REQUEST,
    RESPONSE,
    SIGNED_REQUEST,
    SIGNED_RESPONSE,
    TRUST,
    USER_SIGNER,
)


def read(data: bytes) -> Verified[ServiceRequest]:
    return read_request(data, trust=TRUST, at=NOW)


def test_a_signed_request_is_read_back_with_its_signer() -> None:
    verified = read(SIGNED_REQUEST)
    assert (verified.value, verified.signer, verified.raw) == (REQUEST, USER_SIGNER.certificate, SIGNED_REQUEST)


def test_a_signed_response_is_read_back_with_its_signer() -> None:
    verified = read_response(SIGNED_RESPONSE, trust=TRUST, at=NOW)
    assert (verified.value, verified.signer) == (RESPONSE, DSP_SIGNER.certificate)


def test_signing_twice_gives_the_same_bytes() -> None:
    assert sign(encode_request(REQUEST), USER_SIGNER) == SIGNED_REQUEST


def test_the_unsigned_request_is_the_signed_one_without_its_signature() -> None:
    assert canonical_unsigned(SIGNED_REQUEST) == encode_request(REQUEST)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<sr:Duration>60<", b"<sr:Duration>61<"),
        (b'index="3"', b'index="2"'),
        (b":1001<", b":1002<"),
        (b"<sr:Body>", b"<sr:Body> "),
        (b'schemaVersion="5.4"', b'schemaVersion="5.1"'),
    ],
)
def test_any_change_to_the_signed_content_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(BadSignature, match="digest"):
        read(SIGNED_REQUEST.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"),
        (b"ecdsa-sha256", b"ecdsa-sha1"),
        (b"xmlenc#sha256", b"xmldsig-more#sha384"),
        (b"#enveloped-signature", b"#base64"),
        (b'URI=""', b'URI="#body"'),
        (b'<ds:Reference URI="">', b'<ds:Reference URI="" Id="r">'),
        (b"<ds:SignedInfo>", b'<ds:SignedInfo Id="s">'),
        (b"<ds:KeyInfo>", b'<ds:KeyInfo Id="k">'),
        (b"</ds:Transforms>", b'<ds:Transform Algorithm="x"></ds:Transform></ds:Transforms>'),
        (b"<ds:X509SerialNumber>", b"<ds:X509SerialNumber>-"),
        (b"<ds:X509SerialNumber>", b"<ds:X509SerialNumber>" + b"9" * 60),
        (b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object></ds:Object>"),
        (b"<ds:X509Data>", b"<ds:X509Data>text"),
    ],
)
def test_any_departure_from_the_profile_is_refused(old: bytes, new: bytes) -> None:
    changed = SIGNED_REQUEST.replace(old, new, 1)
    assert changed != SIGNED_REQUEST
    with pytest.raises(BadSignature):
        read(changed)


def test_a_der_signature_is_refused() -> None:
    start, end = b"<ds:SignatureValue>", b"</ds:SignatureValue>"
    value = SIGNED_REQUEST.split(start)[1].split(end)[0]
    raw = base64.b64decode(value)
    der = base64.b64encode(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))
    with pytest.raises(BadSignature, match="64 octets"):
        read(SIGNED_REQUEST.replace(value, der))


def test_a_message_that_was_indented_after_signing_is_refused() -> None:
    with pytest.raises(BadSignature, match="digest"):
        read(SIGNED_REQUEST.replace(b"><sr:", b">\n  <sr:"))


def test_a_message_with_spare_namespaces_verifies_when_its_digest_is_inclusive() -> None:
    spare = encode_request(REQUEST).replace(b" schemaVersion", b' xmlns:xsi="urn:spare" schemaVersion', 1)
    assert read(sign(spare, USER_SIGNER)).value == REQUEST


def test_a_digest_by_exclusive_canonicalisation_is_refused_when_namespaces_are_spare() -> None:
    spare = SIGNED_REQUEST.replace(b" schemaVersion", b' xmlns:xsi="urn:spare" schemaVersion', 1)
    with pytest.raises(BadSignature, match="digest"):  # the exclusive form of both is the same
        read(spare)


def test_a_request_must_be_signed_by_its_originator() -> None:
    with pytest.raises(BadSignature, match="originator"):
        read(sign(encode_request(REQUEST), OTHER_SIGNER))


def test_a_request_must_be_signed_with_an_xml_signing_certificate() -> None:
    with pytest.raises(BadSignature, match="role"):
        read(sign(encode_request(REQUEST), GBCS_SIGNER))


def test_a_response_signed_by_a_user_is_refused() -> None:
    unsigned = canonical_unsigned(SIGNED_RESPONSE)
    with pytest.raises(BadSignature, match="role 89"):
        read_response(sign(unsigned, USER_SIGNER), trust=TRUST, at=NOW)


def test_a_certificate_that_is_not_valid_then_is_refused() -> None:
    with pytest.raises(BadSignature, match="valid at 2027-01-02"):
        read_request(SIGNED_REQUEST, trust=TRUST, at=datetime(2027, 1, 2, tzinfo=UTC))


def test_an_unknown_certificate_is_refused() -> None:
    with pytest.raises(UnknownCertificate):
        read_request(SIGNED_REQUEST, trust=TrustStore(), at=NOW)


def test_another_issuer_name_is_refused() -> None:
    with pytest.raises(BadSignature, match="issued by"):
        read(SIGNED_REQUEST.replace(b"<ds:X509IssuerName>CN=Linkbox", b"<ds:X509IssuerName>CN=Else"))


def test_blanks_in_the_issuer_name_make_no_difference() -> None:
    assert read(SIGNED_REQUEST.replace(b",OU=07<", b", OU=07<")).value == REQUEST


def test_an_unsigned_request_is_refused() -> None:
    with pytest.raises(Unsigned):
        read(encode_request(REQUEST))


def test_an_unsigned_reply_is_tolerated_on_the_synchronous_leg_and_is_not_verified() -> None:
    unsigned = canonical_unsigned(SIGNED_RESPONSE)
    assert read_synchronous_reply(unsigned, trust=TRUST, at=NOW) == RESPONSE
    with pytest.raises(Unsigned):
        read_response(unsigned, trust=TRUST, at=NOW)


def test_a_signed_reply_is_verified_on_the_synchronous_leg_too() -> None:
    reply = read_synchronous_reply(SIGNED_RESPONSE, trust=TRUST, at=NOW)
    assert isinstance(reply, Verified)
    with pytest.raises(BadSignature):
        read_synchronous_reply(SIGNED_RESPONSE.replace(b":1001<", b":1002<"), trust=TRUST, at=NOW)


def wrapped(signature_first: bool) -> bytes:
    """A forged request around a rightly signed one, as signature wrapping does it."""
    evil = encode_request(
        ServiceRequest(
            request_id=RequestId(REQUEST.request_id.originator, REQUEST.request_id.target, 9999),
            command_variant=4,
            srv="7.6",
            body=REQUEST.body,
        )
    )
    body_end = b"</sr:Body></sr:Request>"
    if signature_first:
        return evil.replace(body_end, SIGNED_REQUEST + body_end)
    signature = SIGNED_REQUEST[SIGNED_REQUEST.index(b"<ds:Signature") : -len(b"</sr:Request>")]
    hidden = signature.replace(b"</ds:Signature>", b"<ds:Object>" + SIGNED_REQUEST + b"</ds:Object></ds:Signature>")
    return evil.replace(b"</sr:Request>", hidden + b"</sr:Request>")


@pytest.mark.parametrize("signature_first", [True, False])
def test_signature_wrapping_is_refused(signature_first: bool) -> None:
    with pytest.raises(BadSignature):
        read(wrapped(signature_first))


def test_two_signatures_are_refused() -> None:
    signature = SIGNED_REQUEST[SIGNED_REQUEST.index(b"<ds:Signature") : -len(b"</sr:Request>")]
    with pytest.raises(BadSignature, match="exactly one"):
        read(SIGNED_REQUEST.replace(b"</sr:Request>", signature + b"</sr:Request>"))


def test_a_signature_that_is_not_the_last_child_is_refused() -> None:
    signature = SIGNED_REQUEST[SIGNED_REQUEST.index(b"<ds:Signature") : -len(b"</sr:Request>")]
    moved = SIGNED_REQUEST.replace(signature, b"").replace(b"<sr:Body>", signature + b"<sr:Body>")
    with pytest.raises(BadSignature, match="last child"):
        read(moved)


def test_a_comment_does_not_change_what_is_read() -> None:
    """Canonical XML drops comments: the text around one must be read as one, or another value would be covered."""
    assert read(SIGNED_REQUEST.replace(b">60<", b">6<!-- -->0<")).value == REQUEST


def test_a_processing_instruction_is_refused() -> None:
    with pytest.raises(MalformedXml, match="processing instruction"):
        read(SIGNED_REQUEST.replace(b">60<", b">6<?x y?>0<"))


@pytest.mark.parametrize("data", [b"", b"<a/>", encode_request(REQUEST) + b" ", SIGNED_REQUEST])
def test_only_a_canonical_unsigned_message_is_signed(data: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="canonical"):
        sign(data, USER_SIGNER)


def test_every_cut_of_a_signed_message_is_refused() -> None:
    for end in range(0, len(SIGNED_REQUEST), 7):
        with pytest.raises(RemoteProtocolError):
            read(SIGNED_REQUEST[:end])


def spaced(data: bytes) -> bytes:
    """The same message with blanks inside the Signature, which are not signed: it can not be cut as text."""
    return data.replace(b"<ds:KeyInfo>", b" <ds:KeyInfo> ")


def test_a_signature_with_blanks_between_its_elements_is_read_as_well() -> None:
    assert read(spaced(SIGNED_REQUEST)).value == REQUEST
    assert read_response(spaced(SIGNED_RESPONSE), trust=TRUST, at=NOW).value == RESPONSE


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_both_ways_of_opening_a_message_give_the_same_verdict(data: st.DataObject) -> None:
    """Damage outside the Signature is judged the same, whether the message is cut as text or taken apart."""
    message = data.draw(st.sampled_from([SIGNED_REQUEST, SIGNED_RESPONSE, BOXED_RESPONSE]))
    at = data.draw(st.integers(0, message.index(b"<ds:Signature") - 1))
    damaged = bytearray(message)
    damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from([b"", b" ", b"<!---->", b"1", b"<a/>", b"&"])
    )

    def verdict(read_as: bytes) -> object:
        try:
            if message is SIGNED_REQUEST:
                return read_request(read_as, trust=TRUST, at=NOW).value
            return read_response(read_as, trust=TRUST, at=NOW).value
        except RemoteProtocolError as error:
            return type(error)

    assert verdict(bytes(damaged)) == verdict(spaced(bytes(damaged)))


BOXED = b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
SPARE = b' xmlns:ns3="http://www.w3.org/2000/09/xmldsig#" xmlns:ra="http://www.dccinterface.co.uk/ResponseAndAlert"'


def as_boxed(response: bytes) -> bytes:
    """``response`` signed and laid out as DCC Boxed does it: the digest is over the canonical form, not over this."""
    name = b' xmlns:sr="http://www.dccinterface.co.uk/ServiceUserGateway"'
    signed = sign(response.replace(name, SPARE + name, 1), DSP_SIGNER)
    return BOXED + signed.replace(SPARE + name, name + SPARE, 1)


BOXED_RESPONSE = as_boxed(encode_response(RESPONSE))


def test_a_response_as_dcc_boxed_writes_it_is_read_without_a_parser_and_with_one() -> None:
    assert match_plain(BOXED_RESPONSE.split(b"<ds:Signature")[0] + b"</sr:Response>") is not None
    for received in (BOXED_RESPONSE, spaced(BOXED_RESPONSE), BOXED_RESPONSE.replace(b" standalone", b"  standalone")):
        assert read_response(received, trust=TRUST, at=NOW).value == RESPONSE
    with pytest.raises(BadSignature):
        read_response(BOXED_RESPONSE.replace(b":1001<", b":1002<", 1), trust=TRUST, at=NOW)


def test_a_plain_reply_is_read_without_a_parser_as_with_one() -> None:
    bodies: list[ResponseBody] = [
        Acknowledgement(),
        PreCommand(gbcs_version="4.3", payload=b"\x01"),
        GbcsPayload(payload=b""),
    ]
    for body, request_id in itertools.product(bodies, [None, RESPONSE.request_id]):
        data = encode_response(replace(RESPONSE, body=body, request_id=request_id))
        found = match_plain(data)
        assert found is not None
        assert read_plain(found) == response_from(parse(data))


@given(
    body=st.one_of(
        st.just(Acknowledgement()),
        st.builds(GbcsPayload, payload=st.binary(max_size=40)),
        st.builds(PreCommand, payload=st.binary(max_size=40), gbcs_version=st.sampled_from(["4.3", "", "4<3", " 4.3"])),
    ),
    code=st.sampled_from(["I0", "I99", "E19", "X1"]),
    at=st.datetimes(timezones=st.just(UTC)),
    srv=st.sampled_from(["7.6", "8.7.1", "1.9.9", None]),
    version=st.sampled_from(["5.1", "5.4", "1.0"]),
    asked=st.booleans(),
    answered=st.booleans(),
)
def test_a_plain_reply_is_written_as_by_its_shape(
    body: ResponseBody, code: str, at: datetime, srv: str | None, version: str, asked: bool, answered: bool
) -> None:
    response = ServiceResponse(
        request_id=RESPONSE.request_id if asked else None,
        response_id=RESPONSE.response_id if answered else None,
        response_code=code,
        response_at=at,
        srv=srv,
        body=body,
        schema_version=version,
    )

    def written(write: Callable[[ServiceResponse], bytes]) -> bytes | str:
        try:
            return write(response)
        except LocalProtocolError as error:
            return str(error)

    assert written(encode_response) == written(encode_by_shape)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_damaged_plain_reply_is_never_read_otherwise_than_by_the_full_reader(data: st.DataObject) -> None:
    body = data.draw(
        st.sampled_from([Acknowledgement(), PreCommand(gbcs_version="4.3", payload=b"\x01\x02"), RESPONSE.body])
    )
    message = bytearray(encode_response(replace(RESPONSE, body=body)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message) - 1))
        message[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"0", b"9", b"A", b"=", b"-", b"."])
        )
    found = match_plain(bytes(message))
    plain = None if found is None else read_plain(found)
    if plain is not None:
        assert plain == response_from(parse(bytes(message)))
        assert inclusive(parse(bytes(message))) == message
