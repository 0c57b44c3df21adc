"""How a customer wants to be told."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.records.civil_time import british_time
from linkbox.records.contact import Channel, Contact, Language, QuietHours

NIGHT = QuietHours(start=time(22), end=time(7))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware at once
clock_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def contact(**fields: object) -> Contact:
    return Contact(**{"channel": Channel.SMS, "quiet": NIGHT, **fields})  # type: ignore[arg-type]  # plain keywords


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-01-13T21:59", "2026-01-13T21:59"),
        ("2026-01-13T22:00", "2026-01-14T07:00"),
        ("2026-01-14T06:59", "2026-01-14T07:00"),
        ("2026-07-14T02:00", "2026-07-14T06:00"),  # British summer time
        ("2026-03-28T23:00", "2026-03-29T06:00"),  # the clocks go forward that night
        ("2026-10-24T22:30", "2026-10-25T07:00"),  # and back that night
    ],
)
def test_quiet_hours_are_british_civil_time(at: str, until: str) -> None:
    found = NIGHT.over_at(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(until).replace(tzinfo=UTC)


@given(moments, clock_times, clock_times)
def test_quiet_hours_always_end_within_a_day_outside_themselves(at: datetime, start: time, end: time) -> None:
    until = QuietHours(start=start, end=end).over_at(at)
    assert at <= until
    assert (until - at).total_seconds() <= 25 * 3600
    assert until == at or british_time(until).time() in (end, british_time(until).time())


def test_what_can_wait_waits_and_what_can_not_comes_by_choice() -> None:
    night = datetime(2026, 1, 14, 2, 0, tzinfo=UTC)
    morning = datetime(2026, 1, 14, 7, 0, tzinfo=UTC)
    assert contact().not_before(night, urgent=False) == morning
    assert contact().not_before(night, urgent=True) == night
    assert contact(start_in_quiet=False).not_before(night, urgent=True) == morning
    assert contact(channel=Channel.WEBHOOK).not_before(night, urgent=False) == night
    assert contact(quiet=None).not_before(night, urgent=False) == night


@given(
    st.builds(
        Contact,
        channel=st.sampled_from(Channel),
        address=st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=30),
        language=st.sampled_from(Language),
        quiet=st.none() | st.builds(QuietHours, start=clock_times, end=clock_times),
        start_in_quiet=st.booleans(),
        ahead=st.booleans(),
    )
)
def test_a_contact_survives_its_record(made: Contact) -> None:
    assert Contact.from_record(made.to_record()) == made


def test_everything_that_is_wrong_with_a_contact_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        Contact.from_record({"channel": "pigeon", "address": "a\nb", "language": "xx", "quiet": ["25:00", "x"]})
    wrong = {issue.where for issue in caught.value.issues}
    assert wrong == {"channel", "address", "language", "quiet", "start_in_quiet", "ahead"}
