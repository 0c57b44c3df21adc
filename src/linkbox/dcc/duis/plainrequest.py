"""The requests that switch load, and the signed commands that follow them, read without an XML parser.

As plainreply, for the DCC's side: a document that matches is well-formed and its own canonical form; whatever does not
match, or is wrong in any way, is left to the full reader. A test holds the two to the same answer.
"""

from __future__ import annotations

import re

from linkbox.base.values import draft_of
from linkbox.dcc.duis.load import ActivateAuxiliaryLoad, DeactivateAuxiliaryLoad, SignedPreCommand
from linkbox.dcc.duis.request import ServiceRequest, contradiction
from linkbox.dcc.duis.services import VARIANTS, reference_of
from linkbox.dcc.duis.text import BASE64, REQUEST_ID
from linkbox.dcc.duis.versions import KNOWN
from linkbox.dcc.duis.xmltext import SR

_UNSIGNED_SHORT_MAX = 65535


def _switch(verb: str) -> str:
    return (
        f'<sr:{verb}AuxiliaryLoad><sr:{verb}ALCSHCALCS index="([1-5])"><sr:Duration>(0|[1-9][0-9]{{0,4}})</sr:Duration>'
        f"</sr:{verb}ALCSHCALCS></sr:{verb}AuxiliaryLoad>"
    )


PLAIN_REQUEST = re.compile(
    f'<sr:Request xmlns:sr="{re.escape(SR)}" schemaVersion="([0-9.]+)"><sr:Header>'
    "<sr:RequestID>([0-9A-Fa-f:-]{48,70})</sr:RequestID><sr:CommandVariant>([1-9])</sr:CommandVariant>"
    "<sr:ServiceReference>([0-9.]+)</sr:ServiceReference>"
    "<sr:ServiceReferenceVariant>([0-9.]+)</sr:ServiceReferenceVariant></sr:Header><sr:Body>(?:"
    "<sr:SignedPreCommand><sr:GBCSPayload>([A-Za-z0-9+/=]*)</sr:GBCSPayload></sr:SignedPreCommand>"
    f"|{_switch('Activate')}|{_switch('Deactivate')})</sr:Body></sr:Request>"
)
_REFERENCES = {srv: reference_of(srv) for srv in VARIANTS}
_Draft = draft_of(ServiceRequest)
_VERSIONS = frozenset(KNOWN)


def match_plain_request(content: bytes) -> re.Match[str] | None:
    """The match of PLAIN_REQUEST with ``content``; None where only a parser can read it."""
    return PLAIN_REQUEST.fullmatch(content.decode("latin-1"))  # every byte becomes one character; only ASCII ones match


def read_plain_request(found: re.Match[str]) -> ServiceRequest | None:
    """The request in a document that matched, or None where the full reader must say what is wrong with it."""
    version, request_id, variant, reference, srv = found.group(1, 2, 3, 4, 5)
    if version not in _VERSIONS or _REFERENCES.get(srv) != reference:
        return None
    try:
        body = _body(found)
        if body is None or contradiction(srv, int(variant), type(body)) is not None:
            return None
        draft = _Draft(REQUEST_ID.parse(request_id), int(variant), srv, body, version, None, None)
    except ValueError:
        return None
    draft.__class__ = ServiceRequest
    request: ServiceRequest = draft
    return request


def _body(found: re.Match[str]) -> SignedPreCommand | ActivateAuxiliaryLoad | DeactivateAuxiliaryLoad | None:
    payload, on, on_for, off, off_for = found.group(6, 7, 8, 9, 10)
    if payload is not None:
        return SignedPreCommand(payload=BASE64.parse(payload))
    minutes = int(on_for or off_for)
    if minutes > _UNSIGNED_SHORT_MAX:
        return None
    kind = ActivateAuxiliaryLoad if on is not None else DeactivateAuxiliaryLoad
    return kind(index=int(on or off), duration_min=minutes)
