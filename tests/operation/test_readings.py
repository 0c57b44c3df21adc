"""Readings at the controller's door: what is taken, what is refused, what is only counted."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from linkbox.grid.risk import RiskState
from tests.operation.conftest import MakeRig
from tests.operation.rig import FEEDER, START, Rig, after, assert_invariants, assert_memory_equals_store, mpan

COOL = (20.0, 20.0, 20.0)


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


def stored(rig: Rig) -> int:
    return len(rig.store.readings(FEEDER, after=None))


@pytest.mark.parametrize("name", ["F9", "", "two words", mpan(0), "F1 "])
async def test_a_feeder_that_is_not_watched_is_refused_and_recorded_without_harm(make_rig: MakeRig, name: str) -> None:
    rig = make_rig()
    rig.clock.move_to(after(60))
    assert rig.read(COOL, name)
    assert rig.interventions() == []
    assert stored(rig) == 0
    sound(rig)


@pytest.mark.parametrize(
    "current_a",
    [(-5.0, 1.0, 1.0), (1e9, 1.0, 1.0), (math.inf, 1.0, 1.0)],
    ids=["sign reversed", "impossible", "infinite"],
)
async def test_a_current_that_can_not_be_is_refused(make_rig: MakeRig, current_a: tuple[float, ...]) -> None:
    rig = make_rig()
    rig.clock.move_to(after(60))
    assert rig.read(current_a)
    assert stored(rig) == 0
    assert rig.controller.desk.seen_until(FEEDER) is None
    sound(rig)


async def test_a_reading_of_the_future_is_refused_and_does_not_blind_the_feeder_to_the_present(
    make_rig: MakeRig,
) -> None:
    rig = make_rig()
    rig.clock.move_to(after(60))
    assert rig.read(COOL, at=START + timedelta(days=365))
    assert rig.read(COOL) is None
    assert rig.controller.desk.seen_until(FEEDER) == after(60)
    assert rig.controller.desk.assessments[FEEDER].state is RiskState.NORMAL
    sound(rig)


async def test_the_same_reading_again_is_taken_without_a_trace(make_rig: MakeRig) -> None:
    rig = make_rig()
    await rig.run(3)
    lines, seen = rig.store.audit_lines(), rig.controller.desk.seen_until(FEEDER)
    assert rig.read(COOL) is None
    assert rig.read((300.0, 300.0, 300.0)) is None, "the first reading of a minute stands"
    assert rig.store.audit_lines() == lines
    assert rig.controller.desk.seen_until(FEEDER) == seen
    assert stored(rig) == 3
    sound(rig)


async def test_an_older_reading_is_counted_and_not_used(make_rig: MakeRig) -> None:
    rig = make_rig()
    await rig.run(3)
    before = rig.controller.desk.current_a[FEEDER]
    assert rig.read((300.0, 300.0, 300.0), at=rig.clock.now() - timedelta(seconds=30)) is None
    assert rig.controller.desk.current_a[FEEDER] == before
    assert rig.facts("telemetry", "out-of-order")
    sound(rig)


async def test_a_reading_from_before_the_controller_was_started_is_taken_if_it_is_not_late(make_rig: MakeRig) -> None:
    rig = make_rig()
    assert rig.read(COOL, at=START - timedelta(seconds=20)) is None
    rig.clock.move_to(after(40))
    assert rig.read(COOL) is None
    assert rig.controller.desk.seen_until(FEEDER) == after(40)
    sound(rig)


async def test_a_gap_is_filled_and_the_feeder_seen_again(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL)
    await rig.run(3)
    rig.measured = False
    await rig.run(20)
    rig.measured = True
    await rig.run(2)
    assert rig.controller.desk.assessments[FEEDER].state is RiskState.NORMAL
    assert rig.facts("telemetry", "gap")
    sound(rig)


async def test_what_a_restart_finds_is_what_was_known(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(95.0, 60.0, 60.0), drawing={0, 3})
    for _ in range(8):
        await rig.run(1)
        sound(rig)
        rig.start()
        sound(rig)
    assert rig.commands()


async def test_the_history_keeps_what_was_thought_of_the_feeder_that_was_read_and_of_changes(make_rig: MakeRig) -> None:
    rig = make_rig(feeders=3, measured=False)
    for second, feeder in ((0, "F1"), (1, "F2"), (2, "F1"), (3, "F2")):
        rig.clock.move_to(after(60 + second))
        assert rig.read((50.0 + second, 50.0, 50.0), feeder=feeder) is None
    kept = [(row.owner, row.body["at"][-7:-1], row.state) for row in rig.store.rows("assessment")]
    never_heard = {(feeder, "00.000", "blind") for feeder in ("F2", "F3")}
    assert never_heard <= set(kept)
    assert [found for found in kept if found not in never_heard] == [
        ("F1", "00.000", "normal"),
        ("F2", "01.000", "normal"),
        ("F1", "02.000", "normal"),
        ("F2", "03.000", "normal"),
    ]
    await rig.run(7)
    states = [row.state for row in rig.store.rows("assessment", owner="F1")]
    assert states[-1] == RiskState.BLIND.value
    assert states.count(RiskState.BLIND.value) == 1
    sound(rig)
