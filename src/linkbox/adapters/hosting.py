"""A web application on a port, loopback unless told otherwise, inside a running event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

LOOPBACK = "127.0.0.1"


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the program that hosts it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Hosted:
    """One application served on loopback and on a port of the system's choice, unless others are given.

    ``tls``: files in PEM, the certificate (chain) and its key. ``proxies``: addresses whose word on whom they ask for
    (X-Forwarded-For) is believed; nobody else's is."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        tls: tuple[Path, Path] | None = None,
        proxies: Sequence[str] = (),
    ) -> None:
        self._app, self._host, self._port, self._tls = app, host, port, tls
        self._proxies = list(proxies)
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.base_url = ""

    @property
    def running(self) -> bool:
        """Whether the application is being served."""
        return self._task is not None

    async def start(self) -> str:
        """Serve; return the base address once connections are taken. Raise OSError where the port is in use."""
        # Named as TCP, so that asyncio switches Nagle's algorithm off: else each answer waits 40 ms.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            proxy_headers=bool(self._proxies),
            forwarded_allow_ips=self._proxies,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=None if self._tls is None else self._tls[0],
            ssl_keyfile=None if self._tls is None else self._tls[1],
        )
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.001)
        scheme = "http" if self._tls is None else "https"
        self.base_url = f"{scheme}://{self._host}:{listener.getsockname()[1]}"
        return self.base_url

    async def stop(self, *, at_once: bool = True) -> None:
        """Close the port; open connections are dropped, or else what is asked already is answered, for a second."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            self._server.force_exit = at_once
            await self._task
        self._server = self._task = None
