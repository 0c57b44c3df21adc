"""The floor of ``bench ingest``: a subscriber that only looks at each message's time; a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from linkbox.base.time import SystemClock
from linkbox.grid.telemetry import milliseconds

_MARK = b'"at_ms": ['


def count(port: int, prefix: str, messages: int, for_s: float) -> dict[str, float]:
    """Take so many messages, or wait so long; the delays from their time to the callback."""
    clock, delays_ms, done = SystemClock(), [0] * messages, threading.Event()
    arrived = 0

    def on_message(_client: Any, _userdata: Any, message: Any) -> None:
        nonlocal arrived
        place = message.payload.index(_MARK) + len(_MARK)
        delays_ms[arrived] = milliseconds(clock.now()) - int(message.payload[place : place + 13])
        arrived += 1
        if arrived == messages:
            done.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_message = on_message
    client.on_subscribe = lambda *_: print("ready", flush=True)  # noqa: T201 (the sign that the parent waits for)
    client.connect("127.0.0.1", port)
    client.subscribe(f"{prefix}/#", qos=1)
    client.loop_start()
    done.wait(for_s)
    client.disconnect()
    client.loop_stop()
    sorted_s = np.sort(delays_ms[:arrived]) / 1000.0
    p50, p99 = np.quantile(sorted_s, [0.5, 0.99]) if arrived else (np.nan, np.nan)
    return {
        "messages": arrived,
        "p50_s": float(p50),
        "p99_s": float(p99),
        "cpu_s": time.process_time(),
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(count(told["port"], told["prefix"], told["messages"], told["for_s"])) + "\n")
