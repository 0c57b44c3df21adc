"""The roles and key usages of SMKI certificates."""

from __future__ import annotations

from enum import IntEnum, StrEnum

_HEX_DIGITS = 2
_DECIMAL_DIGITS = 3


class Role(IntEnum):
    """The remote party role that an organisation certificate carries as its OU, two hex digits."""

    ROOT = 0x00
    RECOVERY = 0x01
    SUPPLIER = 0x02
    NETWORK_OPERATOR = 0x03
    ACCESS_CONTROL_BROKER = 0x04
    TRANSITIONAL_COS = 0x05
    WAN_PROVIDER = 0x06
    ISSUING_AUTHORITY = 0x07
    LOAD_CONTROLLER = 0x08
    OTHER = 0x7F
    XML_SIGNING = 0x87
    DSP_XML_SIGNING = 0x89

    @property
    def ou(self) -> str:
        """The text of the certificate's OU attribute."""
        return f"{self.value:02X}"

    @classmethod
    def from_ou(cls, text: str) -> Role:
        """The inverse of ``ou``; raise ValueError for a text that names no role.

        A text of three digits is read as decimal: an old published test certificate says "137" for 89 hex.
        """
        if len(text) not in (_HEX_DIGITS, _DECIMAL_DIGITS) or not (text.isascii() and text.isalnum()):
            # int() would take signs, blanks and digits of other scripts
            raise ValueError(f"not a role: {text!r}")
        return cls(int(text, 16) if len(text) == _HEX_DIGITS else int(text, 10))


class KeyUsage(StrEnum):
    """What the key of a certificate may do: an SMKI certificate has exactly one of these."""

    DIGITAL_SIGNATURE = "DS"
    KEY_AGREEMENT = "KA"


XML_ROLES = frozenset({Role.XML_SIGNING, Role.DSP_XML_SIGNING})
"""Roles whose certificates sign DUIS XML and never a GBCS message."""
