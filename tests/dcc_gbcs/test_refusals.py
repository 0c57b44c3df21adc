"""What each use case refuses, and the rule that it names: a right message with one of its values exchanged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest

from linkbox.base.identifiers import Eui64
from linkbox.base.time import NaiveTime
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import (
    alerts,
    ccs,
    controlleralerts,
    correlate,
    cs03,
    cs14,
    dlms,
    ecs35,
    ecs46,
    ecs46a,
    ecs47,
    ecs47a,
    ecs61a,
    ecs61c,
    ecs62,
)
from linkbox.dcc.gbcs.controllers import ALCS
from linkbox.dcc.gbcs.data import (
    NULL,
    Array,
    Bits,
    Boolean,
    CompactArray,
    Data,
    Octets,
    Structure,
    Tag,
    Text,
    uint8,
    uint16,
)
from linkbox.dcc.gbcs.dlms import Choice, DlmsResult, ResponseItem, Selection
from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.logs import LogPeriod
from linkbox.dcc.gbcs.objects import BOOST_AVAILABILITY
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.schedule import CalendarDate, ScheduleRow, SpecialDay, SwitchAction, Weekday, encode_schedule
from linkbox.dcc.gbcs.times import Activation, date_time_octets, log_seconds, read_date_time
from linkbox.dcc.gbcs.usecase import AlertCase, UseCase
from linkbox.dcc.smki import KeyUsage, TestPki

COUNTER = 1001
AT = datetime(2026, 1, 13, 18, 30, tzinfo=UTC)
DEVICE = Eui64("00-DB-12-34-56-78-90-A5")
ROW = ScheduleRow(
    index=1,
    enabled=True,
    action=SwitchAction(number=1, on=True),
    at=time(6, 30),
    weekdays=frozenset({Weekday.MONDAY}),
    special_days=(True,),
    begin=CalendarDate(),
    end=CalendarDate(month=9, day=21),
)
CALENDAR = ecs46.WriteCalendar(
    special_days=(SpecialDay(index=1, date=CalendarDate(month=12, day=25), day_id=1),),
    schedule=(ROW,),
    activation=Activation.IMMEDIATELY,
)
SWITCHES = ecs46.WriteSwitchCalendar(special_days=(), schedule=(), activation=AT, controllers=(ALCS, *(None,) * 4))
PERIOD = LogPeriod(start=AT - timedelta(hours=1), end=AT)
LEVEL = Level(direction=Direction.OUTPUT, number=1, level_percent=0)
SET_LEVEL = ecs47a.SetControllerState(level=LEVEL, start=AT, end=AT)
ADD = ccs.AddDevice(eui=DEVICE, install_code=bytes(16), device_type=13, join_time_s=60)
_NOW = date_time_octets(AT)
_SELECTION = Selection(selector=1, parameters=NULL)
LOG_CHANGED = cs14.DeviceLogChanged(
    at=AT,
    logged_at=AT,
    network=bytes(8),
    devices=(cs14.LoggedDevice(eui=DEVICE, key_octets=bytes(16)),),
)


def _with_data(case: UseCase[Any, Any], value: object, number: int, data: Data) -> bytes:
    """The payload of the command ``value``, with ``data`` in its item ``number``."""
    items = list(dlms.decode_request(case.encode_command(value, COUNTER), counter=COUNTER))
    items[number] = replace(items[number], data=data)
    return dlms.encode_request(items, counter=COUNTER)


def _parts(*values: Data) -> Structure:
    return Structure(values)


def _rows(*rows: tuple[int, ...]) -> CompactArray:
    return CompactArray((Tag.UINT32, Tag.UINT16, Tag.ENUM, Tag.UINT32), rows)


def _row(number: int, data: Data) -> Array:
    """The schedule of ``CALENDAR``, with ``data`` as part ``number`` of its row."""
    parts = list(_row_parts())
    parts[number] = data
    return Array((Structure(tuple(parts)),))


def _row_parts() -> tuple[Data, ...]:
    schedule = encode_schedule((ROW,))
    assert isinstance(schedule, Array)
    row = schedule.items[0]
    assert isinstance(row, Structure)
    return row.items


LABEL = ecs46a.WriteLabels(labels=("EV charger", None, None, None, None))
BOOST_ALL = ecs62.SetBoostControls(controls=(True,) * 5)
READ_LOG, READ_BOOST = ecs35.ReadSwitchLog(period=PERIOD), ecs61c.ReadBoostDetails(period=PERIOD)
REMOVE = ccs.RemoveDevice(eui=DEVICE)


@pytest.mark.parametrize(
    ("case", "value", "number", "data", "rule"),
    [
        (ecs62.USE_CASE, BOOST_ALL, 4, NULL, "boolean"),
        (ecs46a.USE_CASE, LABEL, 0, Text(Tag.UTF8_STRING, "EV"), "visible string"),
        (ecs46a.USE_CASE, LABEL, 0, Text(Tag.VISIBLE_STRING, "x" * 23), "22 characters"),
        (ecs46a.USE_CASE, LABEL, 0, Text(Tag.VISIBLE_STRING, "a\nb"), "visible string"),
        (ecs46.ECS46D, CALENDAR, 0, NULL, "must be an array"),
        (ecs46.ECS46D, CALENDAR, 0, Array((NULL,)), "index, date and day id"),
        (ecs46.ECS46D, CALENDAR, 0, Array((_parts(uint16(1), Octets(bytes(4)), uint8(1)),)), "5 octets"),
        (ecs46.ECS46D, CALENDAR, 1, Array((NULL,)), "ten parts"),
        (ecs46.ECS46D, CALENDAR, 1, _row(2, Octets(bytes(6))), "ten parts"),
        (ecs46.ECS46D, CALENDAR, 1, _row(3, uint16(0x0103)), "on or off"),
        (ecs46.ECS46D, CALENDAR, 1, _row(3, uint16(0x0601)), "on or off"),
        (ecs46.ECS46D, CALENDAR, 1, _row(3, uint16(0x11E5)), "0..100 %"),
        (ecs46.ECS46D, CALENDAR, 1, _row(4, Octets(bytes.fromhex("18000000"))), "time of day"),
        (ecs46.ECS46D, CALENDAR, 1, _row(4, Octets(bytes.fromhex("06000064"))), "time of day"),
        (ecs46.ECS46D, CALENDAR, 1, _row(4, Octets(bytes.fromhex("060000"))), "time of day"),
        (ecs46.ECS46D, CALENDAR, 1, _row(5, uint16(0xFFFE)), "ten parts"),
        (ecs46.ECS46D, CALENDAR, 1, _row(6, Bits("11111111")), "ten parts"),
        (ecs46.ECS46D, CALENDAR, 1, _row(8, Octets(bytes.fromhex("FFFF0D01FF"))), "possible month"),
        (ecs46.ECS46D, CALENDAR, 1, _row(8, Octets(bytes.fromhex("FFFF0120FF"))), "possible month"),
        (ecs46.ECS46D, CALENDAR, 1, _row(9, Octets(bytes.fromhex("FFFF010108"))), "possible month"),
        (ecs46.ECS46D, CALENDAR, 2, NULL, "when they take effect"),
        (ecs46.ECS46D, CALENDAR, 2, Octets(b"now"), "UTC in 12 octets"),
        (ecs46.ECS46D, CALENDAR, 3, Octets(Activation.NEVER.value), "exactly the 4 items"),
        (ecs46.ECS46C, SWITCHES, 0, Octets(b"\x01"), "0, 1 or 8 octets"),
        (ecs47a.USE_CASE, SET_LEVEL, 0, Octets(bytes.fromhex("07EA021EFF000000008000FF")), "must exist"),
        (ecs47a.USE_CASE, SET_LEVEL, 1, NULL, "start and end"),
        (ecs47a.USE_CASE, SET_LEVEL, 2, uint16(0x1165), "0..100 %"),
        (ecs47a.USE_CASE, SET_LEVEL, 2, uint16(0x3100), "direction 1..2"),
        (ecs47a.USE_CASE, SET_LEVEL, 2, uint16(0x1600), "number 1..5"),
        (ecs47a.USE_CASE, SET_LEVEL, 2, uint16(0x1200), "start and end"),
        (ecs61c.USE_CASE, READ_BOOST, 3, uint8(1), "exactly the 7 items"),
        (ecs35.ECS35F, READ_LOG, 0, uint8(1), "exactly the 1 items"),
        (ccs.CCS01, ADD, 2, Boolean(False), "allow it"),
        (ccs.CCS01, ADD, 0, NULL, "allow it"),
        (ccs.CCS02, REMOVE, 0, Octets(bytes(7)), "remove one device"),
    ],
)
def test_a_command_with_another_value_is_refused(
    case: UseCase[Any, Any], value: object, number: int, data: Data, rule: str
) -> None:
    assert case.read_command(case.encode_command(value, COUNTER), COUNTER) == value
    with pytest.raises(RemoteProtocolError, match=rule):
        case.read_command(_with_data(case, value, number, data), COUNTER)


@pytest.mark.parametrize(
    ("case", "value"),
    [
        (ecs46.ECS46C, SWITCHES),
        (ecs46.ECS46D, CALENDAR),
        (ecs46a.USE_CASE, LABEL),
        (ecs47.USE_CASE, ecs47.ResetLoad(index=1)),
        (ecs47a.USE_CASE, SET_LEVEL),
        (ecs61a.USE_CASE, ecs61a.ReadSwitchData()),
        (ecs61c.USE_CASE, READ_BOOST),
        (ecs35.ECS35F, READ_LOG),
        (ecs62.USE_CASE, BOOST_ALL),
        (ccs.CCS01, ADD),
        (ccs.CCS02, REMOVE),
    ],
)
def test_a_command_with_other_items_is_refused(case: UseCase[Any, Any], value: object) -> None:
    items = dlms.decode_request(case.encode_command(value, COUNTER), counter=COUNTER)
    elsewhere = replace(items[0], target=replace(items[0].target, obis=b"\x01" * 6))
    more = (*items, dlms.get(items[0].target))
    for wrong in (more, (elsewhere, *items[1:]), (replace(items[0], selection=None, choice=Choice.GET), *items[1:])):
        if wrong != items:
            with pytest.raises(RemoteProtocolError):
                case.read_command(dlms.encode_request(wrong, counter=COUNTER), COUNTER)
    if len(items) > 1:
        with pytest.raises(RemoteProtocolError):
            case.read_command(dlms.encode_request(items[:-1], counter=COUNTER), COUNTER)


@pytest.mark.parametrize(
    ("case", "items", "rule"),
    [
        (ecs47.USE_CASE, [(Choice.ACTION, 0, NULL), (Choice.SET, 0, NULL)], "results of the command's items"),
        (ecs47.USE_CASE, [(Choice.SET, 0, NULL), (Choice.ACTION, 0, uint8(0))], "results of the command's items"),
        (ecs35.ECS35F, [(Choice.SET, 0, NULL)], "answer 1 gets"),
        (ecs35.ECS35F, [(Choice.GET, 0, uint8(1)), (Choice.GET, 0, uint8(1))], "answer 1 gets"),
        (ecs35.ECS35F, [(Choice.GET, 0, NULL)], "exactly if it succeeded"),
        (ecs35.ECS35F, [(Choice.GET, 1, uint8(1))], "exactly if it succeeded"),
        (ecs35.ECS35F, [(Choice.GET, 0, uint8(1))], "compact array"),
        (ecs35.ECS35F, [(Choice.GET, 0, _rows((0, 0x0212, 3, 0)))], "known outcomes"),
        (ecs35.ECS35F, [(Choice.GET, 0, _rows((0, 0x0213, 1, 0)))], "known events"),
        (ecs35.ECS35F, [(Choice.GET, 0, _rows((0, 0x0612, 1, 0)))], "switch 1..5"),
        (ecs35.ECS35F, [(Choice.GET, 0, _rows((0, 0x1265, 1, 0)))], "0..100 %"),
        (ecs35.ECS35F, [(Choice.GET, 0, CompactArray((Tag.UINT32,), ((1,),)))], "compact array"),
        (ecs61c.USE_CASE, [(Choice.GET, 0, Boolean(True))] + [(Choice.GET, 0, uint8(1))] * 6, "boost log"),
        (ecs62.USE_CASE, [(Choice.SET, 0, NULL)] * 4, "results of the command's items"),
    ],
)
def test_a_response_of_another_shape_is_refused(
    case: UseCase[Any, Any], items: list[tuple[Choice, int, Data]], rule: str
) -> None:
    answers = [ResponseItem(choice=choice, result=DlmsResult(number), data=data) for choice, number, data in items]
    with pytest.raises(RemoteProtocolError, match=rule):
        case.read_response(dlms.encode_response(answers, counter=COUNTER), COUNTER)


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        ("DA200003E900000000", "1..127 items"),
        ("DA200003E9000080" + "00" * 128, "1..127 items"),
        ("DA200003E90000010002", "must be 01"),
        ("DA200003E900000100010100", "exactly if it succeeded"),
        ("DA200003E900000100010405", "result of get, set or action"),
        ("DA200003E900000100010105", "result of get, set or action"),
        ("DA200003E900000100010501", "get, set, action"),
        ("DA200003E900010100010101", "must be DA"),
        ("DA200003E90000010001010100", "end here"),
    ],
)  # fmt: skip
def test_a_malformed_access_response_is_refused(octets: str, rule: str) -> None:
    with pytest.raises(RemoteProtocolError, match=rule):
        ecs35.ECS35F.read_response(bytes.fromhex(octets), COUNTER)


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        ("3010020104040800DB1234567890A5020101", "JoinMethod"),
        ("3010020202040800DB1234567890A5020101", "must be 0201"),
        ("3010020102040800DB1234567890A5020107", "JoinDeviceType"),
        ("3011020102040800DB1234567890A5020101", "whole payload"),
        ("310E020102040800DB1234567890A5020101", "must be 30"),
        ("3011020102040800DB1234567890A502010100", "certificate"),
        ("3013020102040800DB1234567890A5020101300500", "certificate"),
        ("300F020102040700DB1234567890020101", "must be 0408"),
    ],
)  # fmt: skip
def test_a_malformed_join_is_refused(octets: str, rule: str) -> None:
    with pytest.raises(RemoteProtocolError, match=rule):
        cs03.CS03B.read_command(bytes.fromhex(octets), COUNTER)
    for answer in ("02010E", "02010000", "02020000", "0201", ""):  # fmt: skip
        with pytest.raises(RemoteProtocolError):
            cs03.CS03B.read_response(bytes.fromhex(answer), COUNTER)


def test_a_join_carries_a_whole_certificate() -> None:
    pki = TestPki("join", AT, AT + timedelta(days=1))
    certificate = pki.certificate(DEVICE, None, KeyUsage.KEY_AGREEMENT).der
    join = cs03.JoinDevice(
        method=cs03.JoinMethod.C, eui=DEVICE, device_type=cs03.JoinDeviceType.PPMID, certificate=certificate
    )
    payload = cs03.CS03C.encode_command(join, COUNTER)
    assert payload[:2] == bytes.fromhex("3082")  # more than 255 octets: two octets of length
    assert cs03.CS03C.read_command(payload, COUNTER) == join


@pytest.mark.parametrize(
    ("case", "code", "values", "rule"),
    [
        (alerts.GENERIC_CRITICAL, 0x8F30, (NULL,), "code and a time only"),
        (alerts.ECS100, 0x8F30, (Octets(bytes(10)),), "must be 8F85"),
        (alerts.ECS100, 0x8F85, (Octets(bytes(9)),), "10 octets"),
        (controlleralerts.ECS101, 0x8F86, (uint8(0x11),), "start, end and level"),
        (controlleralerts.ECS102, 0x8F87, (uint8(0x11), uint8(101)), "0..100 %"),
        (controlleralerts.ECS102, 0x8F87, (uint8(0x11),), "controller and level"),
        (controlleralerts.ECS200, 0x8F88, (), "one state"),
        (controlleralerts.ECS200, 0x8F88, (Octets(b"{}"),), "UTF-8 string"),
        (controlleralerts.DATED, 0x8F68, (Octets(bytes(19)),), "8F66 or 8F67"),
        (controlleralerts.DATED, 0x8F66, (Octets(bytes(18)),), "19 octets"),
        (cs14.CS14, 0x8F12, (), "devices of the log"),
        (cs14.CS14, 0x8F12, (_parts(Octets(_NOW), Octets(bytes(8)), Array((NULL,))),), "each device"),
    ],
)
def test_an_alert_of_another_shape_is_refused(
    case: AlertCase[Any], code: int, values: tuple[Data, ...], rule: str
) -> None:
    notification = dlms.Notification(alert_code=code, at=AT, values=values)
    with pytest.raises(RemoteProtocolError, match=rule):
        case.read_alert(dlms.encode_notification(notification, counter=COUNTER), COUNTER)


def test_a_notification_that_is_no_alert_is_refused() -> None:
    for octets in ("0F200003E90000", "0F200003E9000200", "0F200003E90002021280300900", "0E200003E900"):
        with pytest.raises(RemoteProtocolError):
            alerts.GENERIC_CRITICAL.read_alert(bytes.fromhex(octets), COUNTER)


@pytest.mark.parametrize(
    "octets",
    [
        "07EA010DFF121E00008000",  # 11 octets
        "07EA010D02121E00008000FF",  # with a weekday
        "07EA010DFF121E00000000FF",  # with a deviation
        "07EA010DFF121E00018000FF",  # with hundredths
        "FFFF010DFF121E00008000FF",  # every year
        "0000010DFF121E00008000FF",
        "07EA0D0DFF121E00008000FF",
        "07EA010DFF181E00008000FF",
    ],
)
def test_a_time_that_is_no_moment_in_utc_is_refused(octets: str) -> None:
    with pytest.raises(RemoteProtocolError):
        read_date_time(bytes.fromhex(octets))


def test_a_moment_that_can_not_be_said_is_refused_where_it_is_written() -> None:
    with pytest.raises(LocalProtocolError, match="whole seconds"):
        date_time_octets(AT.replace(microsecond=1))
    with pytest.raises(NaiveTime):
        date_time_octets(AT.replace(tzinfo=None))
    with pytest.raises(NaiveTime):
        log_seconds(AT.astimezone(timezone(timedelta(hours=1))))
    for outside in (AT.replace(year=1999), AT.replace(year=2137), AT.replace(microsecond=5)):
        with pytest.raises(LocalProtocolError, match=r"2000\.\.2136"):
            log_seconds(outside)


def test_values_that_no_message_can_hold_are_refused_where_they_are_written() -> None:
    for wrong in (
        lambda: ecs47.USE_CASE.encode_response(Results.all_well(3), COUNTER),
        lambda: ecs46a.USE_CASE.encode_response(Results.all_well(6), COUNTER),
        lambda: ecs46.ECS46C.encode_response(Results.all_well(3), COUNTER),
        lambda: cs14.LoggedDevice(eui=DEVICE, key_octets=b""),
        lambda: replace(LOG_CHANGED, network=b""),
        lambda: ecs62.SetBoostControls(controls=()),
        lambda: replace(ROW, at=time(6, 0, 0, 5)),
        lambda: replace(ROW, at=time(6, tzinfo=UTC)),
        lambda: CalendarDate(year=0xFFFF),
        lambda: CalendarDate(day=32),
        lambda: dlms.encode_request([], counter=COUNTER),
        lambda: dlms.encode_request([dlms.get(BOOST_AVAILABILITY)] * 128, counter=COUNTER),
        lambda: dlms.encode_request([replace(dlms.get(BOOST_AVAILABILITY), selection=_SELECTION)], counter=COUNTER),
        lambda: correlate(b"", expected=b"\xdf"),
    ):
        with pytest.raises(LocalProtocolError):
            wrong()
