"""How response bodies look in XML, by schema version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from linkbox.dcc.duis import response
from linkbox.dcc.duis.alertshapes import ALERT_SHAPES
from linkbox.dcc.duis.codes import DCC_ALERT_CODES, csp_regions, response_codes
from linkbox.dcc.duis.document import Root
from linkbox.dcc.duis.installationshapes import PROPERTY_FILTER
from linkbox.dcc.duis.opaque import Opaque
from linkbox.dcc.duis.services import SERVICE_REFERENCE, SERVICE_REFERENCE_VARIANT
from linkbox.dcc.duis.shape import Child, Choice, Leaf, Many, Nest, Part, Record, Shape, Text, Withheld, by_class
from linkbox.dcc.duis.simple import (
    DEVICE_STATUS,
    DEVICE_TYPE,
    ESME_VARIANT,
    FIRMWARE_VERSION,
    IMAGE_STATUS,
    IMPORT_MPXN,
    MANUFACTURER,
    MODEL,
    MPAN,
    SMETS_CHTS_VERSION,
    UPRN,
)
from linkbox.dcc.duis.text import (
    ANY_STRING,
    BASE64,
    DATE,
    DATE_TIME_MS,
    EUI,
    REQUEST_ID,
    UNSIGNED_INT,
    UNSIGNED_SHORT,
    alert_code,
    enumeration,
)
from linkbox.dcc.duis.versions import is_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The element ResponseMessage; ``content`` None for an acknowledgement."""

    reference: str
    srv: str
    content: Any = None


_PAYLOAD = Leaf("GBCSPayload", "payload", BASE64)
_THROTTLED = (
    Leaf("ThrottledAlertSequenceId", "throttled_sequence_id", UNSIGNED_INT, optional=True),
    Leaf("ThrottledAlertCount", "throttled_count", UNSIGNED_INT, optional=True),
)


_OTHER_CONTENT = (
    "CINMessage",
    "DSPOptIn",
    "DSPSchedulesRead",
    "DSPScheduledMessage",
    "DSPScheduleID",
    "DSPUpdateFirmwareWarning",
    "DSPUpdatePPMIDFirmwareWarning",
    "DSPWANMatrix",
)


def _optional(xml: str, name: str, simple: Any) -> Leaf:
    return Leaf(xml, name, simple, optional=True)


def _device(version: str) -> Record:
    newest: Part = Withheld("connectivity", "5.4")
    if is_from(version, "5.4"):
        newest = _optional("Connectivity", "connectivity", enumeration("Cellular", "Virtual"))
    return Record(
        response.InventoryDevice,
        Leaf("DeviceID", "device", EUI),
        Leaf("DeviceType", "device_type", DEVICE_TYPE),
        _optional("DeviceStatus", "status", DEVICE_STATUS),
        Leaf("DeviceManufacturer", "manufacturer", MANUFACTURER),
        Leaf("DeviceModel", "model", MODEL),
        _optional("SMETSCHTSVersion", "smets_chts_version", SMETS_CHTS_VERSION),
        _optional("DeviceFirmwareVersion", "firmware_version", FIRMWARE_VERSION),
        _optional("DeviceFirmwareVersionStatus", "firmware_status", IMAGE_STATUS),
        _optional("CPLStatus", "cpl_status", IMAGE_STATUS),
        _optional("DateCommissioned", "commissioned_on", DATE),
        _optional("ImportMPxN", "import_mpxn", IMPORT_MPXN),
        _optional("SecondaryImportMPAN", "secondary_import_mpan", MPAN),
        _optional("ExportMPAN", "export_mpan", MPAN),
        _optional("ESMEVariant", "esme_variant", ESME_VARIANT),
        _optional("UPRN", "uprn", UPRN),
        Child("PropertyFilter", "address", PROPERTY_FILTER, optional=True),
        _optional("CSPRegion", "csp_region", enumeration(*csp_regions(version))),
        _optional("DeviceGBCSVersion", "gbcs_version", ANY_STRING),
        _optional("HANVariant", "han_variant", ANY_STRING),
        _optional("S1SP", "s1sp", ANY_STRING),
        newest,
    )


def _contents(version: str) -> dict[str, Shape]:
    return {
        "DSPInventory": Record(response.DspInventory, Many("Device", "devices", _device(version), least=1, most=17)),
        "FutureDatedDeviceAlertMessage": Record(
            response.FutureDatedOutcome,
            Leaf("FutureDatedAlertCode", "alert_code", alert_code(0x8F66, 0x8F67)),
            _PAYLOAD,
            Leaf("InstructionNumber", "instruction_number", UNSIGNED_SHORT),
            Leaf("TotalCommandInstructions", "total_instructions", UNSIGNED_SHORT),
        ),
        "GBCSPayload": Text(response.GbcsPayload, "payload", BASE64),
        "LocalCommand": Record(response.LocalCommand, _PAYLOAD),
        "PreCommand": Record(response.PreCommand, Leaf("GBCSVersion", "gbcs_version", ANY_STRING), _PAYLOAD),
        **{name: Opaque(response.OtherContent) for name in _OTHER_CONTENT},
    }


def _bodies(version: str) -> dict[str, Shape]:
    contents = _contents(version)
    return {
        "ResponseMessage": Record(
            Message,
            Leaf("ServiceReference", "reference", SERVICE_REFERENCE),
            Leaf("ServiceReferenceVariant", "srv", SERVICE_REFERENCE_VARIANT),
            Choice("content", contents, by_class(contents), optional=True),
        ),
        "DeviceAlertMessage": Record(
            response.DeviceAlert, Leaf("AlertCode", "alert_code", alert_code()), *_THROTTLED, _PAYLOAD
        ),
        "DCCAlertMessage": Record(
            response.DccAlert,
            Leaf("DCCAlertCode", "code", enumeration(*DCC_ALERT_CODES)),
            *_THROTTLED,
            Nest("DCCAlert", Choice("alert", ALERT_SHAPES, by_class(ALERT_SHAPES))),
        ),
    }


@dataclass(frozen=True, slots=True)
class ResponseShapes:
    """What is needed to read and write the responses of one schema version."""

    root: Root
    header: tuple[Part, ...]
    body: Choice


@cache
def response_shapes(version: str) -> ResponseShapes:
    """The shapes of ``version``, a known one."""
    header = (
        _optional("RequestID", "request_id", REQUEST_ID),
        _optional("ResponseID", "response_id", REQUEST_ID),
        Leaf("ResponseCode", "response_code", enumeration(*response_codes(version))),
        Leaf("ResponseDateTime", "response_at", DATE_TIME_MS),
    )
    bodies = _bodies(version)
    body = Choice("body", bodies, by_class(bodies))
    return ResponseShapes(Root("Response", Nest("Header", *header), Nest("Body", body)), header, body)
