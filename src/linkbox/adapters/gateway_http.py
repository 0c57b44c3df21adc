"""The DCC's web services over HTTP: three paths, signed XML in, XML out."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import aiohttp

from linkbox.operation.ports import HttpAnswer, PeerUnreachable

DEFAULT_PATHS = {"S": "/api/v1/serviceS", "T": "/api/v1/serviceT", "D": "/api/v1/serviceD"}
"""Paths of DCC Boxed (dcc reference 2.2): send command, transform, DCC only."""

_MAX_REPLY_BYTES = 2_000_000


class HttpDccGateway:
    """Posts to one base address. Time-out and paths are settings; nothing is retried here: the journal decides."""

    def __init__(self, base_url: str, *, timeout_s: float = 10.0, paths: dict[str, str] | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._paths = paths or DEFAULT_PATHS
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """See DccGateway.post. A reply that is not XML, or too long, counts as no answer."""
        if self._session is None:
            raise PeerUnreachable("DCC", "the gateway is not open")
        url = self._base_url + self._paths[service]
        try:
            async with self._session.post(url, data=body, headers={"Content-Type": "application/xml"}) as answer:
                content = await answer.content.read(_MAX_REPLY_BYTES + 1)
                status, kind = answer.status, answer.content_type
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PeerUnreachable("DCC", f"{type(error).__name__}: {error}") from error
        if len(content) > _MAX_REPLY_BYTES:
            raise PeerUnreachable("DCC", f"reply over {_MAX_REPLY_BYTES} bytes")
        if status >= 500 or kind != "application/xml":
            raise PeerUnreachable("DCC", f"HTTP {status} with content type {kind}")
        return HttpAnswer(status=status, body=content)
