"""NF10 at work: on a feeder whose clock has run out the last resort begins only under an override."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from linkbox.base.errors import InvalidInput
from linkbox.base.time import format_utc
from linkbox.operation.clock_desk import decide, handed_over
from linkbox.operation.ports import Row
from linkbox.records.clocks import ClockEvent, Decision
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.operation.rig import FEEDER, Plan, Rig, assert_memory_equals_store

OVERRIDE = Decision(
    feeder_id=FEEDER,
    event=ClockEvent.OVERRIDE,
    on=date(2026, 1, 13),
    by=("A. Able", "B. Best"),
    reason="winter peak",
    until=date(2026, 3, 1),
)


def street(*months: int, refuses: bool = True) -> Rig:
    """An overloaded street whose feeder had the last resort once in each of these months of 2025."""
    rig = Rig(MemoryStore(MemoryDisk()), Plan(), base_a=(118.0, 60.0, 60.0), drawing={0, 3})
    with rig.store.transaction() as tx:
        for month in months:
            start = datetime(2025, month, 10, 18, tzinfo=UTC)
            body = {"holds": [{}], "start": format_utc(start), "escalated": False}
            tx.put("event", Row(key=f"LB-{month}", state=f"2025-{month:02}", owner=FEEDER, body=body))
    rig.site = replace(rig.site, overdue_clock_refuses=refuses)
    rig.start()
    return rig


async def test_an_overdue_clock_refuses_the_last_resort_and_says_what_is_needed() -> None:
    rig = street(3, 4)
    await rig.run(4)
    assert rig.commands() == []
    assert rig.intervention.market_outcome is not None  # the market was asked all the same
    assert rig.intervention.escalated_for == ("clock",)
    assert "overdue since 2025-10-01" in rig.facts("escalation", "raised")[0]["why"]
    assert "needs an override with a reason and two names" in str(rig.intervention.history[-1])
    assert_memory_equals_store(rig)


@pytest.mark.parametrize("months", [(), (3,), (3, 5), (11, 12)])
async def test_a_clock_that_does_not_run_or_has_time_left_refuses_nothing(months: tuple[int, ...]) -> None:
    rig = street(*months)
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}


async def test_where_it_is_set_so_an_overdue_clock_only_tells() -> None:
    rig = street(3, 4, refuses=False)
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}


@pytest.mark.parametrize("way", ["session", "inbox", "inbox of a controller that was down"])
async def test_an_override_counts_at_once(way: str) -> None:
    rig = street(3, 4)
    await rig.run(3)
    assert rig.held_in_truth() == set()
    if way == "session":
        rig.controller.act(lambda session: decide(session, OVERRIDE))
    else:
        with rig.store.transaction() as tx:
            tx.put_inbox(handed_over(OVERRIDE, rig.clock.now()))
        if way != "inbox":
            rig.start()
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}
    (told,) = rig.facts("clock", "override")
    assert (told["by"], told["reason"]) == (["A. Able", "B. Best"], "winter peak")
    assert "A. Able" not in "".join(rig.store.audit_lines())


async def test_an_override_that_is_over_does_not_count_and_a_solution_does() -> None:
    rig = street(3, 4)
    over = replace(OVERRIDE, on=date(2025, 11, 1), until=date(2025, 12, 1))
    rig.controller.act(lambda session: decide(session, over))
    await rig.run(3)
    assert rig.held_in_truth() == set()
    solved = replace(OVERRIDE, event=ClockEvent.MARKET_SOLUTION, on=date(2025, 12, 2), until=None)
    rig.controller.act(lambda session: decide(session, solved))
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}


async def test_a_hold_in_force_is_not_cut_off_when_the_day_comes() -> None:
    rig = street(3, 4)
    rig.controller.act(lambda session: decide(session, OVERRIDE))
    await rig.run(3)
    held = rig.held_in_truth()
    rig.controller.desk.clocks.clear()
    with rig.store.transaction() as tx:
        for row in rig.store.rows("clock"):
            tx.remove("clock", row.key)
    await rig.run(3)
    assert rig.held_in_truth() == held == {0, 3}


async def test_a_decision_that_can_not_be_read_is_set_aside_for_a_person() -> None:
    rig = street(3, 4)
    item = replace(handed_over(OVERRIDE, rig.clock.now()), body=b'{"feeder":"F1"}')
    with rig.store.transaction() as tx:
        tx.put_inbox(item)
    await rig.run(2)
    assert rig.facts("inbox", "set_aside")[0]["arrival"] == "clock_decision"
    assert rig.held_in_truth() == set()


def test_an_override_with_one_name_is_no_decision() -> None:
    with pytest.raises(InvalidInput, match="two different names"):
        replace(OVERRIDE, by=("A. Able", "a.  able"))
