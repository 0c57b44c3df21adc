"""HTTP answers tell the sender exactly what became of a message."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.ingest.http import ARROW_TYPE, JSON_TYPE, MAX_BODY_BYTES, HttpSource
from linkbox.base.time import ManualClock
from linkbox.operation.ingest_queue import IngestQueue
from tests.ingest.samples import INDEX, START, batch, columns, message

pytest.importorskip("pyarrow", reason="needs the extra 'arrow'")
from linkbox.adapters.ingest.readings_arrow import encode_arrow

ARROW = encode_arrow(batch(3), INDEX)  # before a connection waits: the first time pyarrow loads more of itself


class Door:
    """A listening source and its queue; ``post`` gives status, body and headers."""

    def __init__(self, queue: IngestQueue, session: aiohttp.ClientSession, url: str) -> None:
        self.queue, self._session, self._url = queue, session, url

    async def post(self, path: str, body: bytes, kind: str = JSON_TYPE) -> tuple[int, str, Any]:
        async with self._session.post(
            self._url + path, data=io.BytesIO(body), headers={"Content-Type": kind}
        ) as answer:
            return answer.status, await answer.text(), answer.headers

    async def status(self) -> Any:
        async with self._session.get(f"{self._url}/status") as answer:
            return await answer.json()


@asynccontextmanager
async def door(most: int = 100) -> AsyncIterator[Door]:
    queue = IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=most)
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    source = HttpSource("127.0.0.1", 0, status=lambda: {"blind": 3}, listening=port.set_result)
    running = asyncio.create_task(source.run(queue))
    try:
        async with aiohttp.ClientSession() as session:
            yield Door(queue, session, f"http://127.0.0.1:{await port}")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_columns_come_as_json_or_arrow_by_content_type() -> None:
    async with door() as d:
        assert (await d.post("/ingest/batch", json.dumps(columns()).encode()))[0] == 204
        assert (await d.post("/ingest/batch", ARROW, ARROW_TYPE))[0] == 204
        assert (await d.post("/ingest/batch", ARROW, "text/csv"))[0] == 415
        assert d.queue.drain().feeder.tolist() == [1, 3, 0, 1, 2]


async def test_what_is_refused_is_told_with_every_issue_and_counted() -> None:
    async with door() as d:
        status, text, _ = await d.post("/ingest/batch", json.dumps(columns(schema="x", l1_a=[1.0])).encode())
        assert status == 400
        assert [line.split(":")[0] for line in text.splitlines()] == ["schema", "l1_a"]
        assert (await d.post("/ingest/batch", b"no arrow", ARROW_TYPE))[0] == 400
        assert (await d.post("/ingest/readings", b"\xff"))[0] == 400
        assert d.queue.counted()["http"] == {"malformed": 3}


async def test_a_full_queue_asks_to_come_again_and_then_takes_the_same_message() -> None:
    async with door(most=1) as d:
        assert (await d.post("/ingest/readings", message("F1")))[0] == 204
        status, _, headers = await d.post("/ingest/readings", message("F2"))
        assert (status, headers["Retry-After"]) == (503, "1")
        assert d.queue.drain().feeder.tolist() == [1]
        assert (await d.post("/ingest/readings", message("F2")))[0] == 204
        assert d.queue.drain().feeder.tolist() == [2]


async def test_a_body_that_is_too_long_is_not_kept() -> None:
    async with door() as d:
        assert (await d.post("/ingest/readings", b" " * (MAX_BODY_BYTES + 1)))[0] == 413
        assert d.queue.counted()["http"] == {"malformed": 1}


async def test_the_status_is_what_the_watch_says() -> None:
    async with door() as d:
        assert await d.status() == {"blind": 3}
