"""A value that was verified: the type itself proves that the signature was checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.smki.certificate import Certificate

T = TypeVar("T")
_SEAL = object()


class BadSignature(RemoteProtocolError):
    """A signature does not belong to the bytes and the certificate."""


class Verified(Generic[T]):
    """``value`` was decoded from bytes that ``signer`` signed; ``raw`` is the message as received.

    There is no way to build one but ``verify_signed``, which checks the signature itself.
    """

    __slots__ = ("_raw", "_signer", "_value")

    def __init__(self, seal: object, value: T, signer: Certificate, raw: bytes) -> None:
        if seal is not _SEAL:
            raise LocalProtocolError("Verified", "is only built by verify_signed")
        self._value, self._signer, self._raw = value, signer, raw

    @property
    def value(self) -> T:
        """The message, decoded from the verified bytes."""
        return self._value

    @property
    def signer(self) -> Certificate:
        """Whose signature it bears."""
        return self._signer

    @property
    def raw(self) -> bytes:
        """The bytes as received, signature and all: what the archive keeps."""
        return self._raw

    def __repr__(self) -> str:
        return f"Verified({self._value!r}, signer={self._signer.eui})"


def verify_signed(
    *, signer: Certificate, signed: bytes, signature: bytes, raw: bytes, decode: Callable[[], T]
) -> Verified[T]:
    """Check ``signature`` (64 octets) over ``signed``, and only then decode.

    ``decode`` must read nothing but bytes that ``signed`` covers. Raise BadSignature, or what ``decode`` raises.
    """
    if not signer.verify(signed, signature):
        raise BadSignature("signature", f"must verify under certificate {signer.serial} of {signer.eui}")
    return Verified(_SEAL, decode(), signer, raw)
