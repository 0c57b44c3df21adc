"""Values of published messages: against the DUIS templates of the same test set, and single further messages.

The values asserted here are those of the request templates (``<use case>_<SRV>_..._REQUEST_DUIS.XML``), which were
made by others together with the binary messages. Messages that the folder of vectors lacks are quoted from RTDS 4.5.0
in gbcs-parser, test/rtds, by their names.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import (
    alertcodes,
    alerts,
    ccs,
    controlleralerts,
    cs03,
    cs14,
    decode,
    ecs35,
    ecs46,
    ecs46a,
    ecs47a,
    ecs47e,
    ecs61c,
    ecs61d,
    ecs61e,
    ecs62,
    encode,
    read_value,
)
from linkbox.dcc.gbcs.controllers import ALCS, APC, NO_CONTROLLER, Controller, ControllerType, hcalcs
from linkbox.dcc.gbcs.controllerstate import STATE_CHARACTERS_MAX, ControllerLevels, ControllerState
from linkbox.dcc.gbcs.levels import Direction, Level
from linkbox.dcc.gbcs.logs import LogPeriod
from linkbox.dcc.gbcs.schedule import CalendarDate, ScheduleRow, SpecialDay, Weekday
from linkbox.dcc.gbcs.times import Activation
from tests.dcc_gbcs.vectors import messages, needs_vectors

ESME = Eui64("00-DB-12-34-56-78-90-A0")
WORKDAYS = frozenset(day for day in Weekday if day <= Weekday.FRIDAY)


def _value(name: str) -> object:
    return read_value(decode(messages()[name]))


def _output(number: int, percent: int) -> Level:
    return Level(direction=Direction.OUTPUT, number=number, level_percent=percent)


@needs_vectors
@pytest.mark.parametrize(
    ("name", "number", "percent"), [("ALCS_ACTIVATE", 5, 100), ("ALCS_DEACTIVATE", 1, 0), ("APC_OUTPUT", 5, 100)]
)
def test_a_controller_is_set_for_the_period_of_the_template(name: str, number: int, percent: int) -> None:
    start, end = datetime(2015, 1, 3, tzinfo=UTC), datetime(2015, 1, 3, 1, tzinfo=UTC)
    period = ecs47a.SetControllerState(level=_output(number, percent), start=start, end=end)
    assert _value(f"ECS47a_7.13_{name}_SUCCESS_COMMAND") == period
    assert period.allowed
    limit = ecs47e.LimitLevel(level=_output(5, 100), start=start, end=end)
    assert _value("ECS47e_7.16_APC_OUTPUT_SUCCESS_COMMAND") == limit


def test_an_input_level_has_the_script_of_the_reference() -> None:
    # reference dcc.md section 5.6: 2332 = input, controller 3, 50 %
    level = Level(direction=Direction.INPUT, number=3, level_percent=50)
    period = ecs47a.SetControllerState(
        level=level, start=datetime(2015, 1, 3, tzinfo=UTC), end=datetime(2015, 1, 4, 0, 0, 1, tzinfo=UTC)
    )
    assert ecs47a.USE_CASE.encode_command(period, 1).endswith(bytes.fromhex("122332"))
    assert not period.allowed  # a second longer than a day


@needs_vectors
def test_the_boost_button_is_set_and_read() -> None:
    assert _value("ECS62Add_7.9_SUCCESS_COMMAND") == ecs62.SetBoostControls(controls=(True,) * 5)
    assert _value("ECS62Remove_7.10_SUCCESS_COMMAND") == ecs62.SetBoostControls(controls=(False,) * 5)
    period = LogPeriod(start=datetime(2014, 12, 25, 23, tzinfo=UTC), end=datetime(2015, 1, 1, tzinfo=UTC))
    assert _value("ECS61c_7.11_SUCCESS_COMMAND") == ecs61c.ReadBoostDetails(period=period)
    details = _value("ECS61c_7.11_SUCCESS_RESPONSE")
    assert isinstance(details, ecs61c.BoostDetails)
    assert (details.available, details.controls) == (True, (True,) * 5)
    assert isinstance(details.log, tuple)
    assert len(details.log) == 6
    assert all(period.start <= boost.start < boost.end <= period.end for boost in details.log)


@needs_vectors
@pytest.mark.parametrize("name", ["ECS35f", "ECS35g"])
def test_the_switch_log_pairs_what_was_sent_with_what_the_switch_reported(name: str) -> None:
    log = _value(f"{name}_6.13_SUCCESS_RESPONSE")
    assert isinstance(log, ecs35.SwitchLog)
    assert isinstance(log.entries, tuple)
    period = LogPeriod(start=datetime(2014, 12, 15, tzinfo=UTC), end=datetime(2015, 1, 1, tzinfo=UTC))
    assert _value(f"{name}_6.13_SUCCESS_COMMAND") == ecs35.ReadSwitchLog(period=period)
    sent, reported = log.entries[:2]
    on = ecs35.SwitchEvent(number=2, kind=ecs35.SwitchEventKind.ON)
    assert (sent.event, sent.outcome) == (on, ecs35.EventOutcome.NOT_KNOWN)
    report = ecs35.SwitchEvent(number=2, kind=ecs35.SwitchEventKind.MESSAGE_FROM_HCALCS)
    assert (reported.event, reported.outcome) == (report, ecs35.EventOutcome.SUCCESS)
    # section 5.6: the id is the Unix time of sending
    assert sent.command_id == reported.command_id == int(sent.at.timestamp())
    assert len(log.entries) == 25  # 275 octets, 11 each


@needs_vectors
def test_labels_are_written_as_in_the_templates() -> None:
    some = ecs46a.WriteLabels(labels=(None, "Label2", "Label3", "Label4", None))
    assert _value("ECS46a_6.14.1_SOME_OPTIONALS_SUCCESS_COMMAND") == some
    all_five = _value("ECS46a_6.14.1_ALL_OPTIONALS_SUCCESS_COMMAND")
    assert isinstance(all_five, ecs46a.WriteLabels)
    assert all_five.labels[1] == "HCALCS_2_Description"


@needs_vectors
def test_the_switch_calendar_is_that_of_the_template() -> None:
    calendar = _value("ECS46c_6.14.2_IMMEDIATE_SOME_OPTIONALS_SUCCESS_COMMAND")
    assert isinstance(calendar, ecs46.WriteSwitchCalendar)
    assert calendar.activation is Activation.IMMEDIATELY
    assert calendar.controllers == (ALCS, hcalcs(Eui64("00-DB-12-34-56-78-90-97")), None, None, None)
    assert [row.at.hour for row in calendar.schedule] == [6, 10, 17, 21, 13, 21]
    assert calendar.schedule[2].weekdays == WORKDAYS
    assert calendar.schedule[2].begin == CalendarDate(month=6, day=21)
    cancelled = _value("ECS46c_6.14.2_CANCELLATION_ALL_OPTIONALS_SUCCESS_COMMAND")
    assert isinstance(cancelled, ecs46.WriteSwitchCalendar)
    assert cancelled.activation is Activation.NEVER
    later = _value("ECS46c_6.14.2_FUTURE_DATED_ALL_OPTIONALS_SUCCESS_COMMAND")
    assert isinstance(later, ecs46.WriteSwitchCalendar)
    assert later.activation == datetime(2030, 1, 15, 9, tzinfo=UTC)


@needs_vectors
def test_the_controller_calendar_is_that_of_the_template() -> None:
    calendar = _value("ECS46d_6.14.3_IMMEDIATE_ALCS_SUCCESS_COMMAND")
    assert isinstance(calendar, ecs46.WriteCalendar)
    assert calendar.schedule[1] == ScheduleRow(
        index=2,
        enabled=True,
        action=_output(1, 100),
        at=time(9, 30),
        weekdays=WORKDAYS,
        special_days=(True, False, True),
        begin=CalendarDate(year=2015, month=6, day=21),
        end=CalendarDate(year=2015, month=12, day=21),
    )
    assert calendar.special_days[1] == SpecialDay(index=2, date=CalendarDate(month=5, day=1), day_id=2)


@needs_vectors
def test_what_was_dated_ahead_is_reported_by_its_object() -> None:
    outcome = _value("ECS46c_6.14.2_8F66_FUTURE_DATED_ALL_OPTIONALS_SUCCESS_ALERT_CALENDAR")
    assert isinstance(outcome, controlleralerts.DatedOutcome)
    assert (outcome.success, outcome.message_code, outcome.originator_counter) == (True, 0x0054, 1007)
    assert outcome.target.octets.hex().upper() == "232800005E2C801A06"
    failed = controlleralerts.DATED.encode_alert(
        controlleralerts.DatedOutcome(
            at=outcome.at, success=False, message_code=1, originator_counter=2, target=outcome.target
        ),
        5,
    )
    assert failed[9:12].hex().upper() == "8F6709"


@needs_vectors
def test_the_controllers_are_read_with_their_states() -> None:
    operation = _value("ECS61e_7.15_SUCCESS_RESPONSE")
    assert isinstance(operation, ecs61e.ControllerOperation)
    assert operation.controllers == (hcalcs(Eui64("12-34-56-78-90-AB-CD-EF")), ALCS, APC, NO_CONTROLLER, ALCS)
    states = [state.levels() for state in operation.states if isinstance(state, ControllerState)]
    assert states == [
        ControllerLevels(output_percent=0, input_percent=0, other=None),
        ControllerLevels(output_percent=0, input_percent=0, other="StateA"),
        ControllerLevels(output_percent=100, input_percent=0, other="StateA"),
        ControllerLevels(output_percent=None, input_percent=None, other=None),
        ControllerLevels(output_percent=100, input_percent=100, other=None),
    ]
    configuration = _value("ECS61d_7.14_SUCCESS_RESPONSE")
    assert isinstance(configuration, ecs61d.ControllerConfiguration)
    assert isinstance(configuration.schedule, tuple)
    first, second = configuration.schedule[:2]
    assert first.action == Level(direction=Direction.INPUT, number=1, level_percent=0)
    assert second.action == Level(direction=Direction.INPUT, number=1, level_percent=50)


@needs_vectors
def test_a_hub_is_told_whom_to_let_in() -> None:
    added = ccs.AddDevice(
        eui=ESME, install_code=b"0123456789ABCDEF", device_type=ccs.HanDeviceType.ESME, join_time_s=90
    )
    assert _value("CCS01_8.11_SUCCESS_COMMAND") == added


@needs_vectors
def test_two_devices_are_joined_by_one_command_each() -> None:
    initiator = cs03.JoinDevice(
        method=cs03.JoinMethod.A_INITIATOR,
        eui=Eui64("00-DB-12-34-56-78-90-9A"),
        device_type=cs03.JoinDeviceType.HCALCS,
    )
    responder = cs03.JoinDevice(
        method=cs03.JoinMethod.A_RESPONDER, eui=Eui64("00-DB-12-34-56-78-90-93"), device_type=cs03.JoinDeviceType.ESME
    )
    assert _value("CS03A1_8.7.1_SUCCESS_COMMAND") == initiator
    assert _value("CS03A2Critical_8.7.1_SUCCESS_COMMAND") == responder
    assert _value("CS03A1_8.7.1_SUCCESS_RESPONSE") is cs03.JoinResult.SUCCESS


@needs_vectors
def test_the_hub_reports_its_whole_log() -> None:
    changed = _value("CS14_NA_8F12_ALERT")
    assert isinstance(changed, cs14.DeviceLogChanged)
    assert [device.eui for device in changed.devices] == [ESME, "00-DB-12-34-56-78-90-A1"]


@needs_vectors
def test_a_limit_is_reported_with_what_results() -> None:
    alert = _value("ECS101_NA_8F86_INPUT_ALERT")
    assert isinstance(alert, controlleralerts.LimitProcessed)
    assert alert.level == Level(direction=Direction.INPUT, number=3, level_percent=100)
    assert (alert.start, alert.end) == (datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC))
    refused = _value("ECS100_NA_8F85_SUPPLEMENTARY_REMOTE_PARTY_ALERT")
    assert isinstance(refused, alerts.CommandNotSupported)
    assert (refused.message_code, refused.originator_counter) == (0x0012, 100_000)


CCS02_SUCCESS_COMMAND = (
    "DD000000000000601100000000DF090100000000000005160890B3D51F300000020800DB1234567890A20012000290B3D51F3001000000000"
    "000000003EA1CD920000516000103006800001E0300FF0201090800DB1234567890A00049287CECEC3F657F241B16F9"
)
CCS02_ERROR_RESPONSE = (
    "DD000000000000501100000000DF090200000000000005170800DB1234567890A20890B3D51F300000020012000290B3D51F3001000000000"
    "000000003EB0CDA200005170000010001030100A7FFDC630B086C065D71154C"
)
CS03B_SUCCESS_COMMAND = (
    "DD000000000000461100000000DF090100000000000003E90890B3D51F300100000800DB1234567890A10002000E123010020102040800DB1"
    "2345678909C020103007E8DFCB6D2CDECD830C0E736"
)
CS03B_ERROR_RESPONSE = (
    "DD000000000000471100000000DF090200000000000005150800DB1234567890A10890B3D51F300000020012000E90B3D51F3001000000000"
    "000000003EA030201020061C9E1899212059676DF9DF1"
)
ECS102_8F87_INPUT_ALERT = (
    "DF090300000000000007D00800DB1234567890A00890B3D51F30010000000201221D0F200007D0000204128F87090C07DF0101FF000000008"
    "000FF1121110A40642B6B7D12039C34743970D31E87F8DAD1F37366784CC57445800C9EE8670AFEE88AA642C6C4FADEFCB537E3FBE8806100"
    "26AC299B18A5386834204C4DCC01C3"
)
ECS200_8F88_ALERT = (
    "DF090300000000000007D30800DB1234567890A00890B3D51F30010000000A012390B3D51F30010008510F200007D3000203128F88090C07D"
    "F0101FF000000008000FF0C367B226F75747075745374617465223A22313030222C22696E7075745374617465223A2230222C226F74686572"
    "2D64617461223A22227D4000E24414B3FB720669BB59996E666653DEBA6EDA5EB663B0EA80E80E991F61C1E9C63980C98A5E6059154880D0F"
    "9A5D029FD627A35E58B18BAA6685CC9CCBA52"
)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (CCS02_SUCCESS_COMMAND, ccs.RemoveDevice(eui=ESME)),
        (
            CS03B_SUCCESS_COMMAND,
            cs03.JoinDevice(
                method=cs03.JoinMethod.B,
                eui=Eui64("00-DB-12-34-56-78-90-9C"),
                device_type=cs03.JoinDeviceType.GPF,
            ),
        ),
        (CS03B_ERROR_RESPONSE, cs03.JoinResult.INVALID_METHOD_AND_ROLE),
        (
            ECS102_8F87_INPUT_ALERT,
            controlleralerts.LimitEnded(
                at=datetime(2015, 1, 1, tzinfo=UTC),
                level=Level(direction=Direction.INPUT, number=1, level_percent=10),
            ),
        ),
        (
            ECS200_8F88_ALERT,
            controlleralerts.OperationalUpdate(
                at=datetime(2015, 1, 1, tzinfo=UTC),
                state=ControllerState(text='{"outputState":"100","inputState":"0","other-data":""}'),
            ),
        ),
    ],
)
def test_a_quoted_message_is_the_value_and_gives_the_same_octets(octets: str, value: object) -> None:
    message = decode(bytes.fromhex(octets))
    assert read_value(message) == value
    assert encode(message).hex().upper() == octets


def test_a_failed_removal_says_so() -> None:
    results = read_value(decode(bytes.fromhex(CCS02_ERROR_RESPONSE)))
    assert not results.success


def test_an_update_names_its_party_without_a_counter() -> None:
    message = decode(bytes.fromhex(ECS200_8F88_ALERT))
    assert (message.user, message.supplementary_counter) == ("90-B3-D5-1F-30-01-00-08", None)
    state = ControllerState(text='{"outputState":"100","inputState":"0","other-data":""}')
    assert state.levels() == ControllerLevels(output_percent=100, input_percent=0, other="")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"outputState": 101}',
        '{"outputState": -1}',
        '{"outputState": true}',
        '{"outputState": 1e1}',
        '{"outputState": "1000"}',
        '{"outputState": "½"}',
        '{"outputState": ' + "9" * 5000 + "}",
        "[" * 36_000 + "]" * 36_000,
    ],
)
def test_an_unreadable_state_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="controller state"):
        ControllerState(text=text).levels()


def test_a_state_can_be_made_and_read_back() -> None:
    state = ControllerState.of(output_percent=40, input_percent=0, other="x")
    assert state.levels() == ControllerLevels(output_percent=40, input_percent=0, other="x")
    with pytest.raises(LocalProtocolError):
        ControllerState(text=" " * (STATE_CHARACTERS_MAX + 1))


def test_impossible_values_are_refused_where_they_are_made() -> None:
    with pytest.raises(LocalProtocolError):
        Controller(kind=ControllerType.HCALCS)
    with pytest.raises(LocalProtocolError):
        Controller(kind=ControllerType.APC, eui=ESME)
    with pytest.raises(LocalProtocolError):
        hcalcs(Eui64("00-00-00-00-00-00-00-00"))
    with pytest.raises(LocalProtocolError):
        _output(1, 101)
    with pytest.raises(LocalProtocolError):
        ecs46a.WriteLabels(labels=(None,) * 5)
    with pytest.raises(LocalProtocolError):
        CalendarDate(month=13)
    with pytest.raises(LocalProtocolError):
        ccs.AddDevice(eui=ESME, install_code=b"short", device_type=13, join_time_s=60)
    with pytest.raises(LocalProtocolError):
        cs03.JoinDevice(
            method=cs03.JoinMethod.C, eui=ESME, device_type=cs03.JoinDeviceType.ESME, certificate=b"\x30\x05\x00"
        )
    too_long = ecs46a.WriteLabels(labels=("x" * 23, None, None, None, None))
    with pytest.raises(LocalProtocolError, match="22 characters"):
        ecs46a.USE_CASE.encode_command(too_long, 1)


def test_alert_codes_have_meanings_or_say_that_they_have_none() -> None:
    refused = alerts.GenericAlert(alert_code=alerts.NO_AUTHORITY, at=datetime(2026, 1, 13, tzinfo=UTC))
    assert refused.meaning == "source does not have authority for the command"
    assert alertcodes.describe(0x8F3C) == "supply outage restored"
    assert alertcodes.describe(0x1234) == "alert 1234, meaning not listed"
