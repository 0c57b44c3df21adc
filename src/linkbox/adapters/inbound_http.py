"""Linkbox's own front door: the DCC's asynchronous answers, the provider's messages, the monitors' readings.

Each arrival is handed to the use-case, which commits it before the answer goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

MAX_MESSAGE_BYTES = 1_000_000

Amps = Annotated[float, Field(allow_inf_nan=False)]


class Front(Protocol):
    """What the door leads to."""

    def receive_dcc(self, body: bytes) -> str | None:
        """Commit one DUIS message; None when taken, else why it is refused."""

    def receive_market(self, message: dict[str, Any]) -> str | None:
        """Commit one message of the provider; None when taken, else why it is refused."""

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        """Commit one reading; None when taken (or known already), else why it is refused."""


class ReadingIn(BaseModel):
    """One minute's mean currents at the head of a feeder, as an LV monitor sends them."""

    model_config = ConfigDict(extra="forbid")

    feeder_id: str = Field(min_length=1, max_length=64)
    at: AwareDatetime
    current_a: list[Amps] = Field(min_length=3, max_length=3)
    transformer_current_a: list[Amps] | None = Field(default=None, min_length=3, max_length=3)


class MarketMessageIn(BaseModel):
    """A UFTP message of the provider; the use-case checks what it refers to."""

    model_config = ConfigDict(extra="allow")

    message_id: str = Field(min_length=1, max_length=64)
    type: str = Field(min_length=1, max_length=32)


def create_inbound_app(front: Front) -> FastAPI:
    """The three endpoints: ``/smartdcc/duis`` (204 or 400), ``/market/messages``, ``/ingest/readings``."""
    app = FastAPI(title="Linkbox inbound", openapi_url=None)

    @app.post("/smartdcc/duis")
    async def dcc_message(request: Request) -> Response:
        body = await _limited_body(request)
        refused = "message too long" if body is None else front.receive_dcc(body)
        return _answer(refused)

    @app.post("/market/messages")
    async def market_message(message: MarketMessageIn) -> Response:
        return _answer(front.receive_market(message.model_dump(mode="json")))

    @app.post("/ingest/readings")
    async def reading(given: ReadingIn) -> Response:
        refused = front.receive_reading(given.feeder_id, given.at, given.current_a, given.transformer_current_a)
        return _answer(refused)

    return app


async def _limited_body(request: Request) -> bytes | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_MESSAGE_BYTES:
            return None
    return body


def _answer(refused: str | None) -> Response:
    if refused is None:
        return Response(status_code=204)
    return Response(status_code=400, content=refused, media_type="text/plain")
