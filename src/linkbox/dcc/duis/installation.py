"""Request bodies that install and join devices: services 8.4, 8.7.1, 8.7.2, 8.11, 12.2."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from linkbox.base.identifiers import Eui64


class LogAction(StrEnum):
    """What 8.11 does with a device."""

    ADD = "Add"
    REMOVE = "Remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhitelistEntry:
    """How a device may join: within ``join_time_s`` (1..3600) with ``install_code`` (6..16 octets, a secret)."""

    join_time_s: int
    install_code: bytes = field(repr=False)
    import_mpxn: str | None = None
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateHanDeviceLog:
    """8.11, sent to the hub: add ``device`` to its log, with how it may join, or remove it."""

    device: Eui64
    action: LogAction
    whitelist: WhitelistEntry | None = None
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinServiceCritical:
    """8.7.1, sent to one end: join ``other_device``. The other end needs one of its own."""

    other_device: Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinServiceNonCritical:
    """8.7.2: as 8.7.1, for pairs whose joining is not critical."""

    other_device: Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePrenotification:
    """12.2: tell the DCC of a device before it is installed."""

    device: Eui64
    manufacturer: str
    model: str
    device_type: str
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    esme_variant: str | None = None
    associated_gpf: Eui64 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDeviceStatus:
    """``Pending`` or ``InstalledNotCommissioned``, for anything but a hub."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHubStatus:
    """``Commissioned``, ``Withdrawn`` or ``InstalledNotCommissioned``, for a hub."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDeviceDetails:
    """What to change of a device's description; None leaves it."""

    manufacturer: str | None = None
    model: str | None = None
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    esme_variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDevice:
    """Forget the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetImportMpxn:
    """The meter's import supply point number, 1..13 characters."""

    mpxn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecondaryImportMpan:
    """The number of a twin-element meter's second element, 13 characters."""

    mpan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExportMpan:
    """The export supply point number, 13 characters."""

    mpan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMpxn:
    """Change one of the meter's supply point numbers."""

    number: SetImportMpxn | SetSecondaryImportMpan | SetExportMpan


InventoryChange: TypeAlias = SetDeviceStatus | SetHubStatus | SetDeviceDetails | DeleteDevice | SetMpxn


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateInventory:
    """8.4: change what the DCC's inventory says of ``device``."""

    device: Eui64
    change: InventoryChange
