"""The DSP's door: the checks that a request passes before anything is done, in the order of reference 2.5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceRequest, decode_request, read_request
from linkbox.dcc.eligibility import Profile, Refused, UserRole, may_send
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange.services import SERVICE_BY_VARIANT, variants_of
from linkbox.dcc.smki import TrustStore
from linkbox.emulator.stock import Stock

UNKNOWN_USER, ROLE_NOT_PERMITTED, NOT_REGISTERED = "E1", "E2", "E4"
STATUS_INVALID, WRONG_DEVICE_TYPE, WRONG_VARIANT, WRONG_URL, UNKNOWN_DEVICE = "E5", "E11", "E12", "E13", "E19"

_TO_METER = ("7.5", "7.6", "7.7", "7.8", "7.9", "7.10", "7.11", "7.13", "7.14", "7.15", "7.16", "6.13")
_TO_STANDALONE_APC = frozenset({"6.13", "6.14.3", "7.13", "7.14", "7.15", "7.16"})
_ANY_TYPE: frozenset[str] = frozenset()
_DEVICE_TYPES = {
    **dict.fromkeys((*_TO_METER, "6.14.1", "6.14.2", "6.14.3"), frozenset({"ESME"})),
    "8.11": frozenset({"CHF"}),
    "8.7.1": frozenset({"ESME", "HCALCS"}),
}
_NON_DEVICE = frozenset({"8.2", "8.4", "12.2"})
_UNUSABLE = frozenset({"Decommissioned", "Withdrawn", "Suspended"})


class Rejection(RemoteProtocolError):
    """The DSP refuses a request, with a code. ``request_id`` and ``srv`` are None where they could not be read."""

    def __init__(self, code: str, rule: str, *, request_id: RequestId | None, srv: str | None) -> None:
        self.request_id, self.srv = request_id, srv
        super().__init__("service request", rule, response_code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the DSP checks requests against. ``registered`` has the users of a device; one that is absent is for all."""

    trust: TrustStore
    users: Mapping[Eui64, UserRole]
    stock: Stock
    broker: Eui64
    registered: Mapping[Eui64, frozenset[Eui64]]
    profile: Profile
    authentication_code: str


def admit(door: Door, service: str, body: bytes, *, at: datetime) -> ServiceRequest:
    """The request in ``body``, posted to ``service`` at ``at``, if it passes every check; raise Rejection."""
    try:
        request = read_request(body, trust=door.trust, at=at).value
    except RemoteProtocolError as error:
        raise _unreadable(body, error, door.authentication_code) from error
    code, rule = _objection(door, service, request, at)
    if code:
        raise Rejection(code, rule, request_id=request.request_id, srv=request.srv)
    return request


def _unreadable(body: bytes, error: RemoteProtocolError, code: str) -> Rejection:
    """Answer to the request id if that much can be read, though nothing about it is proven."""
    try:
        claimed = decode_request(body)
    except RemoteProtocolError:
        return Rejection(error.response_code or code, str(error), request_id=None, srv=None)
    return Rejection(error.response_code or code, str(error), request_id=claimed.request_id, srv=claimed.srv)


def _objection(door: Door, service: str, request: ServiceRequest, at: datetime) -> tuple[str, str]:
    rid = request.request_id
    role = door.users.get(rid.originator)
    if role is None:
        return UNKNOWN_USER, f"{rid.originator} is not a user"
    verdict = may_send(door.profile, role=role, srv=request.srv, at=at)
    if isinstance(verdict, Refused):
        return ROLE_NOT_PERMITTED, verdict.rule
    if request.command_variant not in variants_of(request.srv):
        return WRONG_VARIANT, f"SRV {request.srv} has no command variant {request.command_variant}"
    if SERVICE_BY_VARIANT[request.command_variant] != service:
        right = SERVICE_BY_VARIANT[request.command_variant]
        return WRONG_URL, f"command variant {request.command_variant} goes to service {right}, not {service}"
    return _device_objection(door, request)


def _device_objection(door: Door, request: ServiceRequest) -> tuple[str, str]:
    rid = request.request_id
    if SERVICE_BY_VARIANT[request.command_variant] == "D" and request.srv in _NON_DEVICE:
        wrong = rid.target != door.broker
        return (UNKNOWN_DEVICE, f"SRV {request.srv} is for {door.broker}") if wrong else ("", "")
    device = door.stock.find(rid.target)
    if device is None:
        return UNKNOWN_DEVICE, f"device {rid.target} is not in the inventory"
    wanted = _DEVICE_TYPES.get(request.srv, _ANY_TYPE)
    if rid.target in door.stock.standalone:
        if request.srv not in _TO_STANDALONE_APC:
            return WRONG_DEVICE_TYPE, f"SRV {request.srv} is not for a standalone APC"
    elif wanted and device.device_type not in wanted:
        return WRONG_DEVICE_TYPE, f"SRV {request.srv} is not for a {device.device_type}"
    if device.status in _UNUSABLE:
        return STATUS_INVALID, f"device {rid.target} is {device.status}"
    if rid.originator not in door.registered.get(rid.target, {rid.originator}):
        return NOT_REGISTERED, f"{rid.originator} is not registered for {rid.target}"
    return "", ""
