"""A distributor's service from end to end, in real time: the real programs, the real wire, readings over HTTP."""

from __future__ import annotations

import re
import signal
import socketserver
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.control.intervention import Intervention
from linkbox.operation.entities import Command, CommandKind
from linkbox.records.audit import AuditRecord, verify
from tests.adapters.postgresql import schema_of_its_own
from tests.service.installation import AMPS, FEEDER, HOMES, Place, ask, lay_out, mpan, neighbours, running, until

BASE_A = (95.0, 50.0, 50.0)
CALM_A = (30.0, 30.0, 30.0)


class _Mailbox(socketserver.StreamRequestHandler):
    """Takes every mail, and keeps it."""

    mails: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(text.decode())
                self.mails.append("".join(lines))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@contextmanager
def mailbox() -> Iterator[tuple[int, list[str]]]:
    """An SMTP server on a port, and the mails that it took."""
    mails: list[str] = []
    handler = type("Mailbox", (_Mailbox,), {"mails": mails})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1], mails
        server.shutdown()


class Street:
    """The feeder as its monitor sees it: household load, and the chargers whose contacts are closed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.base_a = BASE_A

    def closed(self) -> list[bool]:
        """Each charger's contact in truth."""
        url = self.place.url("control")
        return [ask("GET", f"{url}/control/homes/{mpan(n)}")[1]["contact_closed"] for n in range(HOMES)]

    def held(self) -> set[int]:
        return {n for n, closed in enumerate(self.closed()) if not closed}

    def read(self) -> int:
        """Post the current of this moment; the answer's status."""
        amps = list(self.base_a)
        if self.base_a != CALM_A:
            for n, closed in enumerate(self.closed()):
                amps[n % 3] += AMPS * closed
        body = {"feeder_id": FEEDER, "at": datetime.now(UTC).isoformat(), "current_a": amps}
        return ask("POST", f"{self.place.url('door')}/ingest/readings", body)[0]


def there(url: str) -> bool:
    try:
        return ask("GET", url)[0] == 200
    except OSError:
        return False


def interventions(place: Place, *, everything: bool = False) -> list[dict[str, Any]]:
    url = f"{place.url('operators')}/interventions" + ("?everything=true" if everything else "")
    status, found = ask("GET", url, token=place.tokens["Cleo"])
    assert status == 200
    return list(found)


def reading_until(what: str, street: Street, check: Any, *, within_s: float = 90.0) -> Any:
    """Readings, a few a second, until ``check`` gives something."""

    def step() -> Any:
        assert street.read() == 204
        found = check()
        if not found:
            time.sleep(0.15)
        return found

    return until(what, step, within_s=within_s)


def holds(place: Place) -> list[Command]:
    """Every hold that was decided, from the store."""
    store = SqliteStore(place.folder / place.store)
    found = [Command.from_row(row) for row in store.rows("command")]
    store.close()
    return [command for command in found if command.kind is CommandKind.HOLD]


def test_overload_market_load_control_notices_and_release_with_a_kill_in_the_middle(tmp_path: Path) -> None:
    with mailbox() as (smtp_port, mails):
        place = lay_out(tmp_path, smtp_port=str(smtp_port))
        street = Street(place)
        with neighbours(place):
            with running(tmp_path, "run", "service.toml", "--json") as service:
                service.line()
                until("the devices are there", lambda: there(f"{place.url('control')}/control/homes/{mpan(0)}"))
                assert ask("GET", f"{place.url('door')}/health")[1]["status"] == "ok"
                # An overload: the market is asked first and says no; the last resort is decided, and the power fails.
                reading_until("it is decided", street, lambda: holds(place))
                assert service.stop(signal.SIGKILL) == -signal.SIGKILL
            decided = {command.id for command in holds(place)}

            with running(tmp_path, "run", "service.toml", "--json") as service:
                service.line()
                # The same intervention goes on, with the same commands: both chargers on the phase are held.
                reading_until("both are held", street, lambda: street.held() == {0, 3})
                reading_until("it is known", street, lambda: interventions(place)[0]["state"] == "holding")
                (under_way,) = interventions(place)
                assert under_way["market_outcome"] == "rejected"
                assert {command.id for command in holds(place)} == decided

                # Customers are told, by e-mail; one says no by the link, and is free.
                told = until("two mails", lambda: len(mails) >= 2 and list(mails))
                assert {re.search(r"To: (\S+)", mail)[1] for mail in told} >= {  # type: ignore[index]
                    "home0@customers.example",
                    "home3@customers.example",
                }
                status, _ = ask("POST", link_in(next(mail for mail in told if "home0@" in mail)))
                assert status == 303
                until("home 0 is free", lambda: street.held() == {3})

                # An operator who may stop frees everybody; the overload is over, and the intervention closes.
                street.base_a = CALM_A
                url = f"{place.url('operators')}/stop"
                assert ask("POST", url, {"why": "a crew is on the street"}, token=place.tokens["Asha"])[0] == 403
                status, said = ask("POST", url, {"why": "a crew is on the street"}, token=place.tokens["Ben"])
                assert (status, said["by"]) == (200, "Ben")
                until("everybody is free", lambda: not street.held())
                reading_until("it is closed", street, lambda: not interventions(place))
                until("they are told of the end", lambda: len(mails) >= 4)
                until("suppliers are told", lambda: len(list((tmp_path / "suppliers").rglob("*.csv"))) == 2)
                screen = ask("GET", f"{place.url('operators')}/status", token=place.tokens["Cleo"])[1]
                assert "0 interventions, 0 chargers held" in screen
                assert service.stop(signal.SIGTERM) == 0
    look_back(place, under_way["id"])


def link_in(mail: str) -> str:
    """The link by which a customer says no, in an e-mail in quoted-printable."""
    text = mail.replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"http://\S+/no/[A-Za-z0-9_-]{48}", text)
    assert found is not None, mail
    return found[0]


def look_back(place: Place, intervention_id: str) -> None:
    """What the store says of it afterwards."""
    store = SqliteStore(place.folder / place.store)
    (row,) = store.rows("intervention")
    found = Intervention.from_record(row.body)
    records = [AuditRecord.from_line(line.encode()) for line in store.audit_lines()]
    assert (found.id, found.open) == (intervention_id, False)
    assert found.market_decided_at is not None
    assert all(found.market_decided_at <= command.decided_at for command in holds(place))
    verify(records)
    assert store.rows("checkpoint")[-1].key == str(len(records))
    assert {row.state for row in store.rows("notice")} == {"delivered"}
    assert [row.state for row in store.rows("word")] == ["stop_all"]
    store.close()
    with sqlite3.connect(place.folder / place.store) as raw:
        assert raw.execute("SELECT count(*) FROM inbox WHERE outcome IS NULL").fetchone() == (0,)


@pytest.fixture
def schema() -> Iterator[str]:
    with schema_of_its_own() as url:
        yield url


def test_a_service_in_postgresql_has_it_for_itself_and_goes_on_after_a_kill(tmp_path: Path, schema: str) -> None:
    place = lay_out(tmp_path, store=schema)
    street = Street(place)
    street.base_a = CALM_A
    with running(tmp_path, "run", "service.toml", "--json") as service:
        service.line()
        assert street.read() == 204
        with running(tmp_path, "run", "service.toml", "--json") as second:
            assert second.process.wait(120) == 1
            second.errors.seek(0)
            assert b"in use: another Linkbox works on it" in second.errors.read()
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    with running(tmp_path, "run", "service.toml", "--json") as service:
        service.line()
        assert street.read() == 204
        status, found = ask(
            "GET",
            f"{place.url('operators')}/status",
            token=place.tokens["Cleo"],
            headers={"Accept": "application/json"},
        )
        assert (status, found["status"], found["feeders"]["never_heard"]) == (200, "ok", 0)
        assert service.stop() == 0
    store = PostgresqlStore(schema, owner=False)
    assert len(store.readings(FEEDER, after=None)) == 2
    store.close()
