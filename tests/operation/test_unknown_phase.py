"""Chargers of which nobody knows the phase: carried as a probability, relieved all the same, and taught by the drop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from linkbox.base.phases import Phase
from linkbox.control.drawing import Belief
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.operation.needs import coming_a
from linkbox.operation.session import Session
from linkbox.operation.watch import held_a, returning_a, returning_sd_a
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    FEEDER,
    MINUTE,
    START,
    Rig,
    assert_invariants,
    assert_memory_equals_store,
    mpan,
)

EVERYBODY = frozenset(range(CHARGERS))
ON_L1 = {0, 3}
OVER_ON_L1 = (100.0, 40.0, 40.0)


def command(**more: Any) -> Command:
    """A confirmed hold of home 0 that ends within the planning lead."""
    values: dict[str, Any] = {
        "id": "C1",
        "intervention_id": "I1",
        "kind": CommandKind.HOLD,
        "mpan": mpan(0),
        "phase": None,
        "phase_share": (0.5, 0.25, 0.25),
        "start": START - 20 * MINUTE,
        "duration_s": 1200,
        "threshold_a": 0.0,
        "expected_a": 24.0,
        "reason": "test",
        "request_id": "R1",
        "decided_at": START - 20 * MINUTE,
        "answered_at": START - 19 * MINUTE,
        "state": CommandState.CONFIRMED,
    }
    return Command(**(values | more))


def test_a_command_of_unknown_phase_survives_the_store() -> None:
    one = command()
    assert Command.from_row(one.to_row()) == one
    assert one.share == (0.5, 0.25, 0.25)
    assert one.phase_name == "unknown"
    assert set(one.phases) == set(Phase)
    known = command(phase=Phase.L2, phase_share=None)
    assert Command.from_row(known.to_row()) == known
    assert known.share == (0.0, 1.0, 0.0)
    old = known.to_row()
    body = {name: value for name, value in old.body.items() if name != "phase_share"}
    assert Command.from_row(replace(old, body=body)) == known  # as rows were written before


def test_what_comes_back_is_the_mean_by_phase_and_its_spread_the_hand_calculation(make_rig: MakeRig) -> None:
    # 32 A with probability 1 come back on L1 with 0.5 and on the others with 0.25: 16, 8 and 8 A; the standard
    # deviation is 32 sqrt(0.5 * 0.5) = 16 A on L1 and 32 sqrt(0.25 * 0.75) = 13.86 A on the others
    rig = make_rig(phase_unknown=EVERYBODY)

    def look(session: Session) -> None:
        desk = session.desk
        desk.commands["C1"] = command()
        desk.beliefs[mpan(0)] = Belief(mpan=mpan(0), amps=32.0, probability=1.0, phase_probability=(0.5, 0.25, 0.25))
        assert returning_a(desk, FEEDER, START) == pytest.approx((16.0, 8.0, 8.0))
        assert returning_sd_a(desk, FEEDER, START) == pytest.approx((16.0, 13.856, 13.856), abs=1e-3)
        assert held_a(desk, FEEDER, START) == pytest.approx((16.0, 8.0, 8.0))
        desk.beliefs[mpan(0)] = replace(desk.beliefs[mpan(0)], phase_probability=(1.0, 0.0, 0.0))
        assert returning_sd_a(desk, FEEDER, START) == (0.0, 0.0, 0.0), "a phase that a drop has shown is known"
        del desk.commands["C1"]

    look(as_session(rig))


def as_session(rig: Rig) -> Session:
    """The desk of a rig, in something that has one."""

    class Only:
        desk = rig.controller.desk
        now = START

    only: Any = Only()
    found: Session = only
    return found


async def test_relief_on_its_way_counts_on_each_phase_by_its_probability(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=OVER_ON_L1, drawing=set(ON_L1), phase_unknown=EVERYBODY)
    await rig.run(1.5)
    queued = [c for c in rig.commands() if c.phase is None]
    assert queued
    for held in queued:
        assert held.phase_share == pytest.approx((1 / 3, 1 / 3, 1 / 3))
        assert sum(held.expected_a * s for s in held.share) == pytest.approx(held.expected_a)
    coming: list[list[float]] = []
    rig.controller.act(lambda session: coming.append(coming_a(session, FEEDER)))
    young = [c for c in rig.controller.desk.held(FEEDER) if c.state is CommandState.QUEUED or c.answered_at is not None]
    each = sum(c.expected_a for c in young) / 3
    assert each > 0.0
    assert coming[0] == pytest.approx([each, each, each])


@pytest.mark.parametrize("unknown", [EVERYBODY, frozenset({0, 1, 2})])
async def test_an_overload_is_relieved_and_the_drop_teaches_the_phase(
    make_rig: MakeRig, unknown: frozenset[int]
) -> None:
    rig = make_rig(base_a=OVER_ON_L1, drawing=set(ON_L1), phase_unknown=unknown)
    await rig.run(25)
    assert_memory_equals_store(rig)
    assert_invariants(rig)
    held = rig.held_in_truth()
    assert held >= ON_L1, "who draws on the phase in need is held in the end"
    beliefs = rig.controller.desk.beliefs
    for number in sorted(unknown & held & ON_L1):
        assert beliefs[mpan(number)].phase_probability[Phase.L1] > 1 / 3
    assert rig.controller.desk.current_a[FEEDER][0] < 110.0
    again = Rig(rig.store, rig.plan)
    assert again.controller.desk.beliefs == beliefs


async def test_chargers_of_unknown_phase_are_released_and_end_free(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=OVER_ON_L1, drawing=set(ON_L1), phase_unknown=EVERYBODY)
    await rig.run(20)
    assert rig.held_in_truth()
    rig.base_a, rig.drawing = (20.0, 20.0, 20.0), set()
    await rig.run(120)
    assert rig.held_in_truth() == set()
    assert_memory_equals_store(rig)
    assert_invariants(rig)
