"""Peers on loopback ports for the HTTP adapters: well behaved, slow, rude or absent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from linkbox.adapters.hosting import Hosted
from tests.adapters.contracts.fakes import Answerer

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answerer) -> AsyncIterator[str]:
    """An HTTP server that answers every post as ``answer`` says; its base address."""
    app = FastAPI(openapi_url=None)

    @app.post("/{path:path}")
    async def take(path: str, request: Request) -> Response:
        reply = answer(path, await request.body())
        return Response(reply.body, status_code=reply.status, headers={"Content-Type": reply.content_type})

    host = Hosted(app)
    try:
        yield await host.start()
    finally:
        await host.stop()


@asynccontextmanager
async def talking(conversation: Conversation) -> AsyncIterator[str]:
    """A bare TCP server; its base address. ``conversation`` is had with every connection."""

    async def have(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await conversation(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(have, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def nobody() -> str:
    """The address of a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP request with a Content-Length; its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(length)


async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and say nothing until the other side gives up."""
    await read_request(reader)
    await reader.read()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and break the connection."""
    await read_request(reader)
    writer.transport.abort()


async def stop_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise 1000 bytes, send 10, hang up."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n0123456789")
    await writer.drain()


async def speak_gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in another protocol."""
    await read_request(reader)
    writer.write(b"220 smtp.example ESMTP\r\n")
    await writer.drain()


async def answer_in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A good answer of 300,000 bytes, whose parts come one after another."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
    for letter in (b"a", b"b", b"c"):
        writer.write(b"%x\r\n" % 100_000 + letter * 100_000 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)
    writer.write(b"0\r\n\r\n")
    await writer.drain()
