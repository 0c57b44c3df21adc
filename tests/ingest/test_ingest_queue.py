"""The queue is bounded whatever floods it, and what did not fit is told or counted."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.adapters.ingest.formats import decoders
from linkbox.base.time import ManualClock
from linkbox.operation import ingest_queue
from linkbox.operation.ingest import Busy, Format, Refused, Taken
from linkbox.operation.ingest_queue import IngestQueue
from tests.ingest.samples import INDEX, START, START_MS, batch, message


def queue(most: int = 10, *, sheds: bool = False) -> IngestQueue:
    return IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=most, sheds=sheds)


def test_what_was_taken_is_drained_once_in_its_order_with_its_time_of_receipt() -> None:
    q = queue()
    assert q.take("s", Format.READING, message("F1")) == Taken(readings=1)
    assert q.take_readings("f", batch(3)) == Taken(readings=3)
    drained = q.drain()
    assert drained.feeder.tolist() == [1, 0, 1, 2]
    assert drained.received_ms[0] == START_MS
    assert len(q.drain()) == 0
    assert q.counted() == {"s": {"messages": 1, "readings": 1}, "f": {"messages": 1, "readings": 3}}


def test_a_malformed_message_is_counted_and_the_next_one_is_taken() -> None:
    q = queue()
    assert isinstance(q.take("s", Format.READING, b"{"), Refused)
    assert q.take("s", Format.READING, message()) == Taken(readings=1)
    assert q.counted()["s"]["malformed"] == 1


def test_a_format_that_is_not_installed_is_refused() -> None:
    q = IngestQueue(INDEX, {}, ManualClock(START), max_readings=1)
    assert isinstance(q.take("s", Format.ARROW, b""), Refused)


def test_a_flood_finds_a_slow_queue_busy_and_sheds_the_oldest_of_the_other() -> None:
    slow, shedding = queue(1000), queue(1000, sheds=True)
    answers = [slow.take("s", Format.READING, message()) for _ in range(5000)]
    assert sum(isinstance(a, Taken) for a in answers) == 1000
    assert isinstance(answers[-1], Busy)
    assert (slow.waiting, slow.counted()["s"]["busy"]) == (1000, 4000)
    for k in range(5000):
        shedding.take("s", Format.READING, message(minutes=float(k)))
    assert (shedding.waiting, shedding.counted()["s"]["shed"]) == (1000, 4000)
    assert shedding.drain().at_ms[0] == START_MS + 4000 * 60_000


def test_a_message_that_could_never_fit_is_refused_not_put_off() -> None:
    for sheds in (False, True):
        q = queue(10, sheds=sheds)
        assert isinstance(q.take_readings("f", batch(11)), Refused)
        assert q.waiting == 0


def test_frames_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_queue, "MAX_BATCHES", 5)
    q = queue(1000)
    answers = [q.take_readings("f", batch(0)) for _ in range(6)]
    assert isinstance(answers[-1], Busy)


async def test_room_comes_when_the_queue_is_drained() -> None:
    q = queue(1)
    await q.room()
    q.take("s", Format.READING, message())
    waiting = asyncio.create_task(q.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    q.drain()
    await waiting


@given(st.lists(st.one_of(st.integers(0, 12), st.none()), max_size=40), st.booleans())
def test_every_reading_is_drained_or_shed_or_was_never_taken(steps: list[int | None], sheds: bool) -> None:
    """A number: a batch of so many readings; None: a drain."""
    q = queue(10, sheds=sheds)
    taken = drained = 0
    for step in steps:
        if step is None:
            drained += len(q.drain())
            continue
        answer = q.take_readings("f", batch(step))
        taken += answer.readings if isinstance(answer, Taken) else 0
        assert isinstance(answer, Refused) == (step > 10)
        assert q.waiting <= 10
    shed = q.counted().get("f", {}).get("shed", 0)
    assert taken == drained + len(q.drain()) + shed


def test_a_queue_without_room_for_anything_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        queue(0)


def test_the_columns_that_come_out_are_read_only() -> None:
    q = queue()
    q.take_readings("f", batch(2))
    with pytest.raises(ValueError, match="read-only"):
        q.drain().current_a[0] = np.nan
