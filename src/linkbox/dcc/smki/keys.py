"""Private keys behind ports: what signs and what agrees on secrets. A key never prints and never leaves."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.smki.certificate import Certificate
from linkbox.dcc.smki.roles import KeyUsage

_SIGN = ec.ECDSA(SHA256(), deterministic_signing=True)  # RFC 6979: the same bytes give the same signature
_ECDH = ec.ECDH()


class Signer(Protocol):
    """Something that holds the private key of ``certificate`` and signs with it."""

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key, usage DS."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The ECDSA P-256 SHA-256 signature of ``data``: r and s, 32 octets each."""
        ...


class KeyAgreement(Protocol):
    """Something that holds the private key-agreement key of ``certificate``."""

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key, usage KA."""
        ...

    def shared_secret(self, peer: Certificate) -> bytes:
        """The 32 octets Z of the P-256 Diffie-Hellman agreement with ``peer``."""
        ...


def raw_signature(der: bytes) -> bytes:
    """r and s, 32 octets each, from the DER of a P-256 signature: 30 len 02 len r 02 len s, every length one octet."""
    end = 4 + der[3]
    return der[4:end][-32:].rjust(32, b"\0") + der[end + 2 :][-32:].rjust(32, b"\0")


class _PrivateKey:
    """A key in memory, bound to its certificate; never printed, copied or pickled."""

    __slots__ = ("_certificate", "_key")
    _usage: KeyUsage

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, certificate: Certificate) -> None:
        if certificate.usage is not self._usage:
            raise LocalProtocolError(f"certificate of {certificate.eui}", f"must have key usage {self._usage}")
        if private_key.public_key() != certificate.public_key:
            raise LocalProtocolError(f"private key of {certificate.eui}", "must belong to its certificate")
        self._key, self._certificate = private_key, certificate

    @property
    def certificate(self) -> Certificate:
        """The certificate that the key belongs to."""
        return self._certificate

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._certificate.eui}, serial={self._certificate.serial})"

    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("private key", "must not be pickled or copied")


class KeySigner(_PrivateKey):
    """A Signer with its key in memory. Raise LocalProtocolError if key, certificate and usage do not go together."""

    __slots__ = ()
    _usage = KeyUsage.DIGITAL_SIGNATURE

    def sign(self, data: bytes) -> bytes:
        """r and s, 32 octets each; deterministic."""
        return raw_signature(self._key.sign(data, _SIGN))


class KeyAgreer(_PrivateKey):
    """A KeyAgreement whose key is in memory."""

    __slots__ = ()
    _usage = KeyUsage.KEY_AGREEMENT

    def shared_secret(self, peer: Certificate) -> bytes:
        """Z with ``peer``, whose certificate must have key usage KA."""
        if peer.usage is not KeyUsage.KEY_AGREEMENT:
            raise LocalProtocolError(f"certificate of {peer.eui}", "must have key usage KA")
        return self._key.exchange(_ECDH, peer.public_key)


def private_key_from_pkcs8(data: bytes, password: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in an encrypted PKCS#8 structure, PEM or DER; raise LocalProtocolError when it is not one."""
    load = load_pem_private_key if data.lstrip().startswith(b"-----") else load_der_private_key
    try:
        key = load(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: the key is not encrypted
        raise LocalProtocolError("key file", f"must be PKCS#8 encrypted with the password: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise LocalProtocolError("key file", "must hold a key on the curve P-256")
    return key


def certificate_from_file_bytes(data: bytes) -> Certificate:
    """A certificate from the content of a file, PEM or DER."""
    return Certificate.from_pem(data) if data.lstrip().startswith(b"-----") else Certificate.from_der(data)


def load_signer(key_file: Path, certificate_file: Path, password: bytes) -> KeySigner:
    """A signer from an encrypted PKCS#8 file and its certificate; an unencrypted key file is refused."""
    key = private_key_from_pkcs8(key_file.read_bytes(), password)
    return KeySigner(key, certificate_from_file_bytes(certificate_file.read_bytes()))


def load_agreer(key_file: Path, certificate_file: Path, password: bytes) -> KeyAgreer:
    """As ``load_signer``, for a key-agreement key."""
    key = private_key_from_pkcs8(key_file.read_bytes(), password)
    return KeyAgreer(key, certificate_from_file_bytes(certificate_file.read_bytes()))
