"""Does this Pre-Command say what was asked for; does this response answer it? Source: reference dcc.md 5.8, 5.9."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange.commands import planned_command, pre_command
from linkbox.dcc.exchange.services import is_critical
from linkbox.dcc.gbcs.envelope import Cra, Message, decode
from linkbox.dcc.gbcs.precommand import sign_pre_command
from linkbox.dcc.gbcs.protection import verify_signature
from linkbox.dcc.smki import Signer, TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswer:
    """A response that is proven to be the device's answer to the request."""

    message: Message
    succeeded: bool
    text: str


def sign_correlated(request: ServiceRequest, payload: bytes, signer: Signer) -> bytes:
    """The Signed Pre-Command, if rebuilding ``payload`` from the request gives the same octets.

    Raise PreCommandMismatch, which names what differs, rather than sign anything that was not asked for.
    """
    return sign_pre_command(payload, expected=pre_command(request), signer=signer)


def check_response(request: ServiceRequest, payload: bytes, *, trust: TrustStore, at: datetime) -> DeviceAnswer:
    """The device's answer, once everything about it fits the request and its signature verifies.

    A critical response must bear the device's own signature. A non-critical one bears a MAC that only its recipient
    can check: where that is the access control broker, the DSP's XML signature stands for it.
    Raise RemoteProtocolError.
    """
    critical = is_critical(request.srv)
    message = verify_signature(payload, trust=trust, at=at).value if critical else decode(payload)
    _require_answers(request, message)
    planned = planned_command(request)
    if message.message_code != planned.use_case.message_code:
        found = f"{message.message_code:04X}"
        raise RemoteProtocolError("GBCS response", f"must be {planned.use_case.message_code:04X}, is {found}")
    value = planned.use_case.decode_response(message)
    succeeded = bool(getattr(value, "success", True))
    return DeviceAnswer(message=message, succeeded=succeeded, text="" if succeeded else f"device refused: {value}")


def _require_answers(request: ServiceRequest, message: Message) -> None:
    rid = request.request_id
    if message.cra is not Cra.RESPONSE:
        raise RemoteProtocolError("GBCS response", f"must be a response, is a {message.cra.name}")
    if message.originator != rid.target:
        raise RemoteProtocolError("GBCS response", f"must come from {rid.target}, comes from {message.originator}")
    if (message.user, message.user_counter) != (rid.originator, rid.counter):
        rule = f"must answer {rid.originator} {rid.counter}, answers {message.user} {message.user_counter}"
        raise RemoteProtocolError("GBCS response", rule)
