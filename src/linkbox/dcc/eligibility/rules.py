"""The form of an eligibility profile: named rules, each in force for a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from linkbox.dcc.smki import Role

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""Start of rules whose effective date is not in the material."""


class UserRole(StrEnum):
    """The role in which a party uses the DCC (DUIS matrix). Not the role in a certificate, which is smki.Role."""

    IMPORT_SUPPLIER = "IS"
    EXPORT_SUPPLIER = "ES"
    GAS_SUPPLIER = "GS"
    REGISTERED_SUPPLIER_AGENT = "RSA"
    ELECTRICITY_DISTRIBUTOR = "ED"
    GAS_TRANSPORTER = "GT"
    OTHER_USER = "OU"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRule:
    """These user roles may send these service reference variants from ``start`` until ``end`` (exclusive)."""

    name: str
    source: str
    variants: frozenset[str]
    roles: frozenset[UserRole]
    start: datetime = ALWAYS
    end: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether ``at`` lies in the rule's period."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRule:
    """A device executes these message codes for a command whose originator's certificate has one of these roles."""

    name: str
    source: str
    message_codes: frozenset[int]
    roles: frozenset[Role]
    start: datetime = ALWAYS
    end: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether ``at`` lies in the rule's period."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A set of rules under one name. What no rule in force allows is refused."""

    name: str
    description: str
    sending: tuple[SendingRule, ...]
    device: tuple[DeviceRule, ...]
