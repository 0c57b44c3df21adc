"""``linkbox demo`` as a user runs it: what it writes, that it repeats itself exactly, that a kill changes nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linkbox.study.evening import WORLD_FILE
from tests.adapters.postgresql import schema_of_its_own
from tests.app.commandline import call
from tests.study.evenings import SHORT_OPTIONS
from tests.study.once import COMMAND, linkbox

NUMBER = (int, float)


def is_time(value: Any) -> bool:
    return value is None or (isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None)


def is_number(value: Any) -> bool:
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def number_or_none(value: Any) -> bool:
    return value is None or is_number(value)


RUN = {
    "fuse_blown_at": is_time,
    "max_fuse_state": is_number,
    "max_cable_degc": is_number,
    "max_hot_spot_degc": is_number,
}
CONTROL = {
    "interventions": lambda value: isinstance(value, list) and all(isinstance(i, dict) for i in value),
    "customers_curtailed": is_count,
    "max_minutes_in_24h": is_number,
    "energy_delayed_kwh": is_number,
    "chargers_free_at_end": lambda value: isinstance(value, bool),
    "detection_to_reduction_s": number_or_none,
    "service_requests": lambda value: (
        isinstance(value, dict)
        and all(is_count(value[name]) for name in ("count", "failed"))
        and all(number_or_none(value[name]) for name in ("p50_s", "p95_s", "max_s"))
    ),
    "notices": lambda value: isinstance(value, dict) and all(is_count(count) for count in value.values()),
    "invariants": lambda value: (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(name, str) and isinstance(kept, bool) for name, kept in value.items())
    ),
}
"""The keys that the issue names for the JSON, with what stands under them. Written from the issue's own words."""


def without_wall(path: Path) -> bytes:
    """The file but for its one section of wall-clock measurements."""
    found, count = re.subn(rb'\n "wall": \{[^}]*\}', b"", path.read_bytes())
    assert count == 1
    return found


def test_json_has_every_key_that_was_asked_for_with_its_type(uninterrupted: Path) -> None:
    result = json.loads((uninterrupted / "result.json").read_text("utf-8"))
    assert result["seed"] == 34
    assert result["street"]["homes"] == 55
    for run in (result["without_control"], result["with_control"]):
        for name, fits in RUN.items():
            assert fits(run[name]), (name, run[name])
    for name, fits in CONTROL.items():
        assert fits(result["with_control"][name]), (name, result["with_control"][name])


def test_short_evening_is_saved_and_says_so_side_by_side(uninterrupted: Path) -> None:
    result = json.loads((uninterrupted / "result.json").read_text("utf-8"))
    without, control = result["without_control"], result["with_control"]
    assert (without["fuse_blown_at"] is None, control["fuse_blown_at"]) == (False, None)
    assert without["max_fuse_state"] >= 1.0 > control["max_fuse_state"]
    assert control["customers_curtailed"] > 0
    assert control["service_requests"]["failed"] == 0
    assert control["notices"]["customer"] >= 2 * control["customers_curtailed"]  # at the start and at the end
    assert control["notices"]["supplier"] >= 1
    output = (uninterrupted / "output.txt").read_text("utf-8")
    for row in ("fuse blown", "customers curtailed", "round trip", "quota headroom", "notices", "all chargers free"):
        assert row in output
    assert re.search(r"fuse blown .*00:59 L1 .* no", output)
    assert "BROKEN" not in output


def test_out_folder_has_the_store_the_audit_and_a_report_that_needs_nothing_else(uninterrupted: Path) -> None:
    names = {path.name for path in (uninterrupted / "evening").iterdir()}
    assert {"linkbox.sqlite", "audit.jsonl", "report.html"} <= names
    report = (uninterrupted / "evening" / "report.html").read_text("utf-8")
    assert not re.search(r'(src|href)="https?://', report)


def test_no_file_that_leaves_the_house_names_an_mpan(uninterrupted: Path) -> None:
    mpan = re.compile(rb"(?<![0-9])2000[0-9]{9}(?![0-9])")
    for path in (
        uninterrupted / "result.json",
        uninterrupted / "evening" / "report.html",
        uninterrupted / "output.txt",
    ):
        assert not mpan.search(path.read_bytes()), path
    assert not mpan.search((uninterrupted / "evening" / "audit.jsonl").read_bytes())


def test_same_seed_gives_the_same_bytes_in_another_process_and_place(uninterrupted: Path, tmp_path: Path) -> None:
    done = linkbox(
        "demo", *SHORT_OPTIONS, "--out", tmp_path / "again", "--json", tmp_path / "again.json", hash_seed="4711"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert without_wall(tmp_path / "again.json") == without_wall(uninterrupted / "result.json")
    first, again = uninterrupted / "evening", tmp_path / "again"
    assert (again / "audit.jsonl").read_bytes() == (first / "audit.jsonl").read_bytes()
    assert notices(again) == notices(first) != {}


def notices(folder: Path) -> dict[str, bytes]:
    root = folder / "notices"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.json")}


def kill_at(lines: int, folder: Path, *arguments: str | Path) -> None:
    """Start the program and SIGKILL it as soon as the world's journal has so many lines."""
    process = subprocess.Popen([COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal, began = folder / WORLD_FILE, time.monotonic()
    while not journal.exists() or journal.read_bytes().count(b"\n") < lines:
        assert process.poll() is None, f"it ended by itself with {process.returncode} before {lines} lines"
        assert time.monotonic() - began < 100.0
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_evening_killed_in_mid_order_is_gone_on_with_to_the_same_bytes(uninterrupted: Path, tmp_path: Path) -> None:
    """Other moments, and many kills in one evening: tests/study/test_kills.py."""
    whole = (uninterrupted / "evening" / WORLD_FILE).read_bytes().splitlines()
    posts = [number for number, line in enumerate(whole) if json.loads(line)["kind"] == "post"]
    out = tmp_path / "out"
    kill_at(posts[-len(posts) // 6], out, "demo", *SHORT_OPTIONS, "--out", out)
    done = linkbox("demo", "--resume", out, "--json", tmp_path / "result.json")
    assert done.returncode == 0, done.stderr
    assert without_wall(tmp_path / "result.json") == without_wall(uninterrupted / "result.json")
    assert (out / "audit.jsonl").read_bytes() == (uninterrupted / "evening" / "audit.jsonl").read_bytes()
    assert notices(out) == notices(uninterrupted / "evening")
    assert linkbox("audit", "verify", out / "audit.jsonl").returncode == 0


@pytest.fixture
def schema() -> Iterator[str]:
    with schema_of_its_own() as url:
        yield url


def test_an_evening_in_postgresql_is_killed_and_gone_on_with_to_the_same_bytes(
    uninterrupted: Path, tmp_path: Path, schema: str
) -> None:
    whole = (uninterrupted / "evening" / WORLD_FILE).read_bytes().splitlines()
    posts = [number for number, line in enumerate(whole) if json.loads(line)["kind"] == "post"]
    out = tmp_path / "out"
    kill_at(posts[-len(posts) // 3], out, "demo", *SHORT_OPTIONS, "--out", out, "--store", schema)
    forgotten = linkbox("demo", "--resume", out)
    assert (forgotten.returncode, "--store" in forgotten.stderr) == (2, True)
    done = linkbox("demo", "--resume", out, "--store", schema, "--json", tmp_path / "result.json")
    assert done.returncode == 0, done.stderr
    assert without_wall(tmp_path / "result.json") == without_wall(uninterrupted / "result.json")
    assert (out / "audit.jsonl").read_bytes() == (uninterrupted / "evening" / "audit.jsonl").read_bytes()
    assert notices(out) == notices(uninterrupted / "evening")
    assert not (out / "linkbox.sqlite").exists()


IN_USE = "another process runs an evening in it"


def test_demo_has_its_folder_for_itself_and_says_how_to_go_on_when_interrupted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = [*SHORT_OPTIONS, "--speed", "60", "--out", str(out)]
    process = subprocess.Popen(
        [COMMAND, "demo", *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while not (out / WORLD_FILE).exists() or (out / WORLD_FILE).stat().st_size == 0:
        assert process.poll() is None
        time.sleep(0.01)
    for options in (["--resume", str(out)], [*SHORT_OPTIONS, "--out", str(out)]):
        second = linkbox("demo", *options)
        assert (second.returncode, second.stderr) == (1, f"linkbox: {out} is in use: {IN_USE}\n")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == f"linkbox: interrupted; go on with: linkbox demo --resume {out}\n"


def test_without_control_nobody_acts_and_nothing_is_sent(
    uninterrupted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = call(capsys, "demo", *SHORT_OPTIONS, "--no-control", "--out", tmp_path, "--json", tmp_path / "r.json")
    assert said.code == 0
    result = json.loads((tmp_path / "r.json").read_text("utf-8"))
    whole = json.loads((uninterrupted / "result.json").read_text("utf-8"))
    assert result["with_control"] is None
    assert result["without_control"] == whole["without_control"]
    assert result["street"] == whole["street"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evening.lock", "r.json", "report.html"]
    assert "00:59 L1" in said.out


def test_street_without_cars_is_watched_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--ev-share",
        "0",
        "--starts",
        "23:30",
        "--hours",
        "0.5",
        "--out",
        tmp_path,
        "--json",
        tmp_path / "r.json",
    )
    assert call(capsys, "demo", *options).code == 0
    control = json.loads((tmp_path / "r.json").read_text("utf-8"))["with_control"]
    assert (control["customers_curtailed"], control["service_requests"]["count"]) == (0, 0)
    assert control["service_requests"]["p50_s"] is None
    assert all(control["invariants"].values())
    assert call(capsys, "audit", "verify", tmp_path / "audit.jsonl").code == 0


def test_fuse_that_household_load_alone_melts_is_said_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--seed", "27", "--fuse", "100", "--starts", "17:30", "--hours", "1", "--json", tmp_path / "r.json")
    said = call(capsys, "demo", *options, "--out", tmp_path)
    assert said.code == 0
    assert "ESCALATED" in said.out
    told = " ".join(said.out.split())
    assert "The load of the households alone is over the limit" in told
    result = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert result["with_control"]["fuse_blown_at"] is not None
    assert result["household_only"]["fuse_blown_at"] is not None
    assert "households alone is over the limit" in (tmp_path / "report.html").read_text("utf-8")
