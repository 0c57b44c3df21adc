"""Service responses, acknowledgements and alerts: typed value <-> canonical XML."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis.alerts import DccAlertBody
from linkbox.dcc.duis.stock import PropertyFilter
from linkbox.dcc.duis.versions import LATEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A response without content: accepted (I99), done (I99 of a non-device service) or refused (E...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreCommand:
    """The transformed command to correlate and sign."""

    gbcs_version: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GbcsPayload:
    """A device's response, MAC header and all."""

    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCommand:
    """A command for delivery on the spot, without the wide area network."""

    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureDatedOutcome:
    """A device tells how one instruction of a future-dated command went; ``alert_code`` 0x8F66 or 0x8F67."""

    alert_code: int
    payload: bytes = field(repr=False)
    instruction_number: int
    total_instructions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDevice:
    """One device of an inventory; None where the DCC said nothing."""

    device: Eui64
    device_type: str
    manufacturer: str
    model: str
    status: str | None = None
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    firmware_status: str | None = None
    cpl_status: str | None = None
    commissioned_on: date | None = None
    import_mpxn: str | None = None
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None
    esme_variant: str | None = None
    uprn: int | None = None
    address: PropertyFilter | None = None
    csp_region: str | None = None
    gbcs_version: str | None = None
    han_variant: str | None = None
    s1sp: str | None = None
    connectivity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DspInventory:
    """The answer to 8.2: 1..17 devices."""

    devices: tuple[InventoryDevice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherContent:
    """Content that this library knows by name only; ``content`` is its element as canonical XML."""

    element: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAlert:
    """An alert of a device; with a throttled count it stands for that many suppressed ones too."""

    alert_code: int
    payload: bytes = field(repr=False)
    throttled_sequence_id: int | None = None
    throttled_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DccAlert:
    """An alert of the DCC itself. Go by ``alert``; the pairing of codes and alerts is not published."""

    code: str
    alert: DccAlertBody
    throttled_sequence_id: int | None = None
    throttled_count: int | None = None


ResponseBody: TypeAlias = (
    Acknowledgement
    | PreCommand
    | GbcsPayload
    | LocalCommand
    | FutureDatedOutcome
    | DspInventory
    | OtherContent
    | DeviceAlert
    | DccAlert
)
ALERTS: tuple[type[Any], ...] = (DeviceAlert, DccAlert)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResponse:
    """What the DCC sends to a user. ``srv`` is None for alerts and only for them."""

    request_id: RequestId | None
    response_id: RequestId | None
    response_code: str
    response_at: datetime
    srv: str | None
    body: ResponseBody
    schema_version: str = LATEST

    @property
    def is_success(self) -> bool:
        """Whether the code begins with I. It says nothing of what a device did: that is in its GBCS results."""
        return self.response_code.startswith("I")
