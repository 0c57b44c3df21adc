"""Which level a meter's calendar demands, against cases worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.schedule import LAST_DAY, CalendarDate, ScheduleRow, SpecialDay, SwitchAction, Weekday
from linkbox.emulator.calendar import Calendar

ANY = CalendarDate()
EVERY_DAY = frozenset(Weekday)


def row(
    hour: int,
    *,
    on: bool,
    number: int = 1,
    weekdays: frozenset[Weekday] = EVERY_DAY,
    special: tuple[bool, ...] = (),
    begin: CalendarDate = ANY,
    end: CalendarDate = ANY,
) -> ScheduleRow:
    return ScheduleRow(
        index=hour + 1,
        enabled=True,
        action=SwitchAction(number=number, on=on),
        at=time(hour),
        weekdays=weekdays,
        special_days=special,
        begin=begin,
        end=end,
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


TUESDAY = date(2026, 1, 13)
NIGHT = Calendar(rows=(row(1, on=True), row(7, on=False)))


def test_the_last_row_before_a_time_decides_also_over_midnight() -> None:
    assert [NIGHT.percent(1, at(TUESDAY, hour)) for hour in (0, 1, 6, 7, 23)] == [0, 100, 100, 0, 0]
    assert NIGHT.next_switch(1, at(TUESDAY, 7)) == at(TUESDAY + timedelta(days=1), 1)
    assert NIGHT.next_switch(1, at(TUESDAY, 0, 59)) == at(TUESDAY, 1)


def test_a_slot_without_rows_has_the_default() -> None:
    assert NIGHT.percent(2, at(TUESDAY, 12)) == 100
    assert NIGHT.next_switch(2, at(TUESDAY, 12)) is None
    assert Calendar(default_percent=0).percent(1, at(TUESDAY, 12)) == 0


def test_a_row_for_one_weekday_holds_for_the_week_until_the_next_row() -> None:
    weekend = Calendar(
        rows=(
            row(0, on=True, weekdays=frozenset({Weekday.SATURDAY})),
            row(2, on=False, weekdays=frozenset({Weekday.MONDAY})),
        )
    )
    assert weekend.percent(1, at(TUESDAY, 12)) == 0
    saturday = TUESDAY + timedelta(days=4)
    assert weekend.percent(1, at(saturday, 12)) == 100
    assert weekend.percent(1, at(saturday + timedelta(days=2), 1)) == 100
    assert weekend.next_switch(1, at(TUESDAY, 12)) == at(saturday, 0)


SUMMER = {"begin": CalendarDate(month=6, day=21), "end": CalendarDate(month=9, day=21)}
WINTER = {"begin": CalendarDate(month=11, day=1), "end": CalendarDate(month=2, day=LAST_DAY)}


@pytest.mark.parametrize(
    ("season", "day", "applies"),
    [
        (SUMMER, date(2026, 6, 20), False),
        (SUMMER, date(2026, 6, 21), True),
        (SUMMER, date(2031, 9, 21), True),
        (SUMMER, date(2026, 9, 22), False),
        (WINTER, date(2026, 1, 13), True),
        (WINTER, date(2024, 2, 29), True),
        (WINTER, date(2026, 3, 1), False),
        (WINTER, date(2026, 10, 31), False),
        ({"begin": CalendarDate(year=2026), "end": CalendarDate(year=2026)}, date(2026, 12, 31), True),
        ({"begin": CalendarDate(year=2026), "end": CalendarDate(year=2026)}, date(2027, 1, 1), False),
        ({"begin": CalendarDate(year=2026, month=3, day=5), "end": ANY}, date(2026, 3, 4), False),
        ({"begin": CalendarDate(year=2026, month=3, day=5), "end": ANY}, date(2050, 3, 4), True),
    ],
)
def test_a_row_applies_in_its_season_only(season: dict[str, CalendarDate], day: date, applies: bool) -> None:
    calendar = Calendar(rows=(row(0, on=False, begin=season["begin"], end=season["end"]),))
    found = calendar.next_switch(1, at(day, 0) - timedelta(seconds=1))
    assert (found == at(day, 0)) == applies


def test_on_a_special_day_only_rows_that_name_it_apply() -> None:
    christmas = SpecialDay(index=1, date=CalendarDate(month=12, day=25), day_id=1)
    calendar = Calendar(
        rows=(row(8, on=False, special=(False,)), row(9, on=True, weekdays=frozenset(), special=(True,))),
        special_days=(christmas,),
    )
    assert calendar.next_switch(1, at(date(2026, 12, 24), 12)) == at(date(2026, 12, 25), 9)
    assert calendar.next_switch(1, at(date(2026, 12, 25), 12)) == at(date(2026, 12, 26), 8)
    assert calendar.percent(1, at(date(2026, 12, 25), 12)) == 100


def test_a_level_of_a_controller_is_taken_as_it_is_and_one_from_the_load_back_is_not() -> None:
    def level(direction: Direction, percent: int, hour: int) -> ScheduleRow:
        action = Level(direction=direction, number=1, level_percent=percent)
        return ScheduleRow(
            index=hour,
            enabled=True,
            action=action,
            at=time(hour),
            weekdays=EVERY_DAY,
            special_days=(),
            begin=ANY,
            end=ANY,
        )

    calendar = Calendar(rows=(level(Direction.OUTPUT, 40, 1), level(Direction.INPUT, 70, 2)))
    assert calendar.percent(1, at(TUESDAY, 12)) == 40


@given(
    st.lists(st.tuples(st.integers(0, 23), st.booleans()), min_size=1, max_size=6, unique_by=lambda r: r[0]),
    st.integers(0, 7 * 24 * 60),
)
def test_nothing_changes_between_now_and_the_next_row(rows: list[tuple[int, bool]], minute: int) -> None:
    calendar = Calendar(rows=tuple(row(hour, on=on) for hour, on in rows))
    now = at(TUESDAY, 0) + timedelta(minutes=minute)
    following = calendar.next_switch(1, now)
    assert following is not None
    assert following > now
    just_before = following - timedelta(seconds=1)
    assert calendar.percent(1, just_before) == calendar.percent(1, now)
