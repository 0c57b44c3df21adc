"""Messages and notices that wait: handed over at least once, never in the way of switching, never after their time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkbox.operation.entities import CommandState
from linkbox.operation.foreign import MAX_LENGTH, said
from tests.operation.conftest import MakeRig
from tests.operation.rig import MINUTE, Rig, assert_invariants, assert_memory_equals_store, mpan, provider

HOT = (95.0, 60.0, 60.0)


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


def states(rig: Rig, table: str) -> list[str]:
    return [row.state for row in rig.store.rows(table)]


async def test_a_broken_notice_channel_delays_no_switching_and_gets_each_notice_when_it_works(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.notices.broken = True
    await rig.run(3)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert set(states(rig, "notice")) == {"queued"}
    rig.notices.broken = False
    await rig.run(3)
    assert set(states(rig, "notice")) == {"delivered"}
    assert len(rig.notices.delivered) == len(rig.store.rows("notice")) == 2
    assert all("not_before" not in notice for notice in rig.notices.delivered.values())
    sound(rig)


async def test_what_is_not_taken_is_tried_again_at_intervals_and_not_all_the_time(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.notices.broken = True
    await rig.run(4)
    failures = len(rig.facts("outbox", "not_delivered"))
    assert 4 <= failures <= 2 * 3 * 4 + 2, "two notices, three minutes, after 16 s, 32 s, 64 s …"
    sound(rig)


async def test_a_restart_hands_over_what_was_still_queued(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    rig.clock.move_to(rig.next_at())
    assert rig.read((159.0, 60.0, 60.0)) is None
    assert states(rig, "market_message") == ["queued"]
    rig.start()
    assert rig.controller.next_wake() == rig.clock.now(), "it says itself that there is something to do"
    await rig.controller.work()
    assert states(rig, "market_message") == ["delivered"]
    assert len(rig.market.received) == 1
    sound(rig)


async def test_a_restart_after_the_deadline_sends_no_old_request(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    rig.clock.move_to(rig.next_at())
    assert rig.read((159.0, 60.0, 60.0)) is None
    rig.clock.advance(timedelta(hours=1))
    rig.start()
    await rig.controller.work()
    assert rig.market.received == []
    assert states(rig, "market_message") == ["expired"]
    sound(rig)


async def test_everything_that_was_handed_over_still_belongs_to_its_intervention(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    await rig.run(4)
    for table in ("market_message", "notice"):
        rows = rig.store.rows(table)
        assert rows
        assert {row.owner for row in rows} == {rig.intervention.id}
    sound(rig)


async def test_a_calm_controller_asks_to_be_woken_only_to_notice_blindness(make_rig: MakeRig) -> None:
    rig = make_rig()
    assert rig.controller.next_wake() is None, "nothing was ever measured: there is nothing to wait for"
    await rig.run(2)
    assert rig.controller.next_wake() == rig.clock.now() + 5 * MINUTE + timedelta(seconds=1)


async def test_work_without_anything_to_do_does_nothing(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    await rig.run(2.5)
    lines, posts = rig.store.audit_lines(), len(rig.dcc.posts)
    for _ in range(20):
        await rig.controller.work()
    assert (rig.store.audit_lines(), len(rig.dcc.posts)) == (lines, posts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("accepted", "accepted"),
        (f"customer {mpan(0)}, {mpan(1)}!", "customer <MPAN>, <MPAN>!"),
        (str(mpan(0)), "<MPAN>"),
        ("2000000000007", "2000000000007"),
        (f"9{mpan(0)}", f"9{mpan(0)}"),
        ({"b": [1, mpan(0)], "a": None}, '{"a": null, "b": [1, "<MPAN>"]}'),
        (3.5, "3.5"),
        ("half \ud800 of a pair", "half ? of a pair"),
        ("x" * 500, "x" * (MAX_LENGTH - 1) + "…"),
    ],
)
def test_what_others_said_is_kept_short_encodable_and_without_customers(value: object, text: str | None) -> None:
    assert said(value) == text
