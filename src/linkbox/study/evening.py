"""One evening under virtual time: the world and the controller, joined by real HTTP, driven by one scheduler.

The clock stands still while messages travel; it moves to the next thing that happens anywhere. So the same
scenario gives the same history, however fast or slow the machine is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import aiohttp
import numpy as np

from linkbox.adapters.customer_page import PageSetup
from linkbox.adapters.gateway_http import HttpDccGateway
from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_customers import Senders
from linkbox.adapters.market_uftp import CONTENT_TYPE, PATH
from linkbox.adapters.notices_files import FileNoticeChannel, SupplierDrop
from linkbox.adapters.notices_routed import RoutedNoticeChannel
from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.base.errors import LinkboxError
from linkbox.base.time import ManualClock, format_utc
from linkbox.customers import event_to_row
from linkbox.operation import drawing_desk
from linkbox.operation.controller import Controller
from linkbox.operation.desk import Told
from linkbox.operation.ports import DccGateway, NoticeChannel, PeerUnreachable, Row
from linkbox.operation.rate_limit import RateLimit
from linkbox.records.audit import AuditRecord
from linkbox.records.contact import Channel
from linkbox.service.claim import Taken, locked
from linkbox.service.doors import front_door, page_door
from linkbox.study.direct import DirectDcc, DirectDoor
from linkbox.study.faults import LossyDcc, reading_lost
from linkbox.study.objectors import Objectors
from linkbox.study.operators import OPERATORS, ControlRoom, code_of
from linkbox.study.scenario import Scenario
from linkbox.study.wiring import PROVIDER, USER, Cast, cast, market_gateway, provider_wire, read_street, site_of
from linkbox.study.world import Due, World, build_street
from linkbox.twin.street import Minute, Street

STORE_FILE, WORLD_FILE, SCENARIO_FILE = "linkbox.sqlite", "world.jsonl", "scenario.json"
OPERATORS_FILE = "operators.txt"
"""The invented operators of an evening with their codes, so that a person can speak for one of them."""

LOCK_FILE = "evening.lock"

FIRST_LOOK = timedelta(minutes=2)
"""When, after the start, the meters are first asked what their switches feed."""


class ControllerFailed(LinkboxError):
    """The controller answered with an error of its own. It is stopped; what it has stored can be gone on with."""

    def __init__(self, path: str, status: int, why: str) -> None:
        self.path, self.status, self.why = path, status, why
        super().__init__(f"the controller failed on {path} with HTTP {status}: {why}")


WIND_DOWN_AT_MOST = timedelta(hours=3)
"""No hold lasts longer than two hours, and no request longer than minutes."""

Watcher = Callable[["Evening", Minute], None]
NOTHING_EARLIER: Mapping[str, Sequence[Row]] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class Evening:
    """A controlled evening under way: what a view may look at."""

    people: Cast
    world: World
    controller: Controller
    store: SqliteStore | PostgresqlStore
    clock: ManualClock

    def audit(self) -> list[AuditRecord]:
        """The whole audit chain."""
        return [AuditRecord.from_line(line.encode()) for line in self.store.audit_lines()]


def run_uncontrolled(scenario: Scenario) -> tuple[Street, list[Minute]]:
    """The same evening, same seed, and nobody acts."""
    network = read_street(scenario.feeder)
    bare = cast(scenario, network, [True] * network.homes)
    street = build_street(scenario, network, bare.feeder)
    everyone = np.ones(street.homes)
    return street, [street.step(everyone) for _ in range(scenario.minutes)]


class FolderBusy(LinkboxError):
    """Another process runs the evening in this folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is in use: another process runs an evening in it")


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the only one who runs an evening in ``folder``; raise FolderBusy. A process that dies gives it up."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK_FILE))
        except Taken as error:
            raise FolderBusy(folder) from error
        yield


def prepare(scenario: Scenario, folder: Path) -> None:
    """Begin a new evening in ``folder``; what an earlier one left there under our names is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm", WORLD_FILE):
        (folder / name).unlink(missing_ok=True)
    (folder / SCENARIO_FILE).write_text(json.dumps(scenario.to_record(), indent=1) + "\n", "utf-8")
    codes = "".join(f"{name} {code_of(name, scenario.seed)}\n" for name in OPERATORS)
    (folder / OPERATORS_FILE).write_text(codes, "utf-8")


async def run_controlled(
    scenario: Scenario,
    folder: Path,
    *,
    watch: Watcher | None = None,
    told: Told | None = None,
    open_store: Callable[[Path], SqliteStore | PostgresqlStore] = SqliteStore,
    direct: bool = False,
    earlier: Mapping[str, Sequence[Row]] = NOTHING_EARLIER,
) -> Evening:
    """Run the evening in ``folder`` to its end, or go on with the one that was cut off there.

    ``direct``: the DCC and the front door are called instead of reached over HTTP. ``earlier`` are rows, by their
    kind, that evenings before have left: the ledger's, and what was learned of habits."""
    network = read_street(scenario.feeder)
    sketch = build_street(scenario, network, cast(scenario, network, [True] * network.homes).feeder)
    people = cast(scenario, network, [bool(has) for has in sketch.has_charger])
    clock = ManualClock(scenario.start)
    wire = provider_wire(scenario)
    world = World(scenario, sketch, people.homes, people.pki, USER, clock, folder / WORLD_FILE, wire, PROVIDER)
    site = site_of(people, world.provider_capacity_a)
    store = open_store(folder / STORE_FILE)
    if not store.customer_events():
        with store.transaction() as tx:
            for home in people.homes:
                for event in home.history:
                    tx.append_customer_event(event_to_row(event))
            for kind, rows in earlier.items():
                for row in rows:
                    tx.put(kind, row)
    async with AsyncExitStack() as stack:
        dcc_url, provider_url = await world.open()
        stack.push_async_callback(world.close)
        dcc: DccGateway = DirectDcc(world, clock)
        if not direct:
            dcc = await stack.enter_async_context(HttpDccGateway(dcc_url))
        gateway = LossyDcc(dcc, scenario.fault_plan, seed=scenario.seed, clock=clock)
        market = await stack.enter_async_context(market_gateway(scenario, provider_url))
        objectors = Objectors(scenario.seed, scenario.say_no_share)
        objectors.recall(store)
        notices = _channels(folder, objectors)
        controller = Controller(site, store, clock, dcc=gateway, market=market, notices=notices, told=told)
        controller.catch_up()
        evening = Evening(people=people, world=world, controller=controller, store=store, clock=clock)
        front: _FrontDoor | DirectDoor = DirectDoor(controller)
        if not direct:
            host = Hosted(front_door(controller, senders=Senders({"distributor": people.secret})))
            own_url = await host.start()
            stack.push_async_callback(host.stop)
            front = await stack.enter_async_context(_FrontDoor(own_url))
        clicks = _Clicks(objectors, "")
        if scenario.say_no_share and site.notices.links is not None:
            page = PageSetup(dead_after_s=0.0)
            limit = RateLimit(burst=10_000)
            pages = Hosted(page_door(controller, store, site.notices.links, setup=page, limit=limit))
            clicks = _Clicks(objectors, await pages.start())
            stack.push_async_callback(pages.stop)
        await _Scheduler(evening, front, watch, clicks).run()
        controller.seal()
    return evening


def _channels(folder: Path, objectors: Objectors) -> RoutedNoticeChannel:
    """Notices as they would be sent, and the suppliers' files, in the evening's folder."""
    as_sent = FileNoticeChannel(folder / "notices")
    routes: dict[str, NoticeChannel] = dict.fromkeys((*(channel.value for channel in Channel), "letter"), objectors)
    routes |= {"file": SupplierDrop(folder / "suppliers")}
    return RoutedNoticeChannel(routes, copies=[as_sent])


@dataclass(frozen=True, slots=True)
class _Clicks:
    """Who says no, and where the page is."""

    objectors: Objectors
    base_url: str


class _FrontDoor:
    """The world's way to the controller: HTTP, as from outside."""

    _PATHS: ClassVar = {"dcc": ("/smartdcc/duis", "application/xml"), "flex": (PATH, CONTENT_TYPE)}

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> _FrontDoor:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()

    async def tell(self, due: Due) -> bool:
        """Post a message; whether it was taken."""
        path, kind = self._PATHS[due.kind]
        return await self._post(path, due.body, kind)

    async def read(self, feeder: str, minute: Minute) -> bool:
        """Post a reading; whether it was taken."""
        body = {
            "feeder_id": feeder,
            "at": format_utc(minute.at),
            "current_a": [round(float(a), 2) for a in minute.head_current_a],
            "transformer_current_a": [round(float(a), 2) for a in minute.transformer_current_a],
        }
        return await self._post("/ingest/readings", json.dumps(body).encode(), "application/json")

    async def _post(self, path: str, body: bytes, kind: str) -> bool:
        if self._http is None:
            raise PeerUnreachable("controller", "the front door is not open")
        headers = {"Content-Type": kind}
        async with self._http.post(self._base_url + path, data=body, headers=headers) as answer:
            if answer.status >= 500:
                raise ControllerFailed(path, answer.status, (await answer.text())[:500])
            return answer.status in (200, 204)


class _Scheduler:
    """Moves the clock from one happening to the next."""

    def __init__(
        self, evening: Evening, front: _FrontDoor | DirectDoor, watch: Watcher | None, clicks: _Clicks
    ) -> None:
        self._evening, self._front, self._watch, self._clicks = evening, front, watch, clicks
        stops = evening.people.scenario.emulator_stops_at
        self._dcc_stops_at = None if stops is None else evening.people.scenario.at_clock(stops)
        scenario = evening.people.scenario
        self._faults = scenario.fault_plan
        self._room = ControlRoom(scenario.seed, scenario.operators)

    async def run(self) -> None:
        """Until the end of the scenario."""
        evening = self._evening
        end = evening.people.scenario.end
        truth = evening.world.truth
        if truth and truth[-1].at != evening.world.reading_taken_at:
            await self._give_reading(truth[-1])  # it may have been lost in the kill
        while evening.clock.now() < end:
            await self._go_to(min(self._next(), end))
        await self._wind_down(end + WIND_DOWN_AT_MOST)

    async def _wind_down(self, until: datetime) -> None:
        """The street is no longer simulated and nothing new is measured; what is under way ends by itself."""
        evening = self._evening
        while evening.controller.desk.commands or evening.controller.desk.exchanges:
            times = [at for at in (evening.world.next_at(), evening.controller.next_wake()) if at is not None]
            if not times or min(times) > until:
                return
            await self._go_to(max(_to_stored_precision(min(times)), evening.clock.now()))

    def _next(self) -> datetime:
        evening = self._evening
        times = [evening.world.street.now + timedelta(minutes=1)]
        for at in (evening.world.next_at(), evening.controller.next_wake(), self._dcc_stops_at):
            if at is not None:
                times.append(at)
        click = self._clicks.objectors.next_at()
        times += [] if click is None else [click]
        times += [said.at for said in self._room.words(evening.controller.desk.interventions)]
        return max(_to_stored_precision(min(times)), evening.clock.now())

    async def _go_to(self, at: datetime) -> None:
        evening, world = self._evening, self._evening.world
        evening.clock.move_to(at)
        if self._dcc_stops_at is not None and at >= self._dcc_stops_at:
            self._dcc_stops_at = None
            await world.stop_dcc()
        told = False
        for due in world.run_until(at):
            if await self._front.tell(due):
                world.taken(due)
            else:
                world.refused(due)
            told = True
        if world.street.now + timedelta(minutes=1) <= min(at, evening.people.scenario.end):
            await self._give_reading(world.minute())
            told = True
        told = await self._clicks.objectors.press(self._clicks.base_url, at) or told
        for said in list(self._room.words(evening.controller.desk.interventions)):
            if said.at <= at:
                self._room.heard.add(said.body)
                evening.controller.receive_operator(said.body)
                told = True
        wake = evening.controller.next_wake()
        if told or (wake is not None and wake <= at):
            await evening.controller.work()

    async def _give_reading(self, minute: Minute) -> None:
        evening = self._evening
        if evening.people.scenario.known_state:
            self._tell_who_draws(minute)
        if not reading_lost(self._faults, minute.at, seed=evening.people.scenario.seed):
            await self._front.read(evening.people.feeder.feeder_id, minute)
        await evening.controller.work()
        evening.world.minute_taken(minute)
        if self._watch is not None:
            self._watch(evening, minute)
        await asyncio.sleep(0)

    def _tell_who_draws(self, minute: Minute) -> None:
        """As a channel would that knows the chargers' state: of those that are not held."""
        evening = self._evening
        held = {c.mpan for c in evening.controller.desk.commands.values() if c.holding}
        drawing = {
            home.point.mpan: bool(minute.drawing[place])
            for place, home in enumerate(evening.people.homes)
            if home.charger is not None and home.point.mpan not in held
        }
        evening.controller.act(lambda session: drawing_desk.told(session, drawing))


def _to_stored_precision(at: datetime) -> datetime:
    """The next whole millisecond: what is stored, journalled and sent keeps no more, and must come back the same."""
    return at + timedelta(microseconds=-at.microsecond % 1000)
