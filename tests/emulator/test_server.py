"""The emulated DCC over HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from linkbox.base.time import ManualClock
from linkbox.dcc.exchange import Exchange, ExchangeState, receive_reply
from linkbox.emulator.server import MAX_REQUEST_BYTES, SERVICE_PATHS, create_app, deliver
from linkbox.transport import HttpClient

from .world import START, World, after, hold

XML = {"Content-Type": "application/xml"}


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await task
    listener.close()


def endpoint(url: str) -> HttpClient:
    return HttpClient(url, timeout_s=5.0, max_answer_bytes=1000)


async def post(world: World, session: aiohttp.ClientSession, base: str, exchange: Exchange) -> Exchange:
    async with session.post(base + SERVICE_PATHS[exchange.service], data=exchange.outgoing, headers=XML) as answer:
        assert (answer.status, answer.content_type) == (200, "application/xml")
        body = await answer.read()
    return receive_reply(
        exchange,
        body,
        trust=world.trust,
        xml_signer=world.xml_signer,
        gbcs_signer=world.gbcs_signer,
        at=START,
    )


def receiving(world: World, taken: list[str]) -> FastAPI:
    app = FastAPI()

    @app.post("/smartdcc/duis")
    async def receive(request: Request) -> Response:
        world.take(await request.body(), START)
        taken.append(request.headers["content-type"])
        return Response(status_code=204)

    return app


def test_a_critical_exchange_runs_over_http() -> None:
    async def run() -> None:
        world, taken = World(), []  # type: ignore[var-annotated]
        clock = ManualClock(START)
        async with (
            serving(create_app(world.dcc, clock)) as dcc,
            serving(receiving(world, taken)) as user,
            aiohttp.ClientSession() as session,
        ):
            exchange = await post(world, session, dcc, world.open(hold(1), START))
            assert exchange.state is ExchangeState.SIGNED
            exchange = await post(world, session, dcc, exchange)
            assert exchange.state is ExchangeState.AWAITING_RESPONSE
            world.exchanges[exchange.request.request_id] = exchange
            clock.move_to(after(300))
            for delivery in world.dcc.run_until(clock.now()):
                async with endpoint(user + "/smartdcc/duis") as right, endpoint(user + "/elsewhere") as wrong:
                    assert await deliver(delivery, right)
                    assert not await deliver(delivery, wrong)
        assert taken == ["application/xml"]
        assert world.result(hold(1)).state is ExchangeState.SUCCEEDED

    asyncio.run(run())


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"<x/>", 415),
        (XML, b"x" * (MAX_REQUEST_BYTES + 1), 413),
        (XML, b"not xml", 400),
        (XML, b"", 400),
    ],
)
def test_what_is_no_request_is_refused(headers: dict[str, str], body: bytes, status: int) -> None:
    async def run() -> int:
        async with (
            serving(create_app(World().dcc, ManualClock(START))) as dcc,
            aiohttp.ClientSession() as session,
            session.post(dcc + SERVICE_PATHS["T"], data=body, headers=headers) as answer,
        ):
            return answer.status

    assert asyncio.run(run()) == status


def test_an_unreachable_user_is_reported_and_not_raised() -> None:
    async def run() -> bool:
        world = World()
        world.send(hold(1), START)
        (delivery, *_) = world.dcc.run_until(after(300))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        async with endpoint(f"http://127.0.0.1:{port}/") as user:
            return await deliver(delivery, user)

    assert asyncio.run(run()) is False
