"""Any typed value of any use case, for properties."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.gbcs import (
    alerts,
    ccs,
    controlleralerts,
    cs03,
    cs14,
    ecs35,
    ecs46,
    ecs46a,
    ecs47,
    ecs47a,
    ecs47e,
    ecs61a,
    ecs61c,
    ecs61d,
    ecs61e,
    ecs62,
)
from linkbox.dcc.gbcs.controllers import ALCS, APC, NO_CONTROLLER, hcalcs
from linkbox.dcc.gbcs.controllerstate import ControllerState
from linkbox.dcc.gbcs.dlms import CosemObject, DlmsResult
from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.logs import LogPeriod
from linkbox.dcc.gbcs.outcome import Results, Unread
from linkbox.dcc.gbcs.schedule import CalendarDate, ScheduleRow, SpecialDay, SwitchAction, Weekday
from linkbox.dcc.gbcs.times import Activation

T = TypeVar("T")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

counters = st.integers(0, 2**64 - 1)
euis = st.binary(min_size=8, max_size=8).map(Eui64.from_octets)
times = st.integers(0, 2**32 - 1).map(lambda seconds: _EPOCH + timedelta(seconds=seconds))
u8, u16, u32, slots = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.integers(1, 5)
unread = st.builds(Unread, result=st.sampled_from([r for r in DlmsResult if r is not DlmsResult.SUCCESS]))
labels = st.text([chr(c) for c in range(0x20, 0x7F)], max_size=22)
controllers = st.sampled_from([NO_CONTROLLER, APC, ALCS]) | euis.filter(lambda e: e.octets != bytes(8)).map(hcalcs)
states = st.text(max_size=40).map(lambda text: ControllerState(text=text))
levels = st.builds(Level, direction=st.sampled_from(Direction), number=slots, level_percent=st.integers(0, 100))
periods = st.builds(LogPeriod, start=times, end=times)
certificates = st.binary(max_size=100).map(lambda content: b"\x30" + bytes((len(content),)) + content)
dates = st.builds(
    CalendarDate,
    year=st.none() | st.integers(0, 0xFFFE),
    month=st.none() | st.integers(1, 12) | st.sampled_from([0xFD, 0xFE]),
    day=st.none() | st.integers(1, 31) | st.sampled_from([0xFD, 0xFE]),
    weekday=st.none() | st.sampled_from(Weekday),
)
switch_times = st.builds(
    time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 99).map(lambda h: h * 10_000)
)
rows = st.builds(
    ScheduleRow,
    index=u16,
    enabled=st.booleans(),
    action=st.builds(SwitchAction, number=slots, on=st.booleans()) | levels,
    at=switch_times,
    weekdays=st.frozensets(st.sampled_from(Weekday)),
    special_days=st.lists(st.booleans(), max_size=20).map(tuple),
    begin=dates,
    end=dates,
)
schedules = st.lists(rows, max_size=4).map(tuple)
special_days = st.lists(st.builds(SpecialDay, index=u16, date=dates, day_id=u8), max_size=4).map(tuple)


def five(one: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """One for each slot."""
    return st.lists(one, min_size=5, max_size=5).map(tuple)


def results(*counts: int) -> st.SearchStrategy[Results]:
    """Results of as many instructions as one of ``counts``."""
    some = st.sampled_from(counts).flatmap(lambda n: st.lists(st.sampled_from(DlmsResult), min_size=n, max_size=n))
    return some.map(lambda found: Results(results=tuple(found)))


_boosts = st.lists(st.builds(ecs61c.Boost, start=times, end=times), max_size=25).map(tuple)
_entries = st.builds(
    ecs35.LogEntry,
    at=times,
    event=st.builds(ecs35.SwitchEvent, number=slots, kind=st.sampled_from(ecs35.SwitchEventKind)) | levels,
    outcome=st.sampled_from(ecs35.EventOutcome),
    command_id=u32,
)
_calendar = {
    "special_days": special_days,
    "schedule": schedules,
    "activation": times | st.sampled_from(Activation),
}
_joins = st.builds(
    cs03.JoinDevice,
    method=st.sampled_from(cs03.JoinMethod),
    eui=euis,
    device_type=st.sampled_from(cs03.JoinDeviceType),
    certificate=st.none() | certificates,
)
_logs = st.builds(ecs35.SwitchLog, entries=unread | st.lists(_entries, max_size=30).map(tuple))
_devices = st.builds(cs14.LoggedDevice, eui=euis, key_octets=st.binary(min_size=16, max_size=16))
_generic = st.builds(alerts.GenericAlert, alert_code=u16, at=times)

COMMANDS: dict[str, st.SearchStrategy[object]] = {
    "CCS01": st.builds(
        ccs.AddDevice, eui=euis, install_code=st.binary(min_size=16, max_size=16), device_type=u8, join_time_s=u16
    ),
    "CCS02": st.builds(ccs.RemoveDevice, eui=euis),
    "CS03A1": _joins,
    "CS03A2": _joins,
    "CS03B": _joins,
    "CS03C": _joins,
    "ECS35f": st.builds(ecs35.ReadSwitchLog, period=periods),
    "ECS35g": st.builds(ecs35.ReadSwitchLog, period=periods),
    "ECS46a": st.builds(
        ecs46a.WriteLabels, labels=five(st.none() | labels).filter(lambda five: any(x is not None for x in five))
    ),
    "ECS46c": st.builds(ecs46.WriteSwitchCalendar, controllers=five(st.none() | controllers), **_calendar),
    "ECS46d": st.builds(ecs46.WriteCalendar, **_calendar),
    "ECS47": st.builds(ecs47.ActivateLoad, index=slots, duration_min=u16)
    | st.builds(ecs47.DeactivateLoad, index=slots, duration_min=u16)
    | st.builds(ecs47.ResetLoad, index=slots),
    "ECS47a": st.builds(ecs47a.SetControllerState, level=levels, start=times, end=times),
    "ECS47e": st.builds(ecs47e.LimitLevel, level=levels, start=times, end=times),
    "ECS61a": st.builds(ecs61a.ReadSwitchData),
    "ECS61c": st.builds(ecs61c.ReadBoostDetails, period=periods),
    "ECS61d": st.builds(ecs61d.ReadControllerConfiguration),
    "ECS61e": st.builds(ecs61e.ReadControllerOperation),
    "ECS62": st.builds(ecs62.SetBoostControls, controls=five(st.booleans())),
}
RESPONSES: dict[str, st.SearchStrategy[object]] = {
    "CCS01": results(3),
    "CCS02": results(1),
    **dict.fromkeys(("CS03A1", "CS03A2", "CS03B", "CS03C"), st.sampled_from(cs03.JoinResult)),
    "ECS35f": _logs,
    "ECS35g": _logs,
    "ECS46a": results(1, 2, 3, 4, 5),
    "ECS46c": results(4, 5, 6, 7, 8, 9),
    "ECS46d": results(4),
    "ECS47": results(1, 2),
    "ECS47a": results(3),
    "ECS47e": results(3),
    "ECS61a": st.builds(
        ecs61a.SwitchData,
        labels=five(unread | labels),
        controllers=five(unread | controllers),
        special_days=unread | special_days,
        schedule=unread | schedules,
        states=five(unread | st.booleans()),
    ),
    "ECS61c": st.builds(
        ecs61c.BoostDetails,
        available=unread | st.booleans(),
        log=unread | _boosts,
        controls=five(unread | st.booleans()),
    ),
    "ECS61d": st.builds(
        ecs61d.ControllerConfiguration,
        labels=five(unread | labels),
        special_days=unread | special_days,
        schedule=unread | schedules,
    ),
    "ECS61e": st.builds(
        ecs61e.ControllerOperation, controllers=five(unread | controllers), states=five(unread | states)
    ),
    "ECS62": results(5),
}
ALERTS: dict[str, st.SearchStrategy[object]] = {
    "generic critical alert": _generic,
    "generic non-critical alert": _generic,
    "ECS100": st.builds(alerts.CommandNotSupported, at=times, message_code=u16, originator_counter=counters),
    "ECS101": st.builds(controlleralerts.LimitProcessed, at=times, level=levels, start=times, end=times),
    "ECS102": st.builds(controlleralerts.LimitEnded, at=times, level=levels),
    "ECS200": st.builds(controlleralerts.OperationalUpdate, at=times, state=states),
    "future dated outcome": st.builds(
        controlleralerts.DatedOutcome,
        at=times,
        success=st.booleans(),
        message_code=u16,
        originator_counter=counters,
        target=st.builds(CosemObject, class_id=u16, obis=st.binary(min_size=6, max_size=6), member=u8),
    ),
    "CS14": st.builds(
        cs14.DeviceLogChanged,
        at=times,
        logged_at=times,
        network=st.binary(min_size=8, max_size=8),
        devices=st.lists(_devices, max_size=5).map(tuple),
    ),
}
