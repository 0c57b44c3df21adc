"""The front door for what other systems tell of customers: change of tenancy, of supplier, consent, opt-out.

Who may tell is authenticated by what they know: a bearer token, or an HMAC-SHA-256 of the body under a shared key.
Both are compared in constant time, against every sender that is known, so that an answer tells nothing of how near a
guess was."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from fastapi import APIRouter, Request, Response

from linkbox.base.errors import LinkboxError
from linkbox.operation.rate_limit import RateLimit

PATH = "/customers/events"
MAX_MESSAGE_BYTES = 100_000
MIN_SECRET_OCTETS = 32
BURST, PER_MINUTE, RETRY_AFTER_S = 600, 1200.0, 5
"""How often one address may post: more than any system needs that sends a day's changes one by one."""
SIGNATURE_HEADER = "X-Linkbox-Signature"


class WeakSecret(LinkboxError, ValueError):
    """A sender's secret is too short to be one. The secret itself is not shown."""

    def __init__(self, sender: str) -> None:
        self.sender = sender
        super().__init__(f"secret of sender {sender!r} must have {MIN_SECRET_OCTETS} octets at least")


class CustomerFront(Protocol):
    """What the door leads to."""

    def receive_customer(self, message: Mapping[str, Any]) -> str | None:
        """Commit one message, with what follows from it; None when taken, else why it is refused."""


@dataclass(frozen=True, slots=True, repr=False)
class Senders:
    """Who may tell, by name, each with a secret that it shares with us. Secrets are never shown."""

    secrets: Mapping[str, bytes]

    def __post_init__(self) -> None:
        for name, secret in self.secrets.items():
            if len(secret) < MIN_SECRET_OCTETS:
                raise WeakSecret(name)

    def __repr__(self) -> str:
        return f"Senders({', '.join(sorted(self.secrets))}; secrets hidden)"

    def who(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The sender that the headers prove, or None."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        signature = headers.get(SIGNATURE_HEADER.lower(), "").removeprefix("sha256=")
        found = None
        for name, secret in self.secrets.items():
            wanted = hmac.new(secret, body, hashlib.sha256).hexdigest()
            by_signature = hmac.compare_digest(signature.encode(), wanted.encode())
            by_token = hmac.compare_digest(token.encode(), secret) and scheme.lower() == "bearer"
            if by_signature or by_token:
                found = name
        return found


def customer_router(
    front: CustomerFront,
    senders: Senders,
    *,
    limit: RateLimit | None = None,
    steady_s: Callable[[], float] = time.monotonic,
) -> APIRouter:
    """``POST /customers/events``: 204 taken (or known already), 400 refused with every issue, 401 not authenticated,
    413 too long, 429 from an address that asks more often than ``limit``. To be mounted on the front door."""
    router = APIRouter()
    allowed = limit or RateLimit(burst=BURST, per_minute=PER_MINUTE)

    @router.post(PATH)
    async def customer_event(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if not allowed.allows(address, steady_s()):  # before the body is read, and before any secret is compared
            return Response(status_code=429, headers={"Retry-After": str(RETRY_AFTER_S)})
        body = await _limited_body(request)
        if body is None:
            return Response(status_code=413, content="message too long", media_type="text/plain")
        if senders.who(request.headers, body) is None:
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        try:
            message = _strict_object(body)
        except (ValueError, RecursionError):
            return _answer("must be a JSON object in UTF-8")
        return _answer(front.receive_customer(message))

    return router


async def _limited_body(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_MESSAGE_BYTES:
            return None
    return bytes(body)


def _strict_object(body: bytes) -> dict[str, Any]:
    message = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    json.dumps(message, ensure_ascii=False).encode()  # half of a surrogate pair is no character
    return message


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _answer(refused: str | None) -> Response:
    if refused is None:
        return Response(status_code=204)
    return Response(status_code=400, content=refused, media_type="text/plain")
