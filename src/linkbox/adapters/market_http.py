"""The flexibility provider over HTTP: JSON messages with the names of the USEF Flex Trading Protocol."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from linkbox.operation.ports import PeerUnreachable


class HttpMarketGateway:
    """Sends messages to one provider's endpoint; its answers come to our own (``inbound_http``)."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        self._url = url
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

    async def send(self, message: Mapping[str, Any]) -> None:
        """See MarketGateway.send: anything but HTTP 2xx counts as not taken."""
        if self._session is None:
            raise PeerUnreachable("provider", "the gateway is not open")
        try:
            async with self._session.post(self._url, json=dict(message), allow_redirects=False) as answer:
                status = answer.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise PeerUnreachable("provider", f"{type(error).__name__}: {error}") from error
        if not 200 <= status < 300:
            raise PeerUnreachable("provider", f"HTTP {status}")
