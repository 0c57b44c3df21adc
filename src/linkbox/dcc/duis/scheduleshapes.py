"""How switch labels, calendars and special days look in XML."""

from __future__ import annotations

from typing import Any

from linkbox.dcc.duis import schedules
from linkbox.dcc.duis.schedules import MonthEnd, Weekday
from linkbox.dcc.duis.shape import (
    Attr,
    Child,
    Choice,
    Empty,
    Flag,
    Leaf,
    Many,
    Named,
    Nest,
    Part,
    Plain,
    Record,
    Shape,
    Single,
)
from linkbox.dcc.duis.simple import FUTURE_DATED, INDEX, LEVEL, SPECIAL_DAY
from linkbox.dcc.duis.text import EUI, TIME, Simple, choice_of, integer, string

_INDEX = (Attr("index", "index", INDEX),)
_LABEL = string(least=1, most=22, pattern="[ -~]+")


def _wildcard(xml: str, name: str, simple: Simple[int], **constants: MonthEnd) -> Part:
    """``<Year><SpecifiedYear>..`` or ``<Year><NonSpecifiedYear/>``, and constants by element name."""
    specified, unspecified = f"Specified{xml}", f"NonSpecified{xml}"
    names = {constant: element for element, constant in constants.items()}
    shapes: dict[str, Shape] = {specified: Plain(simple), **{e: Empty(c) for e, c in constants.items()}}
    shapes[unspecified] = Empty(None)

    def pick(item: Any) -> str:
        return unspecified if item is None else names.get(item, specified)

    return Nest(xml, Choice(name, shapes, pick))


_DATE = (
    _wildcard("Year", "year", integer(2014, 9999, digits=4, width=4)),
    _wildcard("Month", "month", integer(1, 12, digits=2, width=2)),
    _wildcard(
        "DayOfMonth",
        "day_of_month",
        integer(1, 31, digits=2, width=2),
        LastDayOfMonth=MonthEnd.LAST,
        SecondLastDayOfMonth=MonthEnd.SECOND_LAST,
    ),
    _wildcard("DayOfWeek", "day_of_week", integer(1, 7)),
)
_SCHEDULE_DATE = Record(schedules.ScheduleDate, *_DATE)
_DAYS = Single(
    Many("DayOfWeekApplicability", "value", Single(Leaf("DayOfWeekID", "value", choice_of(Weekday))), least=0, most=7)
)


def _row_end(when: str, special_day_attribute: str) -> tuple[Part, ...]:
    """What both kinds of calendar row have after the action."""
    special_day = Single(attributes=(Attr(special_day_attribute, "value", SPECIAL_DAY),))
    return (
        Many("SpecialDaysApplicability", "special_days", special_day, least=0, most=20),
        Child("DaysOfWeekApplicability", "days_of_week", _DAYS, optional=True),
        Nest(
            when,
            Leaf("SwitchTime", "switch_time", TIME),
            Child("StartDate", "start", _SCHEDULE_DATE),
            Child("EndDate", "end", _SCHEDULE_DATE),
        ),
    )


def _special_days(xml: str, item: str, attribute: str) -> Part:
    day = Record(schedules.SpecialDay, *_DATE, attributes=(Attr(attribute, "index", SPECIAL_DAY),))
    return Nest(xml, Many(item, "special_days", day, least=0, most=20))


_SWITCH_ROW = Record(
    schedules.SwitchScheduleRow,
    Nest(
        "ActivateDeactivateSwitch",
        Named("activate", {"ActivateSwitch": True, "DeactivateSwitch": False}),
        attributes=_INDEX,
    ),
    *_row_end("ALCSScheduleDatesAndTime", "index"),
)

_CONTROLLER_ROW = Record(
    schedules.ControllerScheduleRow,
    Nest(
        "AuxiliaryControllerAction",
        Leaf("CommandedStateLevel", "level_percent", LEVEL),
        Flag("InputFromControlledLoad", "input_from_load"),
        attributes=(Attr("auxiliaryControllerN", "index", INDEX),),
    ),
    *_row_end("AuxiliaryControllerSchedulePeriodAndTime", "identifier"),
)

_BINDING = Record(
    schedules.SwitchBinding,
    Choice("hcalcs", {"ALCS": Empty(None), "HCALCS": Plain(EUI)}, lambda eui: "ALCS" if eui is None else "HCALCS"),
    attributes=_INDEX,
)

SCHEDULE_BODIES: dict[str, Shape] = {
    "UpdateDeviceConfigurationALCDescriptions": Record(
        schedules.UpdateAlcDescriptions,
        Many(
            "ALCSHCALCSDescription",
            "descriptions",
            Record(schedules.SwitchDescription, Leaf("SwitchDescription", "label", _LABEL), attributes=_INDEX),
            least=1,
            most=5,
        ),
    ),
    "UpdateDeviceConfigurationALCScheduler": Record(
        schedules.UpdateAlcSchedule,
        FUTURE_DATED,
        Many("ALCSHCALCSConnectionSchedule", "rows", _SWITCH_ROW, least=1, most=48),
        _special_days("ALCSHCALCSSpecialDays", "ALCSHCALCSSpecialDay", "index"),
        Many("SwitchTypeAndId", "bindings", _BINDING, least=0, most=5),
    ),
    "UpdateDeviceConfigurationAuxiliaryControllerScheduler": Record(
        schedules.UpdateControllerSchedule,
        FUTURE_DATED,
        Many("AuxiliaryControllerSchedule", "rows", _CONTROLLER_ROW, least=0, most=120),
        _special_days(
            "AuxiliaryControllerSpecialDayDefinitions", "AuxiliaryControllerSpecialDayDefinition", "identifier"
        ),
    ),
}
