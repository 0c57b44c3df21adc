"""Ed25519 keys of the market's participants: 32 octets of seed give the pair; a public key is a text, ``cs1.…``."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from linkbox.base.errors import InvalidInput, Issue

SEED_BYTES = PUBLIC_BYTES = 32
_BOTH_KEYS_BYTES = 64
_SCHEME = "cs1."


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key; it does not show when printed. ``public`` is its other half."""

    secret: bytes = field(repr=False)
    public: bytes


def signing_key(seed: bytes) -> SigningKey:
    """The pair of a seed. Raise ValueError where it has not 32 octets."""
    from nacl.bindings import crypto_sign_seed_keypair

    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} octets, not {len(seed)}")
    public, secret = crypto_sign_seed_keypair(seed)
    return SigningKey(secret=secret, public=public)


def public_text(key: SigningKey) -> str:
    """The public key as it is published and configured."""
    return _SCHEME + base64.b64encode(key.public).decode()


def key_from_text(text: str, *, where: str) -> bytes:
    """The public signature key of a ``cs1.`` text, with or without an encryption key behind it."""
    try:
        octets = base64.b64decode(text.strip().removeprefix(_SCHEME), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not text.strip().startswith(_SCHEME) or len(octets) not in (PUBLIC_BYTES, _BOTH_KEYS_BYTES):
        rule = "must be a public key as UFTP has it: cs1. and base64 of 32 or 64 octets"
        raise InvalidInput("public key", [Issue(where=where, value=text[:60], rule=rule)])
    return octets[:PUBLIC_BYTES]
