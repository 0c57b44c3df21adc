"""A fleet is watched: what comes in is judged within a look, silence is blindness, and a restart changes nothing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from linkbox.adapters.ingest.formats import decoders
from linkbox.base.time import ManualClock
from linkbox.grid.columns import FleetColumns
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet
from linkbox.grid.telemetry import Quality, ReadingBatch, milliseconds, readings
from linkbox.operation.column_fleet import ColumnFleet
from linkbox.operation.fleet_judge import FleetJudge, ObjectFleet
from linkbox.operation.fleet_watch import FleetWatch, Look, WatchPolicy
from linkbox.operation.ingest_queue import IngestQueue
from tests.grid.samples import START, feeder

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FLEET = Fleet.of([feeder("F0"), feeder("F1"), feeder("F2")])


class Rig:
    """A watch of three feeders with 200 A fuses under a clock of its own."""

    def __init__(self, kind: str = "objects", *, policy: WatchPolicy | None = None) -> None:
        self.clock = ManualClock(START)
        self.judge: FleetJudge = (
            ObjectFleet(FLEET, START - SECOND)
            if kind == "objects"
            else ColumnFleet(FleetColumns.of(FLEET), START - SECOND)
        )
        self.queue = IngestQueue(self.judge.index, decoders(), self.clock, max_readings=100_000)
        self.watch = FleetWatch(self.judge, self.queue, self.clock, policy=policy)

    def send(self, amps: dict[int, float], *, minutes: float = 0.0, window_s: float = 60.0) -> None:
        """A reading of each feeder, the same on all phases, ``minutes`` after the present."""
        at = milliseconds(self.clock.now() + timedelta(minutes=minutes))
        self.queue.take_readings("test", batch({f: (at, a) for f, a in amps.items()}, window_s, at))

    def look(self, after: timedelta = timedelta(0)) -> Look:
        self.clock.advance(after)
        look = self.watch.look()
        assert look is not None
        return look

    def minutes(self, count: int, amps: dict[int, float], **how: float) -> Look:
        """So many minutes with the same readings; the last look."""
        for _ in range(count):
            self.clock.advance(MINUTE)
            self.send(amps, **how)
            look = self.look()
        return look


@pytest.fixture(params=["objects", "columns"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both fleets that can stand behind a watch keep to the same."""
    return str(request.param)


def batch(rows: dict[int, tuple[int, float]], window_s: float, received_ms: int) -> ReadingBatch:
    return readings(
        feeder=np.array(list(rows), dtype=np.int32),
        at_ms=np.array([at for at, _ in rows.values()], dtype=np.int64),
        current_a=np.array([[a] * 3 for _, a in rows.values()]),
        window_s=window_s,
        received_ms=received_ms,
    )


def test_an_overload_is_found_and_the_worst_comes_first(kind: str) -> None:
    look = Rig(kind).minutes(40, {0: 20.0, 1: 300.0, 2: 255.0})
    assert [a.feeder_id for a in look.assessments] == ["F1", "F2"]
    assert look.assessments[0].time_to_limit_s <= look.assessments[1].time_to_limit_s
    assert look.states["normal"] == 1
    assert sum(look.states.values()) == 3


def test_looks_between_the_readings_leave_the_assets_as_warm_as_they_are() -> None:
    apart, together = Rig(), Rig()
    for _ in range(5):
        together.minutes(1, {0: 100.0, 1: 150.0, 2: 200.0})
        apart.clock.advance(MINUTE - 10 * SECOND)
        apart.look()
        apart.clock.advance(10 * SECOND)
        apart.send({0: 100.0, 1: 150.0, 2: 200.0})
        look = apart.look()
    assert look.states == {"normal": 3, "blind": 0}
    for name in ("fuse", "cable", "seen_s"):
        np.testing.assert_allclose(getattr(apart.judge._state, name), getattr(together.judge._state, name), rtol=1e-12)


def test_there_is_one_look_a_second_and_what_came_between_waits() -> None:
    rig = Rig()
    rig.look(SECOND)
    rig.clock.advance(timedelta(milliseconds=400))
    rig.send({0: 10.0})
    assert rig.watch.look() is None
    assert rig.look(SECOND).accepted == 1


def test_a_feeder_that_falls_silent_goes_blind_after_the_set_time_and_is_told_once_and_when_it_is_seen_again(
    kind: str,
) -> None:
    rig = Rig(kind)
    rig.minutes(3, {0: 10.0, 1: 10.0, 2: 10.0})
    looks = [rig.minutes(1, {0: 10.0, 1: 10.0}) for _ in range(8)]
    assert [look.newly_blind for look in looks] == [()] * 5 + [("F2",)] + [()] * 2
    assert looks[-1].states["blind"] == looks[-1].blind == 1
    again = rig.minutes(1, {0: 10.0, 1: 10.0, 2: 10.0})
    assert (again.seen_again, again.blind) == (("F2",), 0)
    assert rig.watch.flagged[Quality.GAP] == 1


def test_a_feeder_that_was_never_heard_is_blind_from_the_start_and_alarmed_when_patience_is_over(kind: str) -> None:
    rig = Rig(kind)
    looks = [rig.minutes(1, {0: 10.0, 1: 10.0}) for _ in range(7)]
    assert [look.blind for look in looks] == [1] * 7
    assert [look.unheard for look in looks] == [1] * 7
    assert [look.newly_blind_count for look in looks] == [0] * 4 + [1] + [0] * 2


def test_a_value_by_exception_stands_for_its_time_and_then_the_feeder_is_blind(kind: str) -> None:
    rig = Rig(kind, policy=WatchPolicy(hold_s=600.0))
    rig.minutes(1, {2: 50.0}, window_s=0.0)
    looks = [rig.minutes(1, {0: 10.0, 1: 10.0}) for _ in range(16)]
    assert [look.blind for look in looks] == [0] * 15 + [1]
    assert Quality.GAP not in rig.watch.flagged


def test_readings_that_come_in_a_bundle_heat_with_their_mean_square() -> None:
    """Ten minutes at once, nine of them heavy: the fuse is as warm as if it had been told in time, or warmer."""
    bundled, in_time = Rig(), Rig()
    for rig in (bundled, in_time):
        rig.minutes(5, {0: 100.0, 1: 10.0, 2: 10.0})
    amps = [240.0] * 9 + [20.0]
    for k, value in enumerate(amps):
        in_time.minutes(1, {0: value, 1: 10.0, 2: 10.0})
        bundled.clock.advance(MINUTE)
        if k < 9:
            bundled.send({1: 10.0, 2: 10.0})
            bundled.look()
    now = milliseconds(bundled.clock.now())
    late = WatchPolicy().quality.late_after_s
    for k, value in enumerate(amps):
        at = now - 60_000 * (9 - k)
        received = min(now, at + round(1000 * late))
        bundled.queue.take_readings("test", batch({0: (at, value)}, 60.0, received))
    bundled.send({1: 10.0, 2: 10.0})
    look = bundled.look()
    assert look.accepted == 12
    warm, told = (rig.judge._state.fuse[:, 0].sum(axis=0) for rig in (bundled, in_time))
    assert (warm >= 0.95 * told).all()
    assert (warm <= 2.0 * told).all()


def test_flags_are_counted_over_all_looks_and_latencies_are_measured() -> None:
    rig = Rig()
    rig.clock.advance(MINUTE)
    rig.send({0: 10.0, 1: -5.0})
    rig.send({0: 10.0})
    rig.look(2 * SECOND)
    assert rig.watch.flagged == {Quality.DUPLICATE: 1, Quality.SIGN_REVERSED: 1}
    assert rig.watch.reading_to_risk.count == 1
    assert rig.watch.reading_to_risk.quantile_s(0.99) == pytest.approx(2.0, abs=0.02)


def test_a_restored_watch_goes_on_as_if_it_had_never_stopped(kind: str) -> None:
    def later(rig: Rig) -> list[Look]:
        return [rig.minutes(1, {0: 120.0 + 20.0 * k, 1: 10.0}) for k in range(12)]

    rig = Rig(kind)
    rig.minutes(30, {0: 200.0, 1: 10.0, 2: 10.0})
    stored = rig.watch.to_bytes()
    fresh = Rig(kind)
    fresh.clock.move_to(rig.clock.now())
    fresh.watch.restore(stored)
    assert fresh.watch.to_bytes() == stored
    assert repr(later(fresh)) == repr(later(rig))  # NaN, where nothing is known, equals nothing
    assert fresh.watch.to_bytes() == rig.watch.to_bytes()


def test_a_damaged_snapshot_and_one_of_another_fleet_are_refused(kind: str) -> None:
    rig = Rig(kind)
    stored = rig.watch.to_bytes()
    for damaged in (b"", stored[:-1], stored[:50] + b"?" + stored[51:]):
        with pytest.raises(SnapshotMismatch):
            rig.watch.restore(damaged)
    other = ObjectFleet(Fleet.of([feeder("G0")]), START)
    queue = IngestQueue(other.index, decoders(), rig.clock, max_readings=10)
    with pytest.raises(SnapshotMismatch):
        FleetWatch(other, queue, rig.clock).restore(stored)


def test_a_flood_of_duplicates_changes_no_judgement(kind: str) -> None:
    quiet, flooded = Rig(kind), Rig(kind)
    for rig in (quiet, flooded):
        rig.minutes(3, {0: 100.0, 1: 100.0, 2: 100.0})
    at = milliseconds(flooded.clock.now())
    for _ in range(100):
        flooded.queue.take_readings("test", batch({0: (at, 100.0), 1: (at, 100.0)}, 60.0, at))
    quiet.minutes(1, {0: 100.0, 1: 100.0, 2: 100.0})
    flooded.minutes(1, {0: 100.0, 1: 100.0, 2: 100.0})
    assert flooded.judge.to_bytes() == quiet.judge.to_bytes()
    assert flooded.watch.flagged[Quality.DUPLICATE] == 200
