"""``linkbox bench ingest``: substations publish through a real Mosquitto to a real ``linkbox watch``, in real time.

Broker, publisher and watch are processes of their own. The floor is the same messages through the same broker to a
subscriber that does nothing but look at their time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from linkbox.app import bench_ingest_floor, bench_ingest_publisher
from linkbox.base.errors import LinkboxError

PREFIX = "linkbox-bench"
_READY_S = 300.0
_PATIENCE_S = 30.0


class BenchFailed(LinkboxError):
    """A part did not start, or did not do its part: there is nothing to report."""


def results(*, substations: int, feeders: int, minutes: int, within_s: float) -> list[dict[str, Any]]:
    """The figures of one run, each with its floor where it has one. Takes two times ``minutes``, and some seconds."""
    with tempfile.TemporaryDirectory() as folder:
        with _broker(Path(folder)) as port:
            told = {"substations": substations, "feeders": feeders, "minutes": minutes, "within_s": within_s}
            floor = _floor(port, told)
        with _broker(Path(folder)) as port:
            found = _watched(Path(folder), port, told)
    return _figures(found, floor, substations=substations, feeders=feeders, minutes=minutes)


def _watched(folder: Path, port: int, told: dict[str, Any]) -> dict[str, Any]:
    """The last status of a watch that took all messages, and what its process cost."""
    config = _set_up(folder, port, told["substations"], told["feeders"])
    watch = _started([str(Path(sys.executable).parent / "linkbox"), "watch", str(config), "--json"])
    lines: IO[str] = watch.stdout or sys.stdin
    try:
        _until(lines, lambda status: status["sources"].get("mqtt", {}).get("connections"), _READY_S)
        before_s = _cpu_s(watch.pid)
        sender = _started(_python(bench_ingest_publisher, {"port": port, "prefix": PREFIX} | told))
        looks: list[float] = []
        waiting = 0
        messages = told["substations"] * told["minutes"]
        until = time.monotonic() + 60.0 * told["minutes"] + _PATIENCE_S
        for status in map(json.loads, lines):
            looks.append(status["look_s"])
            waiting = max(waiting, status["waiting"])
            all_there = status["sources"]["mqtt"].get("messages", 0) >= messages and not status["waiting"]
            if all_there or time.monotonic() > until:
                break
        cpu_s = _cpu_s(watch.pid) - before_s
        sent, _ = sender.communicate(timeout=_PATIENCE_S)
    finally:
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=_PATIENCE_S)
    return {"status": status, "looks": sorted(looks), "most_waiting": waiting, "cpu_s": cpu_s, "sent": json.loads(sent)}


def _floor(port: int, told: dict[str, Any]) -> dict[str, Any]:
    messages = told["substations"] * told["minutes"]
    wanted = {"port": port, "prefix": PREFIX, "messages": messages, "for_s": 60.0 * told["minutes"] + _PATIENCE_S}
    counter = _started(_python(bench_ingest_floor, wanted))
    if counter.stdout is None or counter.stdout.readline().strip() != "ready":
        raise BenchFailed("the floor's subscriber did not start")
    sender = _started(_python(bench_ingest_publisher, {"port": port, "prefix": PREFIX} | told))
    sender.communicate(timeout=60.0 * told["minutes"] + 2 * _PATIENCE_S)
    counted, _ = counter.communicate(timeout=60.0 * told["minutes"] + 2 * _PATIENCE_S)
    found: dict[str, Any] = json.loads(counted)
    return found


def _figures(
    found: dict[str, Any], floor: dict[str, Any], *, substations: int, feeders: int, minutes: int
) -> list[dict[str, Any]]:
    status, looks = found["status"], found["looks"]
    mqtt = status["sources"]["mqtt"]
    sent = substations * minutes
    rate = sent / found["sent"]["took_s"]

    def figure(name: str, value: float | None, unit: str, least: float | None = None) -> dict[str, Any]:
        return {"name": name, "value": value, "unit": unit, "floor": least}

    return [
        figure("reading_to_risk_p50_s", status["reading_to_risk_s"]["p50"], "s", floor["p50_s"]),
        figure("reading_to_risk_p99_s", status["reading_to_risk_s"]["p99"], "s", floor["p99_s"]),
        figure("messages_per_s", round(rate, 1), "1/s", None),
        figure("messages_lost", sent - mqtt.get("messages", 0), "messages", sent - floor["messages"]),
        figure("readings_accepted", status["accepted_total"], "readings", sent * feeders),
        figure("shed", mqtt.get("shed", 0) + mqtt.get("shed_messages", 0), "readings", 0),
        figure("most_waiting", found["most_waiting"], "readings", None),
        figure("look_p50_s", looks[len(looks) // 2], "s", None),
        figure("look_max_s", looks[-1], "s", None),
        figure("cpu_s_per_minute", round(found["cpu_s"] / minutes, 2), "s", round(floor["cpu_s"] / minutes, 2)),
        figure("memory_mb", round(status["memory_bytes"] / 1e6, 1), "MB", round(floor["memory_bytes"] / 1e6, 1)),
        figure("publisher_behind_s", round(found["sent"]["behind_s"], 3), "s", None),
    ]


def table(found: list[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    rows = [f"| {f['name']} | {_shown(f['value'])} {f['unit']} | {_shown(f['floor'])} |" for f in found]
    return "\n".join(["| figure | value | floor |", "| --- | --- | --- |", *rows])


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    """A Mosquitto of our own on a free port."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise BenchFailed("needs the broker Mosquitto: apt-get install mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_queued_messages 100000\nmax_inflight_messages 1000\n"
    )
    broker = subprocess.Popen(  # noqa: S603 (the broker that was asked for)
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        broker.terminate()
        broker.wait(_PATIENCE_S)


def _set_up(folder: Path, port: int, substations: int, feeders: int) -> Path:
    with (folder / "fleet.csv").open("w", encoding="utf-8") as file:
        file.write("feeder_id,substation,fuse_a,cable,transformer_kva\n")
        for s in range(substations):
            file.writelines(
                f"{bench_ingest_publisher.feeder_id(s, f)},S{s},315,3c_185_SAC_XC,500\n" for f in range(feeders)
            )
    config = folder / "watch.toml"
    config.write_text(
        f'[fleet]\ntable = "fleet.csv"\n[watch]\nlog = "watch.log"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\nprefix = "{PREFIX}"\nreceive_maximum = 1000\n'
    )
    return config


def _python(module: ModuleType, told: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", module.__name__, json.dumps(told)]


def _started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own programs)


def _until(lines: IO[str], true: Any, within_s: float) -> None:
    until = time.monotonic() + within_s
    for line in lines:
        if true(json.loads(line)):
            return
        if time.monotonic() > until:
            break
    raise BenchFailed("the watch did not connect to the broker")


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far, from /proc; 0 where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
