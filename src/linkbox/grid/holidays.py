"""Bank holidays of England and Wales, worked out: days on which the load is that of a week-end.

Those of the Banking and Financial Dealings Act 1971 and of the proclamations that have become usual (New Year's Day,
early May), with their substitutes when they fall on a week-end; and the single days and moves of the last years, which
nothing can work out. Scotland and Northern Ireland have others: there the profile learns them as working days.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

_SINGLE = (date(2011, 4, 29), date(2012, 6, 5), date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8))
_MOVED = {
    date(1995, 5, 1): date(1995, 5, 8),
    date(2012, 5, 28): date(2012, 6, 4),
    date(2020, 5, 4): date(2020, 5, 8),
    date(2022, 5, 30): date(2022, 6, 2),
}


def is_bank_holiday(day: date) -> bool:
    """Whether ``day`` is one."""
    return day in bank_holidays(day.year)


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """All of a year."""
    easter = easter_sunday(year)
    days = {
        _or_next_working_day(date(year, 1, 1)),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _monday(date(year, 5, 1)),
        _monday(date(year, 5, 25)),
        _monday(date(year, 8, 25)),
    }
    christmas = _or_next_working_day(date(year, 12, 25))
    boxing = date(year, 12, 26)
    while boxing.isoweekday() > 5 or boxing == christmas:
        boxing += timedelta(days=1)
    days = {_MOVED.get(day, day) for day in days}
    return frozenset(days | {christmas, boxing} | {day for day in _SINGLE if day.year == year})


def easter_sunday(year: int) -> date:
    """Of the Gregorian calendar. Source: the anonymous algorithm (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    j, k = c // 4, c % 4
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * j - k - h + m + 32) % 7
    n = (h - m + r + 90) // 25
    return date(year, n, (h - m + r + n + 19) % 32)


def _monday(first: date) -> date:
    """The first Monday on or after a day."""
    return first + timedelta(days=-first.weekday() % 7)


def _or_next_working_day(day: date) -> date:
    return day + timedelta(days=max(0, 8 - day.isoweekday()) if day.isoweekday() > 5 else 0)
