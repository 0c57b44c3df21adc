"""Linkbox's front door: what is let in, what is refused with a reason, and that only what was committed is taken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_http import MAX_MESSAGE_BYTES, create_inbound_app
from linkbox.market import RemoteProtocolError

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUIS, MARKET, READINGS = "/smartdcc/duis", "/shapeshifter/api/v3/message", "/ingest/readings"
AT = datetime(2026, 1, 13, 17, 1, tzinfo=UTC)
READING = {"feeder_id": "F1", "at": "2026-01-13T17:01:00Z", "current_a": [101.5, 99, 0]}
SEALED = b"<SignedMessage/>"


class DiskFull(Exception):
    pass


@dataclass
class RecordingFront:
    """A Front that keeps what it is given; ``refuses`` is what it says, ``breaks`` what happens to it."""

    refuses: str | None = None
    status: int = 400
    breaks: bool = False
    dcc: list[bytes] = field(default_factory=list)
    market: list[bytes] = field(default_factory=list)
    readings: list[tuple[Any, ...]] = field(default_factory=list)

    def receive_dcc(self, body: bytes) -> str | None:
        return self._take(self.dcc.append, body)

    def receive_market(self, body: bytes) -> RemoteProtocolError | None:
        refused = self._take(self.market.append, body)
        return None if refused is None else RemoteProtocolError(self.status, refused)

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        return self._take(self.readings.append, (feeder, at, current_a, transformer_current_a))

    def _take(self, keep: Any, value: Any) -> str | None:
        if self.breaks:
            raise DiskFull
        keep(value)
        return self.refuses

    @property
    def taken(self) -> int:
        return len(self.dcc) + len(self.market) + len(self.readings)


@dataclass
class Door:
    front: RecordingFront
    session: aiohttp.ClientSession

    async def post(self, path: str, body: Any, kind: str = "application/json") -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Connection": "close"}
        async with self.session.post(path, data=data, headers=headers) as answer:
            return answer.status, await answer.text()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def opened() -> AsyncIterator[Door]:
    front = RecordingFront()
    host = Hosted(create_inbound_app(front))
    async with aiohttp.ClientSession(base_url=await host.start()) as session:
        yield Door(front, session)
    await host.stop()


@pytest.fixture
def door(opened: Door) -> Door:
    """The one door, with nothing behind it yet."""
    front = opened.front
    front.refuses, front.breaks, front.status = None, False, 400
    front.dcc.clear()
    front.market.clear()
    front.readings.clear()
    return opened


async def test_a_dcc_message_is_handed_on_byte_for_byte_and_answered_204(door: Door) -> None:
    body = b"<x>\r\n\xc3\xbc" + bytes(range(256))
    assert await door.post(DUIS, body, "application/xml") == (204, "")
    assert door.front.dcc == [body]


async def test_what_the_use_case_refuses_is_answered_400_with_its_reason(door: Door) -> None:
    door.front.refuses = "the signature does not verify"
    for path, body in ((DUIS, b"<x/>"), (MARKET, SEALED), (READINGS, READING)):
        assert await door.post(path, body, "text/xml") == (400, "the signature does not verify")


async def test_what_could_not_be_committed_is_answered_500_so_that_it_comes_again(door: Door) -> None:
    door.front.breaks = True
    for path, body in ((DUIS, b"<x/>"), (MARKET, SEALED), (READINGS, READING)):
        status, text = await door.post(path, body, "text/xml")
        assert status == 500
        assert "DiskFull" not in text, "nothing of the inside is told outside"


async def test_a_reading_is_handed_on_in_utc(door: Door) -> None:
    assert await door.post(READINGS, READING) == (204, "")
    later = {**READING, "at": "2026-01-13T18:02:00+01:00", "transformer_current_a": [1, 2, 3]}
    assert await door.post(READINGS, later) == (204, "")
    first, second = door.front.readings
    assert first == ("F1", AT, [101.5, 99.0, 0.0], None)
    assert second[1] == AT.replace(minute=2)
    assert second[1].tzinfo is UTC
    assert second[3] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"at": "2026-01-13T17:01:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01T00:00:00+05:00"}, "at"),
        ({"current_a": [1.0, 2.0]}, "current_a"),
        ({"current_a": [1.0, 2.0, 3.0, 4.0]}, "current_a"),
        ({"current_a": [1.0, None, 3.0]}, "current_a"),
        ({"current_a": [1.0, "many", 3.0]}, "current_a"),
        ({"current_a": 5}, "current_a"),
        ({"transformer_current_a": [1.0]}, "transformer_current_a"),
        ({"feeder_id": ""}, "feeder_id"),
        ({"feeder_id": "F" * 65}, "feeder_id"),
        ({"feeder_id": None}, "feeder_id"),
        ({"phase": "L1"}, "phase"),
    ],
)
async def test_a_reading_that_is_none_is_answered_400_with_the_field(
    door: Door, change: dict[str, Any], told: str
) -> None:
    status, text = await door.post(READINGS, {**READING, **change})
    assert status == 400
    assert told in text
    assert door.front.taken == 0


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
async def test_a_current_that_is_no_number_is_refused(door: Door, number: bytes) -> None:
    body = b'{"feeder_id": "F1", "at": "2026-01-13T17:01:00Z", "current_a": [1, %s, 3]}' % number
    assert (await door.post(READINGS, body))[0] == 400
    assert door.front.taken == 0


async def test_all_that_is_wrong_with_a_reading_is_told_at_once(door: Door) -> None:
    status, text = await door.post(READINGS, {"at": "noon", "current_a": [1]})
    assert status == 400
    assert all(name in text for name in ("feeder_id", "at", "current_a"))


@pytest.mark.parametrize("path", [READINGS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 10_000,
        b'{"type": "FlexOffer", "message_id": "M1", "x": NaN}',
        b'{"type": "FlexOffer", "message_id": "M1", "reason": "\\ud800"}',
    ],
    ids=["empty", "open", "null", "array", "text", "utf-16", "deep", "deep objects", "long number", "NaN", "surrogate"],
)
async def test_malformed_json_is_answered_400(door: Door, path: str, body: bytes) -> None:
    status, text = await door.post(path, body)
    assert (status, bool(text)) == (400, True)
    assert door.front.taken == 0


@pytest.mark.parametrize("kind", ["text/xml", "text/xml; charset=utf-8", "Application/XML"])
async def test_a_market_message_is_handed_on_byte_for_byte_and_answered_200(door: Door, kind: str) -> None:
    assert await door.post(MARKET, SEALED + bytes(range(256)), kind) == (200, "")
    assert door.front.market == [SEALED + bytes(range(256))]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/xml-ish"])
async def test_a_market_message_that_is_not_called_xml_is_refused(door: Door, kind: str) -> None:
    assert (await door.post(MARKET, SEALED, kind))[0] == 400
    assert door.front.taken == 0


@pytest.mark.parametrize("status", [400, 401, 419])
async def test_a_market_message_is_refused_with_the_status_of_the_protocol(door: Door, status: int) -> None:
    door.front.refuses, door.front.status = "the seal does not fit the sender's key", status
    assert await door.post(MARKET, SEALED, "text/xml") == (status, "the seal does not fit the sender's key")


@pytest.mark.parametrize("path", [DUIS, MARKET, READINGS])
async def test_a_message_that_is_too_long_is_refused_on_every_path(door: Door, path: str) -> None:
    padded = json.dumps({**READING, "x": "y" * MAX_MESSAGE_BYTES}).encode()
    status, text = await door.post(path, padded, "text/xml")
    assert (status, text) == (400, "message too long")
    assert door.front.taken == 0


async def test_the_longest_message_is_taken(door: Door) -> None:
    assert (await door.post(DUIS, b"x" * MAX_MESSAGE_BYTES, "application/xml"))[0] == 204


async def test_other_paths_and_methods_lead_nowhere(door: Door) -> None:
    async with door.session.get(DUIS) as answer:
        assert answer.status == 405
    for path in ("/", "/docs", "/openapi.json", "/redoc"):
        async with door.session.get(path) as answer:
            assert answer.status == 404
