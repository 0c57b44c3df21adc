"""Signing a Pre-Command, once it is proved to be what was asked for. Source: reference dcc.md sections 5.3 and 5.9."""

from __future__ import annotations

from dataclasses import fields

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.envelope import Message, decode, eui_octets
from linkbox.dcc.smki import Signer

_NO_SIGNATURE = b"\x00"
_SIGNATURE_FOLLOWS = b"\x40"
_ORIGINATOR = slice(12, 20)


class PreCommandMismatch(RemoteProtocolError):
    """A Pre-Command is not the one that the request must give: it must not be signed."""


def correlate(received: bytes, expected: bytes) -> bytes:
    """The Pre-Command without trailing 00, if ``received`` is exactly ``expected``; the 00 may be there or not.

    ``expected`` is what ``build_pre_command`` makes of the request. Raise PreCommandMismatch naming what differs.
    """
    bare = expected[:-1]
    if expected[-1:] != _NO_SIGNATURE:
        raise LocalProtocolError("expected Pre-Command", "must end in 00")
    if received not in (expected, bare):
        raise PreCommandMismatch("Pre-Command", _difference(received, expected))
    return bare


def sign_pre_command(received: bytes, *, expected: bytes, signer: Signer) -> bytes:
    """The Signed Pre-Command: ``received``, correlated with ``expected`` and signed by its originator.

    Raise PreCommandMismatch if it is not what was asked for, LocalProtocolError if ``signer`` is not the originator.
    """
    bare = correlate(received, expected)
    if eui_octets(signer.certificate.eui) != bare[_ORIGINATOR]:
        raise LocalProtocolError(f"signer {signer.certificate.eui}", "must be the originator of the Pre-Command")
    return b"".join((bare, _SIGNATURE_FOLLOWS, signer.sign(bare[1:])))


def _difference(received: bytes, expected: bytes) -> str:
    """In words: the first field of the message that is not as expected, or where the payload departs."""
    try:
        got, wanted = decode(received), decode(expected)
    except RemoteProtocolError as error:
        return f"must be a readable unsigned command: {error}"
    for field in fields(Message):
        found, asked = getattr(got, field.name), getattr(wanted, field.name)
        if found != asked and field.name not in ("payload", "bare"):
            return f"{field.name} must be {asked!r} as in the request, is {found!r}"
    return f"payload must be {wanted.payload.hex().upper()} as the request gives, is {got.payload.hex().upper()}"
