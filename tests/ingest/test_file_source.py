"""Files are played back by their own times, at the speed that was asked for, and long silences are cut short."""

from __future__ import annotations

import numpy as np
import pytest

from linkbox.adapters.ingest.files import LONGEST_SILENCE, FileSource
from linkbox.adapters.ingest.formats import decoders
from linkbox.base.time import ManualClock
from linkbox.grid.telemetry import ReadingBatch, readings
from linkbox.operation.ingest_queue import IngestQueue
from tests.ingest.samples import INDEX, START, START_MS


class Wall:
    """A clock on the wall that moves only while somebody pauses."""

    def __init__(self) -> None:
        self.now_s = 100.0

    async def pause(self, seconds: float) -> None:
        self.now_s += seconds


def at_seconds(*seconds: float) -> ReadingBatch:
    n = len(seconds)
    at = START_MS + np.array([round(1000 * s) for s in seconds], dtype=np.int64)
    return readings(feeder=np.zeros(n, dtype=np.int32), at_ms=at, current_a=np.ones((n, 3)))


def queue() -> IngestQueue:
    return IngestQueue(INDEX, decoders(), ManualClock(START), max_readings=100)


async def test_each_step_is_begun_filled_and_ended_in_turn() -> None:
    told: list[tuple[str, float, int]] = []
    q = queue()
    source = FileSource(
        at_seconds(0, 59, 60, 61, 185),
        begins=lambda end: told.append(("begins", (end - START_MS) / 1000, q.waiting)),
        ended=lambda end: told.append(("ended", (end - START_MS) / 1000, q.waiting)),
    )
    await source.run(q)
    assert source.steps == 5
    assert told == [
        ("begins", 0, 0), ("ended", 0, 1),
        ("begins", 60, 1), ("ended", 60, 3),
        ("begins", 120, 3), ("ended", 120, 4),
        ("begins", 180, 4), ("ended", 180, 4),
        ("begins", 240, 4), ("ended", 240, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(("speed", "wanted_s"), [(60.0, 1.0), (1.0, 60.0), (0.0, 0.0)])
async def test_a_minute_of_the_file_takes_a_minute_divided_by_the_speed(speed: float, wanted_s: float) -> None:
    wall, ends = Wall(), []
    source = FileSource(
        at_seconds(*range(60, 600, 60)),
        speed=speed,
        begins=lambda _: ends.append(wall.now_s),
        pause=wall.pause,
        elapsed_s=lambda: wall.now_s,
    )
    await source.run(queue())
    np.testing.assert_allclose(np.diff(ends), wanted_s)


async def test_what_a_slow_step_took_is_not_added_to_the_pause() -> None:
    wall, ends = Wall(), []

    def slow(_: int) -> None:
        ends.append(wall.now_s)
        wall.now_s += 0.4

    source = FileSource(
        at_seconds(60, 120, 180), speed=60.0, begins=slow, pause=wall.pause, elapsed_s=lambda: wall.now_s
    )
    await source.run(queue())
    np.testing.assert_allclose(np.diff(ends), 1.0)


def test_a_silence_of_a_year_is_cut_to_a_day() -> None:
    assert FileSource(at_seconds(0, 365 * 86_400)).steps == 2 + LONGEST_SILENCE


async def test_no_reading_is_no_step() -> None:
    source = FileSource(at_seconds(), ended=lambda _: pytest.fail("nothing was played"))
    await source.run(queue())
    assert source.steps == 0
