"""The clocks of NF10: worked examples from the words of the requirement."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.records.clocks import TABLE, ClockEvent, ClockState, Decision, read_clock, read_clocks

FEEDER = "F1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T19:00").replace(tzinfo=UTC)


def decided(
    event: ClockEvent, on: str, until: str | None = None, by: tuple[str, ...] = ("A. Able", "B. Best")
) -> Decision:
    end = None if until is None else date.fromisoformat(until)
    return Decision(feeder_id=FEEDER, event=event, on=date.fromisoformat(on), by=by, reason="winter peak", until=end)


USED = [at("2026-01-13"), at("2026-02-03")]
REINFORCE = decided(ClockEvent.DECIDED_TO_REINFORCE, "2026-05-10")


@pytest.mark.parametrize(
    ("used", "decisions", "on", "state", "due", "warning"),
    [
        (["2026-01-13", "2026-01-20"], [], "2026-01-31", "not_running", None, None),
        (["2026-01-13", "2026-03-02"], [], "2026-03-31", "not_running", None, None),  # not consecutive
        # First month of consistent use: January. Six months from its end: the whole of July is left, August is late.
        (["2026-01-13", "2026-02-03"], [], "2026-02-03", "deciding", "2026-08-01", None),
        (["2026-01-13", "2026-02-03"], [], "2026-06-02", "deciding", "2026-08-01", 60),
        (["2026-01-13", "2026-02-03"], [], "2026-07-02", "deciding", "2026-08-01", 30),
        (["2026-01-13", "2026-02-03"], [], "2026-07-25", "deciding", "2026-08-01", 7),
        (["2026-01-13", "2026-02-03"], [], "2026-07-31", "deciding", "2026-08-01", 7),
        (["2026-01-13", "2026-02-03"], [], "2026-08-01", "decision_overdue", "2026-08-01", None),
        (["2026-01-13", "2026-02-03"], ["market"], "2026-09-01", "solved", None, None),
        (["2026-01-13", "2026-02-03"], ["reinforce"], "2026-09-01", "building", "2027-05-10", None),
        (["2026-01-13", "2026-02-03"], ["reinforce"], "2027-05-10", "works_overdue", "2027-05-10", None),
        (["2026-01-13", "2026-02-03"], ["reinforce", "done"], "2027-05-10", "solved", None, None),
        (["2026-01-13", "2026-02-03"], ["override"], "2026-09-01", "decision_overridden", "2026-10-01", 30),
        (["2026-01-13", "2026-02-03"], ["override"], "2026-10-01", "decision_overdue", "2026-10-01", None),
    ],
)
def test_the_clock_stands_where_the_requirement_puts_it(
    used: list[str], decisions: list[str], on: str, state: str, due: str | None, warning: int | None
) -> None:
    known = {
        "market": decided(ClockEvent.MARKET_SOLUTION, "2026-05-10"),
        "reinforce": REINFORCE,
        "done": decided(ClockEvent.REINFORCED, "2027-03-01"),
        "override": decided(ClockEvent.OVERRIDE, "2026-08-05", "2026-10-01"),
    }
    made = [known[name] for name in decisions]
    reading = read_clock(FEEDER, [at(day) for day in used], made, on=date.fromisoformat(on))
    assert (reading.state.value, reading.due_day, reading.warning) == (state, due, warning)


def test_use_beyond_the_clock_is_counted_unless_it_was_overridden() -> None:
    late = [*USED, at("2026-08-03"), at("2026-08-20"), at("2026-10-02")]
    override = decided(ClockEvent.OVERRIDE, "2026-08-05", "2026-10-01")
    assert read_clock(FEEDER, late, [], on=date(2026, 11, 1)).used_beyond == 3
    reading = read_clock(FEEDER, late, [override], on=date(2026, 11, 1))
    assert reading.used_beyond == 2, "on the 3rd of August, before it, and on the 2nd of October, after it"
    assert "WITHOUT AN OVERRIDE" in reading.words


def test_months_are_british_ones() -> None:
    just_in_july = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    reading = read_clock(FEEDER, [just_in_july, at("2026-08-01")], [], on=date(2026, 8, 2))
    assert (reading.state, reading.first_month) == (ClockState.DECIDING, "2026-07")


def test_a_feeder_that_is_used_again_after_its_solution_starts_anew() -> None:
    solved = decided(ClockEvent.MARKET_SOLUTION, "2026-05-10")
    again = [*USED, at("2026-11-05"), at("2026-12-05")]
    assert read_clock(FEEDER, again[:3], [solved], on=date(2026, 11, 30)).state is ClockState.SOLVED
    reading = read_clock(FEEDER, again, [solved], on=date(2026, 12, 31))
    assert (reading.state, reading.first_month, reading.due) == (ClockState.DECIDING, "2026-11", date(2027, 6, 1))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"by": ("A. Able",)}, {"by"}),
        ({"by": ("A. Able", " a.  able ")}, {"by"}),
        ({"reason": " "}, {"reason"}),
        ({"until": None}, {"until"}),
        ({"until": date(2026, 8, 5), "by": (), "reason": ""}, {"until", "by", "reason"}),
        ({"event": ClockEvent.TIME_OUT}, {"event", "by"}),
    ],
)
def test_an_override_needs_a_reason_two_names_and_an_end(fields: dict[str, object], wrong: set[str]) -> None:
    good = {
        "feeder_id": FEEDER,
        "event": ClockEvent.OVERRIDE,
        "on": date(2026, 8, 5),
        "by": ("A. Able", "B. Best"),
        "reason": "winter",
        "until": date(2026, 9, 1),
    }
    if "event" in fields:
        good["by"] = ()
    with pytest.raises(InvalidInput) as caught:
        Decision(**{**good, **fields})  # type: ignore[arg-type]  # some are wrong on purpose
    assert {issue.where for issue in caught.value.issues} == wrong


def test_limits_that_were_reached_ask_for_generation_by_name() -> None:
    reading = read_clock(FEEDER, USED, [], on=date(2026, 3, 1), limits_reached=2)
    assert "mobile generation or storage" in reading.words


FIRST = date(2026, 1, 1)
KINDS = (ClockEvent.MARKET_SOLUTION, ClockEvent.DECIDED_TO_REINFORCE, ClockEvent.REINFORCED)
day_numbers = st.integers(0, 1000)


@given(
    st.lists(day_numbers, max_size=12),
    st.lists(st.tuples(st.sampled_from(KINDS), day_numbers), max_size=4),
    day_numbers,
)
def test_any_history_in_any_order_gives_one_reading_that_the_table_allows(
    use_days: list[int], decided_days: list[tuple[ClockEvent, int]], on_day: int
) -> None:
    on = FIRST + timedelta(days=on_day)
    used = [at((FIRST + timedelta(days=n)).isoformat()) for n in use_days]
    decisions = [decided(kind, (FIRST + timedelta(days=n)).isoformat()) for kind, n in decided_days]
    reading = read_clock(FEEDER, used, decisions, on=on)
    assert reading == read_clock(FEEDER, used[::-1], sorted(decisions, key=lambda d: d.on), on=on) or len(
        {d.on for d in decisions}
    ) < len(decisions)
    assert reading.state in TABLE.rows
    late = reading.due is not None and reading.due <= on
    assert late == (reading.state in (ClockState.DECISION_OVERDUE, ClockState.WORKS_OVERDUE))
    assert (reading.due is None) == (reading.state in (ClockState.NOT_RUNNING, ClockState.SOLVED))


def test_the_most_urgent_feeder_comes_first() -> None:
    used = {"A": [], "B": USED, "C": [at("2025-11-05"), at("2025-12-05")]}
    readings = read_clocks(used, [], {"D": 1}, on=date(2026, 3, 1))
    assert [r.feeder_id for r in readings] == ["C", "B", "A", "D"]
