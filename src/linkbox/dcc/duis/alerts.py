"""DCC alerts: what the DCC itself tells a user.

Go by the class of the alert; the pairing of alert codes and alerts is not published (reference dcc.md 3.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from linkbox.base.identifiers import Eui64, RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOutage:
    """A hub lost its power at ``start``."""

    hub: Eui64
    start: datetime
    mpxn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyNumbers:
    """The supply point numbers of a meter."""

    import_mpxn: str
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociatedDevice:
    """A device that went with a meter."""

    device: Eui64
    device_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterIdentity:
    """A meter got its supply point numbers."""

    numbers: SupplyNumbers
    esme_variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRemoved:
    """A meter was decommissioned or withdrawn, with up to seven devices that were its."""

    numbers: SupplyNumbers
    associated: tuple[AssociatedDevice, ...] = ()


class Change(StrEnum):
    """A change of status that has no further content; the value is the element's name."""

    REMOVED_FROM_INVENTORY = "DeviceRemovedFromInventory"
    HUB_DECOMMISSIONED = "CHFDecommissioning"
    SUSPENDED = "DeviceSuspended"
    RESTORED = "DeviceRestored"
    RECOVERY_COMPLETE = "RecoveryComplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerCredentialsRecovered:
    """The access control broker's credentials are on the device again; which of the others remain to be replaced."""

    supplier_certificates: tuple[str, ...]
    network_operator_certificates: tuple[str, ...] = ()


StatusChange: TypeAlias = MeterIdentity | MeterRemoved | BrokerCredentialsRecovered | Change


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatusChange:
    """What happened to ``device``."""

    device: Eui64
    change: StatusChange


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailure:
    """A command did not get to the device."""

    request_id: RequestId
    device: Eui64
    schedule_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HanDeviceLogResult:
    """The outcome of an 8.11, by its request; joined or not is told by the alert code."""

    request_id: RequestId


class Breach(StrEnum):
    """Which anomaly detection limit a quarantined request went over; the value is the element's name."""

    USER_THRESHOLD = "ADUserThresholdBreach"
    DCC_THRESHOLD = "ADDCCThresholdBreach"
    ATTRIBUTE_LIMITS = "ADAttributeLimitsBreach"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRequest:
    """A request was not delivered, and may be delivered much later. ``event_reference``: an integer of 20 digits."""

    breach: Breach
    request_id: RequestId
    event_reference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchConfigurationChange:
    """The load switches of a meter were configured anew."""

    esme: Eui64
    esme_variant: str | None = None
    gbcs_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertVersionMismatch:
    """An alert of the DCC that the user's schema version can not express."""

    alert_code: str
    device: Eui64 | None = None
    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseVersionMismatch:
    """A response that the user's schema version can not express."""

    request_id: RequestId
    reference: str
    srv: str
    request_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMismatch:
    """A message was withheld because of the user's schema version."""

    withheld: AlertVersionMismatch | ResponseVersionMismatch
    user_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDccAlert:
    """An alert that this library knows by name only; ``content`` is its element as canonical XML."""

    element: str
    content: bytes = field(repr=False)


DccAlertBody: TypeAlias = (
    PowerOutage
    | DeviceStatusChange
    | CommandFailure
    | HanDeviceLogResult
    | QuarantinedRequest
    | SwitchConfigurationChange
    | VersionMismatch
    | OtherDccAlert
)
