"""``linkbox run`` at work: store, gateways, doors and the controller's host, opened in order, closed in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from datetime import time
from pathlib import Path

from fastapi import FastAPI

from linkbox.adapters.customer_page import PageSetup
from linkbox.adapters.gateway_http import HttpDccGateway, mutual_tls
from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_operators import create_operators_app
from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.market_uftp import UftpMarketGateway, signing_key
from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.event_loop import run_serving
from linkbox.app.notice_channels import open_channels
from linkbox.app.open_store import POSTGRESQL, AnyStore, open_store
from linkbox.app.run_config import RunConfig, ServedPart
from linkbox.app.run_secrets import secret
from linkbox.app.run_site import Prepared, prepare
from linkbox.app.watch_log import JsonLines
from linkbox.app.watch_run import mqtt_source
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.time import SystemClock
from linkbox.operation.controller import Controller
from linkbox.operation.operator_front import OperatorFront
from linkbox.operation.rate_limit import RateLimit
from linkbox.service.doors import Arrivals, front_door, page_door
from linkbox.service.host import LOGGER, Rhythm, ServiceHost
from linkbox.service.readings_sink import ReadingsSink

_LOGGERS = (LOGGER, "linkbox.ingest")


class CanNotServe(LinkboxError):
    """A port is in use, or may not be taken."""


def check_service(config: RunConfig, folder: Path) -> str:
    """What would be served, in a line; raise InvalidInput with everything that is wrong. Nothing is sent, and a service
    that runs on the store is not disturbed."""
    with _opened_store(config, folder, owner=False) as store:
        site = prepare(config, folder, store).site
        open_channels(config.notices.within(folder))
    points = sum(len(feeder.points) for feeder in site.feeders)
    return f"{len(site.feeders)} feeders, {points} connection points, {len(site.chargers)} chargers, nothing wrong"


def run_service(config: RunConfig, folder: Path, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM; raise InvalidInput, StoreUnusable (another process has it), CanNotServe or
    ServiceFailed."""
    with ExitStack() as stack:
        stack.enter_context(_logged(None if config.service.log is None else folder / config.service.log))
        store = stack.enter_context(_opened_store(config, folder))
        prepared = prepare(config, folder, store)
        run_serving(_serve(config, folder, store, prepared, as_json=as_json))


@contextmanager
def _opened_store(config: RunConfig, folder: Path, *, owner: bool = True) -> Iterator[AnyStore]:
    """The store, ours alone for as long as the program runs. Not its ``owner``: to look only, and none is made."""
    part = config.store
    name = part.place
    if part.place_secret is not None:
        name = secret(part.place_secret, folder, where="store.place_secret").decode()
    store: AnyStore
    if name.startswith(POSTGRESQL):
        store = open_store(name, owner=owner)
    elif owner or (folder / name).exists():
        store = open_store(str(folder / name), owner=owner)
    else:
        store = SqliteStore(None)
    try:
        yield store
    finally:
        store.close()


async def _serve(config: RunConfig, folder: Path, store: AnyStore, prepared: Prepared, *, as_json: bool) -> None:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        dcc = await stack.enter_async_context(_dcc(config, folder))
        market = await stack.enter_async_context(_market(prepared))
        controller = Controller(
            prepared.site,
            store,
            clock,
            dcc=dcc,
            market=market,
            notices=open_channels(config.notices.within(folder)),
            stamper=prepared.stamper,
            tell_in_background=True,
        )
        controller.catch_up()
        host = ServiceHost(controller, store, clock, _rhythm(config))
        sink = ReadingsSink(Arrivals(controller, host.nudge), controller.feeder_ids(), decoders(), clock)
        addresses = await _open_doors(stack, config, folder, controller, store, prepared, host, sink)
        stack.callback(_say, {"stopped": "all that was accepted is in the store"}, as_json)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, host.end)
        sources = _sources(config, folder, sink)
        _say(addresses, as_json)
        await _until_the_end(host, sources)


async def _until_the_end(host: ServiceHost, sources: list[asyncio.Task[None]]) -> None:
    """The host until it ends by itself; a source that fails for good ends it too, with its reason."""
    hosting = asyncio.create_task(host.run())
    await asyncio.wait([hosting, *sources], return_when=asyncio.FIRST_COMPLETED)
    host.end()
    for source in sources:
        source.cancel()
    ended = await asyncio.gather(hosting, *sources, return_exceptions=True)
    for end in ended:
        if isinstance(end, Exception):
            raise end


def _dcc(config: RunConfig, folder: Path) -> HttpDccGateway:
    part, tls = config.dcc, None
    if part.tls_certificate is not None and part.tls_key is not None and part.tls_ca is not None:
        files = {"certificate": part.tls_certificate, "key": part.tls_key, "dcc_ca": part.tls_ca}
        try:
            tls = mutual_tls(**{name: folder / file for name, file in files.items()})
        except OSError as error:  # ssl.SSLError is one
            issue = Issue(where="dcc.tls_certificate", value=part.tls_certificate, rule=f"can not be used: {error}")
            raise InvalidInput("run", [issue]) from error
    return HttpDccGateway(part.url, timeout_s=part.timeout_s, tls=tls)


def _market(prepared: Prepared) -> UftpMarketGateway:
    """Our end of the market's wire; without a market one that knows nobody, so that nothing is taken from anybody."""
    market = prepared.market
    if market is None:
        return UftpMarketGateway(prepared.site.market.domain, signing_key(bytes(32)), ())
    return UftpMarketGateway(market.domain, market.key, market.peers)


def _rhythm(config: RunConfig) -> Rhythm:
    daily = config.daily
    return Rhythm(
        look_every_s=config.service.look_every_s,
        retry_s=config.service.retry_s,
        give_up_s=config.service.give_up_s,
        supplier_days_at=None if daily.supplier_files_at is None else time.fromisoformat(daily.supplier_files_at),
        clocks_at=None if daily.clocks_at is None else time.fromisoformat(daily.clocks_at),
        clocks_tell=daily.clocks_tell,
    )


async def _open_doors(
    stack: AsyncExitStack,
    config: RunConfig,
    folder: Path,
    controller: Controller,
    store: AnyStore,
    prepared: Prepared,
    host: ServiceHost,
    sink: ReadingsSink,
) -> dict[str, str]:
    """Every door that is set up, by name with its address."""
    limit = RateLimit(burst=int(config.door.events_per_minute), per_minute=config.door.events_per_minute)
    door = front_door(
        controller, senders=prepared.senders, nudge=host.nudge, limit=limit, health=host.health, readings=sink
    )
    doors: dict[str, tuple[ServedPart, FastAPI]] = {"door": (config.door, door)}
    if config.page is not None and prepared.links is not None:
        sender = config.notices.sender
        setup = PageSetup(sender=sender.name, phone=sender.phone)
        page = page_door(controller, store, prepared.links, setup=setup, nudge=host.nudge)
        doors["page"] = (config.page, page)
    if config.operators is not None:
        front = OperatorFront(controller, store, nudge=host.nudge)
        desk = create_operators_app(front, prepared.operators, status=host.status, status_text=host.screen)
        doors["operators"] = (config.operators, desk)
    return {name: await _open(stack, name, part, folder, app) for name, (part, app) in doors.items()}


async def _open(stack: AsyncExitStack, name: str, part: ServedPart, folder: Path, app: FastAPI) -> str:
    tls = None
    if part.tls_certificate is not None and part.tls_key is not None:
        tls = (folder / part.tls_certificate, folder / part.tls_key)
    hosted = Hosted(app, host=part.host, port=part.port, tls=tls, proxies=part.proxies)
    try:
        address = await hosted.start()
    except OSError as error:
        raise CanNotServe(f"{name} can not be served on {part.host}:{part.port}: {error.strerror}") from error
    stack.push_async_callback(hosted.stop, at_once=False)
    return address


def _sources(config: RunConfig, folder: Path, sink: ReadingsSink) -> list[asyncio.Task[None]]:
    if config.mqtt is None:
        return []
    return [asyncio.create_task(mqtt_source(config.mqtt, folder).run(sink))]


def _say(value: dict[str, str], as_json: bool) -> None:
    text = json.dumps(value) if as_json else "\n".join(f"{name}  {words}" for name, words in value.items())
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


@contextmanager
def _logged(file: Path | None) -> Iterator[None]:
    """Within the block the log goes to a file, or to the standard error: lines of JSON, without any payload."""
    handler: logging.Handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
