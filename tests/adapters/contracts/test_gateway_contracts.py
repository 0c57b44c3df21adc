"""What the gateways and the notice channel promise (operation/ports.py), asked of each one that there is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from linkbox.adapters.gateway_http import HttpDccGateway
from linkbox.adapters.market_uftp import PATH, Correspondent, Peer, UftpMarketGateway, UftpWire, signing_key
from linkbox.adapters.notices_files import FileNoticeChannel
from linkbox.operation.ports import DccGateway, HttpAnswer, MarketGateway, NoticeChannel, PeerUnreachable
from tests.adapters.contracts.fakes import (
    MAX_REPLY_BYTES,
    Answerer,
    FakeDccGateway,
    FakeMarketGateway,
    FakeNoticeChannel,
    Reply,
)
from tests.adapters.peers import answering, nobody

# -- DccGateway -----------------------------------------------------------------------------------------------

OpenDcc = Callable[[Answerer | None], AbstractAsyncContextManager[DccGateway]]
PATHS = {"api/v1/serviceS": "S", "api/v1/serviceT": "T", "api/v1/serviceD": "D"}


@asynccontextmanager
async def dcc_over_http(answer: Answerer | None) -> AsyncIterator[DccGateway]:
    if answer is None:
        async with HttpDccGateway(nobody()) as gateway:
            yield gateway
        return
    async with answering(lambda path, body: answer(PATHS[path], body)) as url, HttpDccGateway(url) as gateway:
        yield gateway


@asynccontextmanager
async def dcc_in_memory(answer: Answerer | None) -> AsyncIterator[DccGateway]:
    yield FakeDccGateway(answer)


@pytest.fixture(params=[dcc_over_http, dcc_in_memory], ids=["http", "memory"])
def dcc(request: pytest.FixtureRequest) -> OpenDcc:
    opened: OpenDcc = request.param
    return opened


async def test_what_is_posted_arrives_unchanged_at_its_service_and_the_answer_comes_back(dcc: OpenDcc) -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(service: str, body: bytes) -> Reply:
        seen.append((service, body))
        return Reply(body=b"<answer to='%s'/>" % service.encode())

    posts = [("T", b"<a/>"), ("S", bytes(range(256)) * 40), ("D", b"")]
    async with dcc(answer) as gateway:
        answers = [await gateway.post(service, body) for service, body in posts]
    assert seen == posts
    assert answers == [HttpAnswer(status=200, body=b"<answer to='%s'/>" % s.encode()) for s, _ in posts]


async def test_nothing_is_sent_again_by_the_gateway_itself(dcc: OpenDcc) -> None:
    seen: list[bytes] = []

    def answer(_: str, body: bytes) -> Reply:
        seen.append(body)
        return Reply(status=500)

    async with dcc(answer) as gateway:
        with pytest.raises(PeerUnreachable):
            await gateway.post("S", b"<a/>")
    assert seen == [b"<a/>"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=503, body=b"<busy/>"),
        Reply(status=302, body=b"<elsewhere/>"),
        Reply(status=200, content_type="text/html", body=b"<p>a proxy's log-in page</p>"),
        Reply(status=400, content_type="text/plain", body=b"not a request"),
        Reply(body=b"x" * (MAX_REPLY_BYTES + 1)),
    ],
    ids=["500", "503", "302", "html", "400 plain", "oversize"],
)
async def test_an_answer_outside_the_protocol_counts_as_none(dcc: OpenDcc, reply: Reply) -> None:
    async with dcc(lambda service, body: reply) as gateway:
        with pytest.raises(PeerUnreachable) as caught:
            await gateway.post("S", b"<a/>")
    assert caught.value.peer == "DCC"
    assert caught.value.why


async def test_the_longest_allowed_answer_comes_whole(dcc: OpenDcc) -> None:
    body = bytes(i % 251 for i in range(MAX_REPLY_BYTES))
    async with dcc(lambda service, _: Reply(body=body)) as gateway:
        assert (await gateway.post("S", b"<a/>")).body == body


async def test_an_xml_answer_with_another_status_is_handed_on_for_the_protocol_to_judge(dcc: OpenDcc) -> None:
    async with dcc(lambda service, body: Reply(status=400, body=b"<refused/>")) as gateway:
        assert await gateway.post("T", b"<a/>") == HttpAnswer(status=400, body=b"<refused/>")


async def test_a_dcc_that_does_not_listen_is_unreachable(dcc: OpenDcc) -> None:
    async with dcc(None) as gateway:
        with pytest.raises(PeerUnreachable):
            await gateway.post("S", b"<a/>")


# -- MarketGateway --------------------------------------------------------------------------------------------

OpenMarket = Callable[[int | None, list[dict[str, Any]]], AbstractAsyncContextManager[MarketGateway]]
US, THEM = "dso.linkbox.example", "dawn-flexibility.example"
OURS, THEIRS = signing_key(b"u" * 32), signing_key(b"t" * 32)
MESSAGE = {
    "type": "FlexOfferResponse",
    "version": "3.1.0",
    "sender_domain": US,
    "recipient_domain": THEM,
    "time_stamp": "2026-01-13T18:00:00.000Z",
    "message_id": "46792222-52de-59a5-8309-0f7c7a9c7e1e",
    "conversation_id": "de2e7344-fcd6-54c0-8a7e-74fcbcebe056",
    "result": "Rejected",
    "rejection_reason": "Überlast & <mehr>",
    "flex_offer_message_id": "11111111-52de-59a5-8309-0f7c7a9c7e1e",
}


def provider_end() -> UftpWire:
    """The provider's end of the wire."""
    return UftpWire(THEM, "AGR", THEIRS, (Correspondent(domain=US, role="DSO", public_key=OURS.public),))


def gateway_to(url: str) -> UftpMarketGateway:
    return UftpMarketGateway(US, OURS, [Peer(domain=THEM, public_key=THEIRS.public, url=url)])


@asynccontextmanager
async def market_over_http(status: int | None, received: list[dict[str, Any]]) -> AsyncIterator[MarketGateway]:
    if status is None:
        async with gateway_to(nobody() + PATH) as gateway:
            yield gateway
        return

    def take(path: str, body: bytes) -> Reply:
        assert f"/{path}" == PATH
        message = provider_end().unseal(body)
        assert message.pop("sender_role") == "DSO"
        received.append(message)
        return Reply(status=status)

    async with answering(take) as url, gateway_to(url + PATH) as gateway:
        yield gateway


@asynccontextmanager
async def market_in_memory(status: int | None, received: list[dict[str, Any]]) -> AsyncIterator[MarketGateway]:
    yield FakeMarketGateway(status=status, received=received)


@pytest.fixture(params=[market_over_http, market_in_memory], ids=["http", "memory"])
def market(request: pytest.FixtureRequest) -> OpenMarket:
    opened: OpenMarket = request.param
    return opened


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_message_arrives_as_it_was(market: OpenMarket, status: int) -> None:
    received: list[dict[str, Any]] = []
    async with market(status, received) as gateway:
        await gateway.send(MESSAGE)
    assert received == [MESSAGE]


@pytest.mark.parametrize("status", [302, 400, 404, 500])
async def test_a_message_that_was_not_taken_is_told_and_not_sent_again(market: OpenMarket, status: int) -> None:
    received: list[dict[str, Any]] = []
    async with market(status, received) as gateway:
        with pytest.raises(PeerUnreachable, match=f"provider could not be reached: HTTP {status}"):
            await gateway.send(MESSAGE)
    assert received == [MESSAGE]


async def test_a_provider_that_does_not_listen_is_unreachable(market: OpenMarket) -> None:
    async with market(None, []) as gateway:
        with pytest.raises(PeerUnreachable):
            await gateway.send(MESSAGE)


# -- NoticeChannel --------------------------------------------------------------------------------------------

NOTICE = {"id": "LB-20260113-001-0001-held", "audience": "customer", "text": "Your charger pauses until 18:30: £0."}


class Shelf:
    """A notice channel, what it holds by id, and a way to break it."""

    def __init__(self, channel: NoticeChannel, held: Callable[[], dict[str, Any]], broken: NoticeChannel) -> None:
        self.channel, self.held, self.broken = channel, held, broken


@pytest.fixture(params=["files", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "memory":
        channel = FakeNoticeChannel()
        return Shelf(channel, lambda: channel.delivered, FakeNoticeChannel(broken=True))
    folder, obstacle = tmp_path / "notices", tmp_path / "obstacle"
    obstacle.write_text("a file where a folder should be")

    def held() -> dict[str, Any]:
        notices = [json.loads(file.read_text("utf-8")) for file in sorted(folder.rglob("*.json"))]
        return {notice["id"]: notice for notice in notices}

    return Shelf(FileNoticeChannel(folder), held, FileNoticeChannel(obstacle))


async def test_a_notice_is_handed_over_whole(shelf: Shelf) -> None:
    await shelf.channel.deliver(NOTICE)
    assert shelf.held() == {NOTICE["id"]: NOTICE}


async def test_the_same_notice_again_changes_nothing(shelf: Shelf) -> None:
    for _ in range(2):
        await shelf.channel.deliver(NOTICE)
    await shelf.channel.deliver({**NOTICE, "id": "another"})
    assert shelf.held() == {NOTICE["id"]: NOTICE, "another": {**NOTICE, "id": "another"}}


@pytest.mark.parametrize("name", ["LB-1/FLEX-1/order", "../../outside", "..", "a.b", "c:d*?", "Ü"])
async def test_a_notice_may_have_any_id(shelf: Shelf, name: str) -> None:
    await shelf.channel.deliver({**NOTICE, "id": name})
    assert list(shelf.held()) == [name]


async def test_a_channel_that_can_not_take_a_notice_says_so(shelf: Shelf) -> None:
    with pytest.raises(PeerUnreachable):
        await shelf.broken.deliver(NOTICE)
