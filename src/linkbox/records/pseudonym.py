"""Customer tokens: what stands for an MPAN in records, logs and reports."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NewType

from linkbox.base.identifiers import Mpan
from linkbox.records.canonical import RecordsError
from linkbox.records.commitments import Salts

CustomerToken = NewType("CustomerToken", str)
"""``c-`` and 16 base-32 characters (80 bits)."""

_MIN_KEY_OCTETS = 32


class WeakKey(RecordsError, ValueError):
    """The key for tokens is too short. The key itself is not shown."""

    def __init__(self, octets: int) -> None:
        self.octets = octets
        super().__init__(f"key for customer tokens has {octets} octets, needs {_MIN_KEY_OCTETS} at least")


class Pseudonymiser:
    """Turns MPANs into tokens with HMAC-SHA-256 under a key: a customer's own salt, or one key for all.

    Without the key a token can not be turned back, though there are few enough MPANs to try them all against a
    plain hash. The key is never shown.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Raise WeakKey for a key of fewer than 32 octets."""
        if len(key) < _MIN_KEY_OCTETS:
            raise WeakKey(len(key))
        self._key = key

    def __repr__(self) -> str:
        return "Pseudonymiser(key hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a Pseudonymiser holds a key and is not to be pickled")

    def token(self, mpan: Mpan) -> CustomerToken:
        """The token that stands for ``mpan``."""
        digest = hmac.digest(self._key, b"linkbox customer token 1\0" + mpan.encode("ascii"), hashlib.sha256)
        return CustomerToken("c-" + base64.b32encode(digest[:10]).decode("ascii").lower())


def salted_token(mpan: Mpan, salts: Salts, generation: int = 0) -> tuple[CustomerToken, bytes]:
    """A customer's token under a salt of its own, and that salt: whoever has both can show that they belong together;
    once the salt is gone nobody can, not even with every MPAN that there is. ``generation``: how many tokens were
    redacted before, so that a redacted customer comes back under another one."""
    salt = salts(f"customer {mpan}/{generation}")
    return Pseudonymiser(salt).token(mpan), salt


def derived_salts(secret: bytes) -> Salts:
    """Salts that follow from a secret and the name that they are asked by: for simulations, which come out the same.
    Who has the secret can make them again, so nothing can be redacted for good under them."""
    return lambda name: hmac.digest(secret, b"linkbox salt 1\0" + name.encode("utf-8", "surrogatepass"), hashlib.sha256)
