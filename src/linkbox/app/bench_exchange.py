"""Whole critical exchanges over HTTP, against the emulator in a process of its own, every one durable in SQLite.

The user's side keeps the rules of the command journal: the signed bytes are committed before they are sent, and the
device's answer with the outcome before the DCC is told that it was taken. The emulator keeps nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from linkbox.adapters.gateway_http import HttpDccGateway
from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_http import create_dcc_door
from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.bench_user import GroupCommit, User, succeeded
from linkbox.app.emulator_server import lasting_objects
from linkbox.app.event_loop import run_serving
from linkbox.app.pki_folder import PkiPlan, create
from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import Eui64, Mpan
from linkbox.base.time import SystemClock
from linkbox.dcc.eligibility import profile_named
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange import Exchange
from linkbox.dcc.inventory import Installation
from linkbox.dcc.inventory.table import write_table
from linkbox.dcc.smki import Role
from linkbox.emulator.config import DEFAULT_BROKER

USER = Eui64("90-B3-D5-1F-30-02-00-00")
HOMES = 400
LATENCY_S = 0.05
_PATIENCE_S = 60.0
SIGNED, VERIFIED = 4, 4
"""ECDSA operations of one critical exchange on the side that has more of them, the emulator's.

It signs two replies, the delivery and the device's answer, and verifies two requests, the command at the DSP and once
more at the device. The user signs two requests and the command, and verifies two replies, the delivery and the answer.
"""


class BenchFailed(LinkboxError):
    """Not every exchange ended as it must: there is nothing to report."""


def homes(count: int) -> list[Installation]:
    """Homes with a switch on slot 3."""
    return [
        Installation(
            mpan=Mpan.from_core(f"{120000000000 + n}"),
            chf=_device(2, n),
            gpf=None,
            esme=_device(0, n),
            hcalcs=_device(5, n),
            slot=3,
            label="EV CHARGER",
            region="South",
            hub="dual-band",
        )
        for n in range(1, count + 1)
    ]


def _device(kind: int, number: int) -> Eui64:
    return Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, kind]) + number.to_bytes(2))


def measure(count: int) -> dict[str, Any]:
    """The rate of ``count`` exchanges, and where the time went. Raise BenchFailed unless all of them succeed."""
    with tempfile.TemporaryDirectory() as folder:
        return run_serving(_measure(Path(folder), count))


async def _measure(folder: Path, count: int) -> dict[str, Any]:
    fleet, load = homes(min(HOMES, count)), os.getloadavg()[0]
    plan = _plan()
    (folder / "homes.csv").write_text(write_table(fleet), "utf-8")
    create(folder / "pki", plan, b"bench", device_keys=False)
    store = SqliteStore(folder / "user.sqlite")
    journal = GroupCommit(store)
    committing = asyncio.create_task(journal.run())
    try:
        async with (
            _receiving() as door,
            _emulator(folder, door.url) as dcc,
            HttpDccGateway(dcc.url, timeout_s=_PATIENCE_S) as gateway,
        ):
            user = _user(plan, gateway, journal, fleet)
            door.user = user
            await _round(user, store, fleet, len(fleet))  # warm: connections, caches
            with lasting_objects():
                before, cpu, others = time.perf_counter(), time.process_time(), dcc.cpu_s()
                commits = journal.commits
                done = await _round(user, store, fleet, count)
                took = time.perf_counter() - before
                used, served = time.process_time() - cpu, dcc.cpu_s() - others
            commits = journal.commits - commits
    finally:
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        stored = len(store.rows("exchange", states=["succeeded"]))
        store.close()
    if succeeded(done) != count or stored != count + len(fleet):
        raise BenchFailed(f"{succeeded(done)} of {count} exchanges succeeded, {stored - len(fleet)} are in the store")
    return {
        "name": "exchange",
        "value": round(count / took),
        "unit": "1/s, 2 cores",
        "floor": round(limit(user)),
        "details": {
            "exchanges": count,
            "commits": commits,
            "user processor ms each": round(used / count * 1000, 3),
            "emulator processor ms each": round(served / count * 1000, 3),
            "load average before": round(load, 1),
        },
    }


def _plan() -> PkiPlan:
    now = SystemClock().now().replace(microsecond=0)
    return PkiPlan(
        seed="bench",
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=1),
        broker=DEFAULT_BROKER,
        users=(USER,),
        user_role=int(Role.NETWORK_OPERATOR),
        devices=(),
    )


def _user(plan: PkiPlan, gateway: HttpDccGateway, journal: GroupCommit, fleet: list[Installation]) -> User:
    pki = plan.organisations()
    for home in fleet:
        pki.signer(home.esme, None)
    return User(
        eui=USER,
        xml_signer=pki.signer(USER, Role.XML_SIGNING),
        gbcs_signer=pki.signer(USER, Role.NETWORK_OPERATOR),
        trust=pki.trust_store(),
        profile=profile_named("secmp0046"),
        gateway=gateway,
        journal=journal,
        clock=SystemClock(),
    )


async def _round(user: User, store: SqliteStore, fleet: list[Installation], count: int) -> list[Exchange]:
    """``count`` exchanges, one at a time for each meter, as the rules of its counters ask."""
    with store.transaction() as tx:
        first = tx.take_counters(str(USER), count, at_least=int(user.clock.now().timestamp() * 1000))
    counters = iter(range(first, first + count))
    done: list[Exchange] = []

    async def serve(home: Installation) -> None:
        for counter in counters:
            done.append(await user.hold(home.esme, counter))

    await asyncio.gather(*(serve(home) for home in fleet))
    return done


@dataclass(slots=True)
class _Door:
    """What the user's front door leads to: an answer of the DCC is committed before it is acknowledged."""

    url: str = ""
    user: User | None = None

    async def receive_dcc(self, body: bytes) -> str | None:
        if self.user is None:
            return "nobody is at home yet"
        try:
            await self.user.receive(body)
        except RemoteProtocolError as error:
            return str(error)
        return None


@asynccontextmanager
async def _receiving() -> AsyncIterator[_Door]:
    door = _Door()
    host = Hosted(create_dcc_door(door))
    door.url = await host.start() + "/smartdcc/duis"
    try:
        yield door
    finally:
        await host.stop()


@dataclass(frozen=True, slots=True)
class _Dcc:
    """The emulator's process."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Processor time that it has used, in s; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _emulator(folder: Path, endpoint: str) -> AsyncIterator[_Dcc]:
    """``linkbox emulator`` on free ports."""
    options = {
        "--inventory": folder / "homes.csv",
        "--pki": folder / "pki",
        "--endpoint": endpoint,
        "--port": 0,
        "--smki-port": 0,
        "--control-port": 0,
        "--latency": LATENCY_S,
    }
    words = [str(word) for option in options.items() for word in option]
    program = [sys.executable, "-c", "from linkbox.app.cli import main; main()", "emulator", "--json", *words]
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - asked for
    try:
        line = await process.stdout.readline()
        if not line:
            raise BenchFailed("the emulator did not start")
        yield _Dcc(json.loads(line)["dcc"], process.pid)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def limit(user: User) -> float:
    """Exchanges per second if the busier of two cores did nothing but elliptic curves, as fast as just now."""
    data = bytes(600)
    signature = user.gbcs_signer.sign(data)
    sign_s = _each(lambda: user.gbcs_signer.sign(data))
    verify_s = _each(lambda: user.gbcs_signer.certificate.verify(data, signature))
    return 1.0 / (SIGNED * sign_s + VERIFIED * verify_s)


def _each(work: Callable[[], object], count: int = 1000, rounds: int = 5) -> float:
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(count):
            work()
        best = min(best, time.process_time() - begin)
    return best / count
