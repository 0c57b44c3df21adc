from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import FeederId
from linkbox.base.statetable import ImpossibleEvent
from linkbox.control.intervention import TABLE, WAITING, Intervention, InterventionEvent, InterventionState

NOW = datetime(2026, 1, 13, 0, 40, tzinfo=UTC)


def opened() -> Intervention:
    return Intervention(
        id="LB-1",
        feeder_id=FeederId("F1"),
        opened_at=NOW,
        since=NOW,
        limiting_asset="fuse",
        limiting_phase="L1",
        time_to_limit_s=float("inf"),
        baseline_a=(310.0, 200.0, 180.0),
        required_a=(60.0, 0.0, 0.0),
    )


def test_every_state_but_the_two_ends_can_be_left() -> None:
    assert TABLE.final == {InterventionState.CLOSED, InterventionState.ABORTED}


@pytest.mark.parametrize("state", sorted(WAITING))
def test_an_operators_stop_is_possible_in_every_waiting_state(state: InterventionState) -> None:
    assert InterventionEvent.STOP in TABLE.rows[state]


def test_after_a_stop_while_holding_everyone_is_released_before_the_end() -> None:
    state = TABLE.next(InterventionState.HOLDING, InterventionEvent.STOP)
    assert state is InterventionState.RELEASING
    assert TABLE.next(state, InterventionEvent.ALL_FREE) is InterventionState.CLOSED


def test_no_path_leads_to_commands_without_the_market_having_been_asked_or_found_absent() -> None:
    into_planned = {e for row in TABLE.rows.values() for e, s in row.items() if s is InterventionState.PLANNED}
    assert into_planned == {
        InterventionEvent.NO_COVER,
        InterventionEvent.SHORTFALL,
        InterventionEvent.TIME_OUT,
        InterventionEvent.ERROR,
    }
    into_commanding = {s for s, row in TABLE.rows.items() if InterventionState.COMMANDING in row.values()}
    assert into_commanding == {InterventionState.PLANNED, InterventionState.AWAITING_AUTHORISATION}


def test_a_closed_intervention_can_not_be_commanded() -> None:
    closed = opened().apply(InterventionEvent.RISK_GONE, NOW, "load fell")
    assert not closed.open
    assert closed.closed_at == NOW
    with pytest.raises(ImpossibleEvent):
        closed.apply(InterventionEvent.AUTHORISED, NOW, "no")


@given(st.lists(st.sampled_from(list(InterventionEvent)), max_size=12))
def test_any_history_survives_the_store(events: list[InterventionEvent]) -> None:
    value, at = opened(), NOW
    for event in events:
        at += timedelta(seconds=30)
        if event in TABLE.rows[value.state]:
            value = value.apply(event, at, "because", deadline_at=at + timedelta(seconds=60))
    assert Intervention.from_record(json.loads(json.dumps(value.to_record()))) == value
