"""Keys in files: encrypted, readable by their owner only, and refused when anything about them is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import KeyUsage, Role, TestPki, load_signer
from linkbox.dcc.smki.files import encrypted_pkcs8, read_agreer, read_signer, read_trust, stem, write_pki

USER, METER = Eui64("90-B3-D5-1F-30-02-00-00"), Eui64("00-DB-12-34-56-78-90-A0")
PASSWORD = b"correct horse"
DS = KeyUsage.DIGITAL_SIGNATURE


@pytest.fixture
def pki() -> TestPki:
    made = TestPki("files", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    made.signer(USER, Role.XML_SIGNING)
    made.agreer(METER, None)
    return made


def test_a_written_pki_gives_the_same_signers_and_trust(pki: TestPki, tmp_path: Path) -> None:
    write_pki(pki, tmp_path, PASSWORD)
    signer = read_signer(tmp_path, USER, Role.XML_SIGNING, PASSWORD)
    assert signer.sign(b"data") == pki.signer(USER, Role.XML_SIGNING).sign(b"data")
    peer = pki.certificate(USER, Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
    assert read_agreer(tmp_path, METER, None, PASSWORD).shared_secret(peer) == pki.agreer(METER, None).shared_secret(
        peer
    )
    assert set(read_trust(tmp_path)) == {
        pki.certificate(USER, Role.XML_SIGNING, DS),
        pki.certificate(METER, None, KeyUsage.KEY_AGREEMENT),
    }


def test_a_pki_can_be_written_twice(pki: TestPki, tmp_path: Path) -> None:
    write_pki(pki, tmp_path, PASSWORD)
    write_pki(pki, tmp_path, b"another")
    assert read_signer(tmp_path, USER, Role.XML_SIGNING, b"another").certificate.eui == USER


def test_key_files_are_for_their_owner_only(pki: TestPki, tmp_path: Path) -> None:
    write_pki(pki, tmp_path, PASSWORD)
    assert {f.stat().st_mode & 0o777 for f in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_strange_certificate_in_the_folder_is_not_trusted(pki: TestPki, tmp_path: Path) -> None:
    write_pki(pki, tmp_path, PASSWORD)
    stranger = TestPki("stranger", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    strange = stranger.certificate(METER, None, DS)
    (tmp_path / "certificates" / f"{stem(METER, None, DS)}.pem").write_bytes(strange.pem())
    with pytest.raises(Exception, match="descend from a trusted root"):
        read_trust(tmp_path)


def test_a_wrong_password_is_refused_and_not_repeated(pki: TestPki, tmp_path: Path) -> None:
    write_pki(pki, tmp_path, PASSWORD)
    with pytest.raises(LocalProtocolError) as refusal:
        read_signer(tmp_path, USER, Role.XML_SIGNING, b"wrong battery")
    assert "battery" not in str(refusal.value)


def test_an_empty_password_is_refused(pki: TestPki, tmp_path: Path) -> None:
    with pytest.raises(LocalProtocolError, match="empty"):
        write_pki(pki, tmp_path, b"")


def _files(pki: TestPki, folder: Path, key: bytes) -> tuple[Path, Path]:
    (folder / "key").write_bytes(key)
    (folder / "certificate").write_bytes(pki.certificate(USER, Role.XML_SIGNING, DS).der)
    return folder / "key", folder / "certificate"


def test_der_files_are_read_as_well_as_pem(pki: TestPki, tmp_path: Path) -> None:
    key = pki.private_key(USER, Role.XML_SIGNING, DS)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD))
    assert load_signer(*_files(pki, tmp_path, der), PASSWORD).certificate.eui == USER


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_key_in_clear_is_refused(pki: TestPki, tmp_path: Path, encoding: Encoding) -> None:
    clear = pki.private_key(USER, Role.XML_SIGNING, DS).private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(LocalProtocolError, match="encrypted"):
        load_signer(*_files(pki, tmp_path, clear), PASSWORD)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_is_refused(pki: TestPki, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="key file"):
        load_signer(*_files(pki, tmp_path, data), PASSWORD)


def test_a_key_of_another_kind_or_curve_is_refused(pki: TestPki, tmp_path: Path) -> None:
    other_curve = encrypted_pkcs8(ec.generate_private_key(ec.SECP384R1()), PASSWORD)
    other_kind = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD)
    )
    for key in (other_curve, other_kind):
        with pytest.raises(LocalProtocolError, match="P-256"):
            load_signer(*_files(pki, tmp_path, key), PASSWORD)


def test_a_key_of_another_holder_is_refused(pki: TestPki, tmp_path: Path) -> None:
    key = encrypted_pkcs8(ec.generate_private_key(ec.SECP256R1()), PASSWORD)
    with pytest.raises(LocalProtocolError, match="belong"):
        load_signer(*_files(pki, tmp_path, key), PASSWORD)
