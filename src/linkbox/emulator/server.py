"""The emulated DCC over HTTP: the paths of DCC Boxed in, deliveries to the user's receive endpoint out.

It has no timers: whoever moves the clock asks the emulator for what is due and has it delivered. ``standalone`` does
so in real time.

There are two forms of the same services: ``create_app`` for any ASGI server, ``services`` for the lean one of
``linkbox.transport``, which takes a fifth of the processor time for each request.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from linkbox.base.time import Clock
from linkbox.emulator.dcc import DccEmulator, Delivery, HttpReply
from linkbox.transport import Answer, Handler, HttpClient, NoAnswer, Question

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


def services(emulator: DccEmulator, clock: Clock) -> Handler:
    """As ``create_app``, for ``transport.serving`` with MAX_REQUEST_BYTES."""
    names = {path: name for name, path in SERVICE_PATHS.items()}

    def answer(question: Question) -> Answer:
        service = names.get(question.path)
        if service is None:
            return Answer(404, "text/plain", b"not one of the three services")
        if question.method != "POST":
            return Answer(405, "text/plain", b"must be a POST")
        if question.content_type != _XML:
            return Answer(415, "text/plain", f"content type must be {_XML}".encode())
        reply = emulator.post(service, question.body, at=clock.now())
        return Answer(reply.status, reply.content_type, reply.body)

    return answer


async def deliver(delivery: Delivery, user: HttpClient) -> bool:
    """Post one message to the user's receive endpoint, ``user``'s own address; whether it was taken (any 2xx)."""
    try:
        answer = await user.post("", delivery.body, content_type=_XML)
    except NoAnswer:
        return False
    return 200 <= answer.status < 300


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
