"""The three replies that nearly all traffic consists of, read without an XML parser and written without its shapes.

A document that matches PLAIN_REPLY is well-formed and its own canonical form: namespace declarations in order, no
attribute but the version, printable ASCII that needs no escape. Whatever does not match, or is wrong in any way, is
left to the full reader; a test holds the two to the same answer.
"""

from __future__ import annotations

import re
from datetime import datetime

from linkbox.base.identifiers import RequestId
from linkbox.base.values import draft_of
from linkbox.dcc.duis.codes import response_codes
from linkbox.dcc.duis.response import Acknowledgement, GbcsPayload, PreCommand, ServiceResponse
from linkbox.dcc.duis.services import VARIANTS, reference_of
from linkbox.dcc.duis.text import BASE64, DATE_TIME_MS, REQUEST_ID
from linkbox.dcc.duis.versions import KNOWN
from linkbox.dcc.duis.xmltext import DS, RA, SR

# DCC Boxed declares two namespaces that it does not use, not in canonical order, after an XML declaration.
_SPARE = f'xmlns:ns3="{DS}" xmlns:ra="{RA}"'
_BOXED_START = f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><sr:Response xmlns:sr="{SR}" {_SPARE} '.encode()
_CANONICAL_START = f'<sr:Response {_SPARE} xmlns:sr="{SR}" '.encode()

_ID = "([0-9A-Fa-f:-]{48,70})"
_PAYLOAD = "<sr:GBCSPayload>([A-Za-z0-9+/=]*)</sr:GBCSPayload>"
PLAIN_REPLY = re.compile(
    f'<sr:Response (?:{re.escape(_SPARE)} )?xmlns:sr="{re.escape(SR)}" schemaVersion="([0-9.]+)"><sr:Header>'
    f"(?:<sr:RequestID>{_ID}</sr:RequestID>)?(?:<sr:ResponseID>{_ID}</sr:ResponseID>)?"
    "<sr:ResponseCode>([A-Z0-9]+)</sr:ResponseCode>"
    "<sr:ResponseDateTime>([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z)</sr:ResponseDateTime>"
    "</sr:Header><sr:Body><sr:ResponseMessage><sr:ServiceReference>([0-9.]+)</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>([0-9.]+)</sr:ServiceReferenceVariant>"
    f"(?:{_PAYLOAD}|<sr:PreCommand><sr:GBCSVersion>([0-9.]*)</sr:GBCSVersion>{_PAYLOAD}</sr:PreCommand>)?"
    "</sr:ResponseMessage></sr:Body></sr:Response>"
)
_Draft = draft_of(ServiceResponse)
_PLAIN_VERSION = re.compile(r"[0-9.]*")
_ACKNOWLEDGEMENT = Acknowledgement()
_REFERENCES = {srv: reference_of(srv) for srv in VARIANTS}
_CODES = {version: frozenset(response_codes(version)) for version in KNOWN}


def match_plain(content: bytes) -> re.Match[str] | None:
    """The match of PLAIN_REPLY with the canonical form of ``content``; None where only a parser can find that form."""
    if content.startswith(_BOXED_START):
        content = _CANONICAL_START + content[len(_BOXED_START) :]
    return PLAIN_REPLY.fullmatch(content.decode("latin-1"))  # every byte becomes one character; only ASCII ones match


def read_plain(found: re.Match[str]) -> ServiceResponse | None:
    """The response in a document that matched, or None where the full reader must say what is wrong with it."""
    version, request_id, response_id, code, at, reference, srv, payload, gbcs_version, pre_command = found.groups()
    if code not in _CODES.get(version, ()) or _REFERENCES.get(srv) != reference:
        return None
    try:
        asked = None if request_id is None else REQUEST_ID.parse(request_id)
        own = None if response_id is None else _response_id(response_id, asked)
        body = _body(payload, gbcs_version, pre_command)
        draft = _Draft(asked, own, code, datetime.fromisoformat(at), srv, body, version)
    except ValueError:
        return None
    draft.__class__ = ServiceResponse
    response: ServiceResponse = draft
    return response


def write_plain(response: ServiceResponse) -> bytes | None:
    """The canonical, unsigned XML; None where the full writer must write it, or say why it can not."""
    srv, body = response.srv, response.body
    reference = None if srv is None else _REFERENCES.get(srv)
    if reference is None or response.response_code not in _CODES.get(response.schema_version, ()):
        return None
    match body:
        case Acknowledgement():
            content = ""
        case GbcsPayload(payload=payload):
            content = f"<sr:GBCSPayload>{BASE64.write(payload)}</sr:GBCSPayload>"
        case PreCommand(gbcs_version=version, payload=payload) if _PLAIN_VERSION.fullmatch(version):
            content = (
                f"<sr:PreCommand><sr:GBCSVersion>{version}</sr:GBCSVersion>"
                f"<sr:GBCSPayload>{BASE64.write(payload)}</sr:GBCSPayload></sr:PreCommand>"
            )
        case _:
            return None
    asked, own = response.request_id, response.response_id
    return (
        f'<sr:Response xmlns:sr="{SR}" schemaVersion="{response.schema_version}"><sr:Header>'
        f"{'' if asked is None else f'<sr:RequestID>{asked}</sr:RequestID>'}"
        f"{'' if own is None else f'<sr:ResponseID>{own}</sr:ResponseID>'}"
        f"<sr:ResponseCode>{response.response_code}</sr:ResponseCode>"
        f"<sr:ResponseDateTime>{DATE_TIME_MS.write(response.response_at)}</sr:ResponseDateTime></sr:Header><sr:Body>"
        f"<sr:ResponseMessage><sr:ServiceReference>{reference}</sr:ServiceReference>"
        f"<sr:ServiceReferenceVariant>{srv}</sr:ServiceReferenceVariant>{content}"
        "</sr:ResponseMessage></sr:Body></sr:Response>"
    ).encode("ascii")


def _response_id(text: str, asked: RequestId | None) -> RequestId:
    """The ResponseID: nearly always the RequestID with its ends swapped."""
    if asked is not None and text == f"{asked.target}:{asked.originator}:{asked.counter}":
        return RequestId(asked.target, asked.originator, asked.counter)
    return REQUEST_ID.parse(text)


def _body(
    payload: str | None, gbcs_version: str | None, pre_command: str | None
) -> Acknowledgement | PreCommand | GbcsPayload:
    if payload is not None:
        return GbcsPayload(payload=BASE64.parse(payload))
    if gbcs_version is not None and pre_command is not None:
        return PreCommand(gbcs_version=gbcs_version, payload=BASE64.parse(pre_command))
    return _ACKNOWLEDGEMENT
