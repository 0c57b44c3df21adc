"""Switching loads and reading the switches: ECS47 and ECS61a, in either role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import Cra, Message, alerts, decode, ecs47, ecs61a, encode
from linkbox.dcc.gbcs.controllers import ALCS, hcalcs
from linkbox.dcc.gbcs.dlms import DlmsResult
from linkbox.dcc.gbcs.outcome import Results, Unread
from linkbox.dcc.gbcs.schedule import CalendarDate, SwitchAction, Weekday
from tests.dcc_gbcs.test_envelope import BROKER, ESME, PRE_COMMAND, USER
from tests.dcc_gbcs.vectors import messages, needs_vectors

SUPPLIER = Eui64("90-B3-D5-1F-30-01-00-00")


@needs_vectors
@pytest.mark.parametrize(
    ("name", "command", "counter"),
    [
        ("ECS47Activate_7.5_SUCCESS", ecs47.ActivateLoad(index=1, duration_min=30), 1000),
        ("ECS47Deactivate_7.6_SUCCESS", ecs47.DeactivateLoad(index=3, duration_min=60), 1001),
        ("ECS47Deactivate_7.6_ERROR", ecs47.DeactivateLoad(index=3, duration_min=60), 1004),
        ("ECS47Reset_7.8_SUCCESS", ecs47.ResetLoad(index=5), 1002),
    ],
)
def test_a_published_switching_command_is_rebuilt_from_its_values(
    name: str, command: ecs47.Ecs47Command, counter: int
) -> None:
    built = ecs47.build_pre_command(command, originator=SUPPLIER, recipient=ESME, counter=counter)
    assert built == messages()[name + "_PRECOMMAND"] + b"\x00"
    assert ecs47.decode_command(decode(messages()[name + "_COMMAND"])) == command


def test_the_distributors_pre_command_is_the_one_built_by_hand() -> None:
    command = ecs47.DeactivateLoad(index=3, duration_min=60)
    built = ecs47.build_pre_command(command, originator=USER, recipient=ESME, counter=1766940660265)
    assert built == PRE_COMMAND


@needs_vectors
def test_a_failed_switching_says_what_failed() -> None:
    result = ecs47.decode_response(decode(messages()["ECS47Deactivate_7.6_ERROR_RESPONSE"]))
    assert result.results == (DlmsResult.HARDWARE_FAULT, DlmsResult.OTHER_REASON)
    assert not result.success
    assert ecs47.decode_response(decode(messages()["ECS47Deactivate_7.6_SUCCESS_RESPONSE"])).success


COMMANDS = (
    st.builds(ecs47.ActivateLoad, index=st.integers(1, 5), duration_min=st.integers(0, 65535))
    | st.builds(ecs47.DeactivateLoad, index=st.integers(1, 5), duration_min=st.integers(0, 65535))
    | st.builds(ecs47.ResetLoad, index=st.integers(1, 5))
)


@given(COMMANDS, st.integers(0, 2**64 - 1))
def test_any_switching_command_is_read_as_it_was_meant(command: ecs47.Ecs47Command, counter: int) -> None:
    data = ecs47.build_pre_command(command, originator=USER, recipient=ESME, counter=counter)
    message = decode(data)
    assert ecs47.decode_command(message) == command
    assert data == encode(ecs47.USE_CASE.command(command, originator=USER, recipient=ESME, counter=counter))
    response = ecs47.build_response(message, Results.all_well(1 if isinstance(command, ecs47.ResetLoad) else 2))
    assert (response.cra, response.originator, response.recipient) == (Cra.RESPONSE, ESME, USER)
    assert ecs47.decode_response(decode(encode(response))).success


@given(COMMANDS, st.integers(0, 2**64 - 1), st.data())
def test_a_damaged_switching_command_is_never_read_otherwise_than_item_by_item(
    command: ecs47.Ecs47Command, counter: int, data: st.DataObject
) -> None:
    payload = bytearray(ecs47.USE_CASE.encode_command(command, counter))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))

    def read(reader: Callable[[bytes, int], ecs47.Ecs47Command]) -> object:
        try:
            return reader(bytes(payload), counter)
        except RemoteProtocolError as error:
            return str(error)

    assert read(ecs47.USE_CASE.read_command) == read(ecs47._read_items)


@pytest.mark.parametrize(("index", "minutes"), [(0, 60), (6, 60), (1, -1), (1, 65536)])
def test_an_impossible_switch_or_duration_is_refused(index: int, minutes: int) -> None:
    with pytest.raises(LocalProtocolError):
        ecs47.DeactivateLoad(index=index, duration_min=minutes)


@pytest.mark.parametrize(
    "payload",
    [
        "D920DED229000202000100005E2C77020203000900000A0067FF010212003C120412",  # opens another switch than it times
        "D920DED229000202000100005E2C77020203000900000A0067FF010212003C120311",  # times opening, but closes
        "D920DED229000202000100005E2C77020203000900000A0067FF010212003C120020",  # switch 0
        "D920DED228000202000100005E2C77020203000900000A0067FF010212003C120312",  # invoke id of another counter
        "D920DED22900010202000100005E2C770212003C",  # the time alone
        "D920DED229000202000100005E2C77020203000900000A0067FF010212003C12031200",  # more behind it
        "D920DED229000202000100005E2C77020203000900000A0067FF010211003C120312",  # another kind of number
    ],
)
def test_a_switching_command_that_contradicts_itself_is_refused(payload: str) -> None:
    message = decode(PRE_COMMAND)
    changed = Message(
        cra=Cra.COMMAND,
        originator_counter=message.originator_counter,
        originator=USER,
        recipient=ESME,
        message_code=0x0055,
        payload=bytes.fromhex(payload),
    )
    with pytest.raises(RemoteProtocolError):
        ecs47.decode_command(changed)


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="must be 00BB COMMAND"):
        ecs61a.decode_command(decode(PRE_COMMAND))
    with pytest.raises(RemoteProtocolError, match="must be 0055 RESPONSE"):
        ecs47.decode_response(decode(PRE_COMMAND))


@needs_vectors
@pytest.mark.parametrize(("name", "counter"), [("SUCCESS", 1002), ("ERROR", 1003)])
def test_the_published_read_command_is_rebuilt(name: str, counter: int) -> None:
    published = decode(messages()[f"ECS61a_7.7_ALL_OPTIONALS_{name}_COMMAND"])
    command = ecs61a.build_command(ecs61a.ReadSwitchData(), originator=SUPPLIER, recipient=ESME, counter=counter)
    assert command.payload == published.payload
    assert ecs61a.decode_command(published) == ecs61a.ReadSwitchData()


@needs_vectors
def test_the_published_switch_data_reads_as_the_published_values() -> None:
    data = ecs61a.decode_response(decode(messages()["ECS61a_7.7_ALL_OPTIONALS_SUCCESS_RESPONSE"]))
    assert data.labels == (
        "ALCS_1_Description",
        "HCALCS_2_Description",
        "ALCS_3_Description",
        "ALCS_4_Description",
        "ALCS_5_Description",
    )
    assert data.controllers == (ALCS, hcalcs(Eui64("00-DB-12-34-56-78-90-97")), ALCS, ALCS, ALCS)
    assert data.states == (True,) * 5
    assert isinstance(data.special_days, tuple)
    assert [day.date for day in data.special_days] == [
        CalendarDate(month=12, day=25),
        CalendarDate(month=12, day=26),
        CalendarDate(year=2015, month=4, day=3),
        CalendarDate(year=2015, month=8, day=31),
    ]
    assert isinstance(data.schedule, tuple)
    weekend = data.schedule[4]
    assert weekend.action == SwitchAction(number=2, on=True)
    assert weekend.at == time(14, 0)
    assert weekend.weekdays == {Weekday.SATURDAY, Weekday.SUNDAY}
    assert weekend.special_days == (True,) * 4
    assert (weekend.begin, weekend.end) == (CalendarDate(month=6, day=21), CalendarDate(month=9, day=21))


@needs_vectors
def test_what_could_not_be_read_says_why() -> None:
    data = ecs61a.decode_response(decode(messages()["ECS61a_7.7_ALL_OPTIONALS_ERROR_RESPONSE"]))
    failures = (Unread(result=DlmsResult.HARDWARE_FAULT), Unread(result=DlmsResult.OTHER_REASON))
    assert data.states == (True, True, True, *failures)


def test_a_read_through_the_broker_is_answered_to_the_broker_for_the_user() -> None:
    command = ecs61a.build_command(
        ecs61a.ReadSwitchData(), originator=BROKER, recipient=ESME, counter=77, user=USER, user_counter=1001
    )
    nothing = Unread(result=DlmsResult.OBJECT_UNDEFINED)
    data = ecs61a.SwitchData(
        labels=("EV charger", *(nothing,) * 4),
        controllers=(hcalcs(Eui64("00-DB-12-34-56-78-90-A5")), *(nothing,) * 4),
        special_days=(),
        schedule=nothing,
        states=(False,) * 5,
    )
    response = decode(encode(ecs61a.build_response(command, data)))
    assert (response.recipient, response.user, response.user_counter) == (BROKER, USER, 1001)
    assert ecs61a.decode_response(response) == data


def test_alerts_of_refusal_are_what_the_devices_publish() -> None:
    at = datetime(2015, 1, 1, tzinfo=UTC)
    generic = alerts.GenericAlert(alert_code=alerts.NO_AUTHORITY, at=at)
    message = alerts.GENERIC_CRITICAL.alert(generic, originator=ESME, recipient=SUPPLIER, counter=2000)
    assert message.payload.hex().upper() == "0F200007D0000202128F30090C07DF0101FF000000008000FF"
    refused = alerts.CommandNotSupported(at=at, message_code=0x0012, originator_counter=100000)
    message = alerts.ECS100.alert(
        refused, originator=ESME, recipient=BROKER, counter=2001, user=SUPPLIER, user_counter=200000
    )
    expected = "0F200007D1000203128F85090C07DF0101FF000000008000FF090A001200000000000186A0"
    assert message.payload.hex().upper() == expected
    assert alerts.ECS100.decode_alert(message) == refused
