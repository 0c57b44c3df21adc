"""Notices over HTTP: text messages through a gateway that takes JSON, and webhooks with a signature.

A webhook's address was chosen by its receiver, so it is not trusted: only public addresses over HTTPS are called, no
redirect is followed, and nothing of the answer is kept but its status."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from linkbox.operation.ports import PeerRefused, PeerUnreachable
from linkbox.records.messages import address_of, text_message_of

_TRY_AGAIN = frozenset({408, 425, 429})
_TIMEOUT_S = 15.0
SIGNATURE_HEADER = "Linkbox-Signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway:
    """A text-message gateway. ``fields`` says what it calls our ``to``, ``sender``, ``text`` and ``reference``."""

    url: str
    sender: str = "Linkbox"
    token: str = field(default="", repr=False)
    fields: Mapping[str, str] = field(
        default_factory=lambda: {"to": "to", "sender": "from", "text": "text", "reference": "reference"}
    )
    timeout_s: float = _TIMEOUT_S


class SmsNoticeChannel:
    """Posts each notice to the gateway as one JSON object, with the notice's id as idempotency key."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        gateway = self._gateway
        number = address_of(notice, "mobile", "phone")
        if not number:
            raise PeerRefused("SMS gateway", "the notice has no number")
        values = {
            "to": number,
            "sender": gateway.sender,
            "text": text_message_of(notice),
            "reference": str(notice["id"]),
        }
        body = json.dumps({gateway.fields[name]: value for name, value in values.items()}, ensure_ascii=False).encode()
        headers = {"Idempotency-Key": str(notice["id"])}
        if gateway.token:
            headers["Authorization"] = f"Bearer {gateway.token}"
        await _post("SMS gateway", gateway.url, body, headers, timeout_s=gateway.timeout_s, resolver=None)


class WebhookNoticeChannel:
    """Posts each notice to the address that its receiver chose, signed with HMAC-SHA-256.

    ``secret_for`` gives the secret that was agreed for an address. The header is ``v1=<hex>``, over the bytes of the
    body; the body holds the notice's id and time, so that a receiver can drop what it has had."""

    def __init__(
        self, secret_for: Callable[[str], bytes], *, allow_private: bool = False, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._secret_for, self._allow_private, self._timeout_s = secret_for, allow_private, timeout_s

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        """See NoticeChannel.deliver."""
        url = address_of(notice, "url")
        if not self._allow_private:
            _require_public(url)
        told = {name: value for name, value in notice.items() if name != "to"}
        body = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            SIGNATURE_HEADER: signature(self._secret_for(url), body),
            "Idempotency-Key": str(notice["id"]),
        }
        resolver = None if self._allow_private else _PublicOnly()
        await _post("webhook", url, body, headers, timeout_s=self._timeout_s, resolver=resolver)


def signature(secret: bytes, body: bytes) -> str:
    """What stands in the header for a body."""
    return f"v1={hmac.new(secret, body, hashlib.sha256).hexdigest()}"


async def _post(
    peer: str, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, resolver: AbstractResolver | None
) -> None:
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    connector = aiohttp.TCPConnector(resolver=resolver) if resolver is not None else None
    sent = {"Content-Type": "application/json", **headers}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            http.post(url, data=body, headers=sent, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.InvalidURL, ValueError) as error:
        raise PeerRefused(peer, "its address is none") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise PeerUnreachable(peer, type(error).__name__) from error
    if 200 <= status < 300:
        return
    lasting = 300 <= status < 500 and status not in _TRY_AGAIN
    raise (PeerRefused if lasting else PeerUnreachable)(peer, f"HTTP {status}")


def _require_public(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise PeerRefused("webhook", "its address must begin with https://")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return  # a name: looked at when it is resolved
    if not literal.is_global:
        raise PeerRefused("webhook", "its address is not a public one")


class _PublicOnly(AbstractResolver):
    """Resolves names to public addresses only, so that nobody can make Linkbox call into its own network."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await aiohttp.ThreadedResolver().resolve(host, port, family)
        public = [entry for entry in found if ipaddress.ip_address(entry["host"]).is_global]
        if not public:
            raise OSError("no public address")
        return public

    async def close(self) -> None:
        """Nothing is kept."""
