"""A whole installation in a folder, as a distributor would lay it out: tables, keys, contracts and ``service.toml``.

Six homes on one feeder, two chargers on each phase, a provider that says no, and times short enough to watch."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from linkbox.base.identifiers import Eui64, Mpan
from linkbox.base.phases import PHASES
from tests.app_wire.tool import right

USER = "90-B3-D5-1F-30-02-00-00"
PASSWORD = "only for tests"
FEEDER = "CS-1"
HOMES = 6
AMPS = 32.0
SUPPLIERS = ("Alder Energy", "Birch Power")
PROGRAM = [sys.executable, "-c", "from linkbox.app.cli import main; main()"]
SECRETS = {
    "LINKBOX_KEY_PASSWORD": PASSWORD,
    "LINKBOX_PSEUDONYM_KEY": "p" * 32,
    "LINKBOX_LINK_KEY": "l" * 32,
    "LINKBOX_CRM_SECRET": "c" * 32,
}


def mpan(number: int) -> Mpan:
    """The MPAN of home 0, 1, 2 …"""
    return Mpan.from_core(f"{200000000000 + number}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def command(*words: object) -> str:
    """Run a command to its end, in this process: a new one each time would take longer than what it does."""
    return right(*words).text


def device(kind: int, number: int) -> Eui64:
    """A device of a home: kind 2 is the hub, 0 the meter, 5 the switch."""
    return Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, kind, 1, number]))


def write_tables(folder: Path) -> None:
    """Fleet, connection points, chargers, devices, contracts, and what customers said."""
    (folder / "fleet.csv").write_text(
        f"feeder_id,substation,fuse_a,cable,transformer_kva\n{FEEDER},Cellar Street,100,3c_185_SAC_XC,500\n"
    )
    points = ["mpan,feeder_id,phase,domestic,priority_register,postcode,supplier"]
    chargers = ["mpan,phase,rated_a,supplier,channel,address,language"]
    devices = ["mpan,chf,gpf,esme,hcalcs,slot,label,region,hub"]
    consents = ["mpan,at,kind,text_version,channel,evidence,tenancy"]
    tenancies = ["mpan,at,tenancy"]
    for n in range(HOMES):
        m, phase, supplier = mpan(n), PHASES[n % 3].name, SUPPLIERS[n % 2]
        points.append(f"{m},{FEEDER},{phase},yes,no,LB1 {n}AA,{supplier}")
        chargers.append(f"{m},{phase},{AMPS},{supplier},e-mail,home{n}@customers.example,{'cy' if n == 1 else 'en'}")
        chf, esme, switch = (device(kind, n) for kind in (2, 0, 5))
        devices.append(f"{m},{chf},,{esme},{switch},{1 + n % 5},EV CHARGER,South,dual-band")
        tenancies.append(f"{m},2024-05-01T00:00:00Z,T1")
        consents.append(f"{m},2025-03-01T00:00:00Z,given,2025-3,web,form {n},T1")
    for name, lines in (
        ("points", points),
        ("chargers", chargers),
        ("homes", devices),
        ("consents", consents),
        ("tenancies", tenancies),
    ):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "contracts.toml").write_text(
        f'[[contract]]\ncontract_id = "FLEX-1"\nprovider = "Dawn Flexibility"\ndomain = "dawn.example"\n'
        f'feeders = ["{FEEDER}"]\ncapacity_a = [64, 64, 64]\nanswer_within_s = 25\ndeliver_within_s = 25\n'
        "price_gbp_per_kwh = 0.3\n"
    )


@dataclass(kw_only=True)
class Place:
    """An installation: its folder, its ports, and the programs that run for it."""

    folder: Path
    ports: dict[str, int]
    store: str = "linkbox.sqlite"
    tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def url(self, door: str) -> str:
        return f"http://127.0.0.1:{self.ports[door]}"

    @property
    def store_name(self) -> str:
        """The store as a command is told of it."""
        return self.store if "://" in self.store else str(self.folder / self.store)


def lay_out(folder: Path, *, store: str = "linkbox.sqlite", **changes: str) -> Place:
    """Make everything in ``folder``. ``changes`` replace settings, ``authorisation="one"`` for example."""
    names = ("door", "page", "operators", "dcc", "smki", "control", "provider")
    place = Place(folder=folder, ports=dict(zip(names, free_ports(len(names)), strict=True)), store=store)
    write_tables(folder)
    (folder / "password").write_text(PASSWORD + "\n")
    (folder / "emulator.json").write_text(json.dumps({"hcalcs_poll_s": [1, 2]}))
    command(
        *("pki", "create", folder / "pki", "--seed", "service tests", "--inventory", folder / "homes.csv"),
        *("--user", USER, "--password-file", folder / "password", "--valid-from", "2025-01-01T00:00:00Z"),
        "--no-device-keys",
    )
    keys = {who: command("market", "key", folder / f"{who}.key").split()[-1] for who in ("distributor", "provider")}
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "records.pem"], check=True
    )
    (folder / "public.txt").write_text(json.dumps(keys))
    people = []
    for name, scopes in (("Asha", ("view", "authorise")), ("Ben", ("view", "authorise", "stop")), ("Cleo", ("view",))):
        lines, token, code = operator(name, scopes)
        people.append(lines)
        place.tokens[name], place.codes[name] = token, code
    (folder / "operators.toml").write_text("\n".join(people))
    (folder / "service.toml").write_text(service_toml(place, keys, changes))
    for table in ("tenancies", "consents"):
        command("consents", "import", folder / f"{table}.csv", "--store", place.store_name)
    return place


def operator(name: str, scopes: tuple[str, ...]) -> tuple[str, str, str]:
    """The lines of an operator, the token and the code, by the command that makes them."""
    words = [word for scope in scopes for word in ("--scope", scope)]
    done = right("operators", "new", name, *words)
    told = dict(line.split(" ", 1) for line in done.err.splitlines())
    return done.text, told["token"], told["code"]


def service_toml(place: Place, keys: Mapping[str, str], changes: Mapping[str, str]) -> str:
    """The configuration: short times, everything on loopback."""
    port = place.ports
    return f"""
authorisation = "{changes.get("authorisation", "automatic")}"

[service]
look_every_s = 0.2
log = "service.log"

[store]
place = "{place.store}"

[network]
fleet = "fleet.csv"
points = "points.csv"
chargers = "chargers.csv"
inventory = "homes.csv"
pseudonym_key = "env:LINKBOX_PSEUDONYM_KEY"

[dcc]
url = "{place.url("dcc")}"
keys = "pki"
user = "{USER}"

[market]
domain = "networks.example"
key = "distributor.key"
contracts = "contracts.toml"

[[market.provider]]
domain = "dawn.example"
public_key = "{keys["provider"]}"
url = "{place.url("provider")}/shapeshifter/api/v3/message"

[door]
port = {port["door"]}
senders = {{ crm = "env:LINKBOX_CRM_SECRET" }}

[page]
port = {port["page"]}
url = "{place.url("page")}"
link_key = "env:LINKBOX_LINK_KEY"

[operators]
port = {port["operators"]}
people = "operators.toml"

[notices.smtp]
host = "127.0.0.1"
port = {changes.get("smtp_port", "2525")}
sender = "Your Networks <notices@networks.example>"
tls = "none"

[daily]
supplier_files_at = "00:00"
clocks_at = "00:00"

[records]
key = "records.pem"
checkpoint_every_s = 5

[seeking]
text_version = "2025-3"

[control]
min_hold_s = 60
settle_s = 1
release_gap_s = 1
quiet_s = 2
lead_s = 3
"""


class Process:
    """A program of the installation that goes on."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.errors = (folder / f"{words[0]}-{secrets.token_hex(3)}.err").open("w+b")
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **SECRETS},
            cwd=folder,
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode().strip()
        if not line:
            self.process.wait(10)
            self.errors.seek(0)
            raise AssertionError(self.errors.read().decode())
        return line

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(90)
        self.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


@contextmanager
def running(folder: Path, *words: object) -> Iterator[Process]:
    """A program, killed at the end if it still runs."""
    process = Process(folder, *words)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def neighbours(place: Place, *, behaviour: str = "rejects") -> Iterator[None]:
    """The DCC with its devices, and the provider. They take a moment to be there: nobody waits for that here."""
    f, port = place.folder, place.ports
    public = json.loads((f / "public.txt").read_text())
    ports = ("--port", port["dcc"], "--smki-port", port["smki"], "--control-port", port["control"])
    inventory = ("--inventory", f / "homes.csv", "--pki", f / "pki", "--latency", 0.05, "--config", f / "emulator.json")
    dcc = ("emulator", *inventory, "--endpoint", f"{place.url('door')}/smartdcc/duis", *ports, "--json")
    provider = (
        *("provider", "--key", f / "provider.key", "--domain", "dawn.example", "--behaviour", behaviour),
        *("--distributor-domain", "networks.example", "--distributor-key", public["distributor"], "--answer-s", 1),
        *("--distributor-url", f"{place.url('door')}/shapeshifter/api/v3/message", "--port", port["provider"]),
        *("--seed", 1, "--json"),
    )
    with running(f, *dcc), running(f, *provider):
        yield


def ask(
    method: str, url: str, value: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """One request with JSON; status, and JSON or text."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, None if value is None else json.dumps(value), sent)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    is_json = "json" in (answer.getheader("content-type") or "")
    return answer.status, json.loads(body) if is_json else body


def until(what: str, check: Callable[[], Any], *, within_s: float = 90.0, every_s: float = 0.05) -> Any:
    """Wait until ``check`` gives something; AssertionError with ``what`` where it does not."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(every_s)
    raise AssertionError(f"{what}: not within {within_s} s")
