"""What every Source keeps to: MQTT, HTTP, files, and the fake that other tests use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest

from linkbox.adapters.ingest.files import FileSource
from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.ingest.http import HttpSource
from linkbox.adapters.ingest.readings_json import decode_reading
from linkbox.base.time import ManualClock
from linkbox.grid.telemetry import ReadingBatch, joined
from linkbox.operation.ingest import Busy, Format, Refused, Sink, Source
from linkbox.operation.ingest_queue import IngestQueue
from tests.ingest.samples import INDEX, START, message, mosquitto

aiomqtt = pytest.importorskip("aiomqtt", reason="needs the extra 'mqtt'")


@dataclass(slots=True)
class FakeSource:
    """A Source of messages in memory. ``settled`` says what its sender was told of each."""

    messages: list[bytes]
    name: str = "fake"
    settled: list[bool] = field(default_factory=list)

    async def run(self, sink: Sink) -> None:
        for body in self.messages:
            while isinstance(answer := sink.take(self.name, Format.READING, body), Busy):
                await sink.room()
            self.settled.append(not isinstance(answer, Refused))


Started = Callable[[Source], None]


class Sender(Protocol):
    """Makes the source, and sends it messages as the world would: again, as often as it takes."""

    async def send(self, messages: list[bytes], start: Started, queue: IngestQueue) -> list[bool]:
        """Whether the sender may take each message for taken."""


class FakeSender:
    async def send(self, messages: list[bytes], start: Started, queue: IngestQueue) -> list[bool]:
        source = FakeSource(messages)
        start(source)
        while len(source.settled) < len(messages):
            await asyncio.sleep(0.01)
        return source.settled


class FileSender:
    """A file is read before it is played; what can not be read is left out here as the reader's tests show."""

    async def send(self, messages: list[bytes], start: Started, queue: IngestQueue) -> list[bool]:
        decoded = [decode_reading(body, INDEX, 0) for body in messages]
        source = FileSource(joined([d for d in decoded if isinstance(d, ReadingBatch)]))
        start(source)
        return [isinstance(d, ReadingBatch) for d in decoded]


class HttpSender:
    async def send(self, messages: list[bytes], start: Started, queue: IngestQueue) -> list[bool]:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        start(HttpSource("127.0.0.1", 0, status=dict, listening=port.set_result))
        url = f"http://127.0.0.1:{await port}/ingest/readings"
        async with aiohttp.ClientSession() as session:
            return [await self._one(session, url, body) for body in messages]

    async def _one(self, session: aiohttp.ClientSession, url: str, body: bytes) -> bool:
        while True:
            async with session.post(url, data=body) as answer:
                if answer.status != 503:
                    return answer.status == 204
                assert answer.headers["Retry-After"] == "1"
            await asyncio.sleep(0.01)


@dataclass(slots=True)
class MqttSender:
    port: int

    async def send(self, messages: list[bytes], start: Started, queue: IngestQueue) -> list[bool]:
        from linkbox.adapters.ingest.mqtt import MqttBroker, MqttSource

        start(MqttSource(MqttBroker(host="127.0.0.1", port=self.port), backoff_s=(0.1,)))
        while not queue.counted().get("mqtt", {}).get("connections"):
            await asyncio.sleep(0.01)
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            for body in messages:
                await client.publish("linkbox/reading/x", body, qos=1)
        return [isinstance(decode_reading(body, INDEX, 0), ReadingBatch) for body in messages]


@pytest.fixture(params=["fake", "file", "http", "mqtt"])
def sender(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sender]:
    if request.param == "mqtt":
        with mosquitto(tmp_path) as port:
            yield MqttSender(port)
    else:
        yield {"fake": FakeSender, "file": FileSender, "http": HttpSender}[request.param]()


async def play(
    sender: Sender, messages: list[bytes], *, most: int = 100
) -> tuple[list[bool], list[ReadingBatch], IngestQueue]:
    """Run the sender's source against a queue that is drained from time to time; what was told, and what arrived."""
    queue = IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=most)
    running: list[asyncio.Task[None]] = []
    arrived: list[ReadingBatch] = []

    async def drain() -> None:
        while True:
            assert queue.waiting <= most
            arrived.append(queue.drain())
            await asyncio.sleep(0.02)

    def start(source: Source) -> None:
        running.append(asyncio.create_task(source.run(queue)))

    draining = asyncio.create_task(drain())
    told = await asyncio.wait_for(sender.send(messages, start, queue), 20)
    for _ in range(500):
        settled = sum(len(b) for b in arrived) + sum(c.get("malformed", 0) for c in queue.counted().values())
        if settled >= (len(messages) if not isinstance(sender, FileSender) else sum(told)):
            break
        await asyncio.sleep(0.02)
    for task in (*running, draining):
        task.cancel()
    ended = await asyncio.gather(*running, draining, return_exceptions=True)
    assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ended), ended
    return told, arrived, queue


async def test_every_message_arrives_in_order_through_a_queue_much_smaller_than_the_flood(sender: Sender) -> None:
    messages = [message("F1", float(k), (float(k), 1.0, 1.0)) for k in range(60)]
    told, arrived, _ = await play(sender, messages, most=5)
    assert told == [True] * 60
    assert joined(arrived).current_a[:, 0].tolist() == [float(k) for k in range(60)]


async def test_a_malformed_message_is_counted_and_does_not_stop_those_after_it(sender: Sender) -> None:
    messages = [message("F1", 0.0), b"{}", b"\xff", message("F2", 1.0)]
    told, arrived, queue = await play(sender, messages)
    assert told == [True, False, False, True]
    assert joined(arrived).feeder.tolist() == [1, 2]
    if not isinstance(sender, FileSender):
        assert sum(counts["malformed"] for counts in queue.counted().values()) == 2


async def test_a_source_that_is_cancelled_ends_and_what_it_handed_over_stays(sender: Sender) -> None:
    _, arrived, queue = await play(sender, [message()])
    assert len(joined(arrived)) == 1
    assert sum(counts["readings"] for counts in queue.counted().values()) == 1


def test_the_fake_knows_what_its_sender_was_told() -> None:
    source = FakeSource([message(), b"{}"])
    queue = IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=5)
    asyncio.run(source.run(queue))
    assert source.settled == [True, False]
    assert json.loads(message())["feeder_id"] == "F1"
