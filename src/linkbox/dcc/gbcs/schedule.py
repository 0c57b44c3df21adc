"""The switching calendar of a meter: rows of a schedule, special days, and dates with wildcards.

Source: reference dcc.md section 5.6, ECS61a.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from enum import IntEnum

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.data import Array, Bits, Boolean, Data, Number, Octets, Structure, Tag, uint8, uint16
from linkbox.dcc.gbcs.levels import Level, read_level
from linkbox.dcc.gbcs.objects import SLOTS, SWITCH_SCRIPTS, require_slot

_LEVEL_FLAG = 0x80
_ON, _OFF = 1, 2
_NO_WINDOW = 0xFFFF
_ANY_YEAR, _ANY = 0xFFFF, 0xFF
_TIME_OCTETS, _DATE_OCTETS = 4, 5
_HUNDREDTH_US = 10_000
LAST_DAY, SECOND_LAST_DAY = 0xFE, 0xFD
"""Days of a month, counted from its end (of the weekday given, if one is)."""
SUMMER_TIME_BEGINS, SUMMER_TIME_ENDS = 0xFE, 0xFD
"""Months that the clock change names."""


class Weekday(IntEnum):
    """Monday is 1."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDate:
    """A date in which None stands for every year, month, day or weekday."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: Weekday | None = None

    def __post_init__(self) -> None:
        months = (*range(1, 13), SUMMER_TIME_BEGINS, SUMMER_TIME_ENDS)
        days = (*range(1, 32), LAST_DAY, SECOND_LAST_DAY)
        if self.year is not None and not 0 <= self.year < _ANY_YEAR:
            raise LocalProtocolError(f"year {self.year}", f"must be within 0..{_ANY_YEAR - 1}")
        if self.month is not None and self.month not in months:
            raise LocalProtocolError(f"month {self.month}", "must be within 1..12, or a clock change")
        if self.day is not None and self.day not in days:
            raise LocalProtocolError(f"day {self.day}", "must be within 1..31, or count from the end")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """A day on which other rows of the schedule apply."""

    index: int
    date: CalendarDate
    day_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchAction:
    """What a row does, before GBCS 4: close (``on``) or open switch ``number`` (1..5)."""

    number: int
    on: bool

    def __post_init__(self) -> None:
        require_slot(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """At ``at`` (UTC) do ``action``: on the ``weekdays`` from ``begin`` to ``end``, and on special day n if
    ``special_days[n]``. One flag for each special day that is defined."""

    index: int
    enabled: bool
    action: SwitchAction | Level
    at: time
    weekdays: frozenset[Weekday]
    special_days: tuple[bool, ...]
    begin: CalendarDate
    end: CalendarDate

    def __post_init__(self) -> None:
        if self.at.microsecond % _HUNDREDTH_US or self.at.tzinfo is not None:
            raise LocalProtocolError(f"switch time {self.at}", "must be in hundredths of a second, without a zone")


def encode_schedule(rows: Sequence[ScheduleRow]) -> Data:
    """The value of the schedule object."""
    return Array(tuple(_encode_row(row) for row in rows))


def read_schedule(data: Data) -> tuple[ScheduleRow, ...]:
    """The inverse of ``encode_schedule``; raise RemoteProtocolError for anything else."""
    return tuple(_read_row(item) for item in _items(data, "schedule"))


def encode_special_days(days: Sequence[SpecialDay]) -> Data:
    """The value of the special days object."""
    return Array(
        tuple(Structure((uint16(d.index), Octets(_date_octets(d.date)), uint8(d.day_id))) for d in days),
    )


def read_special_days(data: Data) -> tuple[SpecialDay, ...]:
    """The inverse of ``encode_special_days``; raise RemoteProtocolError for anything else."""
    return tuple(_read_special_day(item) for item in _items(data, "special days"))


def _items(data: Data, what: str) -> tuple[Data, ...]:
    if not isinstance(data, Array):
        raise RemoteProtocolError(what, "must be an array")
    return data.items


def _read_special_day(data: Data) -> SpecialDay:
    match data:
        case Structure((Number(Tag.UINT16, index), Octets(date), Number(Tag.UINT8, day_id))):
            return SpecialDay(index=index, date=_read_date(date), day_id=day_id)
    raise RemoteProtocolError("special day", "must be a structure of index, date and day id")


def _encode_row(row: ScheduleRow) -> Data:
    return Structure(
        (
            uint16(row.index),
            Boolean(row.enabled),
            Octets(SWITCH_SCRIPTS.obis),
            uint16(_action_code(row.action)),
            Octets(bytes((row.at.hour, row.at.minute, row.at.second, row.at.microsecond // _HUNDREDTH_US))),
            uint16(_NO_WINDOW),
            Bits("".join("01"[day in row.weekdays] for day in Weekday)),
            Bits("".join("01"[flag] for flag in row.special_days)),
            Octets(_date_octets(row.begin)),
            Octets(_date_octets(row.end)),
        )
    )


def _read_row(data: Data) -> ScheduleRow:
    match data:
        case Structure(
            (
                Number(Tag.UINT16, index),
                Boolean(enabled),
                Octets(SWITCH_SCRIPTS.obis),
                Number(Tag.UINT16, code),
                Octets(at),
                Number(Tag.UINT16, window),
                Bits(weekdays),
                Bits(special_days),
                Octets(begin),
                Octets(end),
            )
        ) if window == _NO_WINDOW and len(weekdays) == len(Weekday):
            return ScheduleRow(
                index=index,
                enabled=enabled,
                action=_read_action(code),
                at=_read_time(at),
                weekdays=frozenset(day for day, flag in zip(Weekday, weekdays, strict=True) if flag == "1"),
                special_days=tuple(flag == "1" for flag in special_days),
                begin=_read_date(begin),
                end=_read_date(end),
            )
    raise RemoteProtocolError("schedule row", "must be a structure of the ten parts that GBCS says")


def _action_code(action: SwitchAction | Level) -> int:
    if isinstance(action, SwitchAction):
        return action.number << 8 | (_ON if action.on else _OFF)
    return action.controller_code << 8 | _LEVEL_FLAG | action.level_percent


def _read_action(code: int) -> SwitchAction | Level:
    number, what = divmod(code, 0x100)
    if what & _LEVEL_FLAG:
        return read_level(number, what & ~_LEVEL_FLAG)
    if what not in (_ON, _OFF) or not 1 <= number <= SLOTS:
        raise RemoteProtocolError("schedule row", f"must switch one of {SLOTS} on or off, or set a level: {code:04X}")
    return SwitchAction(number=number, on=what == _ON)


def _read_time(octets: bytes) -> time:
    try:
        hour, minute, second, hundredth = octets
        return time(hour, minute, second, hundredth * _HUNDREDTH_US)
    except ValueError:
        raise RemoteProtocolError("switch time", f"must be a time of day in 4 octets: {octets.hex()}") from None


def _date_octets(date: CalendarDate) -> bytes:
    year = _ANY_YEAR if date.year is None else date.year
    rest = (_ANY if part is None else part for part in (date.month, date.day, date.weekday))
    return year.to_bytes(2) + bytes(rest)


def _read_date(octets: bytes) -> CalendarDate:
    if len(octets) != _DATE_OCTETS:
        raise RemoteProtocolError("calendar date", f"must be {_DATE_OCTETS} octets: {octets.hex()}")
    year = int.from_bytes(octets[:2])
    month, day, weekday = (None if octet == _ANY else octet for octet in octets[2:])
    try:
        return CalendarDate(
            year=None if year == _ANY_YEAR else year,
            month=month,
            day=day,
            weekday=None if weekday is None else Weekday(weekday),
        )
    except (LocalProtocolError, ValueError):
        raise RemoteProtocolError(
            "calendar date", f"must have a possible month, day, weekday: {octets.hex()}"
        ) from None
