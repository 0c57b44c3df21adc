"""The flexibility providers over HTTP: sealed UFTP messages out; what they send back comes to our own front door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from linkbox.adapters.market_uftp.keys import SigningKey
from linkbox.adapters.market_uftp.wire import Correspondent, UftpWire
from linkbox.operation.ports import PeerUnreachable

PATH = "/shapeshifter/api/v3/message"
"""Where a participant takes messages of the protocol's third major version."""

CONTENT_TYPE = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A provider: its domain, its public key, and the full address that it takes messages at."""

    domain: str
    public_key: bytes
    url: str


class UftpMarketGateway:
    """See MarketGateway: one participant (the distributor, DSO) and its providers (AGR)."""

    def __init__(
        self,
        domain: str,
        key: SigningKey,
        peers: Iterable[Peer],
        *,
        role: str = "DSO",
        peer_role: str = "AGR",
        timeout_s: float = 5.0,
    ) -> None:
        self._peers = {peer.domain: peer for peer in peers}
        known = tuple(
            Correspondent(domain=peer.domain, role=peer_role, public_key=peer.public_key)
            for peer in self._peers.values()
        )
        self._wire = UftpWire(domain, role, key, known)
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
        peer = self._peers.get(str(message.get("recipient_domain")))
        if self._session is None:
            raise PeerUnreachable("provider", "the gateway is not open")
        if peer is None:
            raise PeerUnreachable("provider", "no address and key are configured for its domain")
        body, headers = self._wire.seal(message), {"Content-Type": CONTENT_TYPE}
        try:
            async with self._session.post(peer.url, data=body, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerUnreachable("provider", f"{type(error).__name__}: {error}") from error
        if not 200 <= status < 300:
            raise PeerUnreachable("provider", f"HTTP {status}")

    def read(self, body: bytes) -> Mapping[str, Any]:
        """See MarketGateway.read."""
        return self._wire.unseal(body)
