"""Request bodies that configure switches and controllers: services 6.14.1, 6.14.2, 6.14.3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from linkbox.base.identifiers import Eui64


class MonthEnd(StrEnum):
    """A day counted from the end of the month."""

    LAST = "LastDayOfMonth"
    SECOND_LAST = "SecondLastDayOfMonth"


class Weekday(StrEnum):
    """The days of the week, as the schema spells them."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDate:
    """A date with wildcards: None is any. ``year`` from 2014, ``day_of_week`` 1..7 from Monday."""

    year: int | None = None
    month: int | None = None
    day_of_month: int | MonthEnd | None = None
    day_of_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDay:
    """Special day ``index`` (1..20): a date with wildcards."""

    index: int
    year: int | None = None
    month: int | None = None
    day_of_month: int | MonthEnd | None = None
    day_of_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchDescription:
    """The label of switch ``index`` (1..5): 1..22 printable ASCII characters."""

    index: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAlcDescriptions:
    """6.14.1: write the labels of one to five switches."""

    descriptions: tuple[SwitchDescription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchScheduleRow:
    """Switch ``index`` (1..5) closes (``activate``) or opens at ``switch_time``, on the days and dates given.

    ``days_of_week`` None leaves the element out, which is not the same text as naming no day.
    """

    index: int
    activate: bool
    switch_time: time
    start: ScheduleDate
    end: ScheduleDate
    special_days: tuple[int, ...] = ()
    days_of_week: tuple[Weekday, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchBinding:
    """What stands behind slot ``index`` (1..5): an HCALCS, or (None) a switch inside the meter."""

    index: int
    hcalcs: Eui64 | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAlcSchedule:
    """6.14.2: replace the switching calendar (1..48 rows), its special days (at most 20) and the slots' bindings."""

    rows: tuple[SwitchScheduleRow, ...]
    special_days: tuple[SpecialDay, ...] = ()
    bindings: tuple[SwitchBinding, ...] = ()
    execution_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerScheduleRow:
    """Controller ``index`` (1..5) goes to ``level_percent`` at ``switch_time``, on the days and dates given."""

    index: int
    level_percent: int
    switch_time: time
    start: ScheduleDate
    end: ScheduleDate
    input_from_load: bool = False
    special_days: tuple[int, ...] = ()
    days_of_week: tuple[Weekday, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateControllerSchedule:
    """6.14.3: replace the controllers' calendar (at most 120 rows) and its special days (at most 20)."""

    rows: tuple[ControllerScheduleRow, ...] = ()
    special_days: tuple[SpecialDay, ...] = ()
    execution_at: datetime | None = None
