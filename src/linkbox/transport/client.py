"""Posts to one peer, over connections that are kept.

There is one question at a time on a connection, and nothing is ever sent twice. A connection whose answer did not come
whole is closed, never used again.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

from linkbox.transport.messages import Answer, NoAnswer, media_type

_KEPT_S = 4.0
"""An idle connection is used again for so long: less than servers keep it (uvicorn: 5 s), or it might just close."""
_MAX_HEAD_BYTES = 32_768
_CLOSED = "the connection was closed before an answer came"


class HttpClient:
    """The way to one address, ``http`` or ``https``; at most ``max_connections`` at once, the others wait their turn.

    ``timeout_s`` is for the whole of a post, waiting included. ``tls`` None means the system's authorities.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float,
        max_answer_bytes: int,
        max_connections: int = 100,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError("the address must be an http or https one")
        secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if secure else 80)
        self._tls: ssl.SSLContext | bool | None = (tls or True) if secure else None
        self._authority, self._prefix = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
        self._itself = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout_s, self._max_answer_bytes = timeout_s, max_answer_bytes
        self._room = asyncio.Semaphore(max_connections)
        self._idle: list[_Connection] = []
        self._heads: dict[tuple[str, str], bytes] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    async def post(self, path: str, body: bytes, *, content_type: str) -> Answer:
        """Post ``body`` to ``path`` below the base address, or to that itself where ``path`` is empty.

        The answer may be of any status. Raise NoAnswer.
        """
        head = self._heads.get((path, content_type)) or self._head(path, content_type)
        try:
            async with asyncio.timeout(self._timeout_s), self._room:
                connection = self._kept() or await self._connect()
                answer = await connection.ask(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        except OSError as error:
            raise NoAnswer(_in_words(error)) from error
        if connection.usable:
            self._idle.append(connection)
        return answer

    def _head(self, path: str, content_type: str) -> bytes:
        target = self._prefix + path if path else self._itself
        lines = (
            f"POST {target} HTTP/1.1",
            f"Host: {self._authority}",
            f"Content-Type: {content_type}",
            "Accept: */*",
            "User-Agent: linkbox",
            "Content-Length: ",
        )
        if not all(line.isascii() and line.isprintable() for line in lines) or " " in target:
            raise ValueError("path and content type must be printable ASCII, the path without blanks")
        return self._heads.setdefault((path, content_type), "\r\n".join(lines).encode())

    def _kept(self) -> _Connection | None:
        """A connection that is open and was used just now; older ones are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.idle_s() < _KEPT_S:
                return connection
            connection.close()
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()

        def begin() -> _Connection:
            return _Connection(loop, self._max_answer_bytes)

        _, connection = await loop.create_connection(begin, self._host, self._port, ssl=self._tls)
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with one question at a time on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_answer_bytes: int) -> None:
        self._loop, self._max_answer_bytes = loop, max_answer_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._asked: asyncio.Future[Answer] | None = None
        self._since = loop.time()
        self.usable = True
        self._begin()

    def _begin(self) -> None:
        self._body: list[bytes] = []
        self._head_bytes = self._body_bytes = 0
        self._content_type, self._ends_by_itself, self._head_done = "", False, False

    async def ask(self, question: bytes) -> Answer:
        """Send ``question`` and wait for its answer. Raise NoAnswer, or what lost the connection."""
        if self._transport is None or not self.usable:
            raise NoAnswer(_CLOSED)
        self._asked = self._loop.create_future()
        try:
            self._transport.write(question)
            return await self._asked
        except BaseException:  # given up, cancelled too: what may still come belongs to no later question
            self.close()
            raise
        finally:
            self._asked, self._since = None, self._loop.time()

    def idle_s(self) -> float:
        """How long ago the last answer came."""
        return self._loop.time() - self._since

    def close(self) -> None:
        """Close for good."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        self.usable = False
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        if self._asked is None:  # nothing was asked: whatever it is, it answers nothing
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(NoAnswer("the answer is not HTTP"))

    def eof_received(self) -> None:
        if self._asked is not None and self._head_done and not self._ends_by_itself:
            self.usable = False
            self.on_message_complete()

    def connection_lost(self, error: Exception | None) -> None:
        what = "the answer was cut off" if self._head_done or self._head_bytes else _CLOSED
        self._fail(error if isinstance(error, OSError) else NoAnswer(what))

    # -- callbacks of the parser

    def on_message_begin(self) -> None:
        if self._asked is None or self._asked.done():  # a second answer to one question
            self.close()

    def on_status(self, status: bytes) -> None:
        self._count_head(len(status))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        name = name.lower()
        if name == b"content-type":
            self._content_type = media_type(value)
        elif name in (b"content-length", b"transfer-encoding"):
            self._ends_by_itself = True

    def on_headers_complete(self) -> None:
        self._head_done = True

    def on_body(self, part: bytes) -> None:
        self._body.append(part)
        self._body_bytes += len(part)
        if self._body_bytes > self._max_answer_bytes:
            self._fail(NoAnswer(f"reply over {self._max_answer_bytes} bytes"))

    def on_message_complete(self) -> None:
        status, body, kind = self._parser.get_status_code(), b"".join(self._body), self._content_type
        if status >= 200 and self._asked is not None and not self._asked.done():
            self.usable = self.usable and self._parser.should_keep_alive()
            self._asked.set_result(Answer(status, kind, body))
        self._begin()

    def _count_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._fail(NoAnswer(f"the head of the answer is over {_MAX_HEAD_BYTES} bytes"))


def _in_words(error: OSError) -> str:
    """Without addresses. TimeoutError is an OSError too."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return type(error).__name__
