"""From the calendars of DUIS (6.14.2, 6.14.3) to those of GBCS (ECS46c, ECS46d)."""

from __future__ import annotations

from datetime import UTC, datetime

from linkbox.dcc.duis.bodies import (
    ControllerScheduleRow,
    MonthEnd,
    ScheduleDate,
    SpecialDay,
    SwitchBinding,
    SwitchScheduleRow,
    UpdateAlcSchedule,
    UpdateControllerSchedule,
    Weekday,
)
from linkbox.dcc.gbcs import ecs46, schedule
from linkbox.dcc.gbcs.controllers import ALCS, Controller, hcalcs
from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.objects import SLOT_NUMBERS
from linkbox.dcc.gbcs.times import Activation

CANCELLED_AT = datetime(3000, 12, 31, tzinfo=UTC)
"""The execution time that cancels a calendar which still waits, as the published messages show it."""

_WEEKDAYS = dict(zip(Weekday, schedule.Weekday, strict=True))
_MONTH_ENDS = {MonthEnd.LAST: schedule.LAST_DAY, MonthEnd.SECOND_LAST: schedule.SECOND_LAST_DAY}


def switch_calendar(body: UpdateAlcSchedule) -> ecs46.WriteSwitchCalendar:
    """The command that 6.14.2 asks for."""
    rows = (
        _row(number, row, schedule.SwitchAction(number=row.index, on=row.activate), body.special_days)
        for number, row in enumerate(body.rows, 1)
    )
    return ecs46.WriteSwitchCalendar(
        special_days=_special_days(body.special_days),
        schedule=tuple(rows),
        activation=_activation(body.execution_at),
        controllers=tuple(_controller(number, body.bindings) for number in SLOT_NUMBERS),
    )


def controller_calendar(body: UpdateControllerSchedule) -> ecs46.WriteCalendar:
    """The command that 6.14.3 asks for."""
    rows = (_row(number, row, _level(row), body.special_days) for number, row in enumerate(body.rows, 1))
    return ecs46.WriteCalendar(
        special_days=_special_days(body.special_days),
        schedule=tuple(rows),
        activation=_activation(body.execution_at),
    )


def direction(*, input_from_load: bool) -> Direction:
    """Which way the energy flows that a level limits."""
    return Direction.INPUT if input_from_load else Direction.OUTPUT


def _level(row: ControllerScheduleRow) -> Level:
    way = direction(input_from_load=row.input_from_load)
    return Level(direction=way, number=row.index, level_percent=row.level_percent)


def _row(
    number: int,
    row: SwitchScheduleRow | ControllerScheduleRow,
    action: schedule.SwitchAction | Level,
    special_days: tuple[SpecialDay, ...],
) -> schedule.ScheduleRow:
    return schedule.ScheduleRow(
        index=number,
        enabled=True,
        action=action,
        at=row.switch_time.replace(tzinfo=None),
        weekdays=frozenset(_WEEKDAYS[day] for day in row.days_of_week or ()),
        special_days=tuple(day.index in row.special_days for day in special_days),
        begin=_date(row.start),
        end=_date(row.end),
    )


def _special_days(days: tuple[SpecialDay, ...]) -> tuple[schedule.SpecialDay, ...]:
    return tuple(schedule.SpecialDay(index=day.index, date=_date(day), day_id=day.index) for day in days)


def _date(date: ScheduleDate | SpecialDay) -> schedule.CalendarDate:
    day = date.day_of_month
    return schedule.CalendarDate(
        year=date.year,
        month=date.month,
        day=_MONTH_ENDS[day] if isinstance(day, MonthEnd) else day,
        weekday=None if date.day_of_week is None else schedule.Weekday(date.day_of_week),
    )


def _controller(number: int, bindings: tuple[SwitchBinding, ...]) -> Controller | None:
    for binding in bindings:
        if binding.index == number:
            return ALCS if binding.hcalcs is None else hcalcs(binding.hcalcs)
    return None


def _activation(at: datetime | None) -> datetime | Activation:
    if at is None:
        return Activation.IMMEDIATELY
    return Activation.NEVER if at == CANCELLED_AT else at
