"""Service requests: typed value <-> canonical XML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis.bodies import RequestBody, SignedPreCommand
from linkbox.dcc.duis.document import Root, RuleViolation, judge
from linkbox.dcc.duis.requestshapes import BODY_CHOICE, SRV_OF_BODY
from linkbox.dcc.duis.services import (
    SERVICE_REFERENCE,
    SERVICE_REFERENCE_VARIANT,
    SERVICES,
    SIGNED_PRE_COMMAND_VARIANTS,
    reference_of,
)
from linkbox.dcc.duis.shape import Findings, Leaf, Nest
from linkbox.dcc.duis.text import BOOLEAN, REQUEST_ID, integer
from linkbox.dcc.duis.versions import KNOWN, LATEST
from linkbox.dcc.duis.xmltext import SR, Element, parse
from linkbox.dcc.errors import LocalProtocolError

WRONG_VARIANT_CODE = "E12"
_WHAT = "DUIS request"
_COMMAND_VARIANT = integer(1, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRequest:
    """One request of a user to the DCC.

    ``command_variant`` is 1..9 and fits ``srv``, the service reference variant, which fits ``body``.
    ``first_in_sequence`` and ``preceding`` let the DCC run requests in sequence; both are optional.
    """

    request_id: RequestId
    command_variant: int
    srv: str
    body: RequestBody
    schema_version: str = LATEST
    first_in_sequence: bool | None = None
    preceding: RequestId | None = None


_ROOT = Root(
    "Request",
    Nest(
        "Header",
        Leaf("RequestID", "request_id", REQUEST_ID),
        Leaf("FirstInSequence", "first_in_sequence", BOOLEAN, optional=True),
        Leaf("PrecedingServiceRequestID", "preceding", REQUEST_ID, optional=True),
        Leaf("CommandVariant", "command_variant", _COMMAND_VARIANT),
        Leaf("ServiceReference", "reference", SERVICE_REFERENCE),
        Leaf("ServiceReferenceVariant", "srv", SERVICE_REFERENCE_VARIANT),
    ),
    Nest("Body", BODY_CHOICE),
)


def encode_request(request: ServiceRequest) -> bytes:
    """The canonical, unsigned XML; raise LocalProtocolError for a request that breaks the schema or its own service."""
    wrong = contradiction(request.srv, request.command_variant, type(request.body))
    if wrong is not None:
        raise LocalProtocolError(f"request {request.request_id}", wrong)
    if request.schema_version not in KNOWN:
        raise LocalProtocolError(f"schema version {request.schema_version!r}", "must be one of " + ", ".join(KNOWN))
    first, preceding = request.first_in_sequence, request.preceding
    out = [
        (
            f'<sr:Request xmlns:sr="{SR}" schemaVersion="{request.schema_version}"><sr:Header>'
            f"<sr:RequestID>{request.request_id}</sr:RequestID>"
        ),
        "" if first is None else f"<sr:FirstInSequence>{BOOLEAN.write(first)}</sr:FirstInSequence>",
        "" if preceding is None else f"<sr:PrecedingServiceRequestID>{preceding}</sr:PrecedingServiceRequestID>",
        (
            f"<sr:CommandVariant>{request.command_variant}</sr:CommandVariant>"
            f"<sr:ServiceReference>{reference_of(request.srv)}</sr:ServiceReference>"
            f"<sr:ServiceReferenceVariant>{request.srv}</sr:ServiceReferenceVariant></sr:Header><sr:Body>"
        ),
    ]
    BODY_CHOICE.write(request, out)
    out.append("</sr:Body></sr:Request>")
    return "".join(out).encode()


def decode_request(data: bytes) -> ServiceRequest:
    """The request in ``data``; a signature is ignored, not checked (see read_request).

    Raise RemoteProtocolError: MalformedXml, SchemaViolation or RuleViolation.
    """
    return request_from(parse(data))


def request_from(root: Element) -> ServiceRequest:
    """The request in a parsed document."""
    found = Findings()
    values = _ROOT.read(root, found)
    judge(_WHAT, found)
    reference = values.pop("reference")
    request = ServiceRequest(**values)
    wrong = contradiction(request.srv, request.command_variant, type(request.body))
    if wrong is not None:
        raise RuleViolation(_WHAT, wrong, response_code=WRONG_VARIANT_CODE)
    if reference != reference_of(request.srv):
        raise RuleViolation(_WHAT, f"ServiceReference {reference} must be that of {request.srv}")
    return request


# What fits, for the services that we know: looked up first, because nearly every request is in it.
_FITTING: frozenset[tuple[str, int, type[Any]]] = frozenset(
    (srv, variant, body)
    for body, srv in SRV_OF_BODY.items()
    for variant in SERVICES[srv].kind.command_variants
    if variant not in SIGNED_PRE_COMMAND_VARIANTS
)


def contradiction(srv: str, command_variant: int, body: type[Any]) -> str | None:
    """The rule by which variant, service and body do not fit, or None. The schema does not check this."""
    if (srv, command_variant, body) in _FITTING:
        return None
    if body is SignedPreCommand:
        if command_variant not in SIGNED_PRE_COMMAND_VARIANTS:
            return f"a Signed Pre-Command must have command variant 5, 6 or 7, not {command_variant}"
        if srv in SERVICES and command_variant not in SERVICES[srv].kind.command_variants:
            return f"{srv} is not critical: it has no Signed Pre-Command"
        return None
    expected = SRV_OF_BODY.get(body)
    if expected != srv:
        return f"the body {body.__name__} belongs to {expected}, not to {srv}"
    if command_variant in SIGNED_PRE_COMMAND_VARIANTS:
        return f"command variant {command_variant} must carry a Signed Pre-Command"
    return f"{srv} must have a command variant of {SERVICES[srv].kind.command_variants}"
