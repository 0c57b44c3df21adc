"""Request bodies that read a device: services 6.13, 7.11, 7.14, 7.15."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Log(StrEnum):
    """The logs that 6.13 reads."""

    EVENT = "Event"
    ALCS_EVENT = "ALCSEvent"
    POWER_EVENT = "PowerEvent"
    SECURITY = "Security"
    GSME_EVENT = "GSMEEvent"
    GSME_SECURITY = "GSMESecurity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEventOrSecurityLog:
    """6.13: read the entries of ``log`` from ``start`` to ``end``, both included."""

    start: datetime
    end: datetime
    log: Log


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBoostButtonDetails:
    """7.11: read the boost log from ``start`` to ``end``, both included, and the slots of the button."""

    start: datetime
    end: datetime
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAuxiliaryControllerConfigurationData:
    """7.14: read labels, special days and schedule of the auxiliary controllers."""

    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAuxiliaryControllerOperationalData:
    """7.15: read types and states of the auxiliary controllers."""

    execution_at: datetime | None = None
