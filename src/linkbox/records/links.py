"""Links by which a customer says no: signed, for one purpose, one intervention and one connection point, and soon over.

A token is a reference (which intervention, which connection point: an HMAC of both, so that it tells neither), the
minute at which it expires, and an HMAC over purpose, reference and that minute, in URL-safe base 64 (48 characters).
Nothing in it can be read, guessed or made for another purpose without the installation's key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.records.pseudonym import WeakKey

_KEY_OCTETS = 32
_REFERENCE, _MINUTE, _MAC = 16, 4, 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = bytes(_REFERENCE + _MINUTE + _MAC)
TOKEN_LENGTH = 48


class Purpose(StrEnum):
    """What a link does: end one intervention for this customer, or leave the scheme. One never does the other."""

    REJECT = "reject"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a token says. ``genuine`` is whether it was made here, for this purpose; a ``reference`` is always there,
    so that what follows takes the same steps for every token."""

    reference: str
    expires_at: datetime
    genuine: bool

    def good_at(self, at: datetime) -> bool:
        """Whether the token may be used at ``at``."""
        return self.genuine and require_utc(at) < self.expires_at


class LinkSigner:
    """Makes and checks tokens under one key, which is never shown. Raise WeakKey for fewer than 32 octets."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_OCTETS:
            raise WeakKey(len(key))
        self._key = key

    def __repr__(self) -> str:
        return "LinkSigner(key hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a LinkSigner holds a key and is not to be pickled")

    def reference(self, intervention_id: str, mpan: Mpan) -> str:
        """What stands for one customer's part in one intervention; the same each time."""
        return self._mac("reference", intervention_id.encode() + b"\0" + mpan.encode())[:_REFERENCE].hex()

    def token(self, purpose: Purpose, reference: str, *, expires_at: datetime) -> str:
        """A token that may be used until ``expires_at``, in whole minutes, rounded up."""
        minute = -((_EPOCH - require_utc(expires_at)) // timedelta(minutes=1))
        body = bytes.fromhex(reference) + minute.to_bytes(_MINUTE, "big")
        return base64.urlsafe_b64encode(body + self._mac(purpose.value, body)[:_MAC]).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> Claim:
        """What a token says, whatever it is: the same steps are taken for a good one, a bad one and none at all."""
        octets = _octets(token)
        body, mac = octets[:-_MAC], octets[-_MAC:]
        genuine = hmac.compare_digest(self._mac(purpose.value, body)[:_MAC], mac) and octets != _NOTHING
        minute = int.from_bytes(body[_REFERENCE:], "big")
        expires_at = _EPOCH + timedelta(minutes=minute)
        return Claim(reference=body[:_REFERENCE].hex(), expires_at=expires_at, genuine=genuine)

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self._key, b"linkbox link 1\0" + purpose.encode() + b"\0" + body, hashlib.sha256)


def _octets(token: str) -> bytes:
    if len(token) != TOKEN_LENGTH:
        return _NOTHING
    try:
        octets = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return _NOTHING
    return octets if len(octets) == len(_NOTHING) else _NOTHING
