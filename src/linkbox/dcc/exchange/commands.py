"""From a service request to the GBCS command that it asks for. Both roles use it: the DSP to build, the user to check.

That the bytes are right is tested against the published vectors, not one role against the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import (
    ActivateAuxiliaryLoad,
    DeactivateAuxiliaryLoad,
    ReadAlcsData,
    ResetAuxiliaryLoad,
)
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.gbcs import ecs47, ecs61a
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


def planned_command(request: ServiceRequest) -> PlannedCommand:
    """The command that a request asks for; raise NotForDevices for a request that asks for none."""
    match request.body:
        case ActivateAuxiliaryLoad(index=index, duration_min=minutes):
            return PlannedCommand(use_case=ecs47.USE_CASE, value=ecs47.ActivateLoad(index=index, duration_min=minutes))
        case DeactivateAuxiliaryLoad(index=index, duration_min=minutes):
            return PlannedCommand(
                use_case=ecs47.USE_CASE, value=ecs47.DeactivateLoad(index=index, duration_min=minutes)
            )
        case ResetAuxiliaryLoad(index=index):
            return PlannedCommand(use_case=ecs47.USE_CASE, value=ecs47.ResetLoad(index=index))
        case ReadAlcsData():
            return PlannedCommand(use_case=ecs61a.USE_CASE, value=ecs61a.ReadSwitchData())
        case _:
            raise NotForDevices(f"SRV {request.srv}", f"has no device command: {type(request.body).__name__}")


def pre_command(request: ServiceRequest) -> bytes:
    """The Pre-Command that the request must give, with its trailing 00."""
    planned, rid = planned_command(request), request.request_id
    return planned.use_case.build_pre_command(
        planned.value, originator=rid.originator, recipient=rid.target, counter=rid.counter
    )


def changes_the_device(request: ServiceRequest) -> bool:
    """Whether carrying out the request changes anything at the device."""
    return request.srv not in READ_SRVS
