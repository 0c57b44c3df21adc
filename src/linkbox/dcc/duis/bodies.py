"""Every request body, by name."""

from __future__ import annotations

from typing import TypeAlias

from linkbox.dcc.duis.installation import (
    DeleteDevice,
    DevicePrenotification,
    InventoryChange,
    JoinServiceCritical,
    JoinServiceNonCritical,
    LogAction,
    SetDeviceDetails,
    SetDeviceStatus,
    SetExportMpan,
    SetHubStatus,
    SetImportMpxn,
    SetMpxn,
    SetSecondaryImportMpan,
    UpdateHanDeviceLog,
    UpdateInventory,
    WhitelistEntry,
)
from linkbox.dcc.duis.load import (
    ActivateAuxiliaryLoad,
    AddAuxiliaryLoadToBoostButton,
    BoostSlot,
    DeactivateAuxiliaryLoad,
    LimitApcLevel,
    ReadAlcsData,
    RemoveAuxiliaryLoadFromBoostButton,
    ResetAuxiliaryLoad,
    SetAuxiliaryControllerState,
    SignedPreCommand,
)
from linkbox.dcc.duis.readings import (
    Log,
    ReadAuxiliaryControllerConfigurationData,
    ReadAuxiliaryControllerOperationalData,
    ReadBoostButtonDetails,
    ReadEventOrSecurityLog,
)
from linkbox.dcc.duis.schedules import (
    ControllerScheduleRow,
    MonthEnd,
    ScheduleDate,
    SpecialDay,
    SwitchBinding,
    SwitchDescription,
    SwitchScheduleRow,
    UpdateAlcDescriptions,
    UpdateAlcSchedule,
    UpdateControllerSchedule,
    Weekday,
)
from linkbox.dcc.duis.stock import ByDevice, ByMpxn, ByUprn, InventorySearch, PropertyFilter, ReadInventory

RequestBody: TypeAlias = (
    ActivateAuxiliaryLoad
    | DeactivateAuxiliaryLoad
    | ReadAlcsData
    | ResetAuxiliaryLoad
    | AddAuxiliaryLoadToBoostButton
    | RemoveAuxiliaryLoadFromBoostButton
    | ReadBoostButtonDetails
    | SetAuxiliaryControllerState
    | ReadAuxiliaryControllerConfigurationData
    | ReadAuxiliaryControllerOperationalData
    | LimitApcLevel
    | ReadEventOrSecurityLog
    | UpdateAlcDescriptions
    | UpdateAlcSchedule
    | UpdateControllerSchedule
    | ReadInventory
    | UpdateInventory
    | JoinServiceCritical
    | JoinServiceNonCritical
    | UpdateHanDeviceLog
    | DevicePrenotification
    | SignedPreCommand
)

__all__ = [
    "ActivateAuxiliaryLoad",
    "AddAuxiliaryLoadToBoostButton",
    "BoostSlot",
    "ByDevice",
    "ByMpxn",
    "ByUprn",
    "ControllerScheduleRow",
    "DeactivateAuxiliaryLoad",
    "DeleteDevice",
    "DevicePrenotification",
    "InventoryChange",
    "InventorySearch",
    "JoinServiceCritical",
    "JoinServiceNonCritical",
    "LimitApcLevel",
    "Log",
    "LogAction",
    "MonthEnd",
    "PropertyFilter",
    "ReadAlcsData",
    "ReadAuxiliaryControllerConfigurationData",
    "ReadAuxiliaryControllerOperationalData",
    "ReadBoostButtonDetails",
    "ReadEventOrSecurityLog",
    "ReadInventory",
    "RemoveAuxiliaryLoadFromBoostButton",
    "RequestBody",
    "ResetAuxiliaryLoad",
    "ScheduleDate",
    "SetAuxiliaryControllerState",
    "SetDeviceDetails",
    "SetDeviceStatus",
    "SetExportMpan",
    "SetHubStatus",
    "SetImportMpxn",
    "SetMpxn",
    "SetSecondaryImportMpan",
    "SignedPreCommand",
    "SpecialDay",
    "SwitchBinding",
    "SwitchDescription",
    "SwitchScheduleRow",
    "UpdateAlcDescriptions",
    "UpdateAlcSchedule",
    "UpdateControllerSchedule",
    "UpdateHanDeviceLog",
    "UpdateInventory",
    "Weekday",
    "WhitelistEntry",
]
