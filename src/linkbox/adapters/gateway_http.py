"""The DCC's web services over HTTP: three paths, signed XML in, XML out."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

from linkbox.operation.ports import HttpAnswer, PeerUnreachable
from linkbox.transport import HttpClient, NoAnswer

DEFAULT_PATHS = {"S": "/api/v1/serviceS", "T": "/api/v1/serviceT", "D": "/api/v1/serviceD"}
"""Paths of DCC Boxed (dcc reference 2.2): send command, transform, DCC only."""

_MAX_REPLY_BYTES = 2_000_000
_XML = "application/xml"


def mutual_tls(*, certificate: Path, key: Path, dcc_ca: Path) -> ssl.SSLContext:
    """For a mutually authenticated channel (D6): our certificate and key, and the CA of the DCC's own, all PEM.

    Raises OSError or ssl.SSLError where a file can not be read or does not fit.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=dcc_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


class HttpDccGateway:
    """Posts to one base address. Time-out, paths and TLS are settings; nothing is retried here: the journal decides."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 10.0,
        paths: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._base_url, self._timeout_s, self._tls = base_url, timeout_s, tls
        self._paths = paths or DEFAULT_PATHS
        self._client: HttpClient | None = None

    async def __aenter__(self) -> Self:
        self._client = HttpClient(
            self._base_url, timeout_s=self._timeout_s, max_answer_bytes=_MAX_REPLY_BYTES, tls=self._tls
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """See DccGateway.post. A reply that is not XML, a redirection, or one too long counts as no answer."""
        if self._client is None:
            raise PeerUnreachable("DCC", "the gateway is not open")
        try:
            answer = await self._client.post(self._paths[service], body, content_type=_XML)
        except NoAnswer as error:
            raise PeerUnreachable("DCC", error.why) from error
        if answer.status >= 500 or 300 <= answer.status < 400 or answer.content_type != _XML:
            raise PeerUnreachable("DCC", f"HTTP {answer.status} with content type {answer.content_type}")
        return HttpAnswer(status=answer.status, body=answer.body)
