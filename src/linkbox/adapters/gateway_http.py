"""The DCC's web services over HTTP: three paths, signed XML in, XML out."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from linkbox.operation.ports import HttpAnswer, PeerUnreachable

DEFAULT_PATHS = {"S": "/api/v1/serviceS", "T": "/api/v1/serviceT", "D": "/api/v1/serviceD"}
"""Paths of DCC Boxed (dcc reference 2.2): send command, transform, DCC only."""

_MAX_REPLY_BYTES = 2_000_000


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
        self._base_url = base_url.rstrip("/")
        self._paths = paths or DEFAULT_PATHS
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = None if self._tls is None else aiohttp.TCPConnector(ssl=self._tls)
        self._session = aiohttp.ClientSession(timeout=self._timeout, connector=connector)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """See DccGateway.post. A reply that is not XML, a redirection, or one too long counts as no answer."""
        if self._session is None:
            raise PeerUnreachable("DCC", "the gateway is not open")
        url = self._base_url + self._paths[service]
        headers = {"Content-Type": "application/xml"}
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                status, kind = answer.status, answer.content_type
                if status >= 500 or 300 <= status < 400 or kind != "application/xml":
                    raise PeerUnreachable("DCC", f"HTTP {status} with content type {kind}")
                return HttpAnswer(status=status, body=await _whole(answer.content))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PeerUnreachable("DCC", _why(error)) from error


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The body to its end: one read gives only what has arrived so far."""
    body = bytearray()
    async for part in content.iter_any():
        body += part
        if len(body) > _MAX_REPLY_BYTES:
            raise PeerUnreachable("DCC", f"reply over {_MAX_REPLY_BYTES} bytes")
    return bytes(body)


def _why(error: Exception) -> str:
    """In words, without addresses: records of equal evenings are equal."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.errno is not None:
        return os.strerror(cause.errno).lower()
    return type(cause).__name__
