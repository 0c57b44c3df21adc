"""Signatures and MACs of GBCS messages. Source: reference dcc.md sections 5.2 to 5.4."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from linkbox.base.values import changed
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.envelope import (
    MAC_OCTETS,
    Message,
    decode,
    encode_inner,
    signed_part,
    split,
    wrap,
)
from linkbox.dcc.smki import BadSignature, Certificate, KeyAgreement, KeyUsage, Role, Signer, TrustStore, Verified
from linkbox.dcc.smki.verified import verify_signed

SECRET_OCTETS = 32
_KEY_OCTETS = 16
_ALGORITHM = bytes.fromhex("60857406080300")  # AES-128-GCM, as the key derivation names it
_TRANSACTION = b"\x09"
_AUTHENTICATED_HEADER = bytes.fromhex("110000000000")
_NO_INVOCATIONS = bytes(4)


class BadMac(RemoteProtocolError):
    """A MAC does not belong to the message and the two parties."""


def sign(message: Message, signer: Signer) -> Message:
    """``message`` with the signature of ``signer``, who must be its originator.

    Raise LocalProtocolError for another signer, or for a message that bears a signature or a MAC already.
    """
    if signer.certificate.eui != message.originator:
        raise LocalProtocolError(f"signer {signer.certificate.eui}", f"must be the originator {message.originator}")
    if message.signature is not None or message.mac is not None:
        raise LocalProtocolError("GBCS message", "must be unsigned and without MAC before it is signed")
    return changed(message, bare=False, signature=signer.sign(signed_part(message)))


def verify_signature(data: bytes, *, trust: TrustStore, at: datetime, role: Role | None = None) -> Verified[Message]:
    """Decode ``data`` once its signature verifies under a certificate of its originator that is valid at ``at``.

    ``role``, if given, is the role that the certificate must have. A MAC, if any, is not checked. Raise
    UnknownCertificate, BadSignature, or RemoteProtocolError if ``data`` is no message or bears no signature.
    """
    return verify_message(decode(data), raw=data, trust=trust, at=at, role=role)


def verify_message(
    claimed: Message, *, raw: bytes, trust: TrustStore, at: datetime, role: Role | None = None
) -> Verified[Message]:
    """As ``verify_signature``, of a message that is decoded already: its value, encoded, is what must be signed.

    ``raw`` is only kept beside it.
    """
    if claimed.signature is None:
        raise BadSignature("GBCS signature", f"must be there: message {claimed.message_code:04X} is unsigned")
    signed, holder, usage = signed_part(claimed), claimed.originator, KeyUsage.DIGITAL_SIGNATURE
    known = trust.candidates(holder, usage, at=at, role=role) or (trust.find(holder, usage, at=at, role=role),)
    signer = known[0]
    if len(known) > 1:
        signer = next((c for c in known if c.verify(signed, claimed.signature)), signer)
    return verify_signed(signer=signer, signed=signed, signature=claimed.signature, raw=raw, decode=lambda: claimed)


def derive_key(secret: bytes, message: Message) -> bytes:
    """The 16 octets of the key that protects ``message`` between two parties whose shared secret Z is ``secret``."""
    if len(secret) != SECRET_OCTETS:
        raise LocalProtocolError("shared secret", f"must be {SECRET_OCTETS} octets, has {len(secret)}")
    other_info = b"".join(
        (
            _ALGORITHM,
            message.originator.octets,
            _TRANSACTION,
            message.cra.to_bytes(1),
            message.originator_counter.to_bytes(8),
            message.recipient.octets,
        )
    )
    return sha256(b"\x00\x00\x00\x01" + secret + other_info).digest()[:_KEY_OCTETS]


def mac_with_secret(message: Message, secret: bytes) -> bytes:
    """The 12 octets of the MAC of ``message`` under the shared secret Z."""
    return _mac(message, encode_inner(message), secret)


def _mac(message: Message, inner: bytes, secret: bytes) -> bytes:
    nonce = message.originator.octets + _NO_INVOCATIONS
    tag = AESGCM(derive_key(secret, message)).encrypt(nonce, b"", _AUTHENTICATED_HEADER + inner)
    return tag[:MAC_OCTETS]


def add_mac(message: Message, agreement: KeyAgreement, peer: Certificate) -> bytes:
    """``message`` encoded with its MAC header and the MAC agreed between ``agreement`` and ``peer``."""
    return add_mac_with_secret(message, agreement.shared_secret(peer))


def add_mac_with_secret(message: Message, secret: bytes) -> bytes:
    """As ``add_mac``, with the shared secret Z at hand."""
    if message.mac is not None:
        raise LocalProtocolError("GBCS message", "must have no MAC before one is added")
    inner = encode_inner(message)
    return wrap(inner, _mac(message, inner, secret))


def verify_mac(data: bytes, agreement: KeyAgreement, peer: Certificate) -> Message:
    """Decode ``data`` if its MAC is the one agreed between ``agreement`` and ``peer``; raise BadMac otherwise.

    ``peer`` must be one end of the message: for a response the device, for a command its originator or, since the
    access control broker protects commands, the broker.
    """
    return verify_mac_with_secret(data, agreement.shared_secret(peer))


def verify_mac_with_secret(data: bytes, secret: bytes) -> Message:
    """As ``verify_mac``, with the shared secret Z at hand."""
    message = decode(data)
    if message.mac is None:
        raise BadMac("GBCS MAC", f"must be there: message {message.message_code:04X} has no MAC header")
    if not compare_digest(message.mac, _mac(message, split(data)[0], secret)):
        raise BadMac("GBCS MAC", "must be the one that the two parties' key gives")
    return message
