"""The emulated DCC as a server of its own, in real time: ports of DCC Boxed, deliveries with retries."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from linkbox.base.identifiers import Eui64
from linkbox.base.time import Clock, SystemClock
from linkbox.dcc.eligibility import UserRole
from linkbox.dcc.inventory import Installation
from linkbox.dcc.smki import Role, TestPki
from linkbox.emulator.certificatesearch import create_certificate_app
from linkbox.emulator.config import EmulatorConfig
from linkbox.emulator.control import create_control_app
from linkbox.emulator.dcc import DccEmulator
from linkbox.emulator.postbox import Parcel, Postbox
from linkbox.emulator.server import MAX_REQUEST_BYTES, deliver, services
from linkbox.transport import Handler, HttpClient, serving

DCC_PORT, SMKI_PORT, CONTROL_PORT = 8079, 8083, 8078
_TICK_S = 0.05
"""How often the world is looked at: answers come at most so much later than their time."""
_DELIVERY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files for TLS towards users; with ``client_ca`` a user must show a certificate that descends from it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneConfig:
    """What a server of its own needs besides the world. Port 0 takes any free one; None for a port leaves that out."""

    emulator: EmulatorConfig
    installations: tuple[Installation, ...]
    user: Eui64
    user_endpoint: str
    pki_seed: str
    user_role: UserRole = UserRole.ELECTRICITY_DISTRIBUTOR
    certificate_role: Role = Role.NETWORK_OPERATOR
    host: str = "127.0.0.1"
    dcc_port: int = DCC_PORT
    smki_port: int | None = SMKI_PORT
    control_port: int | None = CONTROL_PORT
    tls: Tls | None = None


Started = Callable[[dict[str, str]], Awaitable[None]]


async def run_standalone(
    config: StandaloneConfig,
    *,
    started: Started | None = None,
    clock: Clock | None = None,
    pki: TestPki | None = None,
) -> None:
    """Serve until cancelled. ``started`` is told the addresses (``dcc``, ``smki``, ``control``) once all are open.

    ``pki`` replaces the one that ``pki_seed`` gives. Raise OSError where a port can not be taken.
    """
    clock = clock or SystemClock()
    now = clock.now()
    pki = pki or TestPki(config.pki_seed, now - timedelta(days=1), now + timedelta(days=3650))
    emulator = DccEmulator(
        config.emulator,
        config.installations,
        pki,
        config.user,
        user_role=config.user_role,
        certificate_role=config.certificate_role,
    )
    apps = {}
    if config.smki_port is not None:
        apps["smki"] = (create_certificate_app(pki.certificates()), config.smki_port)
    if config.control_port is not None:
        apps["control"] = (create_control_app(emulator, clock), config.control_port)
    async with AsyncExitStack() as stack:
        addresses = {"dcc": await _serve_services(stack, services(emulator, clock), config)}
        for name, (app, port) in apps.items():
            addresses[name] = await _serve(stack, app, config.host, port)
        if started is not None:
            await started(addresses)
        user = HttpClient(config.user_endpoint, timeout_s=_DELIVERY_TIMEOUT_S, max_answer_bytes=MAX_REQUEST_BYTES)
        await _deliver_for_ever(emulator, await stack.enter_async_context(user), clock)


async def _deliver_for_ever(emulator: DccEmulator, user: HttpClient, clock: Clock) -> None:
    postbox = Postbox()

    async def attempt(parcel: Parcel) -> None:
        if not await deliver(parcel.delivery, user):
            postbox.refused(parcel, clock.now())

    async with asyncio.TaskGroup() as attempts:  # one that hangs does not hold up the others
        while True:
            for delivery in emulator.run_until(clock.now()):
                postbox.add(delivery)
            for parcel in postbox.due(clock.now()):
                attempts.create_task(attempt(parcel))
            await asyncio.sleep(_TICK_S)


async def _serve_services(stack: AsyncExitStack, answer: Handler, config: StandaloneConfig) -> str:
    """The three services, over TLS if the configuration has it."""
    listener = _listener(config.host, config.dcc_port)
    tls = None if config.tls is None else _tls_context(config.tls)
    await stack.enter_async_context(serving(listener, answer, max_body_bytes=MAX_REQUEST_BYTES, tls=tls))
    return _address(listener, config.host, "http" if tls is None else "https")


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to the program that hosts it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(stack: AsyncExitStack, app: FastAPI, host: str, port: int) -> str:
    listener = _listener(host, port)
    settings = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = _QuietServer(settings)
    task = asyncio.create_task(server.serve(sockets=[listener]))

    async def stop() -> None:
        server.should_exit = True
        await task

    stack.push_async_callback(stop)
    while not server.started:
        if task.done():
            await task
            raise OSError(f"can not serve on {host}:{port}")
        await asyncio.sleep(_TICK_S)
    return _address(listener, host, "http")


def _address(listener: socket.socket, host: str, scheme: str) -> str:
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _listener(host: str, port: int) -> socket.socket:
    """An open port. It is named as TCP, so that asyncio switches Nagle's algorithm off: each answer would wait."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{host}:{port}: {error.strerror}") from error
    return listener
