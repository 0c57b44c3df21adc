"""Substations that publish: a process of its own for ``linkbox bench ingest``.

Each substation sends one message a minute, columnar JSON, quality of service 1, stamped with the time of sending.
"""

from __future__ import annotations

import json
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from linkbox.base.time import SystemClock
from linkbox.grid.telemetry import milliseconds

SCHEMA = "linkbox.readings.1"


def feeder_id(substation: int, feeder: int) -> str:
    """The name of a feeder of the bench's fleet."""
    return f"S{substation}-{feeder}"


def message(substation: int, feeders: int, minute: int, at_ms: int) -> bytes:
    """One substation's minute: 60 to 140 A, a little different each time."""
    names = [feeder_id(substation, f) for f in range(feeders)]
    amps = [60.0 + (substation * 7 + f * 13 + minute * 11) % 81 for f in range(feeders)]
    columns = {
        "schema": SCHEMA,
        "feeder_id": names,
        "at_ms": [at_ms] * feeders,
        "l1_a": amps,
        "l2_a": [a + 1.5 for a in amps],
        "l3_a": [a + 3.5 for a in amps],
    }
    return json.dumps(columns).encode()


def publish(
    port: int, prefix: str, *, substations: int, feeders: int, minutes: int, within_s: float
) -> dict[str, float]:
    """Send it all, each minute's evenly within its first ``within_s`` seconds; how many, and how far behind."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(2000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    clock, start, latest_s = SystemClock(), time.monotonic(), 0.0
    last = None
    for number in range(substations * minutes):
        minute, substation = divmod(number, substations)
        due = start + 60.0 * minute + within_s * substation / substations
        wait_s = due - time.monotonic()
        if wait_s > 0.0:
            time.sleep(wait_s)
        latest_s = max(latest_s, -wait_s)
        at_ms = milliseconds(clock.now())
        last = client.publish(f"{prefix}/columns/{substation}", message(substation, feeders, minute, at_ms), qos=1)
    if last is not None:
        last.wait_for_publish(60.0)
    took_s = time.monotonic() - start
    client.disconnect()
    client.loop_stop()
    return {"messages": substations * minutes, "took_s": took_s, "behind_s": latest_s, "cpu_s": time.process_time()}


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(publish(told.pop("port"), told.pop("prefix"), **told)) + "\n")
