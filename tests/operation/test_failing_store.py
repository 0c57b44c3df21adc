"""A commit that fails: nothing is sent that was not stored, and memory goes back to what the store holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linkbox.adapters.store_sql import SqliteStore
from linkbox.operation.entities import CommandState
from linkbox.operation.ports import InboxItem
from tests.operation.crashes import WatchedStore
from tests.operation.provider_messages import begun, uuid
from tests.operation.rig import MINUTE, Plan, Rig, assert_invariants, assert_memory_equals_store, provider

HOT = (95.0, 60.0, 60.0)


class DiskFull(Exception):
    """As SQLite says it: no LinkboxError, so it is nobody's fault but the machine's."""


class Disk:
    """Full for the commits with these numbers, counted from the moment when ``numbers`` is set."""

    def __init__(self) -> None:
        self.count, self.numbers = 0, frozenset[int]()

    def __call__(self) -> None:
        self.count += 1
        if self.count in self.numbers:
            raise DiskFull

    def full_at(self, *numbers: int) -> None:
        self.count, self.numbers = 0, frozenset(numbers)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def rig(tmp_path: Path, disk: Disk) -> Rig:
    store = WatchedStore(SqliteStore(tmp_path / "store.sqlite"))
    store.before = disk
    return Rig(store, Plan(willing=frozenset({0, 3})), base_a=HOT, drawing={0, 3})


async def push(rig: Rig, minutes: float) -> int:
    """Run although commits fail, as the senders and the timer do: try again. How often it failed."""
    end, failures, unfinished = rig.clock.now() + minutes * MINUTE, 0, True
    while unfinished or rig.clock.now() < end:
        try:
            await rig.step(min(rig.next_at(), end))
            unfinished = False
        except DiskFull:
            failures += 1
            unfinished = True
            assert_memory_equals_store(rig)
    return failures


async def test_a_reading_whose_commit_fails_is_not_taken_and_leaves_no_trace(rig: Rig, disk: Disk) -> None:
    lines = rig.store.audit_lines()
    disk.full_at(1)
    rig.clock.move_to(rig.next_at())
    with pytest.raises(DiskFull):
        rig.read((159.0, 60.0, 60.0))
    assert rig.store.audit_lines() == lines
    assert rig.store.readings("F1", after=None) == []
    assert_memory_equals_store(rig)
    assert rig.read((159.0, 60.0, 60.0)) is None
    assert rig.commands(), "the same reading, sent again, is acted on"
    assert_memory_equals_store(rig)
    assert_invariants(rig)
    rig.store.close()


async def test_nothing_is_posted_whose_commit_failed(rig: Rig, disk: Disk) -> None:
    disk.full_at(*range(1, 6))
    rig.clock.move_to(rig.next_at())
    for _ in range(5):
        with pytest.raises(DiskFull):
            rig.read((159.0, 60.0, 60.0))
        await rig.controller.work()
    assert rig.dcc.posts == []
    assert rig.market.received == []
    rig.store.close()


@pytest.mark.parametrize("number", range(1, 11))
async def test_whichever_commit_fails_it_is_done_again_and_nothing_is_lost_or_doubled(
    rig: Rig, disk: Disk, number: int
) -> None:
    disk.full_at(number)
    failures = await push(rig, 3)
    assert failures == 1
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert rig.held_in_truth() == {0, 3}
    assert len(rig.commands()) == 2
    assert_memory_equals_store(rig)
    assert_invariants(rig)
    rig.store.close()


async def test_a_message_whose_commit_fails_is_not_answered_as_taken(rig: Rig, disk: Disk) -> None:
    rig.dcc_delivers = False
    await push(rig, 2)
    (body, *_) = rig.undelivered
    disk.full_at(1)
    with pytest.raises(DiskFull):
        rig.controller.receive_dcc(body)
    assert rig.store.pending_inbox() == []
    assert_memory_equals_store(rig)
    assert rig.controller.receive_dcc(body) is None
    assert CommandState.CONFIRMED in {c.state for c in rig.commands()}
    rig.store.close()


async def test_a_failing_store_does_not_make_a_message_look_unfit(rig: Rig, disk: Disk) -> None:
    """Setting a message aside is for what it says; a full disk must only make it wait."""
    message = begun("TestMessage", "hello", uuid("c"))
    with rig.store.transaction() as tx:
        body = json.dumps(message).encode()
        tx.put_inbox(InboxItem(kind="market", identity="m1", received_at=rig.clock.now(), body=body))
    disk.full_at(1)
    with pytest.raises(DiskFull):
        await rig.controller.work()
    assert [item.identity for item in rig.store.pending_inbox()] == ["m1"]
    await rig.controller.work()
    assert rig.store.pending_inbox() == []
    assert not rig.facts("inbox", "set_aside")
    rig.store.close()


async def test_a_delivered_message_whose_record_failed_is_delivered_again_under_the_same_id(
    tmp_path: Path, disk: Disk
) -> None:
    store = WatchedStore(SqliteStore(tmp_path / "market.sqlite"))
    store.before = disk
    rig = Rig(store, Plan(contracts=(provider(),)), base_a=HOT, drawing={0, 3})
    disk.full_at(2)  # the first stores the call, the second that it was delivered
    assert await push(rig, 1) == 1
    assert len(rig.market.received) == 2
    assert rig.market.received[0] == rig.market.received[1]
    assert_memory_equals_store(rig)
    store.close()
