"""A user's receive endpoint for developers: every message that verifies is a file before it is acknowledged."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from linkbox.base.errors import LinkboxError
from linkbox.base.time import Clock
from linkbox.dcc.duis import read_response
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.smki import TrustStore

MAX_MESSAGE_BYTES = 1_000_000
Told = Callable[[str], None]


class CanNotReceive(LinkboxError):
    """The port is in use, or may not be taken."""


class Inbox:
    """The folder of what was received: ``0001.xml`` and so on, each message once, however often it comes."""

    def __init__(self, folder: Path, trust: TrustStore, clock: Clock) -> None:
        self._folder, self._trust, self._clock = folder, trust, clock
        folder.mkdir(parents=True, exist_ok=True)
        self._known = {sha256(file.read_bytes()).digest() for file in folder.glob("*.xml")}

    def take(self, body: bytes) -> Path | None:
        """Keep a message; None for one that is known. Raise RemoteProtocolError for one that does not verify."""
        read_response(body, trust=self._trust, at=self._clock.now())
        digest = sha256(body).digest()
        if digest in self._known:
            return None
        file = self._folder / f"{len(self._known) + 1:04d}.xml"
        with file.open("xb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        self._known.add(digest)
        return file


def receive(inbox: Inbox, host: str, port: int, *, count: int | None, told: Told) -> None:
    """Take messages until ``count`` of them are new, or for ever. Raise CanNotReceive where the port can not be had."""
    left = [count]

    class Handler(BaseHTTPRequestHandler):
        """Answers 204 where a message is kept, 400 with the reason where it is refused."""

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_MESSAGE_BYTES:
                return self._answer(413, "too long")
            try:
                file = inbox.take(self.rfile.read(length))
            except RemoteProtocolError as error:
                told(f"refused: {error}")
                return self._answer(400, str(error))
            if file is not None:
                told(str(file))
                left[0] = None if left[0] is None else left[0] - 1
            return self._answer(204, "")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            if body:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: ``told`` says what happens."""

    try:
        server = HTTPServer((host, port), Handler)
    except OSError as error:
        raise CanNotReceive(f"can not receive on {host}:{port}: {error.strerror}") from error
    with server:
        told(f"http://{host}:{server.server_address[1]}/")
        while left[0] is None or left[0] > 0:
            server.handle_request()
