"""The DCC goes away in mid-evening and does not come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from linkbox.control.ledger import EntryState
from linkbox.operation.entities import Command, CommandKind, CommandState
from tests.study.evenings import SHORT, Ended, live_through


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """Away from 00:50: the first order was answered, what the herd needs later can not be sent."""
    ended = live_through(replace(SHORT, emulator_stops_at="00:50", hours=2.0), tmp_path_factory.mktemp("gone"))
    yield ended
    ended.evening.store.close()


@pytest.fixture(scope="module")
def gone_in_mid_order(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """Away seconds after the first order left: it is under way to the devices, and few of its answers come."""
    ended = live_through(replace(SHORT, emulator_stops_at="00:39:04", hours=2.0), tmp_path_factory.mktemp("mid"))
    yield ended
    ended.evening.store.close()


def holds(ended: Ended) -> list[Command]:
    every = [Command.from_row(row) for row in ended.evening.store.rows("command")]
    return [c for c in every if c.kind is CommandKind.HOLD]


def test_commands_that_could_not_be_sent_end_as_timed_out_with_the_reason(gone: Ended) -> None:
    stopped = gone.scenario.at_clock("00:50")
    late = [c for c in holds(gone) if c.decided_at >= stopped]
    assert late
    for command in late:
        assert command.state is CommandState.REFUSED
        assert command.outcome is not None
        assert command.outcome.startswith("timed out before anything could be switched")
        assert "DCC could not be reached: connection refused" in command.outcome


def test_minutes_of_commands_that_were_never_sent_are_given_back(gone: Ended) -> None:
    entries = [gone.evening.controller.desk.ledger.entry(c.id) for c in holds(gone) if c.state is CommandState.REFUSED]
    assert entries
    for entry in entries:
        assert entry is not None
        assert (entry.state, entry.start) == (EntryState.RELEASED, entry.end)


def test_only_what_a_device_confirmed_is_counted_as_curtailed(gone: Ended) -> None:
    confirmed = {c.mpan for c in holds(gone) if c.confirmed}
    assert gone.facts["customers_curtailed"] == len(confirmed) > 0
    assert gone.truly_held() == confirmed
    assert gone.facts["unconfirmed_holds"] == 0


def assert_about_the_dcc(escalation: dict[str, Any]) -> None:
    assert "could not be sent" in escalation["why"]
    assert "DCC could not be reached" in escalation["why"]
    assert sum(escalation["missing_a"]) > 0.0


def test_intervention_says_what_it_could_not_do_and_is_escalated(gone: Ended) -> None:
    unsent, short, lost = gone.facts["escalations"]  # in the order in which they were raised: the later hides none
    assert_about_the_dcc(unsent)
    assert "can not be shed" in short["why"]
    assert lost["why"].startswith("L1 carries no current any more")
    (intervention,) = gone.facts["interventions"]
    assert intervention["escalated"]
    assert any("commands failed" in line for line in intervention["story"])
    for escalation in (unsent, short, lost):
        assert any(f"ESCALATED: {escalation['why']}" in line for line in intervention["story"])
    assert gone.facts["fuse_blown_at"] is not None  # nobody hides it: nothing could be done any more


def test_everybody_is_told_within_minutes_that_the_dcc_is_silent(gone: Ended) -> None:
    first = min(c.decided_at for c in holds(gone) if c.decided_at >= gone.scenario.at_clock("00:50"))
    audited = [r for r in gone.evening.audit() if (r.stream, r.kind) == ("escalation", "raised")]
    (raised,) = [r.at for r in audited if "DCC could not be reached" in str((r.facts or {})["why"])]
    assert raised == audited[0].at, "it is told before the supply is lost"
    assert raised - first <= timedelta(seconds=60)


def test_chargers_held_before_the_dcc_went_away_come_back_by_themselves(gone: Ended) -> None:
    last = max(c.end for c in holds(gone) if c.confirmed)
    spans = [span for spans in gone.evening.world.open_spans().values() for span in spans]
    poll_s = 60.0  # a switch learns of the end at its next poll at the latest
    assert spans
    assert max(end for _, end, _ in spans) <= last.timestamp() + poll_s
    assert gone.facts["chargers_free_at_end"]


def test_every_promise_is_kept_without_the_dcc(gone: Ended, gone_in_mid_order: Ended) -> None:
    for ended in (gone, gone_in_mid_order):
        assert [name for name, kept in ended.facts["invariants"].items() if not kept] == []
        assert ended.uncovered == []


def test_commands_under_way_when_the_dcc_went_away_are_unknown_and_count_in_full(gone_in_mid_order: Ended) -> None:
    unknown = [c for c in holds(gone_in_mid_order) if c.ended_by == "unknown"]
    assert unknown
    for command in unknown:
        entry = gone_in_mid_order.evening.controller.desk.ledger.entry(command.id)
        assert entry is not None
        assert (entry.start, entry.end) == (entry.reserved_start, entry.reserved_end)
        assert entry.end - entry.start > timedelta(seconds=command.duration_s)
    assert gone_in_mid_order.facts["unconfirmed_holds"] == len(unknown)


def test_devices_that_acted_unseen_are_not_counted_as_curtailed(gone_in_mid_order: Ended) -> None:
    unknown = {c.mpan for c in holds(gone_in_mid_order) if c.ended_by == "unknown"}
    assert unknown & gone_in_mid_order.truly_held()  # the truth, which nobody could prove
    confirmed = {c.mpan for c in holds(gone_in_mid_order) if c.confirmed}
    assert gone_in_mid_order.facts["customers_curtailed"] == len(confirmed)
