"""Linkbox's own front door: the DCC's asynchronous answers, the providers' messages, the monitors' readings.

Each arrival is handed to the use-case, which commits it before the answer goes out: 204 (to a provider 200, as UFTP has
it) where it was taken, 400 (or UFTP's own status) with the reason where it can not be, 503 where Linkbox itself can not
take anything now (its store fails, say): the sender should try again later. Nothing malformed gets further than this
module and the seal of the market's messages."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn, Protocol, TypeVar

from fastapi import FastAPI, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from linkbox.base.errors import LinkboxError
from linkbox.market import RemoteProtocolError

MAX_MESSAGE_BYTES = 1_000_000
MAX_DEPTH = 20
"""How deep a JSON message may nest; those of the protocols here nest three deep."""
XML_TYPES = ("text/xml", "application/xml")
_MAX_INTEGER_DIGITS = 18


class Front(Protocol):
    """What the door leads to."""

    def receive_dcc(self, body: bytes) -> str | None:
        """Commit one DUIS message; None when taken, else why it is refused."""

    def receive_market(self, body: bytes) -> RemoteProtocolError | None:
        """Commit one sealed message of a provider; None when taken, else why it is refused."""

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        """Commit one reading; None when taken (or known already), else why it is refused."""


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a time within the calendar") from error


Amps = Annotated[float, Field(allow_inf_nan=False)]
UtcTime = Annotated[AwareDatetime, AfterValidator(_to_utc)]


class ReadingIn(BaseModel):
    """One minute's mean currents at the head of a feeder, as an LV monitor sends them."""

    model_config = ConfigDict(extra="forbid")

    feeder_id: str = Field(min_length=1, max_length=64)
    at: UtcTime
    current_a: list[Amps] = Field(min_length=3, max_length=3)
    transformer_current_a: list[Amps] | None = Field(default=None, min_length=3, max_length=3)


class DccFront(Protocol):
    """What the door for the DCC's messages alone leads to."""

    def receive_dcc(self, body: bytes) -> str | Awaitable[str | None] | None:
        """Commit one DUIS message; None when taken, else why it is refused. It may take its time over the commit."""


class _Refused(Exception):
    """The message can not be taken; the text says why."""


_Model = TypeVar("_Model", bound=BaseModel)


class _DccDoor:
    """The endpoint of the DCC's answers, as ASGI has it: they come by the thousand, and need no model."""

    path = "/smartdcc/duis"

    def __init__(self, front: DccFront) -> None:
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            taken = self._front.receive_dcc(await _limited_message(receive))
            answer = _answer(await taken if isinstance(taken, Awaitable) else taken)
        except _Refused as refused:
            answer = _answer(str(refused))
        except LinkboxError as failure:
            answer = _unable(failure)
        await answer(scope, receive, send)


class _Inbound(FastAPI):
    """An application whose door for the DCC is reached without a way through all the layers of the others."""

    def __init__(self, front: DccFront) -> None:
        super().__init__(title="Linkbox inbound", openapi_url=None)
        self._dcc_door = _DccDoor(front)
        self.router.routes.append(Route(_DccDoor.path, self._dcc_door, methods=["POST"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == _DccDoor.path and scope["method"] == "POST":
            await self._dcc_door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_dcc_door(front: DccFront) -> FastAPI:
    """The endpoint ``/smartdcc/duis`` alone."""
    return _Inbound(front)


def create_inbound_app(front: Front) -> FastAPI:
    """The three endpoints: ``/smartdcc/duis``, ``/shapeshifter/api/v3/message``, ``/ingest/readings``."""
    app = _Inbound(front)

    @app.exception_handler(_Refused)
    async def refuse(_: Request, refused: Exception) -> Response:
        return _answer(str(refused))

    @app.exception_handler(LinkboxError)
    async def fail(_: Request, failure: Exception) -> Response:
        return _unable(failure)

    @app.post("/shapeshifter/api/v3/message")
    async def market_message(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in XML_TYPES:
            return _answer("Content-Type must be text/xml")
        refused = front.receive_market(await _limited_body(request))
        if refused is None:
            return Response(status_code=200)
        return Response(status_code=refused.status, content=refused.reason, media_type="text/plain")

    @app.post("/ingest/readings")
    async def reading(request: Request) -> Response:
        given = _parsed(ReadingIn, await _limited_body(request))
        refused = front.receive_reading(given.feeder_id, given.at, given.current_a, given.transformer_current_a)
        return _answer(refused)

    return app


async def _limited_message(receive: Receive) -> bytes:
    """The body of one request: nearly always one part."""
    body, more = bytearray(), True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Refused("message cut off")
        body += event.get("body", b"")
        if len(body) > MAX_MESSAGE_BYTES:
            raise _Refused("message too long")
        more = event.get("more_body", False)
    return bytes(body)


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_MESSAGE_BYTES:
            raise _Refused("message too long")
    return bytes(body)


def _parsed(model: type[_Model], body: bytes) -> _Model:
    """The message; raise _Refused with all that is wrong with it, and nothing of what it said."""
    try:
        return model.model_validate(_strict_json(body))
    except ValidationError as error:
        issues = (f"{'.'.join(map(str, issue['loc'])) or 'message'}: {issue['msg']}" for issue in error.errors())
        raise _Refused("; ".join(issues)) from error


def _strict_json(body: bytes) -> Any:
    """JSON as RFC 8259 has it: in UTF-8, with finite numbers, texts of whole characters, and no deep nesting."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite, parse_int=_short)
        _check(value, MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        raise _Refused(f"not JSON as it must be: {type(error).__name__}") from error
    return value


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number out of range")
    return value


def _short(text: str) -> int:
    if len(text) > _MAX_INTEGER_DIGITS:
        raise ValueError("an integer out of range")
    return int(text)


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            value.encode("utf-8")  # half of a surrogate pair is no character
        case dict():
            for key, item in value.items():
                key.encode("utf-8")
                _check(item, depth - 1)
        case list():
            for item in value:
                _check(item, depth - 1)


def _answer(refused: str | None) -> Response:
    if refused is None:
        return Response(status_code=204)
    return Response(status_code=400, content=refused, media_type="text/plain")


def _unable(failure: Exception) -> Response:
    return Response(status_code=503, content=str(failure), media_type="text/plain")
