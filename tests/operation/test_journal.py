"""The command journal: stored before it is sent, the identical bytes again after a crash, and nothing twice."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkbox.adapters.store_sql import SqliteStore
from linkbox.control.intervention import InterventionState
from linkbox.control.policy import ControlPolicy
from linkbox.emulator.alcslog import SWITCH_OFF
from linkbox.operation.entities import CommandKind, CommandState
from tests.operation.conftest import MakeRig
from tests.operation.crashes import Mortal
from tests.operation.rig import CHARGERS, Plan, Post, Rig, assert_invariants, assert_memory_equals_store, mpan

QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)
HOT, COOL = (95.0, 60.0, 60.0), (20.0, 20.0, 20.0)
HELD_THEN_FREED = (2, 6)
"""Minutes hot, then cool: two chargers are held, released early, and the intervention is closed."""


async def test_request_id_and_signed_bytes_are_on_the_disk_before_every_post(make_rig: MakeRig, tmp_path: Path) -> None:
    rig = make_rig(control=QUICK, base_a=COOL, drawing={0, 3}, know_labels=False)
    look = SqliteStore(tmp_path / "0.sqlite")  # another connection: it sees what is committed, nothing else

    def is_stored(post: Post) -> None:
        row = look.row("exchange", str(post.request.request_id))
        assert row is not None
        assert row.body["exchange"]["outgoing"] == post.body.decode()
        assert look.row("command", row.owner) is not None

    rig.dcc.before = is_stored
    await rig.run(3)
    rig.base_a = (120.0, 60.0, 60.0)
    await rig.run(5)
    rig.base_a = COOL
    await rig.run(8)
    srvs = {post.request.srv for post in rig.dcc.posts}
    assert srvs == {"7.6", "7.7", "7.8"}, "holds, reads and resets have all been seen"
    look.close()


async def a_night(folder: Path, dying_at: frozenset[int] = frozenset()) -> Mortal:
    plan = Plan(control=QUICK, willing=frozenset({0, 3}))
    mortal = Mortal(folder / "store.sqlite", plan, base_a=HOT, drawing={0, 3})
    hot, cool = HELD_THEN_FREED
    await mortal.live(hot, dying_at=dying_at)
    mortal.rig.base_a = COOL
    await mortal.live(cool, dying_at=dying_at)
    return mortal


def what_became(rig: Rig) -> tuple[object, ...]:
    """All that the night led to, for the records and for the people."""
    return (
        rig.commands(),
        rig.commands(CommandKind.RESET),
        list(rig.ledger().entries()),
        rig.interventions(),
        rig.notices.delivered,
        [rig.open_seconds(n) for n in range(CHARGERS)],
    )


def switched_off(rig: Rig, number: int) -> int:
    """How often a meter was told to switch off, by its own log."""
    rows = rig.emulator.device_truth(mpan(number)).esme.log.rows
    return sum(row.action == SWITCH_OFF for row in rows)


def repeats(rig: Rig) -> int:
    return len(rig.dcc.posts) - len(rig.bodies_by_request())


async def undisturbed() -> tuple[tuple[object, ...], int]:
    with TemporaryDirectory() as folder:
        mortal = await a_night(Path(folder))
        rig = mortal.rig
        assert rig.intervention.state is InterventionState.CLOSED
        assert [c.ended_by for c in rig.commands()] == ["release", "release"]
        assert repeats(rig) == 0
        assert mortal.deaths == 0
        found = what_became(rig), mortal.points
        rig.store.close()
        return found


@cache
def reference() -> list[tuple[tuple[object, ...], int]]:
    """Where the undisturbed night is kept, once it has been run."""
    return []


async def compare(folder: Path, dying_at: frozenset[int]) -> Mortal:
    """Run the night with these deaths; nothing but the number of posts may be different."""
    if not reference():
        reference().append(await undisturbed())
    mortal = await a_night(folder, dying_at)
    rig = mortal.rig
    assert what_became(rig) == reference()[0][0], f"dying at {sorted(dying_at)} changed the night"
    assert [switched_off(rig, n) for n in (0, 3)] == [1, 1]
    assert_memory_equals_store(rig)
    assert_invariants(rig)
    rig.store.close()
    return mortal


@pytest.mark.parametrize("part", range(2))
async def test_a_crash_between_any_two_steps_changes_nothing_but_repeats_identical_bytes(
    tmp_path: Path, part: int
) -> None:
    if not reference():
        reference().append(await undisturbed())
    points = reference()[0][1]
    assert points > 30
    repeated = 0
    for point in range(1 + part, points + 1, 2):
        folder = tmp_path / str(point)
        folder.mkdir()
        mortal = await compare(folder, frozenset({point}))
        assert mortal.deaths == 1
        repeated += repeats(mortal.rig)
    assert repeated > 0, "some crashes must have come between a post and its record"


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.frozensets(st.integers(1, 45), min_size=2, max_size=8))
async def test_many_crashes_in_one_night_change_nothing_either(deaths: frozenset[int]) -> None:
    with TemporaryDirectory() as folder:
        await compare(Path(folder), deaths)


async def test_no_more_than_the_allowed_number_of_requests_is_out_at_once(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL, know_labels=False, max_in_flight=2)
    out, most = 0, 0

    def begin(_: Post) -> None:
        nonlocal out, most
        out += 1
        most = max(most, out)

    def end(_: Post) -> None:
        nonlocal out
        out -= 1

    rig.dcc.before, rig.dcc.after = begin, end
    await rig.run(2)
    assert len(rig.dcc.posts) == CHARGERS, "all labels have been asked for"
    assert most == 2


async def test_a_hold_is_told_to_the_customer_once_and_its_end_too(make_rig: MakeRig) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(3)
    rig.base_a = COOL
    await rig.run(6)
    told = [n for n in rig.notices.delivered.values() if n["audience"] == "customer"]
    assert [c.state for c in rig.commands()] == [CommandState.ENDED] * 2
    assert sorted(n["stage"] for n in told) == ["end", "end", "start", "start"]
