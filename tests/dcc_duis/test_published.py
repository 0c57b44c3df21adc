"""What DCC published: request templates are rebuilt, sample responses get the documented verdict."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from linkbox.dcc.duis import (
    ServiceResponse,
    Unsigned,
    canonical_unsigned,
    decode_request,
    decode_response,
    encode_request,
    read_response,
    read_synchronous_reply,
)
from linkbox.dcc.duis.document import SchemaViolation
from linkbox.dcc.duis.response import Acknowledgement, DspInventory, GbcsPayload
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki import BadSignature, Certificate, TrustStore, UnknownCertificate
from tests.dcc_smki.places import vectors

AT = datetime(2026, 1, 1, tzinfo=UTC)


def published_trust() -> TrustStore:
    return TrustStore(Certificate.from_pem(f.read_bytes()) for f in vectors("certificates").glob("*.pem"))


def sample(name: str) -> bytes:
    return (vectors("duis-responses") / name).read_bytes()


def read(name: str) -> ServiceResponse:
    return read_response(sample(name), trust=published_trust(), at=AT).value


@pytest.mark.parametrize(
    ("name", "srv", "body"),
    [
        ("readfw-response.xml", "11.2", GbcsPayload),
        ("readfw-response-resigned.xml", "11.2", GbcsPayload),
        ("read-inventory-response-4g.xml", "8.2", DspInventory),
        ("read-inventory-response-5.4.xml", "8.2", DspInventory),
    ],
)
def test_a_good_sample_response_verifies(name: str, srv: str, body: type[object]) -> None:
    response = read(name)
    assert (response.srv, type(response.body), response.response_code) == (srv, body, "I0")


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("readfw-response-badsignature.xml", BadSignature),
        ("readfw-response-nonexist-serial.xml", UnknownCertificate),
        ("readfw-response-no-serial.xml", BadSignature),
        ("readfw-response-no-signature.xml", Unsigned),
        ("readfw-response-invalid.xml", BadSignature),
        ("acknowledgement-error.xml", Unsigned),
    ],
)
def test_a_broken_sample_response_is_refused_for_what_is_broken(name: str, refusal: type[RemoteProtocolError]) -> None:
    with pytest.raises(refusal):
        read(name)


def test_the_schema_invalid_sample_is_refused_by_the_schema_too() -> None:
    with pytest.raises(SchemaViolation, match=r"11\.2\.11\.2"):
        decode_response(sample("readfw-response-invalid.xml"))


def test_the_unsigned_acknowledgement_is_read_on_the_synchronous_leg() -> None:
    reply = read_synchronous_reply(sample("acknowledgement-error.xml"), trust=published_trust(), at=AT)
    assert isinstance(reply, ServiceResponse)
    assert (reply.response_code, reply.srv, reply.body) == ("E65", "11.2", Acknowledgement())


def test_the_inventory_sample_shows_what_it_says() -> None:
    body = read("read-inventory-response-5.4.xml").body
    assert isinstance(body, DspInventory)
    hub, cad, gpf = body.devices
    assert (hub.device, hub.device_type, hub.status) == ("88-73-84-90-6A-10-02-DB", "CHF", "Commissioned")
    assert (hub.csp_region, hub.connectivity, hub.uprn) == ("4G Central", "Virtual", 123456789012)
    assert (cad.device_type, cad.status, gpf.status) == ("CAD", None, "InstalledNotCommissioned")


def test_every_template_is_decoded_and_rebuilt_equal_in_canonical_form() -> None:
    rebuilt = 0
    for template in sorted(vectors("duis-requests").glob("*.XML")):
        data = template.read_bytes()
        assert encode_request(decode_request(data)) == canonical_unsigned(data), template.name
        rebuilt += 1
    print(f"{rebuilt} request templates rebuilt equal in canonical form")  # noqa: T201 - the count is to be seen
    assert rebuilt == 38
