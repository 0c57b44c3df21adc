"""The emulated DCC over HTTP: the paths of DCC Boxed in, deliveries to the user's receive endpoint out.

It has no timers: whoever moves the clock asks the emulator for what is due and has it delivered. ``standalone`` does
so in real time.

There are two forms of the same services: ``create_app`` for any ASGI server, ``create_service`` for aiohttp's own,
which takes a third of the processor time for each request.
"""

from __future__ import annotations

from functools import partial

import aiohttp
from aiohttp import web
from fastapi import FastAPI, Request, Response

from linkbox.base.time import Clock
from linkbox.emulator.dcc import DccEmulator, Delivery, HttpReply

SERVICE_PATHS = {"S": "/api/v1/serviceS", "T": "/api/v1/serviceT", "D": "/api/v1/serviceD"}
MAX_REQUEST_BYTES = 1_000_000
_XML = "application/xml"


def create_app(emulator: DccEmulator, clock: Clock) -> FastAPI:
    """The three services. A post is taken at the time that ``clock`` shows when it has arrived."""
    app = FastAPI(title="Linkbox DCC emulator", openapi_url=None)

    async def take(service: str, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _XML:
            return _plain(415, f"content type must be {_XML}")
        body = await _limited_body(request)
        if body is None:
            return _plain(413, f"a request has at most {MAX_REQUEST_BYTES} bytes")
        return _response(emulator.post(service, body, at=clock.now()))

    @app.post(SERVICE_PATHS["S"])
    async def send_command(request: Request) -> Response:
        return await take("S", request)

    @app.post(SERVICE_PATHS["T"])
    async def transform(request: Request) -> Response:
        return await take("T", request)

    @app.post(SERVICE_PATHS["D"])
    async def dcc_only(request: Request) -> Response:
        return await take("D", request)

    return app


def create_service(emulator: DccEmulator, clock: Clock) -> web.Application:
    """As ``create_app``, for aiohttp's server."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)

    async def take(service: str, request: web.Request) -> web.Response:
        if request.content_type != _XML:
            return web.Response(status=415, text=f"content type must be {_XML}")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text=f"a request has at most {MAX_REQUEST_BYTES} bytes")
        reply = emulator.post(service, body, at=clock.now())
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)

    for name, path in SERVICE_PATHS.items():
        app.router.add_post(path, partial(take, name))
    return app


async def deliver(delivery: Delivery, url: str, *, session: aiohttp.ClientSession | None = None) -> bool:
    """Post one message to the user's receive endpoint; whether it was taken (any 2xx).

    Without ``session`` a connection is opened for this one message.
    """
    if session is None:
        async with aiohttp.ClientSession() as own:
            return await deliver(delivery, url, session=own)
    try:
        async with session.post(url, data=delivery.body, headers={"Content-Type": _XML}) as answer:
            return 200 <= answer.status < 300
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False


async def _limited_body(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _response(reply: HttpReply) -> Response:
    return Response(status_code=reply.status, content=reply.body, media_type=reply.content_type)


def _plain(status: int, text: str) -> Response:
    return Response(status_code=status, content=text, media_type="text/plain")
