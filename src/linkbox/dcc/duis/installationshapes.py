"""How the bodies about inventory and installation look in XML."""

from __future__ import annotations

from linkbox.dcc.duis import installation, stock
from linkbox.dcc.duis.shape import Child, Choice, Leaf, Record, Shape, Text, by_class
from linkbox.dcc.duis.simple import (
    ADDRESS_IDENTIFIER,
    DEVICE_TYPE,
    ESME_VARIANT,
    FIRMWARE_VERSION,
    FUTURE_DATED,
    IMPORT_MPXN,
    MANUFACTURER,
    MODEL,
    MPAN,
    POST_CODE,
    SMETS_CHTS_VERSION,
)
from linkbox.dcc.duis.text import EUI, choice_of, enumeration, hex_binary, integer

PROPERTY_FILTER = Record(
    stock.PropertyFilter,
    Leaf("PostCode", "post_code", POST_CODE),
    Leaf("AddressIdentifier", "address_identifier", ADDRESS_IDENTIFIER),
)

_VERSIONS = (
    Leaf("SMETSCHTSVersion", "smets_chts_version", SMETS_CHTS_VERSION, optional=True),
    Leaf("FirmwareVersion", "firmware_version", FIRMWARE_VERSION, optional=True),
    Leaf("ESMEVariant", "esme_variant", ESME_VARIANT, optional=True),
)

_NUMBERS: dict[str, Shape] = {
    "ImportMPxN": Text(installation.SetImportMpxn, "mpxn", IMPORT_MPXN),
    "SecondaryImportMPAN": Text(installation.SetSecondaryImportMpan, "mpan", MPAN),
    "ExportMPAN": Text(installation.SetExportMpan, "mpan", MPAN),
}

_CHANGES: dict[str, Shape] = {
    "UpdateDeviceStatusExceptCH": Text(
        installation.SetDeviceStatus, "status", enumeration("Pending", "InstalledNotCommissioned")
    ),
    "UpdateDeviceStatusCH": Text(
        installation.SetHubStatus, "status", enumeration("Commissioned", "Withdrawn", "InstalledNotCommissioned")
    ),
    "UpdateDeviceDetails": Record(
        installation.SetDeviceDetails,
        Leaf("DeviceManufacturer", "manufacturer", MANUFACTURER, optional=True),
        Leaf("DeviceModel", "model", MODEL, optional=True),
        *_VERSIONS,
    ),
    "DeleteDevice": Record(installation.DeleteDevice),
    "UpdateMPxN": Record(installation.SetMpxn, Choice("number", _NUMBERS, by_class(_NUMBERS))),
}

_WHITELIST = Record(
    installation.WhitelistEntry,
    Leaf("JoinTimePeriod", "join_time_s", integer(1, 3600)),
    Leaf("InstallCode", "install_code", hex_binary(6, 16)),
    Leaf("ImportMPxN", "import_mpxn", IMPORT_MPXN, optional=True),
    Leaf("SecondaryImportMPAN", "secondary_import_mpan", MPAN, optional=True),
    Leaf("ExportMPAN", "export_mpan", MPAN, optional=True),
)

INSTALLATION_BODIES: dict[str, Shape] = {
    "UpdateInventory": Record(
        installation.UpdateInventory, Leaf("DeviceID", "device", EUI), Choice("change", _CHANGES, by_class(_CHANGES))
    ),
    "JoinServiceCritical": Record(installation.JoinServiceCritical, Leaf("OtherDeviceID", "other_device", EUI)),
    "JoinServiceNonCritical": Record(installation.JoinServiceNonCritical, Leaf("OtherDeviceID", "other_device", EUI)),
    "UpdateHANDeviceLog": Record(
        installation.UpdateHanDeviceLog,
        FUTURE_DATED,
        Leaf("DeviceID", "device", EUI),
        Leaf("RequestType", "action", choice_of(installation.LogAction)),
        Child("AddDeviceToCHFWhitelist", "whitelist", _WHITELIST, optional=True),
    ),
    "DevicePrenotification": Record(
        installation.DevicePrenotification,
        Leaf("DeviceID", "device", EUI),
        Leaf("DeviceManufacturer", "manufacturer", MANUFACTURER),
        Leaf("DeviceModel", "model", MODEL),
        Leaf("DeviceType", "device_type", DEVICE_TYPE),
        *_VERSIONS,
        Leaf("AssociatedGPFDeviceID", "associated_gpf", EUI, optional=True),
    ),
}
