"""Keys for checkpoints and dossiers: ECDSA on P-256 with SHA-256, deterministic; public keys travel as PEM."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from linkbox.records.canonical import RecordsError
from linkbox.records.checkpoints import Check, Sign

_VERIFY = ec.ECDSA(hashes.SHA256())


class NotAPublicKey(RecordsError, ValueError):
    """A text is not a P-256 public key in PEM."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not a P-256 public key in PEM: {why}")


def load_public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    """Read a PEM public key; raise NotAPublicKey for anything but a point on P-256."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotAPublicKey(str(error)) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise NotAPublicKey("another kind of key")
    return key


def public_pem(key: ec.EllipticCurvePublicKey) -> bytes:
    """The public key in PEM (SubjectPublicKeyInfo)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 of the key's SubjectPublicKeyInfo as 64 hex digits: what a person compares."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def signer(private_key: ec.EllipticCurvePrivateKey) -> Sign:
    """A function that signs with this key. Signatures are DER, and the same for the same message (RFC 6979)."""
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    return lambda message: private_key.sign(message, algorithm)


def checker(public_key: ec.EllipticCurvePublicKey) -> Check:
    """A function that says whether a signature is this key's over a message; it never raises."""

    def check(message: bytes, signature: bytes) -> bool:
        try:
            public_key.verify(signature, message, _VERIFY)
        except InvalidSignature:
            return False
        return True

    return check
