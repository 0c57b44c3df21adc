"""``linkbox watch`` and ``linkbox readings`` as a user runs them."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from linkbox.base.time import format_utc
from tests.app.commandline import call
from tests.ingest.samples import START, free_port, mosquitto

FLEET = """feeder_id,substation,fuse_a,cable,transformer_kva
CS-1,Cellar Street,200,3c_185_SAC_XC,500
CS-2,Cellar Street,200,3c_185_SAC_XC,500
CS-3,Cellar Street,315,3c_185_SAC_XC,500
"""


def prepare(folder: Path, parts: str, *, fleet: str = FLEET) -> Path:
    (folder / "fleet.csv").write_text(fleet, encoding="utf-8")
    config = folder / "watch.toml"
    config.write_text(f'[fleet]\ntable = "fleet.csv"\n{parts}', encoding="utf-8")
    return config


def evening(folder: Path, minutes: range = range(90)) -> str:
    """A file in which CS-1 climbs to an overload and CS-3 falls silent after half an hour."""
    lines = ["feeder_id,at,l1_a,l2_a,l3_a"]
    for m in minutes:
        at = format_utc(START + timedelta(minutes=m))
        lines += [f"CS-1,{at},{80 + 4 * m},{50 + m % 7},{50 + m % 5}", f"CS-2,{at},{40 + m % 3},{30 + m % 7},20"]
        lines += [f"CS-3,{at},{60 + m % 5},50,40"] if m < 30 else []
    name = f"evening-{minutes.start}.csv"
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_evening_is_played_back_and_told_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = prepare(tmp_path, f'[watch]\nlog = "watch.log"\n[replay]\nfiles = ["{evening(tmp_path)}"]\n')
    said = call(capsys, "watch", config, "--json")
    assert said.code == 0
    told = lines_of(said.out)
    assert len(told) == 90
    assert told[-1]["states"] == {"exceeded": 1, "blind": 1, "normal": 1}
    assert told[-1]["worst"][0]["feeder"] == "CS-1"
    assert told[-1]["worst"][0]["required_reduction_a"][0] > 100.0
    assert [f["until_s"] for f in told[-1]["worst"][0]["forecast"]] == [300.0, 600.0, 900.0, 1800.0, 3600.0]
    assert told[-1]["worst"][0]["horizon_s"] == 1800.0
    assert 300.0 < told[-1]["worst"][0]["neutral_a"] < 420.0
    assert [line["newly_blind"] for line in told if line["newly_blind"]] == [["CS-3"]]
    assert told[-1]["played"] == [90, 90]
    log = lines_of((tmp_path / "watch.log").read_text("utf-8"))
    assert [line["event"] for line in log] == ["feeders went blind"]
    again = call(capsys, "watch", config)
    assert again.code == 0
    assert "CS-1 exceeded" in again.out.splitlines()[-1]


def test_an_evening_in_two_halves_ends_as_one_that_was_never_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder in (whole, halves):
        folder.mkdir()
    both = [evening(halves, range(50)), evening(halves, range(50, 90))]
    log = '[watch]\nlog = "log"\nstate = "state"\n'
    call(capsys, "watch", prepare(whole, f'{log}[replay]\nfiles = ["{evening(whole)}"]\n'))
    call(capsys, "watch", prepare(halves, f'{log}[replay]\nfiles = ["{both[0]}"]\n'))
    call(capsys, "watch", prepare(halves, f'{log}[replay]\nfiles = ["{both[0]}", "{both[1]}"]\n'))
    assert (whole / "state").read_bytes() == (halves / "state").read_bytes()


TWO_SITES = FLEET.replace("CS-3,Cellar Street", "CS-3,Loft Street")


def test_any_number_of_workers_tells_the_same_and_saves_the_same_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, states = [], []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        parts = f'[watch]\nlog = "log"\nstate = "state"\n[replay]\nfiles = ["{evening(folder, range(70))}"]\n'
        said = call(capsys, "watch", prepare(folder, parts, fleet=TWO_SITES), "--json", "--workers", str(workers))
        assert said.code == 0, said.error
        lines = lines_of(said.out)
        assert [facts["feeders"] for facts in lines[-1]["workers"]] == ([3] if workers == 1 else [2, 1])
        of_the_machine = {"workers", "look_s", "memory_bytes"}
        told.append([{key: v for key, v in line.items() if key not in of_the_machine} for line in lines])
        states.append((folder / "state").read_bytes())
    assert told[0] == told[1]
    assert states[0] == states[1]
    assert told[0][-1]["worst"][0]["feeder"] == "CS-1"


@pytest.mark.parametrize(
    ("workers", "rule"), [("3", "this fleet has 2"), ("0", "greater than or equal to 1"), ("x", "valid integer")]
)
def test_a_wrong_number_of_workers_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: str, rule: str
) -> None:
    config = prepare(tmp_path, "[http]\nport = 0\n", fleet=TWO_SITES)
    said = call(capsys, "watch", config, "--for", "0.1", "--workers", workers)
    assert said.code == 2
    assert "--workers" in said.error
    assert rule in said.error


def test_a_worker_that_is_killed_is_told_in_the_log_and_begun_anew(tmp_path: Path) -> None:
    port = free_port()
    parts = f'[watch]\nevery_s = 0.5\nlog = "watch.log"\n[http]\nport = {port}\n'
    config = prepare(tmp_path, parts, fleet=TWO_SITES)
    program = str(Path(sys.executable).parent / "linkbox")
    command = [program, "watch", str(config), "--json", "--workers", "2", "--for", "90"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        before = _wait_for_status(port, lambda found: len(found["workers"]) == 2)["workers"]
        os.kill(before[1]["pid"], signal.SIGKILL)
        after = _wait_for_status(port, lambda found: found["workers"] != before)["workers"]
        assert after[0] == before[0]
        assert after[1]["pid"] != before[1]["pid"]
        sent = {"feeder_id": "CS-3", "at": format_utc_now(), "current_a": [1, 2, 3]}
        assert post(port, "/ingest/readings", sent) == 204
        _wait_for_status(port, lambda found: found["accepted_total"] == 1 and found["unheard"] == 2)
    finally:
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    log = lines_of((tmp_path / "watch.log").read_text("utf-8"))
    died = [line for line in log if line["event"] == "worker died"]
    assert [(d["worker"], d["exit_code"], d["state_of"], d["level"]) for d in died] == [(1, -9, None, "error")]
    for facts in after:
        with pytest.raises(ProcessLookupError):
            os.kill(facts["pid"], 0)


def test_readings_by_mqtt_and_http_reach_the_status(tmp_path: Path) -> None:
    aiohttp_port = free_port()
    with mosquitto(tmp_path) as port:
        config = prepare(
            tmp_path,
            f'[watch]\nevery_s = 0.2\nstate = "state"\nlog = "watch.log"\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n[http]\nport = {aiohttp_port}\n',
        )
        command = [str(Path(sys.executable).parent / "linkbox"), "watch", str(config), "--json", "--for", "30"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            _wait_for_status(aiohttp_port, lambda found: found.get("sources", {}).get("mqtt", {}).get("connections"))
            now = format_utc_now()
            subprocess.run(
                ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", "linkbox/reading/CS-1", "-m",
                 json.dumps({"feeder_id": "CS-1", "at": now, "current_a": [10, 20, 30]})],
                check=True,
            )  # fmt: skip
            assert (
                post(aiohttp_port, "/ingest/readings", {"feeder_id": "CS-2", "at": now, "current_a": [1, 2, None]})
                == 204
            )
            assert post(aiohttp_port, "/ingest/readings", {"feeder_id": "CS-2"}) == 400
            assert post(aiohttp_port, "/ingest/batch", {}) == 400
            found = _wait_for_status(aiohttp_port, lambda found: found["accepted_total"] == 2)
            assert found["sources"]["http"]["malformed"] == 2
            assert found["flags_total"] == {"missing-phase": 1}
            assert found["reading_to_risk_s"]["p99"] < 30.0
        finally:
            process.send_signal(signal.SIGINT)
            out, error = process.communicate(timeout=30)
    assert process.returncode == 0, error
    assert lines_of(out)[-1]["accepted_total"] == 2
    assert (tmp_path / "state").exists()
    assert {line["event"] for line in lines_of((tmp_path / "watch.log").read_text("utf-8"))} >= {
        "listening",
        "readings flagged",
        "source in trouble",
    }


def format_utc_now() -> str:
    from linkbox.base.time import SystemClock

    return format_utc(SystemClock().now())


def post(port: int, path: str, body: dict[str, Any]) -> int:
    """The status of one POST of JSON."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    return int(_exchange(port, head.encode() + b"Connection: close\r\n\r\n" + data).split()[1])


def _exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(request)
        answer = bytearray()
        while part := wire.recv(65536):
            answer += part
    return bytes(answer)


def _wait_for_status(port: int, good: Any) -> dict[str, Any]:
    for _ in range(300):
        try:
            answer = _exchange(port, b"GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        except OSError:
            time.sleep(0.1)
            continue
        found: dict[str, Any] = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        if found and good(found):
            return found
        time.sleep(0.1)
    raise AssertionError("the status did not become what was expected")


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ("", ["no source"]),
        ("[http]\nport = 70000\n", ["http.port"]),
        ("[http]\n[watch]\nevery_s = 0\ncolour = 1\n", ["watch.every_s", "watch.colour"]),
        ("[http]\n[replay]\nfiles = ['x.csv']\n", ["replay"]),
        ("[http]\n[risk]\nhurry = 1\n[quality]\nhaste = 2\n", ["quality.haste", "risk.hurry"]),
        ("[http]\n[risk]\naction_level = 2\n", ["risk"]),
        ("[replay]\nfiles = ['missing.csv', 'a.txt']\n", ["missing.csv", "a.txt"]),
        ("[mqtt]\nhost = 'h'\nprefix = 'a/#'\n", ["mqtt.prefix"]),
        ("[mqtt]\nhost = 'h'\npassword_file = 'missing'\n", ["mqtt.password_file"]),
        ("[http\n", ["is no TOML"]),
    ],
)
def test_what_is_wrong_with_a_set_up_is_told_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], parts: str, where: list[str]
) -> None:
    said = call(capsys, "watch", prepare(tmp_path, parts), "--for", "0.1")
    assert said.code == 2
    assert all(place in said.error for place in where), said.error


def test_every_wrong_line_of_a_fleet_table_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = FLEET + "CS-1,Cellar Street,200,3c_185_SAC_XC,500\nCS-4,,7,nothing,501\nCS 5,A,200,3c_185_SAC_XC,500\nx\n"
    said = call(capsys, "watch", prepare(tmp_path, "[http]\n", fleet=fleet), "--for", "0.1")
    assert said.code == 2
    for line in ("fleet.csv:5", "fleet.csv:6", "fleet.csv:7", "fleet.csv:8", "twice", "fuse_a", "line code", "kva"):
        assert line in said.error


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = prepare(tmp_path, f"[http]\nport = {taken.getsockname()[1]}\n[watch]\nlog = 'log'\n")
        said = call(capsys, "watch", config, "--for", "20")
    assert said.code == 1
    assert "can not listen on 127.0.0.1" in said.error
    assert "Traceback" not in said.error


def test_files_are_checked_and_aligned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(tmp_path, "")
    readings = tmp_path / "readings.csv"
    readings.write_text(
        "feeder_id,at,window_s,l1_a,l2_a,l3_a,l1_v,l2_v,l3_v\n"
        "CS-1,2026-01-13T17:10:00Z,600,10,20,30,230,231,232\n"
        "CS-1,2026-01-13T17:10:00Z,600,10,20,30,230,231,232\n"
        "CS-1,2026-01-13T17:20:00Z,600,40,20,-3,240,231,232\n"
        "XX,2026-01-13T17:20:00Z,60,1,2,3,,,\n",
        encoding="utf-8",
    )
    fleet = tmp_path / "fleet.csv"
    found = json.loads(call(capsys, "readings", "check", readings, "--fleet", fleet, "--json").out)
    assert (found["readings"], found["accepted"]) == (4, 1)
    assert {name: facts["count"] for name, facts in found["flags"].items()} == {
        "unknown-feeder": 1,
        "sign-reversed": 1,
        "duplicate": 1,
    }
    text = call(capsys, "readings", "check", readings, "--fleet", fleet).out
    assert text.startswith("1 of 4 readings accepted\n")
    out = tmp_path / "aligned.csv"
    assert call(capsys, "readings", "align", readings, "--fleet", fleet, "--base", "300", "--out", out).code == 0
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [row["start"] for row in rows] == ["2026-01-13T17:00:00.000Z", "2026-01-13T17:05:00.000Z"]
    assert {row["l1_a"] for row in rows} == {"10.000"}
    assert {row["resolution_s"] for row in rows} == {"600"}
    assert [(row["l1_v_low"], row["l1_v_high"]) for row in rows] == [("160.00", "300.00")] * 2


def test_bad_options_of_align_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(tmp_path, "")
    fleet, out = tmp_path / "fleet.csv", tmp_path / "o.csv"
    for options in (("--base", "0"), ("--hold", "-1"), ("--lowest-v", "400")):
        said = call(capsys, "readings", "align", "x.csv", "--fleet", fleet, "--out", out, *options)
        assert said.code == 2
    assert not os.path.exists(out)
