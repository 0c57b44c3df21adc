from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import ClockWentBack, ManualClock, NaiveTime, SystemClock, format_utc, parse_utc, require_utc

NOW = datetime(2026, 1, 13, 0, 30, tzinfo=UTC)


@given(st.integers(0, 4 * 10**9).map(lambda s: datetime.fromtimestamp(s, UTC)), st.integers(0, 999_999))
def test_a_time_survives_its_text_form_to_the_millisecond(at: datetime, microsecond: int) -> None:
    at = at.replace(microsecond=microsecond)
    assert abs(parse_utc(format_utc(at)) - at) < timedelta(milliseconds=1)


def test_the_text_form_is_that_of_the_xml_messages() -> None:
    assert format_utc(NOW) == "2026-01-13T00:30:00.000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_text_form_is_what_iso_8601_says_in_any_year(at: datetime) -> None:
    assert format_utc(at) == at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def test_a_naive_time_and_another_zone_are_refused() -> None:
    with pytest.raises(NaiveTime):
        require_utc(NOW.replace(tzinfo=None))
    with pytest.raises(NaiveTime):
        require_utc(NOW.astimezone(timezone(timedelta(hours=1))))
    with pytest.raises(NaiveTime):
        parse_utc("2026-01-13T00:30:00")


def test_a_manual_clock_never_goes_back() -> None:
    clock = ManualClock(NOW)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(ClockWentBack, match="can not go back"):
        clock.move_to(NOW)


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert require_utc(SystemClock().now())


def test_bad_input_lists_every_issue_and_can_not_be_empty() -> None:
    issues = [
        Issue(where="Lines.txt:3", value="x", rule="unknown line code"),
        Issue(where="L:4", value="y", rule="loop"),
    ]
    assert str(InvalidInput("feeder", issues)).count("\n") == 2
    with pytest.raises(ValueError, match="at least one issue"):
        InvalidInput("feeder", [])
