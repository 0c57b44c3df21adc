"""The lean server against peers that are fast, old, wordy or hostile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from linkbox.transport import Answer, Question, serving
from linkbox.transport.server import MAX_HEAD_BYTES

from .conftest import Run

LONGEST = 1000
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def echo(question: Question) -> Answer:
    if question.path == "/fail":
        raise ValueError("a mistake of ours")
    said = f"{question.method} {question.path} {question.content_type} ".encode() + question.body
    return Answer(200, "text/plain", said)


@asynccontextmanager
async def connected() -> AsyncIterator[Streams]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(listener, echo, max_body_bytes=LONGEST):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            yield reader, writer
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    return int(head.split()[1]), await reader.readexactly(length)


def post(body: bytes, *, path: str = "/a", more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: Text/XML; charset=x\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_questions_sent_in_one_breath_are_answered_in_their_order(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            writer.write(post(b"one") + post(b"two", path="/b?c=d") + post(b""))
            assert await answer(reader) == (200, b"POST /a text/xml one")
            assert await answer(reader) == (200, b"POST /b text/xml two")
            assert await answer(reader) == (200, b"POST /a text/xml ")

    run(main())


def test_a_question_may_come_a_byte_at_a_time(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            for octet in post(b"slow"):
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(0)
            assert await answer(reader) == (200, b"POST /a text/xml slow")

    run(main())


def test_a_body_in_chunks_is_put_together(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            head = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"3\r\none\r\n4\r\ntwo!\r\n0\r\n\r\n" + post(b"next"))
            assert await answer(reader) == (200, b"POST /a  onetwo!")
            assert await answer(reader) == (200, b"POST /a text/xml next")

    run(main())


def test_a_peer_that_asks_whether_to_go_on_is_told_to(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            question = post(b"body", more="Expect: 100-continue\r\n")
            writer.write(question[:-4])
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(question[-4:])
            assert await answer(reader) == (200, b"POST /a text/xml body")

    run(main())


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (post(bytes(LONGEST + 1)), 413),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"fff\r\n" + bytes(4095), 413),
        (post(b"", more=f"X: {'y' * MAX_HEAD_BYTES}\r\n"), 431),
        (b"POST /" + b"a" * (MAX_HEAD_BYTES + 1) + b" HTTP/1.1\r\n", 431),
        (b"EHLO linkbox\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
    ids=["long", "long in chunks", "wordy", "long path", "another protocol", "negative", "two lengths", "two framings"],
)
def test_what_breaks_the_rules_is_refused_with_a_reason_and_the_connection_ends(
    run: Run, question: bytes, status: int
) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            writer.write(question)
            found, reason = await answer(reader)
            assert (found, bool(reason)) == (status, True)
            writer.write(post(b"another"))
            assert await reader.read() == b""

    run(main())


def test_a_refused_peer_gets_its_answer_though_it_goes_on_talking(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            writer.write(post(bytes(3_000_000)))
            assert (await answer(reader))[0] == 413

    run(main())


@pytest.mark.parametrize(
    "question",
    [
        b"POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
        post(b"x", more="Connection: close\r\n"),
        post(b"x", more="Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    ],
    ids=["HTTP/1.0", "close", "upgrade"],
)
def test_the_connection_of_one_question_is_closed_after_its_answer(run: Run, question: bytes) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            writer.write(question)
            assert (await answer(reader))[0] == 200
            assert await reader.read() == b""

    run(main())


def test_a_mistake_of_ours_is_told_without_detail_and_to_the_loop(run: Run) -> None:
    async def main() -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what["exception"]))
        async with connected() as (reader, writer):
            writer.write(post(b"", path="/fail") + post(b"next"))
            assert await answer(reader) == (500, b"internal error")
            assert (await answer(reader))[0] == 200
        assert [str(error) for error in told] == ["a mistake of ours"]

    run(main())


def test_connections_are_dropped_when_serving_ends(run: Run) -> None:
    async def main() -> None:
        async with connected() as (reader, writer):
            writer.write(post(b""))
            await answer(reader)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""

    run(main())
