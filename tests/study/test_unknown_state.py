"""What not knowing costs, against the network reference's figures (section 6.4)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from linkbox.operation.entities import Command, CommandKind
from linkbox.study.evening import prepare, run_controlled
from linkbox.study.scenario import Scenario
from linkbox.study.unknown_state import compare, open_loop
from tests.app_wire.tool import linkbox, right


@pytest.mark.parametrize(
    ("chargers", "probability", "need", "opened", "closed"),
    # of the reference's table: 12.0 and 7.3; 24.0 and 17.0; 40 (all) and 23.4
    [(15, 0.35, 2, 12, 7.3), (40, 0.35, 5, 24, 17.0), (40, 0.15, 3, 40, 23.4)],
)
def test_closing_the_loop_commands_as_many_fewer_as_the_reference_found(
    chargers: int, probability: float, need: int, opened: int, closed: float
) -> None:
    found = compare(chargers, probability, need, runs=150, seed=2)
    assert found.open_loop == opened
    assert found.closed_loop == pytest.approx(closed, rel=0.15)
    assert need < found.with_habits < found.closed_loop
    assert 1.0 <= found.minutes < 2.5


def test_open_loop_by_hand() -> None:
    # of two that draw with one half, one draws with 3/4, of four with 15/16 = 0.9375, of five with 31/32 = 0.969
    assert open_loop(9, 0.5, 1) == 5
    assert open_loop(3, 0.5, 1) == 3


def test_the_command_tells_it_as_a_table() -> None:
    lines = right("prove", "closed-loop", "--runs", 10).text.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        ["15", "35%", "2", "12"],
        ["40", "35%", "5", "24"],
        ["40", "15%", "3", "40"],
    ]
    assert linkbox("prove", "closed-loop", "--runs", 0).code == 2


def test_most_of_those_who_are_freed_because_they_do_not_draw_truly_do_not(tmp_path: Path) -> None:
    scenario = Scenario(seed=1, starts="23:30", hours=2.5, provider="none")
    prepare(scenario, tmp_path)
    evening = asyncio.run(run_controlled(scenario, tmp_path, direct=True))
    place = {home.point.mpan: n for n, home in enumerate(evening.people.homes)}
    commands = {row.key: Command.from_row(row) for row in evening.store.rows("command")}
    idle = [c for c in commands.values() if c.kind is CommandKind.RESET and c.reason.startswith("shown not to draw")]
    wrong = 0
    for reset in idle:
        hold = commands[str(reset.target)]
        before = [minute for minute in evening.world.truth if minute.at <= hold.start][-1]
        wrong += bool(before.drawing[place[reset.mpan]])
    assert idle
    assert wrong <= len(idle) / 2
    assert evening.world.street.truth().fuse_blown_at is None
    evening.store.close()
