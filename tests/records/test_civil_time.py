"""British civil time, in words."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.records.civil_time import british_time, clock_words, day_words, minutes_words, span_words

FIRST = datetime(1998, 1, 1, tzinfo=UTC)
instants = st.integers(0, 40 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))


@given(instants)
def test_british_time_is_that_of_the_zone_database(at: datetime) -> None:
    try:
        london = zoneinfo.ZoneInfo("Europe/London")
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("this machine has no zone database")
    assert british_time(at) == at.astimezone(london).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("utc", "words"),
    [
        ("2026-01-14T02:14", "2:14 am"),
        ("2026-01-14T00:30", "12:30 am"),
        ("2026-01-14T00:00", "12 midnight"),
        ("2026-01-14T12:00", "12 noon"),
        ("2026-01-14T18:00", "6 pm"),
        ("2026-07-14T18:00", "7 pm"),
    ],
)
def test_clock_times_read_as_people_say_them(utc: str, words: str) -> None:
    assert clock_words(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == words


def test_a_span_names_the_day_once_unless_it_crosses_midnight() -> None:
    start = datetime(2026, 1, 13, 23, 40, tzinfo=UTC)
    assert span_words(start, start + timedelta(minutes=10)) == "11:40 pm to 11:50 pm on Tuesday 13 January"
    across = "11:40 pm on Tuesday 13 January to 12:10 am on Wednesday 14 January"
    assert span_words(start, start + timedelta(minutes=30)) == across
    assert day_words(start) == "Tuesday 13 January"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (1800, "30 minutes"),
        (3600, "1 hour"),
        (5401, "1 hour 31 minutes"),
        (7200, "2 hours"),
    ],
)
def test_durations_are_rounded_up_to_the_minute(seconds: int, words: str) -> None:
    assert minutes_words(timedelta(seconds=seconds)) == words
