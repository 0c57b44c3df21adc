"""Certificates are read as the SMKI profile says; expected values come from openssl and the reference's tables."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki import Authority, Certificate, InvalidCertificate, KeyUsage, Role, TestPki
from tests.dcc_smki.places import vectors

ED = Eui64("90-B3-D5-1F-30-02-00-00")
PKI = TestPki("certificates", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

# file, EUI, role, usage, serial (openssl x509 -text), last day of validity
PUBLISHED = [
    ("xml-sign-90B3D51F30020000-ds", ED, Role.XML_SIGNING, "DS", 40938316298935008147424226388667426413, 2118),
    (
        "Z1-accessControlBroker-dSPXmlSign",
        Eui64("90-B3-D5-1F-30-00-00-02"),
        Role.DSP_XML_SIGNING,
        "DS",
        20315062944123339095836004026371736578,
        2035,
    ),
    ("90b3d51f30020000-ka", ED, Role.NETWORK_OPERATOR, "KA", 0x4BF733EEB936F53B7F91DC9B7F63DCFD, 2025),
    ("90b3d51f30010008-ds", Eui64("90-B3-D5-1F-30-01-00-08"), Role.LOAD_CONTROLLER, "DS", None, 2118),
    ("00db1234567890a0-ds", Eui64("00-DB-12-34-56-78-90-A0"), None, "DS", 0x30398236744D9DA0E57F8D74AE041FCD, 9999),
]


@pytest.mark.parametrize(("stem", "eui", "role", "usage", "serial", "last_year"), PUBLISHED)
def test_published_certificate_shows_its_holder_role_use_and_validity(
    stem: str, eui: Eui64, role: Role | None, usage: str, serial: int | None, last_year: int
) -> None:
    cert = Certificate.from_pem((vectors("certificates") / f"{stem}.pem").read_bytes())
    assert (cert.eui, cert.role, cert.usage, cert.not_after.year) == (eui, role, usage, last_year)
    assert serial is None or cert.serial == serial


def test_every_published_certificate_is_readable() -> None:
    files = sorted(vectors("certificates").glob("*.pem"))
    certs = [Certificate.from_pem(f.read_bytes()) for f in files]
    print(f"{len(certs)} of {len(files)} published certificates read")  # noqa: T201 - the count is to be seen
    assert len(certs) == 22


def test_a_role_written_in_decimal_by_mistake_is_read_as_what_was_meant() -> None:
    pem = (vectors("certificates") / "dsp-xml-sign-90B3D51F30000002-ds-pre-1.4.1.pem").read_bytes()
    assert Certificate.from_pem(pem).role is Role.DSP_XML_SIGNING


def test_issuer_is_written_as_the_signature_profile_wants_it() -> None:
    pem = (vectors("certificates") / "xml-sign-90B3D51F30020000-ds.pem").read_bytes()
    assert Certificate.from_pem(pem).issuer == "CN=Z1,OU=07"


def test_both_ends_of_the_validity_period_are_valid_and_nothing_beyond() -> None:
    cert = PKI.certificate(ED, Role.XML_SIGNING, KeyUsage.DIGITAL_SIGNATURE)
    second = timedelta(seconds=1)
    assert cert.valid_at(cert.not_before)
    assert cert.valid_at(cert.not_after)
    assert not cert.valid_at(cert.not_before - second)
    assert not cert.valid_at(cert.not_after + second)


def test_certificate_survives_copy_and_pickle() -> None:
    cert = PKI.certificate(ED, None, KeyUsage.KEY_AGREEMENT)
    assert copy.deepcopy(cert) == cert
    assert pickle.loads(pickle.dumps(cert)) == cert  # noqa: S301 - our own bytes


def test_an_authority_is_no_end_entity() -> None:
    with pytest.raises(InvalidCertificate, match="keyUsage"):
        Certificate.from_der(PKI.root.der)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_as_a_remote_fault(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Certificate.from_der(data)


@pytest.mark.parametrize("read", [Certificate.from_der, Authority.from_der])
@given(st.data())
def test_a_damaged_certificate_is_read_or_refused_and_never_crashes(
    read: Callable[[bytes], object], data: st.DataObject
) -> None:
    leaf = PKI.certificate(ED, Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    der = bytearray(data.draw(st.sampled_from([leaf.der, PKI.root.der])))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(der))
    except RemoteProtocolError as error:
        assert error.rule  # noqa: PT017 - both outcomes are right, a third is not


def test_a_leaf_is_no_authority() -> None:
    with pytest.raises(InvalidCertificate):
        Authority.from_der(PKI.certificate(ED, Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE).der)


@pytest.mark.parametrize(
    ("text", "role"), [("87", Role.XML_SIGNING), ("03", Role.NETWORK_OPERATOR), ("127", Role.OTHER)]
)
def test_a_role_is_two_hex_digits_or_three_decimal_ones(text: str, role: Role) -> None:
    assert Role.from_ou(text) is role


@pytest.mark.parametrize("text", ["", "3", " 3", "+3", "٠٣", "0x3", "99", "1_0"])
def test_a_text_that_names_no_role_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[Rr]ole|literal"):
        Role.from_ou(text)
