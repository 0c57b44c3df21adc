"""From a service request to the GBCS command that it asks for. Both roles use it: the DSP to build, the user to check.

That the bytes are right is tested against the published vectors, not one role against the other. Where the command
depends on the device (its generation, its kind), all forms are given: the DSP, who has the inventory, chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis import bodies as duis
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.exchange.calendars import controller_calendar, direction, switch_calendar
from linkbox.dcc.gbcs import (
    ccs,
    cs03,
    ecs35,
    ecs46,
    ecs46a,
    ecs47,
    ecs47a,
    ecs47e,
    ecs61a,
    ecs61c,
    ecs61d,
    ecs61e,
    ecs62,
)
from linkbox.dcc.gbcs.cs03 import JoinDevice, JoinDeviceType, JoinMethod
from linkbox.dcc.gbcs.levels import Level
from linkbox.dcc.gbcs.logs import LogPeriod
from linkbox.dcc.gbcs.objects import SLOT_NUMBERS
from linkbox.dcc.gbcs.usecase import UseCase

READ_SRVS = frozenset({"7.7", "7.11", "7.14", "7.15", "6.13", "8.2"})
"""Requests that change nothing at the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCommand:
    """A use case and the value of its command."""

    use_case: UseCase[Any, Any]
    value: Any


class NotForDevices(LocalProtocolError):
    """The request asks for no command that is known here."""


def planned_commands(request: ServiceRequest) -> tuple[PlannedCommand, ...]:
    """Every form of the command that a request asks for; raise NotForDevices for a request that asks for none.

    A value that GBCS can not express (an install code that is too short, say) raises LocalProtocolError.
    """
    match request.body:
        case duis.ActivateAuxiliaryLoad() | duis.DeactivateAuxiliaryLoad() | duis.ResetAuxiliaryLoad() as body:
            return (_switching(body),)
        case duis.ReadAlcsData():
            return _one(ecs61a.USE_CASE, ecs61a.ReadSwitchData())
        case duis.AddAuxiliaryLoadToBoostButton() | duis.RemoveAuxiliaryLoadFromBoostButton() as body:
            return _one(ecs62.USE_CASE, ecs62.SetBoostControls(controls=_boost_controls(body)))
        case duis.ReadBoostButtonDetails(start=start, end=end):
            return _one(ecs61c.USE_CASE, ecs61c.ReadBoostDetails(period=LogPeriod(start=start, end=end)))
        case duis.SetAuxiliaryControllerState() as body:
            period = ecs47a.SetControllerState(level=_level(body), start=body.start, end=body.end)
            return _one(ecs47a.USE_CASE, period)
        case duis.LimitApcLevel() as body:
            return _one(ecs47e.USE_CASE, ecs47e.LimitLevel(level=_level(body), start=body.start, end=body.end))
        case duis.ReadAuxiliaryControllerConfigurationData():
            return _one(ecs61d.USE_CASE, ecs61d.ReadControllerConfiguration())
        case duis.ReadAuxiliaryControllerOperationalData():
            return _one(ecs61e.USE_CASE, ecs61e.ReadControllerOperation())
        case duis.ReadEventOrSecurityLog(log=duis.Log.ALCS_EVENT, start=start, end=end):
            value = ecs35.ReadSwitchLog(period=LogPeriod(start=start, end=end))
            return (*_one(ecs35.ECS35F, value), *_one(ecs35.ECS35G, value))
        case _:
            return _installing(request)


def _installing(request: ServiceRequest) -> tuple[PlannedCommand, ...]:
    match request.body:
        case duis.UpdateAlcDescriptions(descriptions=descriptions):
            labels = {description.index: description.label for description in descriptions}
            return _one(ecs46a.USE_CASE, ecs46a.WriteLabels(labels=tuple(labels.get(n) for n in SLOT_NUMBERS)))
        case duis.UpdateAlcSchedule() as body:
            return _one(ecs46.ECS46C, switch_calendar(body))
        case duis.UpdateControllerSchedule() as body:
            return _one(ecs46.ECS46D, controller_calendar(body))
        case duis.JoinServiceCritical(other_device=other):
            initiator = JoinDevice(method=JoinMethod.A_INITIATOR, eui=other, device_type=JoinDeviceType.HCALCS)
            responder = JoinDevice(method=JoinMethod.A_RESPONDER, eui=other, device_type=JoinDeviceType.ESME)
            return (*_one(cs03.CS03A1, initiator), *_one(cs03.CS03A2, responder))
        case duis.UpdateHanDeviceLog(action=duis.LogAction.ADD, device=device, whitelist=entry) if entry is not None:
            return tuple(
                PlannedCommand(use_case=ccs.CCS01, value=_added(device, entry, kind)) for kind in ccs.HanDeviceType
            )
        case duis.UpdateHanDeviceLog(action=duis.LogAction.REMOVE, device=device):
            return _one(ccs.CCS02, ccs.RemoveDevice(eui=device))
        case _:
            raise NotForDevices(f"SRV {request.srv}", f"has no device command here: {type(request.body).__name__}")


def pre_commands(request: ServiceRequest) -> tuple[bytes, ...]:
    """Every Pre-Command that the request may give, with its trailing 00."""
    return tuple(build_pre_command(request, planned) for planned in planned_commands(request))


def build_pre_command(request: ServiceRequest, planned: PlannedCommand) -> bytes:
    """The Pre-Command of one form of the command."""
    rid = request.request_id
    return planned.use_case.build_pre_command(
        planned.value, originator=rid.originator, recipient=rid.target, counter=rid.counter
    )


def changes_the_device(request: ServiceRequest) -> bool:
    """Whether carrying out the request changes anything at the device."""
    return request.srv not in READ_SRVS


def _one(use_case: UseCase[Any, Any], value: object) -> tuple[PlannedCommand, ...]:
    return (PlannedCommand(use_case=use_case, value=value),)


def _switching(
    body: duis.ActivateAuxiliaryLoad | duis.DeactivateAuxiliaryLoad | duis.ResetAuxiliaryLoad,
) -> PlannedCommand:
    value: ecs47.Ecs47Command
    match body:
        case duis.ActivateAuxiliaryLoad(index=index, duration_min=minutes):
            value = ecs47.ActivateLoad(index=index, duration_min=minutes)
        case duis.DeactivateAuxiliaryLoad(index=index, duration_min=minutes):
            value = ecs47.DeactivateLoad(index=index, duration_min=minutes)
        case duis.ResetAuxiliaryLoad(index=index):
            value = ecs47.ResetLoad(index=index)
    return PlannedCommand(use_case=ecs47.USE_CASE, value=value)


def _boost_controls(
    body: duis.AddAuxiliaryLoadToBoostButton | duis.RemoveAuxiliaryLoadFromBoostButton,
) -> tuple[bool, ...]:
    """All five are always written. What an unmarked slot gets is not published; here it gets the opposite."""
    adds = isinstance(body, duis.AddAuxiliaryLoadToBoostButton)
    marked = {slot.index for slot in body.slots if slot.marked}
    return tuple((number in marked) == adds for number in SLOT_NUMBERS)


def _level(body: duis.SetAuxiliaryControllerState | duis.LimitApcLevel) -> Level:
    way = direction(input_from_load=body.input_from_load)
    return Level(direction=way, number=body.index, level_percent=body.level_percent)


def _added(device: Any, entry: duis.WhitelistEntry, kind: ccs.HanDeviceType) -> ccs.AddDevice:
    return ccs.AddDevice(eui=device, install_code=entry.install_code, device_type=kind, join_time_s=entry.join_time_s)
