"""The three replies that nearly all traffic consists of, read without an XML parser.

A document that matches PLAIN_REPLY is well-formed and its own canonical form: one namespace declaration, no attribute
but the version, printable ASCII that needs no escape. Whatever does not match, or is wrong in any way, is left to the
full reader; a test holds the two to the same answer.
"""

from __future__ import annotations

import re

from linkbox.dcc.duis.codes import response_codes
from linkbox.dcc.duis.response import Acknowledgement, GbcsPayload, PreCommand, ServiceResponse
from linkbox.dcc.duis.services import VARIANTS, reference_of
from linkbox.dcc.duis.text import BASE64, DATE_TIME_MS, REQUEST_ID
from linkbox.dcc.duis.versions import KNOWN
from linkbox.dcc.duis.xmltext import SR

_ID = "([0-9A-Fa-f:-]{48,70})"
PLAIN_REPLY = re.compile(
    f'<sr:Response xmlns:sr="{re.escape(SR)}" schemaVersion="([0-9.]+)"><sr:Header>'
    f"(?:<sr:RequestID>{_ID}</sr:RequestID>)?(?:<sr:ResponseID>{_ID}</sr:ResponseID>)?"
    "<sr:ResponseCode>([A-Z0-9]+)</sr:ResponseCode><sr:ResponseDateTime>([0-9TZ:.-]+)</sr:ResponseDateTime>"
    "</sr:Header><sr:Body><sr:ResponseMessage><sr:ServiceReference>([0-9.]+)</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>([0-9.]+)</sr:ServiceReferenceVariant>"
    "(?:(?:<sr:PreCommand><sr:GBCSVersion>([0-9.]*)</sr:GBCSVersion>)?"
    "<sr:GBCSPayload>([A-Za-z0-9+/=]*)</sr:GBCSPayload>(</sr:PreCommand>)?)?"
    "</sr:ResponseMessage></sr:Body></sr:Response>"
)
_ACKNOWLEDGEMENT = Acknowledgement()
_REFERENCES = {srv: reference_of(srv) for srv in VARIANTS}
_CODES = {version: frozenset(response_codes(version)) for version in KNOWN}


def match_plain(content: bytes) -> re.Match[str] | None:
    """The match of PLAIN_REPLY with the whole of ``content``."""
    return PLAIN_REPLY.fullmatch(content.decode("latin-1"))  # every byte becomes one character; only ASCII ones match


def read_plain(found: re.Match[str]) -> ServiceResponse | None:
    """The response in a document that matched, or None where the full reader must say what is wrong with it."""
    version, request_id, response_id, code, at, reference, srv, gbcs_version, payload, end = found.groups()
    if code not in _CODES.get(version, ()) or _REFERENCES.get(srv) != reference:
        return None
    if (gbcs_version is None) != (end is None):
        return None
    try:
        return ServiceResponse(
            request_id=None if request_id is None else REQUEST_ID.parse(request_id),
            response_id=None if response_id is None else REQUEST_ID.parse(response_id),
            response_code=code,
            response_at=DATE_TIME_MS.parse(at),
            srv=srv,
            body=_body(gbcs_version, payload),
            schema_version=version,
        )
    except ValueError:
        return None


def _body(gbcs_version: str | None, payload: str | None) -> Acknowledgement | PreCommand | GbcsPayload:
    if payload is None:
        return _ACKNOWLEDGEMENT
    octets = BASE64.parse(payload)
    if gbcs_version is None:
        return GbcsPayload(payload=octets)
    return PreCommand(gbcs_version=gbcs_version, payload=octets)
