"""How DCC alerts look in XML."""

from __future__ import annotations

from linkbox.dcc.duis import alerts
from linkbox.dcc.duis.opaque import Opaque
from linkbox.dcc.duis.shape import Leaf, Named, Record, Shape
from linkbox.dcc.duis.text import REQUEST_ID, integer

_OTHERS = (
    "PowerOutageEvent",
    "DeviceStatusChangeEvent",
    "DSPScheduleRemoval",
    "CommandFailure",
    "FirmwareDistributionFailure",
    "UpdateHANDeviceLogResult",
    "ChangeOfSupplier",
    "DeviceLogRestored",
    "PPMIDAlert",
    "SecurityCredentialsUpdated",
    "PPMIDRemoval",
    "FirmwareVersionMismatch",
    "DualBandCHAlert",
    "S1SPAlertDSP",
    "SMETS1CHFirmwareNotification",
    "ALCSHCALCSConfigurationChange",
    "FirmwareUpgradeRequested",
    "CSPFirmwareDeliveryStatus",
    "CommsHubAlert",
    "ECoSAlert",
    "CommsHubFirmwareActivation",
    "CoSCertificateAlert",
    "DUISVersionMismatch",
)


_QUARANTINED = Record(
    alerts.QuarantinedRequest,
    Named(
        "breach",
        {breach.value: breach for breach in alerts.Breach},
        Leaf("RequestID", "request_id", REQUEST_ID),
        Leaf("QuarantineEventRef", "event_reference", integer(None, None, digits=20)),
    ),
)

ALERT_SHAPES: dict[str, Shape] = {
    "QuarantinedRequest": _QUARANTINED,
    **{name: Opaque(alerts.OtherDccAlert) for name in _OTHERS},
}
