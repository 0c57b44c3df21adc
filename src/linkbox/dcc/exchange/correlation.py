"""Does this Pre-Command say what was asked for; does this response answer it? Source: reference dcc.md 5.8, 5.9."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange.commands import changes_the_device, planned_commands, pre_commands
from linkbox.dcc.exchange.services import is_critical
from linkbox.dcc.gbcs.envelope import Cra, Message, decode
from linkbox.dcc.gbcs.precommand import sign_pre_command
from linkbox.dcc.gbcs.protection import verify_mac, verify_signature
from linkbox.dcc.gbcs.registry import failures
from linkbox.dcc.smki import KeyAgreement, KeyUsage, Signer, TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAnswer:
    """A response that is proven to be the device's answer to the request."""

    message: Message
    succeeded: bool
    text: str


def sign_correlated(request: ServiceRequest, payload: bytes, signer: Signer) -> bytes:
    """The Signed Pre-Command, if rebuilding ``payload`` from the request gives the same octets.

    Where a request has several forms, ``payload`` must be one of them. Raise PreCommandMismatch, which names what
    differs, rather than sign anything that was not asked for.
    """
    forms = pre_commands(request)
    expected = next((form for form in forms if payload in (form, form[:-1])), forms[0])
    return sign_pre_command(payload, expected=expected, signer=signer)


def check_response(
    request: ServiceRequest,
    payload: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    agreement: KeyAgreement | None = None,
) -> DeviceAnswer:
    """The device's answer, once everything about it fits the request and its protection verifies.

    A critical response must bear the device's own signature. A non-critical one bears a MAC that only its recipient
    can check: where that is the user, it is checked with ``agreement`` if given; where it is the access control
    broker, the DSP's XML signature stands for it. Raise RemoteProtocolError.
    """
    message = _authentic(request, payload, trust=trust, at=at, agreement=agreement)
    _require_answers(request, message)
    forms = {planned.use_case.message_code: planned.use_case for planned in planned_commands(request)}
    if message.message_code not in forms:
        wanted = ", ".join(f"{code:04X}" for code in forms)
        raise RemoteProtocolError("GBCS response", f"must be {wanted}, is {message.message_code:04X}")
    value = forms[message.message_code].decode_response(message)
    failed = failures(value) if changes_the_device(request) else ()
    text = "device refused: " + "; ".join(failed) if failed else ""
    return DeviceAnswer(message=message, succeeded=not failed, text=text)


def _authentic(
    request: ServiceRequest, payload: bytes, *, trust: TrustStore, at: datetime, agreement: KeyAgreement | None
) -> Message:
    if is_critical(request.srv):
        return verify_signature(payload, trust=trust, at=at).value
    message = decode(payload)
    if agreement is None or message.recipient != agreement.certificate.eui:
        return message
    return verify_mac(payload, agreement, trust.find(message.originator, KeyUsage.KEY_AGREEMENT, at=at))


def _require_answers(request: ServiceRequest, message: Message) -> None:
    rid = request.request_id
    if message.cra is not Cra.RESPONSE:
        raise RemoteProtocolError("GBCS response", f"must be a response, is a {message.cra.name}")
    if message.originator != rid.target:
        raise RemoteProtocolError("GBCS response", f"must come from {rid.target}, comes from {message.originator}")
    if (message.user, message.user_counter) != (rid.originator, rid.counter):
        rule = f"must answer {rid.originator} {rid.counter}, answers {message.user} {message.user_counter}"
        raise RemoteProtocolError("GBCS response", rule)
