"""Responses: bytes <-> values."""

from __future__ import annotations

from typing import Any

from linkbox.dcc.duis.document import RuleViolation, judge
from linkbox.dcc.duis.plainreply import match_plain, read_plain, write_plain
from linkbox.dcc.duis.response import ALERTS, Acknowledgement, ServiceResponse
from linkbox.dcc.duis.responseshapes import Message, response_shapes
from linkbox.dcc.duis.services import reference_of
from linkbox.dcc.duis.shape import Findings
from linkbox.dcc.duis.versions import KNOWN, LATEST
from linkbox.dcc.duis.xmltext import SR, Element, parse
from linkbox.dcc.errors import LocalProtocolError

_WHAT = "DUIS response"


def encode_response(response: ServiceResponse) -> bytes:
    """The canonical, unsigned XML; raise LocalProtocolError for a response that the schema has no text for."""
    plain = write_plain(response)
    if plain is not None:
        return plain
    return encode_by_shape(response)


def encode_by_shape(response: ServiceResponse) -> bytes:
    """As ``encode_response``, for every response: the reference for the shorter ways."""
    if response.schema_version not in KNOWN:
        raise LocalProtocolError(f"schema version {response.schema_version!r}", "must be one of " + ", ".join(KNOWN))
    shapes = response_shapes(response.schema_version)
    out = [f'<sr:Response xmlns:sr="{SR}" schemaVersion="{response.schema_version}"><sr:Header>']
    for part in shapes.header:
        part.write(response, out)
    out.append("</sr:Header><sr:Body>")
    shapes.body.write(_Wrapped(_to_wire(response)), out)
    out.append("</sr:Body></sr:Response>")
    return "".join(out).encode()


class _Wrapped:
    __slots__ = ("body",)

    def __init__(self, body: Any) -> None:
        self.body = body


def _to_wire(response: ServiceResponse) -> Any:
    is_alert = isinstance(response.body, ALERTS)
    if is_alert != (response.srv is None):
        raise LocalProtocolError(f"srv {response.srv}", "must be None for an alert and only for one")
    if response.srv is None:
        return response.body
    content = None if isinstance(response.body, Acknowledgement) else response.body
    return Message(reference=reference_of(response.srv), srv=response.srv, content=content)


def decode_response(data: bytes) -> ServiceResponse:
    """The response in ``data``; a signature is ignored, not checked (see read_response).

    Raise RemoteProtocolError: MalformedXml, SchemaViolation or RuleViolation.
    """
    found = match_plain(data)
    plain = None if found is None else read_plain(found)
    return response_from(parse(data)) if plain is None else plain


def response_from(root: Element) -> ServiceResponse:
    """The response in a parsed document."""
    found = Findings()
    announced = (root.get("schemaVersion") or "").strip()
    values = response_shapes(announced if announced in KNOWN else LATEST).root.read(root, found)
    judge(_WHAT, found)
    body = values.pop("body")
    if not isinstance(body, Message):
        return ServiceResponse(srv=None, body=body, **values)
    if body.reference != reference_of(body.srv):
        raise RuleViolation(_WHAT, f"ServiceReference {body.reference} must be that of {body.srv}")
    content = Acknowledgement() if body.content is None else body.content
    return ServiceResponse(srv=body.srv, body=content, **values)
