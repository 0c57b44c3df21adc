"""A service request from the user's side: values in, values out, no I/O.

The caller stores an Exchange before it posts ``outgoing``, and may post the same bytes again at any time: the other
side knows a repeat by its Request ID.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from linkbox.base.identifiers import RequestId
from linkbox.base.values import changed
from linkbox.dcc.duis import ServiceRequest, ServiceResponse, encode_request, read_synchronous_reply, sign
from linkbox.dcc.duis.alerts import CommandFailure, QuarantinedRequest, ResponseVersionMismatch, VersionMismatch
from linkbox.dcc.duis.response import Acknowledgement, DccAlert, GbcsPayload, PreCommand
from linkbox.dcc.eligibility import Profile, UserRole, require_allowed
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.exchange.correlation import check_response, sign_correlated
from linkbox.dcc.exchange.services import service_for, signed_request
from linkbox.dcc.exchange.table import TABLE, ExchangeEvent, ExchangeState
from linkbox.dcc.exchange.values import Exchange
from linkbox.dcc.smki import KeyAgreement, Signer, TrustStore, Verified

THROTTLE_CODES = frozenset({"E1008"})
"""What the DSP answers when it has too many requests. Not published (reference 8.2): a setting."""


def open_exchange(
    request: ServiceRequest, *, xml_signer: Signer, profile: Profile, role: UserRole, at: datetime
) -> Exchange:
    """Check that ``profile`` lets a user in ``role`` send the request at ``at``, then build and sign it.

    Raise EligibilityRefused, which names the rule, before anything is built; LocalProtocolError where the signer is
    not the request's originator or the command variant does not fit.
    """
    require_allowed(profile, role=role, srv=request.srv, at=at)
    if xml_signer.certificate.eui != request.request_id.originator:
        raise LocalProtocolError(f"XML signer {xml_signer.certificate.eui}", "must be the originator of the request")
    service = service_for(request)
    event = ExchangeEvent.TRANSFORM_ASKED if service == "T" else ExchangeEvent.COMMAND_ASKED
    return Exchange(
        request=request,
        state=TABLE.next(TABLE.initial, event),
        service=service,
        outgoing=sign(encode_request(request), xml_signer),
    )


def receive_reply(
    exchange: Exchange,
    data: bytes,
    *,
    trust: TrustStore,
    xml_signer: Signer,
    gbcs_signer: Signer,
    at: datetime,
    throttle_codes: Collection[str] = THROTTLE_CODES,
) -> Exchange:
    """Take the body of the HTTP reply to ``outgoing``.

    A Pre-Command is signed only if rebuilding it from the request gives the same bytes; the Signed Pre-Command is then
    the new ``outgoing``. A reply that breaks the protocol fails the exchange, with the reason. One of
    ``throttle_codes`` changes nothing but the count of them: the same bytes are to be posted again, later.
    """
    if exchange.is_final:
        return exchange
    try:
        reply = read_synchronous_reply(data, trust=trust, at=at)
        response = reply.value if isinstance(reply, Verified) else reply
        _require_request_id(exchange, response)
        if response.response_code in throttle_codes:
            return changed(exchange, throttled=exchange.throttled + 1)
        return _take_reply(exchange, response, data, xml_signer=xml_signer, gbcs_signer=gbcs_signer)
    except RemoteProtocolError as error:
        return _fail(exchange, f"synchronous reply refused: {error}", error.response_code)


def receive_response(
    exchange: Exchange,
    response: Verified[ServiceResponse],
    *,
    trust: TrustStore,
    at: datetime,
    agreement: KeyAgreement | None = None,
) -> Exchange:
    """Take a message from the receive endpoint that ``request_of`` says belongs to this exchange.

    Repeats change nothing but their count; what comes after the end is kept as late. With ``agreement``, the MAC of a
    response that is addressed to us is checked. Raise LocalProtocolError for what belongs to another exchange.
    """
    _require_belongs(exchange, response.value)
    digest = _identity(response.value)
    if digest in exchange.seen:
        return changed(exchange, duplicates=exchange.duplicates + 1)
    exchange = changed(exchange, seen=(*exchange.seen, digest))
    match response.value.body:
        case DccAlert(alert=QuarantinedRequest(event_reference=reference)):
            return _take_notice(exchange, str(reference))
        case DccAlert(alert=CommandFailure()):
            return _fail(exchange, "the DCC could not deliver the command")
        case DccAlert(alert=VersionMismatch(user_version=version)):
            return _fail(exchange, f"the answer was withheld: schema version {version} can not express it")
        case _ if exchange.state is ExchangeState.AWAITING_PRE_COMMAND:
            return _fail(exchange, f"an answer came before any command was sent: {response.value.response_code}")
        case GbcsPayload(payload=payload) if response.value.is_success:
            return _take_payload(exchange, response.value, payload, trust=trust, at=at, agreement=agreement)
        case Acknowledgement() if response.value.is_success:
            return _acknowledged(exchange)
        case _ if response.value.is_success:
            return _fail(exchange, f"unexpected content in the response: {type(response.value.body).__name__}")
        case _:
            code = response.value.response_code
            return _end(exchange, ExchangeEvent.FAILURE_RECEIVED, code=code, failure=f"the DCC gave up: {code}")


def time_out(exchange: Exchange) -> Exchange:
    """No answer came in time. A final or quarantined exchange is left as it is."""
    if exchange.is_final:
        return exchange
    after = changed(exchange, state=TABLE.next(exchange.state, ExchangeEvent.TIME_OUT))
    return after if after == exchange else changed(after, failure=f"no answer while {exchange.state}", outgoing=None)


def send_failed(exchange: Exchange, why: str) -> Exchange:
    """The caller gave up posting ``outgoing``. Whether the other side got it is not known."""
    return exchange if exchange.is_final else _fail(exchange, f"not sent: {why}")


def request_of(response: ServiceResponse) -> RequestId | None:
    """The request that a message from the receive endpoint belongs to; None for alerts of their own."""
    match response.body:
        case DccAlert(alert=QuarantinedRequest(request_id=request_id) | CommandFailure(request_id=request_id)):
            return request_id
        case DccAlert(alert=VersionMismatch(withheld=ResponseVersionMismatch(request_id=request_id))):
            return request_id
        case _:
            return response.request_id


def _take_reply(
    exchange: Exchange, response: ServiceResponse, data: bytes, *, xml_signer: Signer, gbcs_signer: Signer
) -> Exchange:
    """A reply whose request id fits. Repeats of what was taken already change nothing."""
    if not response.is_success:
        code = response.response_code
        if exchange.state is ExchangeState.AWAITING_RESPONSE:
            return changed(exchange, duplicates=exchange.duplicates + 1)
        return _end(exchange, ExchangeEvent.REJECTED, code=code, failure=f"refused by the DCC: {code}")
    if exchange.service == "D":
        return _end(exchange, ExchangeEvent.SUCCESS_RECEIVED, code=response.response_code, answer=data)
    match response.body:
        case PreCommand(payload=payload):
            return _take_pre_command(exchange, payload, xml_signer=xml_signer, gbcs_signer=gbcs_signer)
        case Acknowledgement() if exchange.state is not ExchangeState.AWAITING_PRE_COMMAND:
            return _acknowledged(exchange)
        case _:
            kind = type(response.body).__name__
            raise RemoteProtocolError("synchronous reply", f"must not be {kind} while {exchange.state}")


def _acknowledged(exchange: Exchange) -> Exchange:
    if exchange.state is ExchangeState.AWAITING_RESPONSE:
        return changed(exchange, duplicates=exchange.duplicates + 1)
    return _step(exchange, ExchangeEvent.ACKNOWLEDGED, outgoing=None)


def _take_pre_command(exchange: Exchange, payload: bytes, *, xml_signer: Signer, gbcs_signer: Signer) -> Exchange:
    if exchange.state is not ExchangeState.AWAITING_PRE_COMMAND:
        return changed(exchange, duplicates=exchange.duplicates + 1)
    signed_pre_command = sign_correlated(exchange.request, payload, gbcs_signer)
    request = signed_request(exchange.request, signed_pre_command)
    return _step(
        exchange,
        ExchangeEvent.PRE_COMMAND_SIGNED,
        service="S",
        pre_command=payload,
        signed=True,
        outgoing=sign(encode_request(request), xml_signer),
    )


def _take_payload(
    exchange: Exchange,
    response: ServiceResponse,
    payload: bytes,
    *,
    trust: TrustStore,
    at: datetime,
    agreement: KeyAgreement | None,
) -> Exchange:
    try:
        answer = check_response(exchange.request, payload, trust=trust, at=at, agreement=agreement)
    except RemoteProtocolError as error:
        return _fail(exchange, f"response refused: {error}")
    if exchange.response is not None:
        return changed(exchange, duplicates=exchange.duplicates + 1)
    event = ExchangeEvent.SUCCESS_RECEIVED if answer.succeeded else ExchangeEvent.FAILURE_RECEIVED
    proven = {"response": answer.message, "succeeded": answer.succeeded}
    return _end(exchange, event, code=response.response_code, failure=answer.text or None, **proven)


def _take_notice(exchange: Exchange, reference: str) -> Exchange:
    """The DCC says that it holds the command back: not delivered, perhaps delivered much later."""
    if exchange.is_final:
        return changed(exchange, late=True, quarantine_reference=reference)
    if exchange.state is ExchangeState.QUARANTINED:
        return changed(exchange, quarantine_reference=reference)
    held = changed(exchange, outgoing=None, quarantine_reference=reference, failure=f"quarantined: {reference}")
    return _step(held, ExchangeEvent.QUARANTINE_NOTICED)


def _step(exchange: Exchange, event: ExchangeEvent, **changes: Any) -> Exchange:
    """Follow the table, with ``changes``; an exchange that has ended only notes that something came late."""
    if exchange.is_final:
        return changed(exchange, late=True, **changes)
    return changed(exchange, state=TABLE.next(exchange.state, event), **changes)


def _end(
    exchange: Exchange, event: ExchangeEvent, *, code: str | None = None, failure: str | None = None, **changes: Any
) -> Exchange:
    """End the exchange with its response code; what ended it before stands if it has ended already."""
    if exchange.is_final:
        return changed(exchange, late=True, **changes)
    return _step(exchange, event, response_code=code, failure=failure, outgoing=None, **changes)


def _fail(exchange: Exchange, why: str, code: str | None = None) -> Exchange:
    return _end(exchange, ExchangeEvent.ERROR, code=code, failure=why)


def _require_request_id(exchange: Exchange, response: ServiceResponse) -> None:
    if response.request_id not in (None, exchange.request.request_id):
        rule = f"must be {exchange.request.request_id}, is {response.request_id}"
        raise RemoteProtocolError("RequestID of the reply", rule)
    if response.request_id is None and response.is_success:
        raise RemoteProtocolError("RequestID of the reply", "must be there in a positive reply")


def _require_belongs(exchange: Exchange, response: ServiceResponse) -> None:
    if request_of(response) != exchange.request.request_id:
        rule = f"must belong to {exchange.request.request_id}, belongs to {request_of(response)}"
        raise LocalProtocolError("response", rule)


def _identity(response: ServiceResponse) -> str:
    """The same for every delivery of one answer, however often and whenever it is sent."""
    head = f"{response.response_id} {response.response_code} "
    told = response.body.payload if isinstance(response.body, GbcsPayload) else repr(response.body).encode()
    return sha256(head.encode() + told).hexdigest()[:32]
