"""MQTT with a real broker: nothing acknowledged is lost, nothing unacknowledged is, and floods are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from linkbox.adapters.ingest.formats import decoders
from linkbox.base.time import ManualClock
from linkbox.operation.ingest_queue import IngestQueue
from tests.ingest.samples import INDEX, START, free_port, message, mosquitto

aiomqtt = pytest.importorskip("aiomqtt", reason="needs the extra 'mqtt'")
from linkbox.adapters.ingest.mqtt import (  # noqa: E402 (after the check that aiomqtt is there)
    MqttBroker,
    MqttSource,
    Password,
)


def queue(most: int = 1000) -> IngestQueue:
    return IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=most)


def counted(q: IngestQueue, what: str) -> int:
    return q.counted().get("mqtt", {}).get(what, 0)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(port: int, q: IngestQueue, *, receive_maximum: int = 20) -> AsyncIterator[None]:
    """A source at work until the end of the block."""
    broker = MqttBroker(host="127.0.0.1", port=port, receive_maximum=receive_maximum)
    running = asyncio.create_task(MqttSource(broker, backoff_s=(0.05, 0.1)).run(q))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def publish(port: int, bodies: list[bytes], *, topic: str = "linkbox/reading/x", qos: int = 1) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for body in bodies:
            await client.publish(topic, body, qos=qos)


async def test_a_broker_that_goes_away_is_found_again_with_its_subscription(tmp_path: Path) -> None:
    port, q = free_port(), queue()
    async with listening(port, q):
        await until(lambda: counted(q, "connections_lost") >= 2)
        with mosquitto(tmp_path, port):
            await until(lambda: counted(q, "connections") == 1)
            await publish(port, [message("F1")])
            await until(lambda: counted(q, "readings") == 1)
        lost = counted(q, "connections_lost")
        await until(lambda: counted(q, "connections_lost") > lost)
        with mosquitto(tmp_path, port):
            await until(lambda: counted(q, "connections") == 2)
            await publish(port, [message("F2", 1.0)])
            await until(lambda: counted(q, "readings") == 2)
    assert q.drain().feeder.tolist() == [1, 2]


async def test_a_message_that_was_not_taken_is_not_acknowledged_and_comes_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        full = queue(most=1)
        async with listening(port, full):
            await until(lambda: counted(full, "connections") == 1)
            await publish(port, [message("F1"), message("F2", 1.0), message("F3", 2.0)])
            await until(lambda: counted(full, "busy") >= 1)
        assert full.drain().feeder.tolist() == [1]
        after = queue()
        async with listening(port, after):
            await until(lambda: counted(after, "readings") >= 2)
        assert [f for f in after.drain().feeder.tolist() if f != 1] == [2, 3]


async def test_a_full_queue_stops_the_broker_from_sending(tmp_path: Path) -> None:
    """Three messages may be on their way: one waits for room, two in the client; the broker keeps the others."""
    with mosquitto(tmp_path) as port:
        q = queue(most=1)
        async with listening(port, q, receive_maximum=3):
            await until(lambda: counted(q, "connections") == 1)
            await publish(port, [message("F1", float(k)) for k in range(40)])
            arrived = []
            while len(arrived) < 40:
                assert q.waiting <= 1
                arrived += q.drain().at_ms.tolist()
                await asyncio.sleep(0.005)
    assert arrived == sorted(set(arrived))


async def test_a_flood_without_acknowledgement_is_shed_and_counted(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        q = queue(most=1)
        async with listening(port, q, receive_maximum=5):
            await until(lambda: counted(q, "connections") == 1)
            q.take("other", next(iter(decoders())), message("F4"))
            await publish(port, [message("F1", float(k)) for k in range(200)], qos=0)
            await until(lambda: counted(q, "shed_messages") >= 190)
            seen = len(q.drain())
            while seen < 200 + 1 - counted(q, "shed_messages"):
                seen += len(q.drain())
                await asyncio.sleep(0.005)
    assert counted(q, "readings") + counted(q, "shed_messages") == 200
    assert counted(q, "readings") <= 5 + 1


async def test_other_topics_and_malformed_payloads_are_counted_and_the_stream_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mosquitto(tmp_path) as port:
        q = queue()
        async with listening(port, q):
            await until(lambda: counted(q, "connections") == 1)
            await publish(port, [message()], topic="linkbox/picture/x")
            await publish(port, [b"not json", b""])
            await publish(port, [b"not arrow"], topic="linkbox/arrow/x")
            await publish(port, [message()])
            await until(lambda: counted(q, "readings") == 1)
    assert counted(q, "malformed") == 4
    refused = [r for r in caplog.records if r.message == "message refused"]
    assert len(refused) == 4
    assert "not json" not in repr([vars(r) for r in refused])


def test_a_password_does_not_show() -> None:
    assert "hunter2" not in repr(MqttBroker(host="h", password=Password("hunter2")))
