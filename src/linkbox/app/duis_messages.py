"""DUIS messages for the command line: read whatever it is, tell about it, build one from fields."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from linkbox.app.wire_json import from_json, to_json
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import (
    ServiceRequest,
    ServiceResponse,
    canonical_unsigned,
    decode_request,
    decode_response,
    encode_request,
)
from linkbox.dcc.duis.requestshapes import SRV_OF_BODY
from linkbox.dcc.duis.services import SERVICES
from linkbox.dcc.errors import RemoteProtocolError

BODY_OF_SRV = {srv: body for body, srv in SRV_OF_BODY.items()}


def is_response(data: bytes) -> bool:
    """Whether the root of a message is a Response, its signature apart. Raise MalformedXml."""
    return canonical_unsigned(data).startswith(b"<sr:Response")


def read_any(data: bytes) -> ServiceRequest | ServiceResponse:
    """The request or response in ``data``, its signature unchecked. Raise RemoteProtocolError."""
    return decode_response(data) if is_response(data) else decode_request(data)


def describe(message: ServiceRequest | ServiceResponse) -> dict[str, Any]:
    """A message as JSON: its fields, the name of its service, and what its GBCS payload says."""
    told: dict[str, Any] = to_json(message)
    if message.srv in SERVICES:
        told["service"] = SERVICES[message.srv].name
    payload = getattr(message.body, "payload", None)
    if isinstance(payload, bytes):
        told["gbcs"] = _inner(payload)
    return told


def _inner(payload: bytes) -> dict[str, Any]:
    from linkbox.app.gbcs_messages import describe_message

    try:
        return describe_message(payload)
    except RemoteProtocolError as error:
        return {"problem": str(error)}


def build(srv: str, header: dict[str, Any], body: dict[str, Any]) -> bytes:
    """The canonical request. ``header`` has originator, target, counter, command_variant, schema_version (as text).

    Raise InvalidInput with everything that is wrong with header and body.
    """
    issues: list[Issue] = []
    request_id = _request_id(header, issues)
    if srv not in SERVICES:
        issues.append(Issue(where="--srv", value=srv, rule=f"must be one of {', '.join(SERVICES)}"))
        raise InvalidInput("request", issues)
    content = _body(srv, body, issues)
    if issues or request_id is None:
        raise InvalidInput("request", issues)
    request = ServiceRequest(
        request_id=request_id,
        command_variant=header["command_variant"] or SERVICES[srv].kind.command_variants[0],
        srv=srv,
        body=content,
        schema_version=header["schema_version"],
    )
    return _encoded(request)


def _encoded(request: ServiceRequest) -> bytes:
    try:
        return encode_request(request)
    except LinkboxError as error:
        where, rule = getattr(error, "what", "request"), getattr(error, "rule", str(error))
        raise InvalidInput("request", [Issue(where=where, value="", rule=rule)]) from error


def _request_id(header: dict[str, Any], issues: list[Issue]) -> RequestId | None:
    found: dict[str, Any] = {}
    for name, hint in (("originator", Eui64), ("target", Eui64), ("counter", int)):
        if header[name] is None:
            issues.append(Issue(where=f"--{name}", value="", rule="must be given"))
            continue
        found[name] = _part(header[name], hint, f"--{name}", issues)
    if issues or None in found.values():
        return None
    try:
        return RequestId(**found)
    except LinkboxError as error:
        issues.append(Issue(where="--counter", value=str(header["counter"]), rule=getattr(error, "rule", str(error))))
        return None


def _part(data: Any, hint: Any, where: str, issues: list[Issue]) -> Any:
    try:
        return from_json(data, hint, where)
    except InvalidInput as error:
        issues.extend(error.issues)
        return None


def _body(srv: str, body: dict[str, Any], issues: list[Issue]) -> Any:
    """The body; an option that it has no field for is named as the option."""
    kind = BODY_OF_SRV[srv]
    known = {field.name for field in fields(kind)} | {"type"}
    for name in sorted(body.keys() - known):
        rule = f"the body of SRV {srv}, {kind.__name__}, has only {', '.join(sorted(known - {'type'})) or 'no fields'}"
        issues.append(Issue(where=name, value=str(body[name])[:80], rule=rule))
    return _part({name: item for name, item in body.items() if name in known}, kind, "body", issues)
