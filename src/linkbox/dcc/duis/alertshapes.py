"""How DCC alerts look in XML."""

from __future__ import annotations

from typing import Any

from linkbox.dcc.duis import alerts
from linkbox.dcc.duis.opaque import Opaque
from linkbox.dcc.duis.shape import Child, Choice, Empty, Leaf, Many, Named, Nest, Part, Plain, Record, Shape, by_class
from linkbox.dcc.duis.simple import DEVICE_TYPE, ESME_VARIANT, IMPORT_MPXN, MPAN, SCHEDULE_ID
from linkbox.dcc.duis.text import ANY_STRING, DATE_TIME_MS, EUI, REQUEST_ID, enumeration, integer

_OTHERS = (
    "DSPScheduleRemoval",
    "FirmwareDistributionFailure",
    "ChangeOfSupplier",
    "DeviceLogRestored",
    "PPMIDAlert",
    "SecurityCredentialsUpdated",
    "PPMIDRemoval",
    "FirmwareVersionMismatch",
    "DualBandCHAlert",
    "S1SPAlertDSP",
    "SMETS1CHFirmwareNotification",
    "FirmwareUpgradeRequested",
    "CSPFirmwareDeliveryStatus",
    "CommsHubAlert",
    "ECoSAlert",
    "CommsHubFirmwareActivation",
    "CoSCertificateAlert",
)

_NUMBERS = Record(
    alerts.SupplyNumbers,
    Leaf("ImportMPxN", "import_mpxn", IMPORT_MPXN),
    Leaf("SecondaryImportMPAN", "secondary_import_mpan", MPAN, optional=True),
    Leaf("ExportMPAN", "export_mpan", MPAN, optional=True),
)
_VARIANT = Leaf("ESMEVariant", "esme_variant", ESME_VARIANT, optional=True)
_ASSOCIATED = Record(
    alerts.AssociatedDevice, Leaf("DeviceID", "device", EUI), Leaf("DeviceType", "device_type", DEVICE_TYPE)
)
_SUPPLIER = Plain(enumeration("DigitalSigning", "KeyAgreement", "KeyAgreementTopUp"))
_NETWORK = Plain(enumeration("DigitalSigning", "KeyAgreement"))

_DETAILED_CHANGES: dict[str, Shape] = {
    "MeterIdentity": Record(alerts.MeterIdentity, Child("MeterMPxNs", "numbers", _NUMBERS), _VARIANT),
    "MeterDecommissioningOrWithdrawal": Record(
        alerts.MeterRemoved,
        Child("MeterDecommissionOrWithdrawal", "numbers", _NUMBERS),
        Many("AssociatedType1Device", "associated", _ASSOCIATED, least=0, most=7),
    ),
    "RecoveryCompleteACBCredentials": Record(
        alerts.BrokerCredentialsRecovered,
        Many("SupplierCertificateType", "supplier_certificates", _SUPPLIER, least=1, most=3),
        Many("NetworkOperatorCertificateType", "network_operator_certificates", _NETWORK, least=0, most=2),
    ),
}
_CHANGES = {**_DETAILED_CHANGES, **{change.value: Empty(change) for change in alerts.Change}}
_pick_detailed = by_class(_DETAILED_CHANGES)


def _pick_change(change: Any) -> str:
    return change.value if isinstance(change, alerts.Change) else _pick_detailed(change)


_BREACH: Part = Named(
    "breach",
    {breach.value: breach for breach in alerts.Breach},
    Leaf("RequestID", "request_id", REQUEST_ID),
    Leaf("QuarantineEventRef", "event_reference", integer(None, None, digits=20)),
)

_MISMATCHES: dict[str, Shape] = {
    "DCCAlertVersionMismatch": Record(
        alerts.AlertVersionMismatch,
        Leaf("DCCAlertCode", "alert_code", ANY_STRING),
        Leaf("DeviceID", "device", EUI, optional=True),
        Leaf("RequestID", "request_id", REQUEST_ID, optional=True),
    ),
    "ServiceResponseVersionMismatch": Record(
        alerts.ResponseVersionMismatch,
        Leaf("RequestID", "request_id", REQUEST_ID),
        Leaf("ServiceReference", "reference", ANY_STRING),
        Leaf("ServiceReferenceVariant", "srv", ANY_STRING),
        Leaf("ServiceRequestDUISVersion", "request_version", ANY_STRING),
    ),
}

ALERT_SHAPES: dict[str, Shape] = {
    "PowerOutageEvent": Record(
        alerts.PowerOutage,
        Leaf("CommsHubDeviceID", "hub", EUI),
        Leaf("StartDateTime", "start", DATE_TIME_MS),
        Leaf("MPxN", "mpxn", IMPORT_MPXN),
    ),
    "DeviceStatusChangeEvent": Record(
        alerts.DeviceStatusChange,
        Leaf("DeviceID", "device", EUI),
        Nest("DeviceStatusChange", Choice("change", _CHANGES, _pick_change)),
    ),
    "CommandFailure": Record(
        alerts.CommandFailure,
        Leaf("CommandRequestID", "request_id", REQUEST_ID),
        Leaf("DSPScheduleID", "schedule_id", SCHEDULE_ID, optional=True),
        Leaf("DeviceID", "device", EUI),
    ),
    "UpdateHANDeviceLogResult": Record(
        alerts.HanDeviceLogResult, Leaf("UpdateHANDeviceLogServiceRequestID", "request_id", REQUEST_ID)
    ),
    "QuarantinedRequest": Record(alerts.QuarantinedRequest, _BREACH),
    "ALCSHCALCSConfigurationChange": Record(
        alerts.SwitchConfigurationChange,
        Leaf("ESMEDeviceID", "esme", EUI),
        _VARIANT,
        Leaf("DeviceGBCSVersion", "gbcs_version", ANY_STRING, optional=True),
    ),
    "DUISVersionMismatch": Record(
        alerts.VersionMismatch,
        Choice("withheld", _MISMATCHES, by_class(_MISMATCHES)),
        Leaf("ServiceUserDUISVersion", "user_version", ANY_STRING),
    ),
    **{name: Opaque(alerts.OtherDccAlert) for name in _OTHERS},
}
