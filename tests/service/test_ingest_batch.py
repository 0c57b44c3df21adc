"""Concentrators' batches at the controller's own door: committed as one, refused with every issue, or to come again."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import numpy as np
import pytest

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_http import MAX_MESSAGE_BYTES
from linkbox.adapters.ingest.formats import decoders
from linkbox.adapters.ingest.http import ARROW_TYPE, JSON_TYPE
from linkbox.base.errors import LinkboxError
from linkbox.grid.telemetry import FeederIndex, milliseconds, readings
from linkbox.service.doors import Arrivals, front_door
from linkbox.service.readings_sink import MOST_READINGS, ReadingsSink
from tests.operation.conftest import MakeRig, make_rig
from tests.operation.rig import FEEDER, Rig, assert_invariants, assert_memory_equals_store

__all__ = ["make_rig"]
PATH = "/ingest/batch"


class DiskFull(LinkboxError):
    """The store takes nothing more."""


class Failing(Arrivals):
    """Arrivals whose store can fail."""

    broken = False

    def receive_readings(self, readings: list[Any]) -> list[str | None]:
        if self.broken:
            raise DiskFull
        return super().receive_readings(readings)


class Door:
    """The controller's front door over HTTP."""

    def __init__(self, rig: Rig, session: aiohttp.ClientSession, sink: ReadingsSink, arrivals: Failing) -> None:
        self.rig, self._session, self.sink, self.arrivals = rig, session, sink, arrivals

    async def post(self, body: bytes, kind: str = JSON_TYPE) -> tuple[int, str, Any]:
        async with self._session.post(PATH, data=io.BytesIO(body), headers={"Content-Type": kind}) as answer:
            return answer.status, await answer.text(), answer.headers

    def stored(self) -> list[list[float]]:
        return [body["current_a"] for _, body in self.rig.store.readings(FEEDER, after=None)]


@asynccontextmanager
async def door(make_rig: MakeRig) -> AsyncIterator[Door]:
    rig = make_rig()
    rig.clock.move_to(rig.clock.now() + timedelta(minutes=3))
    arrivals = Failing(rig.controller, lambda: None)
    sink = ReadingsSink(arrivals, rig.controller.feeder_ids(), decoders(), rig.clock)
    host = Hosted(front_door(rig.controller, readings=sink))
    async with aiohttp.ClientSession(base_url=await host.start()) as session:
        yield Door(rig, session, sink, arrivals)
    await host.stop()
    assert_invariants(rig)
    if not any(np.isnan(track.current_a).any() for track in rig.controller.desk.tracks.values()):  # NaN equals nothing
        assert_memory_equals_store(rig)


def columns(rig: Rig, feeders: list[str], ages_s: list[float], amps: list[float | None], **more: Any) -> bytes:
    at_ms = [milliseconds(rig.clock.now() - timedelta(seconds=age)) for age in ages_s]
    table = {"feeder_id": feeders, "at_ms": at_ms, "l1_a": amps, "l2_a": amps, "l3_a": amps}
    return json.dumps({"schema": "linkbox.readings.1", **table, **more}).encode()


async def test_a_batch_of_columns_is_committed_and_a_repeat_is_known(make_rig: MakeRig) -> None:
    async with door(make_rig) as d:
        body = columns(d.rig, [FEEDER, FEEDER, "other"], [60.0, 0.0, 0.0], [20.0, 30.0, 40.0])
        assert (await d.post(body))[0] == 204
        assert d.stored() == [[20.0] * 3, [30.0] * 3]
        assert d.rig.controller.desk.current_a[FEEDER] == (30.0, 30.0, 30.0)
        assert (await d.post(body))[0] == 204
        assert len(d.stored()) == 2
        assert d.sink.counts["http"]["readings"] == 6


async def test_an_arrow_batch_says_the_same_as_columns_of_json(make_rig: MakeRig) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'arrow'")
    from linkbox.adapters.ingest.readings_arrow import encode_arrow

    async with door(make_rig) as d:
        index = FeederIndex(d.rig.controller.feeder_ids())
        now = milliseconds(d.rig.clock.now())
        batch = readings(
            feeder=np.array([index.row(FEEDER)], dtype=np.int32),
            at_ms=np.array([now], dtype=np.int64),
            current_a=np.array([[20.0, 21.0, 22.0]]),
        )
        assert (await d.post(encode_arrow(batch, index), ARROW_TYPE))[0] == 204
        assert d.stored() == [[20.0, 21.0, 22.0]]
        assert (await d.post(b"no arrow", ARROW_TYPE))[0] == 400
        assert (await d.post(encode_arrow(batch, index), "text/csv"))[0] == 415


async def test_what_is_wrong_with_a_batch_is_told_all_at_once_and_nothing_of_it_is_kept(make_rig: MakeRig) -> None:
    async with door(make_rig) as d:
        status, text, _ = await d.post(columns(d.rig, [FEEDER], [0.0], [20.0], schema="x", l1_a=[1.0, 2.0]))
        assert status == 400
        assert [line.split(":")[0] for line in text.splitlines()] == ["schema", "l1_a"]
        for body in (b"", b"\xff", b"[]", b'{"schema": "linkbox.readings.1"}'):
            assert (await d.post(body))[0] == 400
        assert (await d.post(b" " * (MAX_MESSAGE_BYTES + 1)))[0] == 413
        assert d.stored() == []
        assert d.sink.counts["http"] == {"malformed": 6}


async def test_more_readings_than_can_be_committed_at_once_are_refused_and_strangers_do_not_count(
    make_rig: MakeRig,
) -> None:
    async with door(make_rig) as d:
        many = MOST_READINGS + 1
        ages, amps = [0.0] * many, [20.0] * many
        status, text, _ = await d.post(columns(d.rig, [FEEDER] * many, ages, [*amps]))
        assert status == 400
        assert "5001 readings" in text
        assert "at most 5000" in text
        assert (await d.post(columns(d.rig, ["other"] * many, ages, [*amps])))[0] == 204
        assert d.stored() == []
        assert d.sink.counts["http"]["refused"] == many


async def test_readings_that_can_not_be_are_dropped_by_themselves_and_told_in_the_audit_chain(
    make_rig: MakeRig,
) -> None:
    async with door(make_rig) as d:
        future = -86_400.0
        body = columns(d.rig, [FEEDER] * 4, [120.0, 60.0, future, 0.0], [20.0, -4.0, 20.0, 1e9])
        assert (await d.post(body))[0] == 204
        assert d.stored() == [[20.0] * 3]
        for flag in ("sign-reversed", "future", "impossible"):
            assert d.rig.facts("telemetry", flag), flag
        assert d.sink.counts["http"]["refused"] == 3


async def test_a_phase_that_is_missing_is_no_number(make_rig: MakeRig) -> None:
    async with door(make_rig) as d:
        assert (await d.post(columns(d.rig, [FEEDER], [0.0], [20.0], l2_a=[None])))[0] == 204
        ((a, b, c),) = d.stored()
        assert (a, c) == (20.0, 20.0)
        assert b != b
        assert d.rig.facts("telemetry", "missing-phase")


async def test_while_the_store_takes_nothing_the_sender_is_asked_to_come_again(make_rig: MakeRig) -> None:
    async with door(make_rig) as d:
        body = columns(d.rig, [FEEDER], [0.0], [20.0])
        d.arrivals.broken = True
        status, _, headers = await d.post(body)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert d.stored() == []
        d.arrivals.broken = False
        assert (await d.post(body))[0] == 204
        assert d.stored() == [[20.0] * 3]
        assert d.sink.counts["http"]["busy"] == 1
