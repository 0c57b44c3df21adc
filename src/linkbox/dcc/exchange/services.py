"""Which of the DSP's three web services a request goes to. Source: reference dcc.md section 2.1."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import SignedPreCommand
from linkbox.dcc.duis.services import SERVICES, Kind
from linkbox.dcc.errors import LocalProtocolError

Service: TypeAlias = Literal["S", "T", "D"]
"""S: send command, T: transform, D: DCC only."""

SERVICE_BY_VARIANT: dict[int, Service] = {1: "S", 2: "D", 3: "S", 4: "T", 5: "S", 6: "D", 7: "S", 8: "D"}
TRANSFORM = 4
SIGNED = 5


def variants_of(srv: str) -> tuple[int, ...]:
    """The command variants that a service reference variant may have; none for one that is not known here."""
    return SERVICES[srv].kind.command_variants if srv in SERVICES else ()


def is_critical(srv: str) -> bool:
    """Whether a user signs the command that the service reference variant gives."""
    return srv in SERVICES and SERVICES[srv].kind is Kind.CRITICAL


def service_for(request: ServiceRequest) -> Service:
    """Where a request of the user goes; raise LocalProtocolError if its command variant does not fit it."""
    allowed = variants_of(request.srv)
    if request.command_variant not in allowed:
        wanted = ", ".join(map(str, allowed)) or "none: the request is not known here"
        raise LocalProtocolError(f"command variant {request.command_variant} of SRV {request.srv}", f"must be {wanted}")
    return SERVICE_BY_VARIANT[request.command_variant]


def signed_request(request: ServiceRequest, signed_pre_command: bytes) -> ServiceRequest:
    """The request that carries a Signed Pre-Command: same Request ID, command variant 5."""
    return replace(request, command_variant=SIGNED, body=SignedPreCommand(payload=signed_pre_command))
