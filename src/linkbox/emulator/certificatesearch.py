"""The SMKI certificate search as DCC Boxed offers it (port 8083). Source: reference dcc.md section 6.5.

Search by subject (alternative) name gives serials with usage, status and role; a serial gives the certificate.
Answers 401 to a request that can not be read, 402 when nothing is found. Role codes are decimal, serials hexadecimal.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from xml.sax.saxutils import escape

from fastapi import FastAPI, Request, Response

from linkbox.base.identifiers import Eui64, InvalidIdentifier
from linkbox.dcc.duis.xmltext import parse
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki import Certificate

SEARCH_PATH, RETRIEVE_PATH = "/services/certificatesearch", "/services/retrievecertificate"
NOT_FOUND, BAD_PARAMETERS = 402, 401
_IN_USE = "I"
_NAMES = frozenset({"CertificateSubjectName", "CertificateSubjectAltName"})


def create_certificate_app(certificates: Iterable[Certificate]) -> FastAPI:
    """The search over ``certificates``."""
    app = FastAPI(title="Linkbox SMKI emulator", openapi_url=None)
    known = tuple(certificates)

    @app.post(SEARCH_PATH)
    async def search(request: Request) -> Response:
        eui = _eui(_field(await request.body(), _NAMES))
        if eui is None:
            return Response(status_code=BAD_PARAMETERS)
        found = [certificate for certificate in known if certificate.eui == eui]
        if not found:
            return Response(status_code=NOT_FOUND)
        return _xml("CertificateSearchResponse", "".join(_result(certificate) for certificate in found))

    @app.post(RETRIEVE_PATH)
    async def retrieve(request: Request) -> Response:
        serial = _serial(_field(await request.body(), frozenset({"CertificateSerial"})))
        if serial is None:
            return Response(status_code=BAD_PARAMETERS)
        found = next((certificate for certificate in known if certificate.serial == serial), None)
        if found is None:
            return Response(status_code=NOT_FOUND)
        return _xml("CertificateDataResponse", f"<CertificateResponse>{_content(found)}</CertificateResponse>")

    return app


def _field(body: bytes, names: frozenset[str]) -> str | None:
    """The text of the first element with one of these names; None where the body is no XML or has none."""
    try:
        root = parse(body)
    except RemoteProtocolError:
        return None
    return next((element.text or "" for element in root.iter() if element.tag in names), None)


def _eui(text: str | None) -> Eui64 | None:
    try:
        return None if text is None else Eui64(text.strip())
    except InvalidIdentifier:
        return None


def _serial(text: str | None) -> int | None:
    try:
        return None if text is None or len(text) > 64 else int(text.strip(), 16)
    except ValueError:
        return None


def _result(certificate: Certificate) -> str:
    role = "" if certificate.role is None else _element("CertificateRole", str(int(certificate.role)))
    return "<Result>" + _common(certificate) + role + "</Result>"


def _content(certificate: Certificate) -> str:
    name = "CertificateSubjectAltName" if certificate.role is None else "CertificateSubjectName"
    body = _element("CertificateBody", b64encode(certificate.der).decode())
    return _common(certificate) + _element(name, certificate.eui) + body


def _common(certificate: Certificate) -> str:
    serial = _element("CertificateSerial", f"{certificate.serial:x}")
    return serial + _element("CertificateUsage", certificate.usage) + _element("CertificateStatus", _IN_USE)


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _xml(root: str, content: str) -> Response:
    return Response(content=f"<{root}>{content}</{root}>", media_type="application/xml")
