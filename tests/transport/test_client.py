"""The lean client against peers that keep, close, dawdle or say too much."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from linkbox.transport import Answer, HttpClient, NoAnswer

from .conftest import Run

LONGEST = 10_000
OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/XML; charset=utf-8\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """Reads questions, and lets ``talk`` answer each; ``connections`` counts."""

    def __init__(self, talk: Talk) -> None:
        self._talk, self.connections, self.heads = talk, 0, list[bytes]()

    async def have(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
                await self._talk(await reader.readexactly(length), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def peer(talk: Talk, *, timeout_s: float = 5.0, many: int = 100) -> AsyncIterator[tuple[Peer, HttpClient]]:
    there = Peer(talk)
    server = await asyncio.start_server(there.have, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/base/"
    async with (
        server,
        HttpClient(url, timeout_s=timeout_s, max_answer_bytes=LONGEST, max_connections=many) as client,
    ):
        yield there, client


async def post(client: HttpClient, body: bytes = b"", path: str = "/p") -> Answer:
    return await client.post(path, body, content_type="application/xml")


def saying(*parts: bytes, close: bool = False) -> Talk:
    async def talk(body: bytes, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if close:
            writer.close()

    return talk


def test_a_connection_is_kept_and_used_again(run: Run) -> None:
    async def main() -> None:
        async with peer(saying(OK)) as (there, client):
            answers = [await post(client) for _ in range(3)]
            await client.post("", b"", content_type="text/plain")
        assert answers == [Answer(200, "application/xml", b"ok")] * 3
        assert there.connections == 1
        assert [head.split()[1] for head in there.heads] == [b"/base/p"] * 3 + [b"/base/"]
        assert b"\r\nHost: 127.0.0.1:" in there.heads[0]

    run(main())


def test_a_connection_that_the_peer_closes_is_replaced(run: Run) -> None:
    closing = OK.replace(b"Content-Length", b"Connection: close\r\nContent-Length")

    async def main() -> None:
        async with peer(saying(closing)) as (there, client):
            assert [(await post(client)).body for _ in range(2)] == [b"ok"] * 2
        assert there.connections == 2

    run(main())


def test_the_late_answer_to_a_question_given_up_is_not_taken_for_the_next_ones(run: Run) -> None:
    async def main() -> None:
        async def talk(body: bytes, writer: asyncio.StreamWriter) -> None:
            if body == b"slow":
                await asyncio.sleep(0.2)
            writer.write(OK[:-2] + body[:2])

        async with peer(talk, timeout_s=0.1) as (_, client):
            with pytest.raises(NoAnswer, match="no answer in time"):
                await post(client, b"slow")
            given_up = asyncio.create_task(post(client, b"slow"))
            await asyncio.sleep(0.02)
            given_up.cancel()
            for _ in range(5):
                assert (await post(client, b"quick")).body == b"qu"
                await asyncio.sleep(0.06)

    run(main())


def test_what_comes_unasked_answers_nothing(run: Run) -> None:
    forged = OK[:-2] + b"no"

    async def main() -> None:
        for talk in (saying(OK + forged), saying(OK, forged)):
            async with peer(talk) as (there, client):
                assert (await post(client)).body == b"ok"
                await asyncio.sleep(0.02)
                assert (await post(client)).body == b"ok"
            assert there.connections == 2

    run(main())


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ((b"HTTP/1.1 200 OK\r\n\r\nuntil ", b"the end"), b"until the end"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", OK), b"ok"),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,), b"ok"),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"0\r\n\r\n"), b"ok"),
    ],
    ids=["until closed", "continue", "hints", "empty", "chunks"],
)
def test_every_form_of_an_answer_is_read_whole(run: Run, parts: tuple[bytes, ...], body: bytes) -> None:
    async def main() -> None:
        async with peer(saying(*parts, close=True)) as (_, client):
            assert (await post(client)).body == body

    run(main())


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\ncut",), "cut off"),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",), "cut off"),
        ((b"HTTP/1.1 200 O",), "cut off|closed"),
        ((), "the connection was closed before an answer came"),
        ((b"SSH-2.0-x\r\n",), "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n" + bytes(10001),), "reply over 10000 bytes"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000 + b"\r\n\r\n",), "head of the answer is over"),
    ],
    ids=["short", "half a chunk", "half a head", "nothing", "another protocol", "long", "wordy"],
)
def test_an_answer_that_is_none_says_why(run: Run, parts: tuple[bytes, ...], why: str) -> None:
    async def main() -> None:
        async with peer(saying(*parts, close=True)) as (_, client):
            with pytest.raises(NoAnswer, match=why):
                await post(client)

    run(main())


def test_no_more_connections_are_opened_than_allowed(run: Run) -> None:
    async def main() -> None:
        async def talk(body: bytes, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.005)
            writer.write(OK)

        async with peer(talk, many=3) as (there, client):
            answers = await asyncio.gather(*(post(client) for _ in range(20)))
        assert [answer.body for answer in answers] == [b"ok"] * 20
        assert there.connections == 3

    run(main())


@pytest.mark.parametrize("url", ["ftp://x/", "//x/", "http://"])
def test_an_address_that_is_not_of_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        HttpClient(url, timeout_s=1.0, max_answer_bytes=1)


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ü"])
def test_a_path_can_not_smuggle_a_header(run: Run, path: str) -> None:
    async def main() -> None:
        async with peer(saying(OK)) as (_, client):
            with pytest.raises(ValueError, match="printable ASCII"):
                await post(client, path=path)

    run(main())
