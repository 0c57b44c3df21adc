"""The outgoing HTTP adapters against peers that are slow, rude, or speak something else."""

from __future__ import annotations

import asyncio
import socket

import pytest
from fastapi import FastAPI, Response

from linkbox.adapters.gateway_http import HttpDccGateway
from linkbox.adapters.hosting import Hosted
from linkbox.adapters.market_uftp import Peer, UftpMarketGateway
from linkbox.operation.ports import PeerUnreachable
from tests.adapters.contracts.test_gateway_contracts import MESSAGE, OURS, THEIRS, THEM, US, gateway_to
from tests.adapters.peers import (
    Conversation,
    answer_in_pieces,
    never_answer,
    reset,
    speak_gibberish,
    stop_in_the_middle,
    talking,
)

RUDE = pytest.mark.parametrize(
    ("conversation", "why"),
    [
        (never_answer, "no answer in time"),
        (reset, "the connection was closed before an answer came|connection reset"),
        (stop_in_the_middle, "the answer was cut off"),
        (speak_gibberish, "the answer is not HTTP"),
    ],
    ids=["slow", "reset", "cut off", "gibberish"],
)


def peers(url: str) -> list[Peer]:
    return [Peer(domain=THEM, public_key=THEIRS.public, url=url)]


@RUDE
async def test_the_dcc_is_unreachable_and_the_reason_is_told(conversation: Conversation, why: str) -> None:
    async with talking(conversation) as url, HttpDccGateway(url, timeout_s=0.2) as gateway:
        with pytest.raises(PeerUnreachable, match=why):
            await gateway.post("S", b"<a/>")


@pytest.mark.parametrize("conversation", [never_answer, reset, speak_gibberish], ids=["slow", "reset", "gibberish"])
async def test_the_provider_is_unreachable(conversation: Conversation) -> None:
    async with talking(conversation) as url, UftpMarketGateway(US, OURS, peers(url), timeout_s=0.2) as gateway:
        with pytest.raises(PeerUnreachable, match="provider could not be reached"):
            await gateway.send(MESSAGE)


async def test_a_provider_without_an_address_is_unreachable() -> None:
    async with UftpMarketGateway(US, OURS, []) as gateway:
        with pytest.raises(PeerUnreachable, match="no address and key are configured"):
            await gateway.send(MESSAGE)


async def test_an_answer_that_comes_in_pieces_is_put_together() -> None:
    async with talking(answer_in_pieces) as url, HttpDccGateway(url) as gateway:
        answer = await gateway.post("T", b"<a/>")
    assert answer.body == b"a" * 100_000 + b"b" * 100_000 + b"c" * 100_000


async def test_a_gateway_that_is_not_open_says_so() -> None:
    with pytest.raises(PeerUnreachable, match="not open"):
        await HttpDccGateway("http://127.0.0.1:1").post("S", b"<a/>")
    with pytest.raises(PeerUnreachable, match="not open"):
        await gateway_to("http://127.0.0.1:1").send(MESSAGE)


async def test_a_gateway_reaches_a_peer_that_was_away_and_came_back_on_the_same_port() -> None:
    app = FastAPI(openapi_url=None)

    @app.post("/api/v1/serviceS")
    async def take() -> Response:
        return Response(b"<ok/>", media_type="application/xml")

    first = Hosted(app)
    url = await first.start()
    async with HttpDccGateway(url) as gateway:
        assert (await gateway.post("S", b"<a/>")).body == b"<ok/>"
        await first.stop()
        with pytest.raises(PeerUnreachable):
            await gateway.post("S", b"<a/>")
        second = Hosted(app, port=int(url.rpartition(":")[2]))
        assert await second.start() == url
        assert (await gateway.post("S", b"<a/>")).body == b"<ok/>"
        await second.stop()


async def test_many_posts_at_once_are_all_answered() -> None:
    app = FastAPI(openapi_url=None)

    @app.post("/api/v1/serviceT")
    async def take() -> Response:
        await asyncio.sleep(0.01)
        return Response(b"<ok/>", media_type="application/xml")

    host = Hosted(app)
    async with HttpDccGateway(await host.start()) as gateway:
        answers = await asyncio.gather(*(gateway.post("T", b"<a/>") for _ in range(40)))
    await host.stop()
    assert [a.body for a in answers] == [b"<ok/>"] * 40


async def test_hosting_on_a_port_in_use_fails_and_leaves_nothing_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        host = Hosted(FastAPI(openapi_url=None), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await host.start()
        assert not host.running


async def test_a_host_can_be_stopped_twice_and_before_it_was_started() -> None:
    host = Hosted(FastAPI(openapi_url=None))
    await host.stop()
    await host.start()
    assert host.running
    await host.stop()
    await host.stop()
    assert not host.running
