"""What not knowing costs, against the network reference's figures (section 6.4)."""

from __future__ import annotations

import pytest

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
