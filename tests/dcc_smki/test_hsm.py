"""Keys in a hardware security module, here SoftHSM2: signed there, verified here."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki import HsmSigner, KeyUsage, Role, TestPki

USER = Eui64("90-B3-D5-1F-30-02-00-00")
PKI = TestPki("hsm", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
CERTIFICATE = PKI.certificate(USER, Role.XML_SIGNING, KeyUsage.DIGITAL_SIGNATURE)
TOKEN, KEY, PIN = "linkbox test", "xml-signing", "4711"
_PLACES = ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm", "/usr/lib64")


def _module() -> str | None:
    return next((str(f) for place in _PLACES if (f := Path(place) / "libsofthsm2.so").exists()), None)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The SoftHSM2 library with one token that holds the key."""
    tool, library = shutil.which("softhsm2-util"), _module()
    if tool is None or library is None:
        pytest.skip("SoftHSM2 is not installed (Debian package softhsm2)")
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("the package python-pkcs11 is not installed")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    key = folder / "key.pem"
    private = PKI.private_key(USER, Role.XML_SIGNING, KeyUsage.DIGITAL_SIGNATURE)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        subprocess.run([tool, "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN], check=True)
        subprocess.run(
            [tool, "--import", str(key), "--token", TOKEN, "--label", KEY, "--id", "A1", "--pin", PIN], check=True
        )
        yield library


def test_what_the_module_signs_the_certificate_verifies(module: str) -> None:
    signer = HsmSigner(module=module, token_label=TOKEN, pin=PIN, key_label=KEY, certificate=CERTIFICATE)
    signature = signer.sign(b"data")
    assert len(signature) == 64
    assert CERTIFICATE.verify(b"data", signature)
    signer.close()


@pytest.mark.parametrize(
    "wrong", [{"pin": "0000"}, {"token_label": "another"}, {"key_label": "another"}, {"module": "/nowhere/lib.so"}]
)
def test_a_missing_token_or_key_or_a_wrong_pin_is_refused(module: str, wrong: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError) as refusal:
        HsmSigner(
            **{"module": module, "token_label": TOKEN, "pin": PIN, "key_label": KEY, **wrong}, certificate=CERTIFICATE
        )
    assert PIN not in str(refusal.value)


def test_a_key_of_another_certificate_is_refused(module: str) -> None:
    other = PKI.certificate(USER, Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
    with pytest.raises(LocalProtocolError, match="belong"):
        HsmSigner(module=module, token_label=TOKEN, pin=PIN, key_label=KEY, certificate=other)


def test_two_signers_share_a_token(module: str) -> None:
    first, second = (
        HsmSigner(module=module, token_label=TOKEN, pin=PIN, key_label=KEY, certificate=CERTIFICATE) for _ in range(2)
    )
    assert CERTIFICATE.verify(b"data", first.sign(b"data"))
    assert CERTIFICATE.verify(b"data", second.sign(b"data"))
    first.close()
    second.close()


def test_a_closed_signer_refuses(module: str) -> None:
    signer = HsmSigner(module=module, token_label=TOKEN, pin=PIN, key_label=KEY, certificate=CERTIFICATE)
    signer.close()
    with pytest.raises(LocalProtocolError, match="PKCS#11"):
        signer.sign(b"data")


def test_a_key_agreement_certificate_is_refused() -> None:
    other = PKI.certificate(USER, Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
    with pytest.raises(LocalProtocolError, match="DS"):
        HsmSigner(module="", token_label="", pin="", key_label="", certificate=other)


def test_without_the_package_the_refusal_says_what_to_install() -> None:
    if importlib.util.find_spec("pkcs11") is not None:
        pytest.skip("the package python-pkcs11 is installed here")
    with pytest.raises(LocalProtocolError, match="python-pkcs11"):
        HsmSigner(module="x", token_label="x", pin="x", key_label="x", certificate=CERTIFICATE)
