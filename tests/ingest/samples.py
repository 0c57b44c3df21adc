"""A small fleet, messages about it in each format, and a broker of one's own."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, milliseconds, readings

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
START_MS = milliseconds(START)
INDEX = FeederIndex([FeederId(f"F{n}") for n in range(5)])


def message(feeder: str = "F1", minutes: float = 0.0, current_a: Any = (10.0, 20.0, 30.0), **more: Any) -> bytes:
    """One reading as a simple monitor sends it."""
    at = format_utc(START + timedelta(minutes=minutes))
    return json.dumps({"feeder_id": feeder, "at": at, "current_a": current_a} | more).encode()


def columns(**changes: Any) -> dict[str, Any]:
    """Two readings as a concentrator sends them."""
    facts: dict[str, Any] = {
        "schema": "linkbox.readings.1",
        "feeder_id": ["F1", "F3"],
        "at_ms": [START_MS, START_MS + 60_000],
        "l1_a": [1.0, 4.0],
        "l2_a": [2.0, None],
        "l3_a": [3.0, 6.0],
    }
    return {name: value for name, value in (facts | changes).items() if value is not ...}


def batch(rows: int = 2) -> ReadingBatch:
    """Readings of the first feeders, a minute apart."""
    return readings(
        feeder=np.arange(rows, dtype=np.int32) % len(INDEX),
        at_ms=START_MS + 60_000 * np.arange(rows, dtype=np.int64),
        current_a=np.arange(3.0 * rows).reshape(rows, 3),
    )


@contextmanager
def mosquitto(folder: Path, port: int | None = None) -> Iterator[int]:
    """A broker on a port of its own, gone at the end. Skips the test where Mosquitto is not installed."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        pytest.skip("needs the broker Mosquitto: apt-get install mosquitto")
    port = port or free_port()
    config = folder / f"mosquitto-{port}.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    broker = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the broker did not open port {port}")
