"""The service reference variants: which exist, and how those that we build are sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from linkbox.dcc.duis.text import enumeration, words

_REFERENCES = words(
    "1.1 1.2 1.5 1.6 1.7 2.1 2.2 2.3 2.5 3.1 3.2 3.3 3.4 3.5 4.1 4.2 4.3 4.4 4.6 4.8 4.10 4.11 4.12 4.13 4.14 4.15 "
    "4.16 4.17 4.18 5.1 5.2 5.3 6.2 6.4 6.5 6.6 6.7 6.8 6.11 6.12 6.13 6.14 6.15 6.17 6.18 6.20 6.21 6.22 6.23 6.24 "
    "6.25 6.26 6.27 6.28 6.29 6.30 6.31 6.32 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 7.9 7.10 7.11 7.12 7.13 7.14 7.15 7.16 "
    "8.1 8.2 8.3 8.4 8.5 8.6 8.7 8.8 8.9 8.11 8.12 8.13 8.14 9.1 11.1 11.2 11.3 11.4 12.1 12.2 14.1"
)
VARIANTS = words(
    "1.1.1 1.1.2 1.2.1 1.2.2 1.5 1.6 1.7 2.1 2.2 2.3 2.5 3.1 3.2 3.3 3.4 3.5 4.1.1 4.1.2 4.1.3 4.1.4 4.2 4.3 4.4.2 "
    "4.4.3 4.4.4 4.4.5 4.6.1 4.6.2 4.8.1 4.8.2 4.8.3 4.10 4.11.1 4.11.2 4.12.1 4.12.2 4.13 4.14 4.15 4.16 4.17 4.18 "
    "5.1 5.2 5.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.7 6.2.8 6.2.9 6.2.10 6.4.1 6.4.2 6.5 6.6 6.7 6.8 6.11 6.12 6.13 "
    "6.14.1 6.14.2 6.14.3 6.15.1 6.15.2 6.17 6.18.1 6.18.2 6.20.1 6.20.2 6.21 6.22 6.23 6.24.1 6.24.2 6.25 6.26 6.27 "
    "6.28 6.29 6.30 6.31 6.32 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 7.9 7.10 7.11 7.12 7.13 7.14 7.15 7.16 8.1.1 8.2 8.3 "
    "8.4 8.5 8.6 8.7.1 8.7.2 8.8.1 8.8.2 8.9 8.11 8.12.1 8.12.2 8.13 8.14.1 8.14.2 8.14.3 8.14.4 9.1 11.1 11.2 11.3 "
    "11.4 12.1 12.2 14.1"
)

SERVICE_REFERENCE = enumeration(*_REFERENCES)
SERVICE_REFERENCE_VARIANT = enumeration(*VARIANTS)
_KNOWN = frozenset(_REFERENCES)


class Kind(StrEnum):
    """How a service request travels (reference dcc.md 2.1)."""

    CRITICAL = "critical"
    NON_CRITICAL = "non-critical"
    NON_DEVICE = "non-device"

    @property
    def command_variants(self) -> tuple[int, ...]:
        """The command variants that a request of this kind may have, the usual one first."""
        return _COMMAND_VARIANTS[self]


_COMMAND_VARIANTS = {Kind.CRITICAL: (4, 5, 6, 7), Kind.NON_CRITICAL: (1, 2, 3), Kind.NON_DEVICE: (8,)}
SIGNED_PRE_COMMAND_VARIANTS = (5, 6, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceVariant:
    """One service reference variant that this library can build a request for."""

    srv: str
    name: str
    kind: Kind


SERVICES: dict[str, ServiceVariant] = {
    srv: ServiceVariant(srv=srv, name=name, kind=kind)
    for srv, name, kind in (
        ("6.13", "Read Event or Security Log", Kind.NON_CRITICAL),
        ("6.14.1", "Update Device Configuration (ALC descriptions)", Kind.CRITICAL),
        ("6.14.2", "Update Device Configuration (ALC scheduler)", Kind.CRITICAL),
        ("6.14.3", "Update Device Configuration (auxiliary controller scheduler)", Kind.CRITICAL),
        ("7.5", "Activate Auxiliary Load", Kind.CRITICAL),
        ("7.6", "Deactivate Auxiliary Load", Kind.CRITICAL),
        ("7.7", "Read Auxiliary Load Switch Data", Kind.NON_CRITICAL),
        ("7.8", "Reset Auxiliary Load", Kind.CRITICAL),
        ("7.9", "Add Auxiliary Load to Boost Button", Kind.NON_CRITICAL),
        ("7.10", "Remove Auxiliary Load from Boost Button", Kind.NON_CRITICAL),
        ("7.11", "Read Boost Button Details", Kind.NON_CRITICAL),
        ("7.13", "Set Auxiliary Controller State", Kind.CRITICAL),
        ("7.14", "Read Auxiliary Controller Configuration Data", Kind.NON_CRITICAL),
        ("7.15", "Read Auxiliary Controller Operational Data", Kind.NON_CRITICAL),
        ("7.16", "Limit APC Level", Kind.CRITICAL),
        ("8.2", "Read Inventory", Kind.NON_DEVICE),
        ("8.4", "Update Inventory", Kind.NON_DEVICE),
        ("8.7.1", "Join Service (critical)", Kind.CRITICAL),
        ("8.7.2", "Join Service (non-critical)", Kind.NON_CRITICAL),
        ("8.11", "Update HAN Device Log", Kind.NON_CRITICAL),
        ("12.2", "Device Pre-notification", Kind.NON_DEVICE),
    )
}


def reference_of(srv: str) -> str:
    """The service reference that a variant belongs to: 8.7 for 8.7.1, 7.6 for 7.6."""
    if srv in _KNOWN:
        return srv
    return srv.rpartition(".")[0]
