"""Readings over HTTP: ``POST /ingest/readings`` for single ones, ``POST /ingest/batch`` for columns.

204: taken, the sender may forget them. 400: refused, with every issue; 413: too long; 415: of an unknown type.
503 with ``Retry-After``: no room now, send it again later. ``GET /status`` tells how the watch is doing.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from linkbox.base.errors import LinkboxError
from linkbox.operation.ingest import Busy, Format, Refused, Sink, Taken

MAX_BODY_BYTES = 64_000_000
ARROW_TYPE = "application/vnd.apache.arrow.stream"
JSON_TYPE = "application/json"

Status = Callable[[], Mapping[str, Any]]


class CannotListen(LinkboxError):
    """The port is taken, or not ours to take."""

    def __init__(self, host: str, port: int, why: str) -> None:
        self.host, self.port = host, port
        super().__init__(f"can not listen on {host}:{port}: {why}")


def create_ingest_app(
    sink: Sink, status: Status, *, name: str = "http", max_body_bytes: int = MAX_BODY_BYTES
) -> FastAPI:
    """The endpoints, in front of ``sink``."""
    app = FastAPI(title="Linkbox ingest", openapi_url=None)
    app.include_router(readings_router(sink, name=name, max_body_bytes=max_body_bytes))
    app.include_router(batch_router(sink, name=name, max_body_bytes=max_body_bytes))

    @app.get("/status")
    async def tell() -> Response:
        return JSONResponse(dict(status()))

    return app


def readings_router(sink: Sink, *, name: str = "http", max_body_bytes: int = MAX_BODY_BYTES) -> APIRouter:
    """``POST /ingest/readings`` alone."""
    router = APIRouter()

    @router.post("/ingest/readings")
    async def readings(request: Request) -> Response:
        return await _taken(sink, name, Format.READING, request, max_body_bytes)

    return router


def batch_router(sink: Sink, *, name: str = "http", max_body_bytes: int = MAX_BODY_BYTES) -> APIRouter:
    """``POST /ingest/batch`` alone: for any front door that has a Sink behind it."""
    router = APIRouter()

    @router.post("/ingest/batch")
    async def batch(request: Request) -> Response:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        form = {ARROW_TYPE: Format.ARROW, JSON_TYPE: Format.COLUMNS}.get(kind)
        if form is None:
            sink.count(name, "malformed")
            return Response(status_code=415, content=f"{JSON_TYPE} or {ARROW_TYPE}", media_type="text/plain")
        return await _taken(sink, name, form, request, max_body_bytes)

    return router


async def _taken(sink: Sink, name: str, form: Format, request: Request, most: int) -> Response:
    """The sink's answer to one body."""
    body = await _body(request, most)
    if body is None:
        sink.count(name, "malformed")
        return Response(status_code=413, content=f"at most {most} bytes", media_type="text/plain")
    match sink.take(name, form, body):
        case Taken():
            return Response(status_code=204)
        case Refused(issues=issues):
            return Response(status_code=400, content="\n".join(map(str, issues)), media_type="text/plain")
        case Busy(retry_after_s=seconds):
            wait = str(max(math.ceil(seconds), 1))
            return Response(status_code=503, headers={"Retry-After": wait}, content="no room now, send it again")


async def _body(request: Request, most: int) -> bytes | None:
    """The body; None where it is too long, of which no more than ``most`` was kept."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


class HttpSource:
    """A Source that listens. ``port`` 0: any free one; ``listening`` is called with the port once it is open."""

    name = "http"

    def __init__(
        self, host: str, port: int, *, status: Status, listening: Callable[[int], None] = lambda _: None
    ) -> None:
        self._host, self._port, self._status, self._listening = host, port, status, listening

    async def run(self, sink: Sink) -> None:
        app = create_ingest_app(sink, self._status, name=self.name)
        server = _Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        with self._open() as listener:
            self._listening(listener.getsockname()[1])
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                await asyncio.shield(serving)
            finally:
                server.should_exit = True
                with suppress(asyncio.CancelledError):
                    await serving

    def _open(self) -> socket.socket:
        try:
            return socket.create_server((self._host, self._port))
        except OSError as error:
            raise CannotListen(self._host, self._port, error.strerror or str(error)) from error


class _Server(uvicorn.Server):
    """The process's signals are the watch's own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
