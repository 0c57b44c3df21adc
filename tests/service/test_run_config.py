"""What is wrong with a service's configuration is said at once, by file and setting, and no secret with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from linkbox.app.run_config import read_config
from linkbox.base.errors import InvalidInput
from tests.app_wire.tool import Done, linkbox
from tests.service.installation import SECRETS, Place, free_ports, lay_out, running


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return lay_out(tmp_path_factory.mktemp("service"))


@pytest.fixture
def place(laid_out: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return laid_out


def checked(place: Place, **changes: tuple[str, str]) -> Done:
    """``--check`` with some text of the file replaced by other."""
    text = (place.folder / "service.toml").read_text()
    for old, new in changes.values():
        assert old in text, old
        text = text.replace(old, new)
    (place.folder / "other.toml").write_text(text)
    return linkbox("run", place.folder / "other.toml", "--check")


def issues(error: str) -> set[str]:
    """Where something is wrong: the last word before the value."""
    return {re.split(r"[ /]", line.strip().split(": ")[0])[-1] for line in error.splitlines()[1:]}


def test_a_right_one_is_said_to_be_right(place: Place) -> None:
    done = checked(place)
    assert (done.code, done.text) == (0, "1 feeders, 6 connection points, 6 chargers, nothing wrong\n"), done.err


def test_looking_makes_no_store(place: Place) -> None:
    assert checked(place, store=('"linkbox.sqlite"', '"not-yet.sqlite"')).code == 0
    assert not (place.folder / "not-yet.sqlite").exists()


def test_everything_that_is_wrong_with_the_settings_is_said_at_once(place: Place) -> None:
    done = checked(
        place,
        secret=('"env:LINKBOX_PSEUDONYM_KEY"', '"my secret in clear"'),
        time=('supplier_files_at = "00:00"', 'supplier_files_at = "25:00"'),
        url=(f'url = "{place.url("dcc")}"', 'url = "somewhere"'),
        policy=('authorisation = "automatic"', 'authorisation = "nobody"'),
        unknown=("[seeking]", "[seeking]\ncolour = 1"),
        port=(f"port = {place.ports['page']}", "port = 70000"),
    )
    assert done.code == 2
    assert issues(done.err) == {
        "network.pseudonym_key",
        "daily.supplier_files_at",
        "dcc.url",
        "authorisation",
        "seeking.colour",
        "page.port",
    }


def test_what_settings_say_of_each_other_is_checked(place: Place) -> None:
    operators = f"[operators]\nport = {place.ports['operators']}"
    done = checked(
        place,
        host=(operators, f'{operators}\nhost = "0.0.0.0"'),
        tls=("[door]", '[door]\ntls_key = "key.pem"'),
        hold=("min_hold_s = 60", "min_hold_s = 10\nhold_s = 9000\nsettle = 3\nneed_margin_a = -1.0"),
        dcc=("[dcc]", '[dcc]\ntls_ca = "ca.pem"'),
    )
    assert done.code == 2
    assert "a token would go in clear" in done.err
    assert {
        "operators.host",
        "door.tls_key",
        "control.settle",
        "control.need_margin_a",
        "dcc.tls_certificate",
    } <= issues(done.err)
    done = checked(place, hold=("min_hold_s = 60", "min_hold_s = 10\nhold_s = 9000"))
    assert issues(done.err) == {"control.min_hold_s", "control.hold_s"}


def test_everything_that_is_wrong_with_the_files_is_said_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINKBOX_LINK_KEY")
    monkeypatch.setenv("LINKBOX_CRM_SECRET", "short")
    folder = place.folder
    lines = (folder / "chargers.csv").read_text().splitlines()
    bad = [
        lines[1].replace(",L1,", ",L7,").replace("32.0", "many"),
        lines[2].replace("e-mail", "pigeon").replace("home1@customers.example", ""),
        lines[3].replace("home2@customers.example", ""),
    ]
    (folder / "bad.csv").write_text("\n".join([lines[0], *bad]) + "\n")
    (folder / "people.toml").write_text('[[person]]\nname = "Asha"\nscopes = ["all"]\ntoken_sha256 = "x"\nkey = "y"\n')
    done = checked(
        place,
        fleet=('"fleet.csv"', '"nowhere.csv"'),
        chargers=('"chargers.csv"', '"bad.csv"'),
        people=('"operators.toml"', '"people.toml"'),
        user=("90-B3-D5-1F-30-02-00-00", "90-B3-D5-1F-30-02-00-99"),
        key=('key = "records.pem"', 'key = "fleet.csv"'),
        market=('key = "distributor.key"', 'key = "points.csv"'),
    )
    assert done.code == 2
    for part in (
        "nowhere.csv: 'nowhere.csv': file is missing",
        "bad.csv:2:phase: 'L7'",
        "bad.csv:2:rated_a: 'many'",
        "bad.csv:3:channel: \"'pigeon'\"",
        "bad.csv:4:address: '': must be given for channel e-mail",
        "people.toml person.0.scopes.0",
        "people.toml person.0.key",
        "records.key: ",
        "90-B3-D5-1F-30-02-00-99-87-ds",
        "page.link_key: 'env:LINKBOX_LINK_KEY': must be set",
        "door.senders.crm: 'env:LINKBOX_CRM_SECRET': must have 32 octets",
        "points.csv: 'points.csv': must be a key made by 'linkbox market key'",
    ):
        assert part in done.err, done.err
    assert "short" not in done.err


def test_no_file_and_no_toml(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="file is missing"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[[[")
    with pytest.raises(InvalidInput, match="is no TOML"):
        read_config(tmp_path / "bad.toml")


def test_two_services_on_one_store_and_a_port_in_use_are_refused(place: Place) -> None:
    with running(place.folder, "run", "service.toml", "--json") as service:
        service.line()
        done = linkbox("run", place.folder / "service.toml")
        assert done.code == 1
        assert "in use: another Linkbox works on it" in done.err
        assert checked(place).code == 0, "to look only disturbs nobody"
        free = {door: str(port) for door, port in zip(("page", "operators"), free_ports(2), strict=True)}
        text = (place.folder / "service.toml").read_text().replace('"linkbox.sqlite"', '"second.sqlite"')
        for door, port in free.items():
            text = text.replace(f"port = {place.ports[door]}\n", f"port = {port}\n")
        (place.folder / "second.toml").write_text(text)
        done = linkbox("run", place.folder / "second.toml")
        assert done.code == 1
        assert f"door can not be served on 127.0.0.1:{place.ports['door']}" in done.err
        assert service.stop() == 0


def test_a_service_loads_nothing_of_the_simulated_world() -> None:
    code = "import sys, linkbox.app.run_service; print([m for m in sys.modules if m.startswith(WORLD)])"
    world = '("linkbox.study", "linkbox.twin", "linkbox.emulator.dcc", "numba", "ortools", "matplotlib")'
    done = subprocess.run(
        [sys.executable, "-c", code.replace("WORLD", world)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
