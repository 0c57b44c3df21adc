"""Reading signed messages: what comes out was verified, or it does not come out."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

from linkbox.base.time import format_utc
from linkbox.dcc.duis.answer import decode_response, response_from
from linkbox.dcc.duis.dsig import SignedDocument, Unsigned, open_signed
from linkbox.dcc.duis.plainreply import match_plain, read_plain
from linkbox.dcc.duis.plainrequest import match_plain_request, read_plain_request
from linkbox.dcc.duis.request import ServiceRequest, decode_request, request_from
from linkbox.dcc.duis.response import ServiceResponse
from linkbox.dcc.duis.xmltext import MALFORMED_CODE
from linkbox.dcc.smki import BadSignature, Certificate, Role, TrustStore, Verified, verify_signed


def read_request(data: bytes, *, trust: TrustStore, at: datetime) -> Verified[ServiceRequest]:
    """A user's request: signed by an XML-signing certificate, valid at ``at``, of the originator in its RequestID.

    Raise RemoteProtocolError: MalformedXml, Unsigned, BadSignature, UnknownCertificate, SchemaViolation, RuleViolation.
    """
    document = open_signed(data, match_plain_request)
    signer = _signer(document, Role.XML_SIGNING, trust=trust, at=at)
    verified = verify_signed(
        signer=signer,
        signed=document.signed_info,
        signature=document.signature,
        raw=data,
        decode=lambda: _request(document),
    )
    originator = verified.value.request_id.originator
    if originator != signer.eui:
        raise BadSignature(f"signer {signer.eui}", f"must be the originator {originator}", response_code=MALFORMED_CODE)
    return verified


def read_response(data: bytes, *, trust: TrustStore, at: datetime) -> Verified[ServiceResponse]:
    """What the DCC sent: signed by a DSP XML-signing certificate valid at ``at``. Raise as ``read_request``."""
    document = open_signed(data, match_plain)
    signer = _signer(document, Role.DSP_XML_SIGNING, trust=trust, at=at)
    return verify_signed(
        signer=signer,
        signed=document.signed_info,
        signature=document.signature,
        raw=data,
        decode=lambda: _response(document),
    )


def _request(document: SignedDocument) -> ServiceRequest:
    plain = None if document.plain is None else read_plain_request(document.plain)
    if plain is not None:
        return plain
    return decode_request(document.content) if document.root is None else request_from(document.root)


def _response(document: SignedDocument) -> ServiceResponse:
    plain = None if document.plain is None else read_plain(document.plain)
    if plain is not None:
        return plain
    return decode_response(document.content) if document.root is None else response_from(document.root)


def read_synchronous_reply(
    data: bytes, *, trust: TrustStore, at: datetime
) -> Verified[ServiceResponse] | ServiceResponse:
    """The reply on a connection that we opened: it may come unsigned, and then it is not Verified.

    A signature that is there is checked in full. Raise as ``read_request``, but for Unsigned.
    """
    try:
        return read_response(data, trust=trust, at=at)
    except Unsigned:
        return decode_response(data)


def _signer(document: SignedDocument, role: Role, *, trust: TrustStore, at: datetime) -> Certificate:
    certificate = trust.by_serial(document.serial)
    if certificate.role is not role:
        held = "none" if certificate.role is None else certificate.role.ou
        _refuse(certificate, f"must have the role {role.ou}, has {held}")
    if not certificate.valid_at(at):
        _refuse(certificate, f"must be valid at {format_utc(at)}")
    if certificate.issuer != document.issuer and _plain_name(certificate.issuer) != _plain_name(document.issuer):
        _refuse(certificate, f"must be issued by {document.issuer!r}")
    return certificate


def _refuse(certificate: Certificate, rule: str) -> NoReturn:
    what = f"certificate {certificate.serial} of {certificate.eui}"
    raise BadSignature(what, rule, response_code=MALFORMED_CODE)


def _plain_name(name: str) -> tuple[str, ...]:
    """The parts of a distinguished name without the blanks that some tools put between them."""
    return tuple(part.strip() for part in name.split(","))
