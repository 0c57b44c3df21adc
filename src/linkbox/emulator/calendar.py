"""The switching calendar of a meter: which level it demands of a slot at a time, and when that changes next.

Rows apply on their weekdays within their season, or on the special days that they name; on a special day only rows that
name it apply (inferred: reference dcc.md has the encoding, not the semantics). The last row before a time decides.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.schedule import (
    LAST_DAY,
    SECOND_LAST_DAY,
    CalendarDate,
    ScheduleRow,
    SpecialDay,
    SwitchAction,
    Weekday,
)

_DAYS = 8
"""How far to look back and ahead: a week, so that a row for one weekday is found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Rows and special days. ``default_percent`` is what holds where no row has said anything within a week."""

    rows: tuple[ScheduleRow, ...] = ()
    special_days: tuple[SpecialDay, ...] = ()
    default_percent: int = 100

    def percent(self, number: int, at: datetime) -> int:
        """The level that the calendar demands of slot ``number`` (1..5) at ``at``, in percent."""
        if not self.rows:
            return self.default_percent
        for back in range(_DAYS):
            day = (at - timedelta(days=back)).date()
            past = [row for row in self._rows_of(number, day) if _moment(day, row) <= at]
            if past:
                return _percent(max(past, key=lambda row: (row.at, row.index)))
        return self.default_percent

    def next_switch(self, number: int, at: datetime) -> datetime | None:
        """When a row for slot ``number`` next applies after ``at``; None if none does within a week."""
        for ahead in range(_DAYS if self.rows else 0):
            day = (at + timedelta(days=ahead)).date()
            coming = [moment for row in self._rows_of(number, day) if (moment := _moment(day, row)) > at]
            if coming:
                return min(coming)
        return None

    def _rows_of(self, number: int, day: date) -> Iterator[ScheduleRow]:
        special = next((n for n, s in enumerate(self.special_days) if _is(day, s.date)), None)
        for row in self.rows:
            if row.enabled and _number(row) == number and _in_season(day, row) and _on_day(day, row, special):
                yield row


def _moment(day: date, row: ScheduleRow) -> datetime:
    return datetime.combine(day, row.at, tzinfo=UTC)


def _number(row: ScheduleRow) -> int | None:
    """The slot that a row switches; None for one that sets a level from the load back."""
    if isinstance(row.action, Level) and row.action.direction is Direction.INPUT:
        return None
    return row.action.number


def _percent(row: ScheduleRow) -> int:
    if isinstance(row.action, SwitchAction):
        return 100 if row.action.on else 0
    return row.action.level_percent


def _on_day(day: date, row: ScheduleRow, special: int | None) -> bool:
    if special is not None:
        return special < len(row.special_days) and row.special_days[special]
    return Weekday(day.isoweekday()) in row.weekdays


def _in_season(day: date, row: ScheduleRow) -> bool:
    """Whether ``day`` lies from begin to end, both included. Without a year the season comes round every year."""
    begin, end = _ordinal(row.begin, day, first=True), _ordinal(row.end, day, first=False)
    here = (day.year, day.month, day.day)
    yearly = row.begin.year is None and row.end.year is None
    if yearly and begin > end:  # over the turn of the year
        return here >= begin or here <= end
    return begin <= here <= end


def _ordinal(bound: CalendarDate, day: date, *, first: bool) -> tuple[int, int, int]:
    """A bound as year, month, day; parts that are not specified do not bind."""
    month = bound.month if bound.month is not None and bound.month <= 12 else None
    year = bound.year if bound.year is not None else day.year
    chosen = month if month is not None else (1 if first else 12)
    if month is None and bound.year is None:
        year, chosen = (0, 1) if first else (9999, 12)
    wanted = _day_of_month(bound.day, year, chosen)
    return year, chosen, wanted if wanted is not None else (1 if first else 31)


def _day_of_month(day: int | None, year: int, month: int) -> int | None:
    if day not in (LAST_DAY, SECOND_LAST_DAY) or not 1 <= year <= 9999:
        return day
    return monthrange(year, month)[1] - (0 if day == LAST_DAY else 1)


def _is(day: date, wanted: CalendarDate) -> bool:
    return (
        wanted.year in (None, day.year)
        and wanted.month in (None, day.month)
        and _day_of_month(wanted.day, day.year, day.month) in (None, day.day)
        and wanted.weekday in (None, day.isoweekday())
    )
