"""The DSP's inventory: what it says about devices (8.2), and how users change it (8.4, 12.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from linkbox.base.identifiers import Eui64
from linkbox.dcc.duis import bodies as duis
from linkbox.dcc.duis.response import InventoryDevice
from linkbox.dcc.gbcs.ccs import HanDeviceType
from linkbox.dcc.inventory import Installation

_NONE_FOUND = "E080201"
_UNKNOWN_DEVICE = "E080405"
_KNOWN_ALREADY = "E120201"
_HAN_VARIANT = {"single-band": "Single Band", "dual-band": "Dual Band"}


class StockRefused(Exception):
    """An inventory request is refused with ``code``. Codes of these services have no published meaning."""

    def __init__(self, code: str, rule: str) -> None:
        self.code, self.rule = code, rule
        super().__init__(f"{code}: {rule}")


class Stock:
    """All devices that the DSP knows. The devices of one home are found through any of them, or its MPAN."""

    def __init__(self, installations: Iterable[Installation], *, gbcs_version: str) -> None:
        self._homes: dict[Eui64, Installation] = {}
        self._devices: dict[Eui64, InventoryDevice] = {}
        installations = tuple(installations)
        self.standalone = frozenset(home.apc for home in installations if home.apc is not None)
        """The standalone APCs among the devices."""
        for home in installations:
            for device in _devices(home, gbcs_version):
                self._devices[device.device] = device
                self._homes[device.device] = home

    def find(self, device: Eui64) -> InventoryDevice | None:
        """What is known of a device."""
        return self._devices.get(device)

    def forget(self, device: Eui64) -> None:
        """Take a device out, as if it had never been told to the DCC."""
        self._devices.pop(device, None)

    def set_status(self, device: Eui64, status: str) -> None:
        """Note a device's new status; one that is not known is left."""
        if device in self._devices:
            self._devices[device] = replace(self._devices[device], status=status)

    def read(self, search: duis.InventorySearch) -> tuple[InventoryDevice, ...]:
        """The devices of the premises that the search finds; raise StockRefused if there are none."""
        match search:
            case duis.ByDevice(device=device):
                homes = {self._homes[device].mpan} if device in self._homes else set()
            case duis.ByMpxn(mpxn=mpxn):
                homes = {home.mpan for home in self._homes.values() if home.mpan == mpxn}
            case _:
                homes = set()  # addresses and UPRNs are not part of an installation
        found = tuple(d for eui, d in self._devices.items() if eui in self._homes and self._homes[eui].mpan in homes)
        if not found:
            raise StockRefused(_NONE_FOUND, "no device is known for this search")
        return found

    def prenotify(self, body: duis.DevicePrenotification) -> None:
        """Note a device that is to come (12.2); raise StockRefused for one that is known."""
        if body.device in self._devices:
            raise StockRefused(_KNOWN_ALREADY, f"device {body.device} is known already")
        self._devices[body.device] = InventoryDevice(
            device=body.device,
            device_type=body.device_type,
            manufacturer=body.manufacturer,
            model=body.model,
            status="Pending",
            smets_chts_version=body.smets_chts_version,
            firmware_version=body.firmware_version,
            esme_variant=body.esme_variant,
        )

    def change(self, body: duis.UpdateInventory) -> None:
        """Change an entry (8.4); raise StockRefused for a device that is not known."""
        known = self._devices.get(body.device)
        if known is None:
            raise StockRefused(_UNKNOWN_DEVICE, f"device {body.device} is not known")
        match body.change:
            case duis.DeleteDevice():
                del self._devices[body.device]
                return
            case duis.SetDeviceStatus(status=status) | duis.SetHubStatus(status=status):
                known = replace(known, status=status)
            case duis.SetDeviceDetails() as details:
                known = _with_details(known, details)
            case duis.SetMpxn(number=duis.SetImportMpxn(mpxn=mpxn)):
                known = replace(known, import_mpxn=mpxn)
            case duis.SetMpxn(number=duis.SetSecondaryImportMpan(mpan=mpan)):
                known = replace(known, secondary_import_mpan=mpan)
            case duis.SetMpxn(number=duis.SetExportMpan(mpan=mpan)):
                known = replace(known, export_mpan=mpan)
        self._devices[body.device] = known

    def han_type(self, device: Eui64) -> HanDeviceType:
        """How a hub's device log names the kind of a device."""
        known = self._devices.get(device)
        names = HanDeviceType.__members__
        return HanDeviceType.HCALCS if known is None else names.get(known.device_type, HanDeviceType.HCALCS)


def _with_details(known: InventoryDevice, details: duis.SetDeviceDetails) -> InventoryDevice:
    return replace(
        known,
        manufacturer=details.manufacturer or known.manufacturer,
        model=details.model or known.model,
        smets_chts_version=details.smets_chts_version or known.smets_chts_version,
        firmware_version=details.firmware_version or known.firmware_version,
        esme_variant=details.esme_variant or known.esme_variant,
    )


def _devices(home: Installation, gbcs_version: str) -> Iterable[InventoryDevice]:
    hub = _device(home.chf, "CHF", "HUB1")
    yield replace(hub, csp_region=home.region, han_variant=_HAN_VARIANT[home.hub])
    if home.gpf is not None:
        yield _device(home.gpf, "GPF", "HUB1")
    meter = _device(home.esme, "ESME", "MET1")
    yield replace(meter, import_mpxn=str(home.mpan), esme_variant="ADE", gbcs_version=gbcs_version)
    yield _device(home.hcalcs, "HCALCS", "SWI1")
    if home.apc is not None:
        yield _device(home.apc, "HCALCS", "APC1")  # the schema has no word of its own for a standalone APC


def _device(eui: Eui64, device_type: str, model: str) -> InventoryDevice:
    return InventoryDevice(device=eui, device_type=device_type, manufacturer="LNKB", model=model, status="Commissioned")
