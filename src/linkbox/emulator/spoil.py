"""Make a message that does not verify: for tests of those who must notice."""

from __future__ import annotations

import re

_SIGNATURE_VALUE = re.compile(rb"(<ds:SignatureValue>)(.)")


def spoil_xml_signature(signed: bytes) -> bytes:
    """``signed`` with another first character of its signature value: still base64, no longer the signature."""
    return _SIGNATURE_VALUE.sub(lambda m: m[1] + (b"B" if m[2] == b"A" else b"A"), signed, count=1)


def spoil_gbcs_protection(data: bytes) -> bytes:
    """``data`` with its last octet changed: that of the signature, or of the MAC."""
    return data[:-1] + bytes([data[-1] ^ 0x01])
