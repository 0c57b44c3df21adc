"""Every use case, both ways: any value, every published message, and damaged ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs import (
    ALERT_CASES,
    USE_CASES,
    AlertCase,
    Cra,
    UseCase,
    decode,
    encode,
    failures,
    read_value,
    use_cases_of,
    write_payload,
)
from tests.dcc_gbcs.test_envelope import BROKER, ESME, PRE_COMMAND, USER
from tests.dcc_gbcs.values import ALERTS, COMMANDS, RESPONSES, counters
from tests.dcc_gbcs.vectors import Capture, messages, named, needs_vectors, say

_BY_NAME = {case.name: case for case in USE_CASES.values()}
_ALERTS_BY_NAME = {case.name: case for case in ALERT_CASES.values()}
_use_cases = pytest.mark.parametrize("case", _BY_NAME.values(), ids=_BY_NAME)
_alert_cases = pytest.mark.parametrize("case", _ALERTS_BY_NAME.values(), ids=_ALERTS_BY_NAME)


@needs_vectors
def test_every_published_message_is_a_value_that_gives_the_same_octets(capsys: Capture) -> None:
    same = 0
    for name, data in messages().items():
        message = decode(data)
        assert write_payload(read_value(message), message) == message.payload, name
        same += 1
    say(capsys, f"values: {same} of {len(messages())} published payloads read and written back octet by octet")
    assert same > 100


@needs_vectors
@pytest.mark.parametrize("name", named("PRECOMMAND"))
def test_every_published_pre_command_is_rebuilt_from_its_value(name: str) -> None:
    message = decode(messages()[name])
    rebuilt = USE_CASES[message.message_code].build_pre_command(
        read_value(message),
        originator=message.originator,
        recipient=message.recipient,
        counter=message.originator_counter,
    )
    assert rebuilt == messages()[name] + b"\x00"


@needs_vectors
def test_the_published_set_has_every_use_case_but_those_that_are_named_here() -> None:
    found = {decode(data).message_code for data in messages().values()}
    cases: tuple[UseCase[Any, Any] | AlertCase[Any], ...] = (*_BY_NAME.values(), *_ALERTS_BY_NAME.values())
    absent = {case.name for case in cases if case.message_code not in found}
    # Of these, test_more_messages holds single published messages, quoted with their source.
    assert absent == {"CCS02", "CS03B", "CS03C", "ECS102", "ECS200"}


@_use_cases
@given(data=st.data(), counter=counters)
def test_any_command_and_its_response_are_read_as_they_were_meant(
    case: UseCase[Any, Any], data: st.DataObject, counter: int
) -> None:
    value = data.draw(COMMANDS[case.name])
    command = decode(encode(case.command(value, originator=USER, recipient=ESME, counter=counter)))
    assert case.decode_command(command) == value
    answer = data.draw(RESPONSES[case.name])
    response = decode(encode(case.response(command, answer)))
    assert case.decode_response(response) == answer
    assert (response.originator, response.recipient, response.originator_counter) == (ESME, USER, counter)


@_alert_cases
@given(data=st.data(), counter=counters)
def test_any_alert_is_read_as_it_was_meant(case: AlertCase[Any], data: st.DataObject, counter: int) -> None:
    value = data.draw(ALERTS[case.name])
    message = case.alert(value, originator=ESME, recipient=BROKER, counter=counter, user=USER)
    assert case.decode_alert(decode(encode(message))) == value


def _damage(payload: bytes, data: st.DataObject) -> bytes:
    octets = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(0, len(octets) - 1)))
        match data.draw(st.sampled_from(["change", "cut", "insert", "repeat"])):
            case "change":
                octets[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del octets[place : place + data.draw(st.integers(1, 4))]
            case "insert":
                octets[place:place] = data.draw(st.binary(min_size=1, max_size=4))
            case _:
                octets[place:place] = octets[place : place + data.draw(st.integers(1, 30))]
    return bytes(octets)


@pytest.mark.parametrize("name", [*_BY_NAME, *_ALERTS_BY_NAME])
@given(data=st.data(), counter=counters)
def test_a_damaged_payload_gives_a_value_or_a_remote_error(name: str, data: st.DataObject, counter: int) -> None:
    case: Any = _BY_NAME.get(name) or _ALERTS_BY_NAME[name]
    pairs = (
        [(case.encode_command, case.read_command, COMMANDS), (case.encode_response, case.read_response, RESPONSES)]
        if isinstance(case, UseCase)
        else [(case.encode_alert, case.read_alert, ALERTS)]
    )
    write, read, values = data.draw(st.sampled_from(pairs))
    damaged = _damage(write(data.draw(values[name]), counter), data)
    try:
        value = read(damaged, counter)
    except RemoteProtocolError:
        return
    assert read(write(value, counter), counter) == value


@pytest.mark.parametrize("name", [*_BY_NAME, *_ALERTS_BY_NAME])
@given(payload=st.binary(max_size=100))
def test_any_payload_gives_a_value_or_a_remote_error(name: str, payload: bytes) -> None:
    case: Any = _BY_NAME.get(name) or _ALERTS_BY_NAME[name]
    readers = (case.read_command, case.read_response) if isinstance(case, UseCase) else (case.read_alert,)
    for read in readers:
        try:
            read(payload, 0)
        except RemoteProtocolError:
            continue


def test_a_use_case_is_found_by_its_srv() -> None:
    assert [case.name for case in use_cases_of("7.6")] == ["ECS47"]
    assert [case.name for case in use_cases_of("6.13")] == ["ECS35f", "ECS35g"]
    assert [case.name for case in use_cases_of("8.7.1")] == ["CS03A1", "CS03A2", "CS03C"]
    assert use_cases_of("8.2") == ()


def test_a_code_of_no_use_case_is_refused() -> None:
    message = decode(PRE_COMMAND[:31] + b"\x7f\x7f" + PRE_COMMAND[33:])
    with pytest.raises(RemoteProtocolError, match="7F7F COMMAND"):
        read_value(message)
    with pytest.raises(LocalProtocolError, match="7F7F COMMAND"):
        write_payload(None, message)


def test_a_use_case_that_no_user_signs_has_no_pre_command() -> None:
    with pytest.raises(LocalProtocolError, match="not critical"):
        _BY_NAME["ECS62"].build_pre_command(None, originator=USER, recipient=ESME, counter=1)


@needs_vectors
@pytest.mark.parametrize("name", named("RESPONSE"))
def test_a_published_response_failed_exactly_if_its_name_says_so(name: str) -> None:
    message = decode(messages()[name])
    assert message.cra is Cra.RESPONSE
    assert bool(failures(read_value(message))) == ("_ERROR_" in name)


@needs_vectors
def test_failures_are_said_in_words() -> None:
    def of(name: str) -> tuple[str, ...]:
        return failures(read_value(decode(messages()[name])))

    assert of("ECS47Deactivate_7.6_ERROR_RESPONSE") == ("instruction 1: HARDWARE_FAULT", "instruction 2: OTHER_REASON")
    assert of("CS03A1_8.7.1_ERROR_RESPONSE") == ("join: INCOMPATIBLE_WITH_EXISTING_ENTRY",)
    assert of("ECS35f_6.13_ERROR_RESPONSE") == ("entries: HARDWARE_FAULT",)
    assert of("ECS61a_7.7_ALL_OPTIONALS_ERROR_RESPONSE") == ("states 4: HARDWARE_FAULT", "states 5: OTHER_REASON")
    with pytest.raises(LocalProtocolError):
        failures("no response")
