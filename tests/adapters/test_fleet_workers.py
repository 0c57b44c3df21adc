"""Worker processes share a fleet: what they find is what one process finds, and the death of one changes nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from linkbox.adapters.fleet_workers import Loss, WorkerFleet, WorkerLost
from linkbox.adapters.fleet_workers import worker as worker_module
from linkbox.adapters.ingest.formats import decoders
from linkbox.base.time import ManualClock
from linkbox.grid import hot_parts
from linkbox.grid.columns import FleetColumns, partition
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet
from linkbox.grid.hot import initial
from linkbox.grid.telemetry import milliseconds, readings
from linkbox.operation.column_fleet import ColumnFleet
from linkbox.operation.fleet_judge import FleetJudge
from linkbox.operation.fleet_watch import FleetWatch, Look
from linkbox.operation.ingest_queue import IngestQueue
from tests.grid.samples import START, feeder

SECOND = timedelta(seconds=1)
N = 14
COLUMNS = FleetColumns.of(
    Fleet.of(
        [
            replace(
                feeder(f"F{i}", fuse=(200, 315)[i % 2], cable=("4c_.1", "3c_95_SAC_XC")[i % 2]),
                substation=f"S{i // 2}",  # two feeders to a substation
            )
            for i in range(N)
        ]
    )
)


class Rig:
    """A watch over a fleet, and the same uneven stream of readings for each."""

    def __init__(self, judge: FleetJudge) -> None:
        self.judge = judge
        self.clock = ManualClock(judge.at + SECOND)
        self.queue = IngestQueue(judge.index, decoders(), self.clock, max_readings=10_000)
        self.watch = FleetWatch(judge, self.queue, self.clock)
        self.looks: list[Look] = []

    def run(self, steps: range) -> None:
        """Looks at steps of 20 s; in each, some feeders send, some twice, some partly, some nothing."""
        for k in steps:
            rng = np.random.default_rng(k)
            who = np.flatnonzero(rng.random(N) < (0.6 if k % 7 else 1.0)).astype(np.int32)
            who = np.sort(np.concatenate([who, who[: k % 3]])).astype(np.int32)
            mean = np.linspace(40.0, 330.0, N)[who, None]
            amps = mean * rng.gamma(9.0, 1.0 / 9.0, (len(who), 3))
            amps[rng.random(amps.shape) < 0.03] = np.nan
            self.clock.advance(20 * SECOND)
            now = milliseconds(self.clock.now())
            at = now - rng.integers(0, 9, len(who)) * 1000
            self.queue.take_readings(
                "test",
                readings(feeder=who, at_ms=at, current_a=amps, transformer_current_a=2.0 * amps, received_ms=now),
            )
            look = self.watch.look()
            assert look is not None
            self.looks.append(look)


def told(looks: list[Look]) -> list[str]:
    """Everything that was found, with every bit of every number; and what is not known, which equals nothing."""
    return list(map(repr, looks))


def one() -> FleetJudge:
    return ColumnFleet(COLUMNS, START - SECOND)


@contextmanager
def shared(workers: int, losses: list[Loss] | None = None, **how: float) -> Iterator[WorkerFleet]:
    with WorkerFleet(
        COLUMNS, START - SECOND, workers=workers, lost=[].append if losses is None else losses.append, **how
    ) as fleet:
        yield fleet


def test_one_two_and_three_workers_find_what_one_process_finds_bit_for_bit() -> None:
    alone = Rig(one())
    alone.run(range(60))
    assert {a.state.value for look in alone.looks for a in look.assessments} >= {"imminent", "at-risk"}
    assert any(look.blind for look in alone.looks)
    stored = alone.watch.to_bytes()
    for workers in (1, 2, 3):
        with shared(workers) as fleet:
            rig = Rig(fleet)
            rig.run(range(60))
            assert told(rig.looks) == told(alone.looks)
            assert rig.watch.to_bytes() == stored


def test_a_state_may_be_gone_on_from_with_another_number_of_workers() -> None:
    alone = Rig(one())
    alone.run(range(20))
    stored = alone.watch.to_bytes()
    alone.run(range(20, 40))
    with shared(3) as fleet:
        rig = Rig(fleet)
        rig.clock.advance(400 * SECOND)
        rig.watch.restore(stored)
        assert rig.watch.to_bytes() == stored
        rig.run(range(20, 40))
        assert told(rig.looks) == told(alone.looks[20:])
    back = Rig(one())
    back.clock.advance(800 * SECOND)
    back.watch.restore(rig_bytes := alone.watch.to_bytes())
    assert back.watch.to_bytes() == rig_bytes


@pytest.mark.parametrize("keep_after", [8, 1000])
def test_workers_that_are_killed_are_seen_and_begun_anew_where_they_stood(
    monkeypatch: pytest.MonkeyPatch, keep_after: int
) -> None:
    monkeypatch.setattr(worker_module, "KEEP_AFTER", keep_after)
    alone, losses = Rig(one()), list[Loss]()
    alone.run(range(40))
    with shared(2, losses) as fleet:
        rig = Rig(fleet)
        rig.run(range(15))
        victims = [facts["pid"] for facts in fleet.facts]
        kill(victims[0])
        rig.run(range(15, 30))
        kill(fleet.facts[0]["pid"])
        kill(victims[1])
        rig.run(range(30, 40))
        assert told(rig.looks) == told(alone.looks)
        assert rig.watch.to_bytes() == alone.watch.to_bytes()
        assert fleet.losses == 3
    assert [loss.worker for loss in losses] == [0, 0, 1]
    assert {loss.exit_code for loss in losses} == {-signal.SIGKILL}
    assert all((loss.since is None) == (keep_after == 1000) for loss in losses)
    assert all(0 < loss.told_again <= (10 if keep_after == 8 else 80) for loss in losses)


def test_a_worker_that_dies_before_its_state_is_asked_for_still_gives_it() -> None:
    alone = Rig(one())
    alone.run(range(5))
    with shared(2) as fleet:
        rig = Rig(fleet)
        rig.run(range(5))
        kill(fleet.facts[1]["pid"])
        assert rig.watch.to_bytes() == alone.watch.to_bytes()
        pids = [facts["pid"] for facts in fleet.facts]
        assert sum(facts["feeders"] or 0 for facts in fleet.facts) == N
    for pid in pids:  # they are gone when the fleet is
        with pytest.raises(ProcessLookupError):
            kill(pid)


def test_a_worker_that_does_not_answer_is_ended_and_begun_anew() -> None:
    alone, losses = Rig(one()), list[Loss]()
    alone.run(range(4))
    with shared(2, losses, answer_s=1.0) as fleet:
        rig = Rig(fleet)
        rig.run(range(3))
        pid = fleet.facts[0]["pid"]
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        rig.run(range(3, 4))
        assert told(rig.looks) == told(alone.looks)
    assert [(loss.worker, loss.exit_code) for loss in losses] == [(0, None)]


def test_a_worker_that_dies_again_and_again_ends_the_watch_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "MOST_LOSSES", 1)
    losses = list[Loss]()
    with shared(2, losses) as fleet:
        bad = np.zeros((N, 3))
        fleet.take(bad, bad, START - 2 * SECOND)  # a time before the last: told, not answered
        fleet.take(bad, bad, START - 3 * SECOND)  # now it raises in the worker, however often it is told
        with pytest.raises(WorkerLost, match=r"worker \d \(\d+ feeders\) ended with 1, 2 times in a row"):
            fleet.judge()
    assert len(losses) >= 2


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_more_workers_than_substations_and_none_are_refused() -> None:
    for workers, words in ((N // 2 + 1, "at most 7 workers"), (0, "at least one worker")):
        with pytest.raises(ValueError, match=words):
            WorkerFleet(COLUMNS, START, workers=workers)


def test_a_state_of_another_fleet_is_refused_and_parts_that_are_not_the_whole() -> None:
    other = ColumnFleet(COLUMNS.take(np.arange(4)), START)
    with shared(1) as fleet, pytest.raises(SnapshotMismatch):
        fleet.restore(other.to_bytes())
    state = initial(COLUMNS, START)
    parts = partition(COLUMNS, 2)
    with pytest.raises(ValueError, match="make up the whole"):
        hot_parts.joined(COLUMNS, parts[:1], [hot_parts.part_of(state, COLUMNS, parts[0])])


def test_what_the_forecasts_night_asks_of_workers_is_what_one_process_says_also_after_new_coefficients() -> None:
    asked = np.array([0, 3, 4, 9, 13])
    alone = Rig(one())
    alone.run(range(12))
    model = alone.judge.model
    other = replace(model, coefficients=(0.5 * model.coefficients).astype(np.float32))
    with shared(3) as fleet:
        rig = Rig(fleet)
        rig.run(range(12))
        for judge in (alone.judge, fleet):
            judge.use(other)
        for steps in (range(12, 13), range(13, 20)):
            for each in (alone, rig):
                each.run(steps)
            at = fleet.at
            np.testing.assert_array_equal(fleet.newest_a(asked, at), alone.judge.newest_a(asked, at))
            pairs = zip(fleet.forecast_moment(asked, at), alone.judge.forecast_moment(asked, at), strict=True)
            for mine, theirs in pairs:
                np.testing.assert_array_equal(mine, theirs)
        assert told(rig.looks) == told(alone.looks)
        assert fleet.model.identity == other.identity
        assert rig.watch.to_bytes() == alone.watch.to_bytes()
