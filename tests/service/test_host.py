"""The host of a controller: duties of the day once, checkpoints, a store that fails, readings of a broker."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from linkbox.adapters.ingest.formats import decoders
from linkbox.base.errors import LinkboxError
from linkbox.base.time import ManualClock
from linkbox.operation.daily_desk import CLOCK_CHECK, SUPPLIER_DAYS, due_days
from linkbox.operation.ingest import Busy, Format, Refused, Taken
from linkbox.operation.notice_setup import NoticeSetup, RecordsKey
from linkbox.operation.ports import Row
from linkbox.records.checkpoints import Checkpoint
from linkbox.service.doors import Arrivals
from linkbox.service.host import Rhythm, ServiceFailed, ServiceHost
from linkbox.service.readings_sink import ReadingsSink
from tests.operation.conftest import MakeRig, make_rig
from tests.operation.rig import FEEDER, Rig, patched

__all__ = ["make_rig"]
NEVER = Rhythm(supplier_days_at=None, clocks_at=None)
BST_NIGHT = datetime(2026, 7, 1, 4, 59, tzinfo=UTC)


def signed(rig: Rig) -> None:
    """Give the rig a key of records."""
    patched(rig, notices=NoticeSetup(records_key=RecordsKey(key_id="k", sign=lambda octets: octets[:8])))
    rig.start()


async def hosted(rig: Rig, rhythm: Rhythm, *, rounds: int = 3) -> None:
    """Let a host work for a few rounds, and end it."""
    host = ServiceHost(rig.controller, rig.store, rig.clock, rhythm)
    running = asyncio.create_task(host.run())
    for _ in range(rounds):
        host.nudge()
        await asyncio.sleep(0.02)
    host.end()
    await running


def test_a_days_turn_comes_at_its_civil_time_and_days_that_were_missed_are_made_up_for(make_rig: MakeRig) -> None:
    store, at = make_rig().store, time(6, 0)
    assert due_days(store, "x", BST_NIGHT, at, lag=1) == [date(2026, 6, 29)], "5:59 in British Summer Time"
    assert due_days(store, "x", BST_NIGHT + timedelta(minutes=1), at, lag=1) == [date(2026, 6, 30)]
    with store.transaction() as tx:
        tx.put("duty", Row(key="x", state="done", owner="", body={"last": "2026-06-27"}))
    assert due_days(store, "x", BST_NIGHT, at, lag=1) == [date(2026, 6, 28), date(2026, 6, 29)]
    with store.transaction() as tx:
        tx.put("duty", Row(key="x", state="done", owner="", body={"last": "2026-06-29"}))
    assert due_days(store, "x", BST_NIGHT, at, lag=1) == []
    with store.transaction() as tx:
        tx.put("duty", Row(key="x", state="done", owner="", body={"last": "2020-01-01"}))
    assert len(due_days(store, "x", BST_NIGHT, at, lag=1)) == 31


async def after_an_event(make_rig: MakeRig) -> Rig:
    """An evening with one closed intervention, two customers of one supplier."""
    rig = make_rig(base_a=(95.0, 60.0, 60.0), drawing={0, 3})
    signed(rig)
    await rig.run(4)
    rig.base_a = (20.0, 20.0, 20.0)
    await rig.run(60)
    assert not rig.intervention.open
    return rig


async def test_suppliers_get_their_day_once_and_again_only_where_it_has_changed(make_rig: MakeRig) -> None:
    rig = await after_an_event(make_rig)
    rhythm = Rhythm(supplier_days_at=time(6, 0), clocks_at=None)
    await hosted(rig, rhythm)
    assert day_files(rig) == [], "the first time only the day before"
    rig.clock.move_to(datetime(2026, 1, 14, 6, 0, tzinfo=UTC))
    await hosted(rig, rhythm)
    (notice,) = day_files(rig)
    assert (notice["id"], notice["supplier"], len(notice["json"]["points"])) == (
        "day-2026-01-13-Alder-Energy",
        "Alder Energy",
        2,
    )
    assert notice["json"]["day"] == "2026-01-13"
    assert notice["csv"].count("\n") == 3
    assert notice["signatures"]["csv"] == notice["csv"].encode()[:8].hex()
    rig.start()
    await hosted(rig, rhythm)
    assert len(day_files(rig)) == 1
    add_late_event(rig)
    rig.clock.move_to(datetime(2026, 1, 15, 6, 0, tzinfo=UTC))
    await hosted(rig, rhythm)
    first, second = day_files(rig)
    assert second["id"] == f"{first['id']}-2"
    assert len(second["json"]["points"]) == 3
    assert "amended" in second["body"]
    assert rig.facts("notice", "supplier_day")[-1]["files"] == 1


def day_files(rig: Rig) -> list[dict[str, Any]]:
    return [dict(row.body) for row in rig.store.rows("notice") if row.body["stage"] == "day"]


def add_late_event(rig: Rig) -> None:
    """An event of the same day that was closed after its file had gone out."""
    (told,) = [row for row in rig.store.rows("notice") if row.body["stage"] == "event"]
    body = json.loads(json.dumps(dict(told.body)))
    body["json"]["intervention"] = body["intervention"] = "LB-LATE"
    body["json"]["points"] = body["json"]["points"][:1]
    with rig.store.transaction() as tx:
        tx.put("notice", Row(key="late", state="delivered", owner="LB-LATE", body=body))


async def test_each_warning_of_a_clock_is_told_once(make_rig: MakeRig) -> None:
    rig = make_rig()
    with rig.store.transaction() as tx:
        for month in ("2025-07", "2025-08"):
            record = {"holds": [1], "start": f"{month}-10T18:00:00.000Z", "escalated": False}
            tx.put("event", Row(key=month, state=month, owner=FEEDER, body=record))
    rhythm = Rhythm(supplier_days_at=None, clocks_at=time(7, 0), clocks_tell="managers@networks.example")
    for day in (14, 15, 28):
        rig.clock.move_to(datetime(2026, 1, day, 7, 0, tzinfo=UTC))
        rig.start()
        await hosted(rig, rhythm)
    told = rig.facts("clock", "warning")
    assert [fact["days_left"] for fact in told] == [18, 4]
    mails = [row.body for row in rig.store.rows("notice") if row.body["stage"] == "clock"]
    assert {(m["to"], m["channel"], m["audience"]) for m in mails} == {
        ("managers@networks.example", "e-mail", "internal")
    }
    assert len(mails) == 2
    assert rig.store.row("duty", CLOCK_CHECK) is not None
    assert rig.store.row("duty", SUPPLIER_DAYS) is None


async def test_the_head_of_the_chain_is_signed_from_time_to_time_and_at_the_end(make_rig: MakeRig) -> None:
    rig = make_rig()
    signed(rig)
    rig.read((50.0, 50.0, 50.0))
    rig.read((-5.0, 50.0, 50.0))
    await hosted(rig, NEVER)
    (row,) = rig.store.rows("checkpoint")
    made = Checkpoint.from_line(row.body["line"].encode())
    assert (made.seq, made.digest) == (rig.controller.desk.chain.seq, rig.controller.desk.chain.digest)
    await hosted(rig, NEVER)
    assert len(rig.store.rows("checkpoint")) == 1, "nothing has been added"
    rig.read((-6.0, 50.0, 50.0))
    host = ServiceHost(rig.controller, rig.store, rig.clock, Rhythm(supplier_days_at=None, clocks_at=None))
    running = asyncio.create_task(host.run())
    await asyncio.sleep(0.02)
    assert len(rig.store.rows("checkpoint")) == 1
    rig.clock.move_to(rig.clock.now() + timedelta(hours=1))
    host.nudge()
    await asyncio.sleep(0.02)
    assert len(rig.store.rows("checkpoint")) == 2
    host.end()
    await running


class Broken(LinkboxError):
    """The store is away."""


class Breaking:
    """A controller whose work fails while ``broken``."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.broken = rig, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rig.controller, name)

    async def work(self) -> None:
        if self.broken:
            raise Broken("disk full\nand more")
        await self.rig.controller.work()


async def test_a_failure_is_shown_and_tried_again_and_one_that_lasts_ends_the_program(make_rig: MakeRig) -> None:
    rig = make_rig()
    clock = ManualClock(rig.clock.now())
    breaking: Any = Breaking(rig)
    host = ServiceHost(
        breaking, rig.store, clock, Rhythm(supplier_days_at=None, clocks_at=None, retry_s=0.01, give_up_s=5)
    )
    running = asyncio.create_task(host.run())
    await asyncio.sleep(0.03)
    assert host.health()["status"] == "failing"
    assert "disk full" in host.screen()
    assert "and more" not in host.screen()
    breaking.broken = False
    await asyncio.sleep(0.05)
    assert host.health()["status"] == "ok"
    breaking.broken = True
    host.nudge()
    await asyncio.sleep(0.03)
    clock.move_to(clock.now() + timedelta(seconds=6))
    with pytest.raises(ServiceFailed, match="disk full"):
        await asyncio.wait_for(running, 2)


async def test_readings_of_a_broker_are_committed_before_they_are_acknowledged(make_rig: MakeRig) -> None:
    rig = make_rig()
    nudged: list[int] = []
    sink = ReadingsSink(Arrivals(rig.controller, lambda: nudged.append(1)), (FEEDER,), decoders(), rig.clock)
    at = rig.clock.now().isoformat()
    good = {"feeder_id": FEEDER, "at": at, "current_a": [50, 50, 50]}
    assert sink.take("mqtt", Format.READING, json.dumps(good).encode()) == Taken(readings=1)
    ((_, kept),) = rig.store.readings(FEEDER, after=None)
    assert kept["current_a"] == [50.0, 50.0, 50.0]
    others = [good, {**good, "feeder_id": "other"}]
    assert sink.take("mqtt", Format.READING, json.dumps(others).encode()) == Taken(readings=2)
    assert isinstance(sink.take("mqtt", Format.READING, b"{"), Refused)
    assert sink.counts["mqtt"] == {"messages": 2, "readings": 3, "refused": 1, "malformed": 1}
    assert len(nudged) == 2

    def fail(_: Any) -> Any:
        raise Broken("disk full")

    sink = ReadingsSink(Arrivals(rig.controller, nudged.clear), (FEEDER,), decoders(), rig.clock)
    sink._arrivals.receive_readings = fail  # type: ignore[method-assign]
    assert isinstance(sink.take("mqtt", Format.READING, json.dumps(good).encode()), Busy)
