from __future__ import annotations

from enum import StrEnum

import pytest

from linkbox.base.statetable import ImpossibleEvent, IncompleteTable, StateTable


class Lamp(StrEnum):
    OFF = "off"
    WAITING = "waiting"
    ON = "on"


class Event(StrEnum):
    PRESS = "press"
    TIMEOUT = "timeout"


ROWS = {
    Lamp.OFF: {Event.PRESS: Lamp.WAITING},
    Lamp.WAITING: {Event.PRESS: Lamp.ON, Event.TIMEOUT: Lamp.OFF},
    Lamp.ON: {},
}


def table(rows: dict[Lamp, dict[Event, Lamp]]) -> StateTable[Lamp, Event]:
    return StateTable("lamp", Lamp.OFF, rows, frozenset({Lamp.WAITING}), frozenset({Event.TIMEOUT}))


def test_a_complete_table_says_what_comes_next() -> None:
    assert table(ROWS).next(Lamp.WAITING, Event.PRESS) is Lamp.ON
    assert table(ROWS).final == {Lamp.ON}


def test_an_event_without_a_row_is_impossible_and_named() -> None:
    with pytest.raises(ImpossibleEvent, match="'timeout' is impossible in state 'on'"):
        table(ROWS).next(Lamp.ON, Event.TIMEOUT)


def test_a_waiting_state_without_its_timeout_row_can_not_be_built() -> None:
    with pytest.raises(IncompleteTable, match="waiting state waiting has no row for timeout"):
        table({**ROWS, Lamp.WAITING: {Event.PRESS: Lamp.ON}})


def test_a_state_that_nothing_leads_to_can_not_be_built() -> None:
    with pytest.raises(IncompleteTable, match="state on can not be reached"):
        table({**ROWS, Lamp.WAITING: {Event.TIMEOUT: Lamp.OFF}})


def test_a_state_without_a_row_can_not_be_built() -> None:
    with pytest.raises(IncompleteTable, match="no row for state on"):
        table({Lamp.OFF: ROWS[Lamp.OFF], Lamp.WAITING: ROWS[Lamp.WAITING]})


def test_the_diagram_shows_every_row() -> None:
    assert table(ROWS).mermaid().count("-->") == 1 + 3 + 1
