"""Bank holidays as the government published them (gov.uk/bank-holidays, England and Wales)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from linkbox.grid.holidays import bank_holidays, easter_sunday, is_bank_holiday
from linkbox.grid.profile import BINS, slot_of

PUBLISHED = {
    2020: "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    2021: "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    2022: "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    2023: "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_bank_holidays_are_those_that_were_published(year: int) -> None:
    assert sorted(f"{d:%m-%d}" for d in bank_holidays(year)) == PUBLISHED[year].split()


def test_easter_is_where_the_tables_have_it() -> None:
    # dates of Easter of the US Naval Observatory's table; 2285 is the earliest possible, 22 March
    assert [easter_sunday(y) for y in (1981, 2000, 2038, 2285)] == [
        date(1981, 4, 19),
        date(2000, 4, 23),
        date(2038, 4, 25),
        date(2285, 3, 22),
    ]


def test_the_load_of_a_bank_holiday_is_learned_with_the_week_ends() -> None:
    assert slot_of(datetime(2026, 5, 4, 12, 0, tzinfo=UTC)) >= BINS  # a Monday
    assert slot_of(datetime(2026, 5, 5, 12, 0, tzinfo=UTC)) < BINS
    assert not is_bank_holiday(date(2026, 5, 5))
