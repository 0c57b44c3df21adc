"""How the request bodies look in XML, and which service each belongs to."""

from __future__ import annotations

from typing import Any

from linkbox.dcc.duis import installation, load, readings, schedules, stock
from linkbox.dcc.duis.installationshapes import INSTALLATION_BODIES, PROPERTY_FILTER
from linkbox.dcc.duis.scheduleshapes import SCHEDULE_BODIES
from linkbox.dcc.duis.shape import Attr, Choice, Flag, Leaf, Many, Nest, Part, Record, Shape, Text, by_class
from linkbox.dcc.duis.simple import FUTURE_DATED, IMPORT_MPXN, INDEX, LEVEL, UPRN
from linkbox.dcc.duis.text import BASE64, BOOLEAN, DATE_TIME, EUI, UNSIGNED_SHORT, choice_of

_INDEX = (Attr("index", "index", INDEX),)
_CONTROLLER = (Attr("auxiliaryControllerN", "index", INDEX),)
_PERIOD = (Leaf("StartDateTime", "start", DATE_TIME), Leaf("EndDateTime", "end", DATE_TIME))
_LOG_PERIOD = Nest("ReadLogPeriod", *_PERIOD)
_HOLD = (
    *_PERIOD,
    Leaf("CommandedStateLevel", "level_percent", LEVEL),
    Flag("InputFromControlledLoad", "input_from_load"),
)


def _switch(xml: str) -> Part:
    return Nest(xml, Leaf("Duration", "duration_min", UNSIGNED_SHORT), attributes=_INDEX)


def _slots(xml: str) -> Part:
    return Many(xml, "slots", Text(load.BoostSlot, "marked", BOOLEAN, attributes=_INDEX), least=5, most=5)


_SEARCH: dict[str, Shape] = {
    "UPRN": Text(stock.ByUprn, "uprn", UPRN),
    "DeviceID": Text(stock.ByDevice, "device", EUI),
    "MPxN": Text(stock.ByMpxn, "mpxn", IMPORT_MPXN),
    "PropertyFilter": PROPERTY_FILTER,
}

BODIES: dict[str, Shape] = {
    "ActivateAuxiliaryLoad": Record(load.ActivateAuxiliaryLoad, _switch("ActivateALCSHCALCS")),
    "DeactivateAuxiliaryLoad": Record(load.DeactivateAuxiliaryLoad, _switch("DeactivateALCSHCALCS")),
    "ReadALCSData": Record(load.ReadAlcsData, FUTURE_DATED),
    "ResetAuxiliaryLoad": Record(load.ResetAuxiliaryLoad, Nest("ResetALCSHCALCS", attributes=_INDEX)),
    "AddAuxiliaryLoadToBoostButton": Record(
        load.AddAuxiliaryLoadToBoostButton, FUTURE_DATED, _slots("AddToBoostButton")
    ),
    "RemoveAuxiliaryLoadFromBoostButton": Record(
        load.RemoveAuxiliaryLoadFromBoostButton, FUTURE_DATED, _slots("RemoveFromBoostButton")
    ),
    "ReadBoostButtonDetails": Record(readings.ReadBoostButtonDetails, FUTURE_DATED, _LOG_PERIOD),
    "SetAuxiliaryControllerState": Record(load.SetAuxiliaryControllerState, *_HOLD, attributes=_CONTROLLER),
    "ReadAuxiliaryControllerConfigurationData": Record(readings.ReadAuxiliaryControllerConfigurationData, FUTURE_DATED),
    "ReadAuxiliaryControllerOperationalData": Record(readings.ReadAuxiliaryControllerOperationalData, FUTURE_DATED),
    "LimitAPCLevel": Record(load.LimitApcLevel, *_HOLD, attributes=_CONTROLLER),
    "ReadEventOrSecurityLog": Record(
        readings.ReadEventOrSecurityLog, _LOG_PERIOD, Leaf("LogToRead", "log", choice_of(readings.Log))
    ),
    **SCHEDULE_BODIES,
    "ReadInventory": Record(stock.ReadInventory, Choice("search", _SEARCH, by_class(_SEARCH))),
    **INSTALLATION_BODIES,
    "SignedPreCommand": Record(load.SignedPreCommand, FUTURE_DATED, Leaf("GBCSPayload", "payload", BASE64)),
}

BODY_CHOICE = Choice("body", BODIES, by_class(BODIES))

SRV_OF_BODY: dict[type[Any], str] = {
    load.ActivateAuxiliaryLoad: "7.5",
    load.DeactivateAuxiliaryLoad: "7.6",
    load.ReadAlcsData: "7.7",
    load.ResetAuxiliaryLoad: "7.8",
    load.AddAuxiliaryLoadToBoostButton: "7.9",
    load.RemoveAuxiliaryLoadFromBoostButton: "7.10",
    readings.ReadBoostButtonDetails: "7.11",
    load.SetAuxiliaryControllerState: "7.13",
    readings.ReadAuxiliaryControllerConfigurationData: "7.14",
    readings.ReadAuxiliaryControllerOperationalData: "7.15",
    load.LimitApcLevel: "7.16",
    readings.ReadEventOrSecurityLog: "6.13",
    schedules.UpdateAlcDescriptions: "6.14.1",
    schedules.UpdateAlcSchedule: "6.14.2",
    schedules.UpdateControllerSchedule: "6.14.3",
    stock.ReadInventory: "8.2",
    installation.UpdateInventory: "8.4",
    installation.JoinServiceCritical: "8.7.1",
    installation.JoinServiceNonCritical: "8.7.2",
    installation.UpdateHanDeviceLog: "8.11",
    installation.DevicePrenotification: "12.2",
}
"""The one variant that each body belongs to; a Signed Pre-Command belongs to every critical one."""
