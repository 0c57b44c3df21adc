"""Answers what is asked over HTTP/1.1, in the order in which it is asked, at once: the handler does not wait.

Kept connections, pipelining, chunked bodies and ``Expect: 100-continue`` work; limits and time-outs are fixed here.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeAlias, cast

import httptools

from linkbox.transport.messages import Answer, Question, media_type

Handler: TypeAlias = Callable[[Question], Answer]

MAX_HEAD_BYTES = 32_768
IDLE_S, SLOW_S, LINGER_S = 75.0, 30.0, 2.0
"""How long a connection may be idle, a question may take to arrive whole, a refused peer may go on talking."""
_LOOK_EVERY_S = 5.0


@asynccontextmanager
async def serving(
    listener: socket.socket, handler: Handler, *, max_body_bytes: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve ``handler`` on ``listener`` while the context lasts; the connections that are open then are dropped."""
    loop, peers = asyncio.get_running_loop(), set[_Peer]()

    def begin() -> _Peer:
        return _Peer(loop, peers, handler, max_body_bytes)

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for peer in tuple(peers):
                peer.close_if_late()

    server = await loop.create_server(begin, sock=listener, ssl=tls)
    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        server.close()
        for peer in tuple(peers):
            peer.abort()


class _Peer(asyncio.Protocol):
    """One connection of a peer."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, peers: set[_Peer], handler: Handler, max_body_bytes: int
    ) -> None:
        self._loop, self._peers, self._handler, self._max_body_bytes = loop, peers, handler, max_body_bytes
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._refused, self._asking, self._since = False, False, loop.time()
        self.on_message_begin()
        self._asking = False

    def close_if_late(self) -> None:
        """Close if nothing was asked for long, or a question does not come to its end."""
        if self._loop.time() - self._since > (SLOW_S if self._asking else IDLE_S):
            self.abort()

    def abort(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._peers.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._peers.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # another protocol is not offered: the question was answered, and the connection closed after it
        except httptools.HttpParserError:
            self._refuse(400, "not a request of HTTP/1.1")

    def pause_writing(self) -> None:
        """The peer does not take its answers: it may not ask more."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    # -- callbacks of the parser

    def on_message_begin(self) -> None:
        self._url = self._kind = b""
        self._expects, self._asking, self._since = False, True, self._loop.time()
        self._body: list[bytes] = []
        self._head_bytes = self._body_bytes = 0

    def on_url(self, part: bytes) -> None:
        self._url += part
        self._count_head(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        name = name.lower()
        if name == b"content-type":
            self._kind = value
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"content-length" and value.isdigit() and int(value) > self._max_body_bytes:
            self._refuse_long()

    def on_headers_complete(self) -> None:
        if self._expects and not self._refused and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self._body.append(part)
        self._body_bytes += len(part)
        if self._body_bytes > self._max_body_bytes:
            self._refuse_long()

    def on_message_complete(self) -> None:
        if self._refused:
            return
        path = self._url.partition(b"?")[0].decode("latin-1")
        question = Question(
            self._parser.get_method().decode("ascii"), path, media_type(self._kind), b"".join(self._body)
        )
        self._asking, self._since = False, self._loop.time()
        try:
            answer = self._handler(question)
        except Exception as error:  # told to whoever looks after the loop; the peer gets no detail
            self._loop.call_exception_handler({"message": "a question could not be answered", "exception": error})
            answer = Answer(500, "text/plain", b"internal error")
        keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._transport is not None:
            self._transport.write(_octets(answer, keep=keep))
            if not keep:
                self._refused = True
                self._transport.close()

    def _count_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"the head of a request has at most {MAX_HEAD_BYTES} bytes")

    def _refuse_long(self) -> None:
        self._refuse(413, f"a request has at most {self._max_body_bytes} bytes")

    def _refuse(self, status: int, why: str) -> None:
        """Answer at once, and heed no more. The connection lingers: closed now, the peer might miss the answer."""
        if self._refused or self._transport is None:
            return
        self._refused = True
        self._transport.write(_octets(Answer(status, "text/plain", why.encode()), keep=False))
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(LINGER_S, self.abort)


def _octets(answer: Answer, *, keep: bool) -> bytes:
    lasting = "" if keep else "connection: close\r\n"
    head = (
        f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, '')}\r\n"
        f"content-type: {answer.content_type}\r\n{lasting}content-length: {len(answer.body)}\r\n\r\n"
    )
    return head.encode("latin-1") + answer.body


_REASONS = {status.value: status.phrase for status in HTTPStatus}
