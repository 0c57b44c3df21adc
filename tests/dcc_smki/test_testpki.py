"""The test key infrastructure: the same seed gives the same world, and everything in it follows the SMKI profile."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import (
    BadSignature,
    Certificate,
    KeySigner,
    KeyUsage,
    Role,
    TestPki,
    TrustStore,
    UnknownCertificate,
    Untrusted,
    Verified,
    verify_signed,
)

FROM, TO = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
USER, METER = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("00-DB-12-34-56-78-90-A0")
DS, KA = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT


PKI = TestPki("seed", FROM, TO)


@pytest.fixture(scope="module")
def pki() -> TestPki:
    return TestPki("seed", FROM, TO)


def test_same_seed_gives_the_same_certificates_and_signatures(pki: TestPki) -> None:
    other = TestPki("seed", FROM, TO)
    assert other.certificate(USER, Role.XML_SIGNING, DS).der == pki.certificate(USER, Role.XML_SIGNING, DS).der
    assert other.signer(METER, None).sign(b"x") == pki.signer(METER, None).sign(b"x")


def test_another_seed_eui_role_or_use_gives_another_key(pki: TestPki) -> None:
    keys = {
        pki.certificate(USER, Role.XML_SIGNING, DS).der,
        pki.certificate(USER, Role.NETWORK_OPERATOR, DS).der,
        pki.certificate(USER, Role.NETWORK_OPERATOR, KA).der,
        pki.certificate(METER, Role.NETWORK_OPERATOR, KA).der,
        TestPki("other", FROM, TO).certificate(USER, Role.XML_SIGNING, DS).der,
    }
    assert len({Certificate.from_der(k).public_key.public_numbers() for k in keys}) == 5


def test_leaf_shows_the_eui_role_and_use_it_was_issued_for(pki: TestPki) -> None:
    leaf = pki.certificate(USER, Role.NETWORK_OPERATOR, KA)
    assert (leaf.eui, leaf.role, leaf.usage) == (USER, Role.NETWORK_OPERATOR, KA)
    assert (leaf.not_before, leaf.not_after) == (FROM, TO)


def test_device_certificate_has_no_subject_and_never_ends(pki: TestPki) -> None:
    leaf = pki.certificate(METER, None, DS)
    assert x509.load_der_x509_certificate(leaf.der).subject == x509.Name([])
    assert (leaf.eui, leaf.role, leaf.not_after.year) == (METER, None, 9999)


@pytest.mark.parametrize("role", [None, Role.SUPPLIER])
def test_every_leaf_descends_from_the_root(pki: TestPki, role: Role | None) -> None:
    store = TrustStore([pki.certificate(METER, role, DS)], roots=[pki.root], issuers=pki.authorities()[1:])
    assert len(store) == 1


def test_a_leaf_of_another_pki_is_not_trusted(pki: TestPki) -> None:
    stranger = TestPki("other", FROM, TO).certificate(METER, None, DS)
    with pytest.raises(Untrusted, match="descend"):
        TrustStore([stranger], roots=[pki.root], issuers=pki.authorities()[1:])


def test_agreement_gives_both_sides_the_same_secret(pki: TestPki) -> None:
    user, meter = pki.agreer(USER, Role.SUPPLIER), pki.agreer(METER, None)
    secret = user.shared_secret(meter.certificate)
    assert secret == meter.shared_secret(user.certificate)
    assert len(secret) == 32


def test_agreement_with_a_signing_certificate_is_refused(pki: TestPki) -> None:
    with pytest.raises(LocalProtocolError, match="KA"):
        pki.agreer(USER, Role.SUPPLIER).shared_secret(pki.certificate(METER, None, DS))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_what_a_signer_signs_its_certificate_verifies(data: bytes) -> None:
    signer = PKI.signer(METER, None)
    signature = signer.sign(data)
    assert len(signature) == 64
    assert signer.certificate.verify(data, signature)
    assert not signer.certificate.verify(data + b"x", signature)


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\xff" * 64, b"\x30" * 70])
def test_a_malformed_signature_does_not_verify(pki: TestPki, signature: bytes) -> None:
    assert not pki.certificate(METER, None, DS).verify(b"data", signature)


def test_a_key_agreement_certificate_verifies_no_signature(pki: TestPki) -> None:
    assert not pki.certificate(METER, None, KA).verify(b"data", pki.signer(METER, None).sign(b"data"))


def test_a_key_that_does_not_belong_to_the_certificate_is_refused(pki: TestPki) -> None:
    with pytest.raises(LocalProtocolError, match="belong"):
        KeySigner(pki.private_key(USER, None, DS), pki.certificate(METER, None, DS))


def test_a_signer_neither_prints_nor_pickles_its_key(pki: TestPki) -> None:
    signer = pki.signer(METER, None)
    assert repr(signer) == f"KeySigner({METER}, serial={signer.certificate.serial})"
    with pytest.raises(LocalProtocolError, match="pickled"):
        pickle.dumps(signer)


def test_verified_is_built_by_verification_only(pki: TestPki) -> None:
    signer = pki.signer(METER, None)
    with pytest.raises(LocalProtocolError):
        Verified(object(), "value", signer.certificate, b"raw")
    good = verify_signed(
        signer=signer.certificate, signed=b"data", signature=signer.sign(b"data"), raw=b"raw", decode=lambda: 1
    )
    assert (good.value, good.signer, good.raw) == (1, signer.certificate, b"raw")


def test_nothing_is_decoded_when_the_signature_is_bad(pki: TestPki) -> None:
    def decode() -> int:
        raise AssertionError("decoded before it was verified")

    with pytest.raises(BadSignature):
        verify_signed(
            signer=pki.certificate(METER, None, DS), signed=b"data", signature=b"\x01" * 64, raw=b"raw", decode=decode
        )


class TestTrustStore:
    def test_finds_by_eui_use_and_role(self, pki: TestPki) -> None:
        wanted = pki.certificate(USER, Role.NETWORK_OPERATOR, DS)
        store = TrustStore([wanted, pki.certificate(USER, Role.XML_SIGNING, DS), pki.certificate(METER, None, DS)])
        assert store.find(USER, DS, at=NOW, role=Role.NETWORK_OPERATOR) is wanted
        assert store.by_serial(wanted.serial) is wanted

    def test_without_a_role_an_xml_signing_certificate_is_never_the_answer(self, pki: TestPki) -> None:
        store = TrustStore([pki.certificate(USER, Role.XML_SIGNING, DS)])
        with pytest.raises(UnknownCertificate):
            store.find(USER, DS, at=NOW)

    def test_refuses_a_certificate_that_is_not_valid_then(self, pki: TestPki) -> None:
        store = TrustStore([pki.certificate(USER, Role.SUPPLIER, DS)])
        with pytest.raises(UnknownCertificate, match="2027-01-02"):
            store.find(USER, DS, at=datetime(2027, 1, 2, tzinfo=UTC))

    def test_prefers_the_longest_validity_whatever_the_order(self, pki: TestPki) -> None:
        longer = TestPki("longer", FROM, datetime(2030, 1, 1, tzinfo=UTC)).certificate(USER, Role.SUPPLIER, DS)
        shorter = pki.certificate(USER, Role.SUPPLIER, DS)
        for order in ([longer, shorter], [shorter, longer]):
            assert TrustStore(order).candidates(USER, DS, at=NOW) == (longer, shorter)

    def test_adding_gives_a_new_store_and_leaves_the_old_one_alone(self, pki: TestPki) -> None:
        empty = TrustStore()
        added = empty.with_([pki.certificate(METER, None, DS)])
        assert (len(empty), len(added)) == (0, 1)
        assert added.find(METER, DS, at=NOW).eui == METER

    def test_an_unknown_serial_is_named(self) -> None:
        with pytest.raises(UnknownCertificate, match="serial 17"):
            TrustStore().by_serial(17)

    def test_two_certificates_with_one_serial_are_refused(self, pki: TestPki) -> None:
        cert = pki.certificate(METER, None, DS)
        twin = replace(pki.certificate(METER, None, KA), serial=cert.serial)
        assert len(TrustStore([cert, cert])) == 1
        with pytest.raises(LocalProtocolError, match="unique"):
            TrustStore([cert, twin])
