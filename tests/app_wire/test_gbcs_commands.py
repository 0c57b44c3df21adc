"""``linkbox gbcs``: decode, encode, sign, verify."""

from __future__ import annotations

import base64
import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.app.gbcs_messages import compose_message, describe_message
from linkbox.base.errors import InvalidInput
from tests.app_wire.tool import DSP, HOLD, METER, PASSWORD, STRANGER, SWITCH, USER, key_of, linkbox, right
from tests.dcc_gbcs.vectors import messages, needs_vectors
from tests.dcc_smki.places import vectors

pytestmark = pytest.mark.usefixtures("password")
PRE_COMMAND = (
    "DF090100000000000003E90890B3D51F300200000800DB1234567890A000020055"
    "22D9200003E9000202000100005E2C77020203000900000A0067FF010212003C12031200"
)


def hold(pki: Path, minutes: int = 60) -> tuple[Path, bytes]:
    """A request of the user, and the Pre-Command that the emulated DSP makes of it."""
    from linkbox.base.identifiers import Eui64
    from linkbox.dcc.gbcs import ecs47

    request = pki.parent / f"hold-{minutes}.xml"
    request.write_bytes(right("duis", "build", *HOLD, "--duration", minutes).out)
    command = ecs47.DeactivateLoad(index=3, duration_min=60)
    return request, ecs47.build_pre_command(command, originator=Eui64(USER), recipient=Eui64(METER), counter=1001)


@needs_vectors
def test_every_published_message_is_told_and_written_again() -> None:
    told = {name: json.loads(json.dumps(describe_message(data))) for name, data in messages().items()}
    for name, data in messages().items():
        assert compose_message(told[name]) == data, name
        without_payload = {key: item for key, item in told[name].items() if key != "payload"}
        assert compose_message(without_payload) == data, name
    assert all(one["use_case"] and "problem" not in one for one in told.values())
    assert len(told) > 100


@needs_vectors
def test_the_commands_say_the_same_in_every_form_of_input(tmp_path: Path) -> None:
    name = "ECS47Deactivate_7.6_SUCCESS_COMMAND"
    data = messages()[name]
    shown = right("gbcs", "decode", "--json", stdin=data)
    assert shown.json["value"]["type"] == "DeactivateLoad"
    forms = (data.hex().encode(), data.hex(" ").upper().encode() + b"\n", base64.b64encode(data))
    assert {right("gbcs", "decode", "--json", stdin=form).out for form in forms} == {shown.out}
    (tmp_path / "message.json").write_bytes(shown.out)
    assert right("gbcs", "encode", tmp_path / "message.json").text == data.hex().upper() + "\n"
    assert right("gbcs", "encode", "--raw", tmp_path / "message.json").out == data


@needs_vectors
@pytest.mark.parametrize("name", ["ECS47Deactivate_7.6_SUCCESS_RESPONSE", "ECS47Deactivate_7.6_SUCCESS_COMMAND"])
def test_published_signatures_verify_with_the_published_certificates(name: str) -> None:
    words = ("--trust", vectors("certificates"), "--at", "2019-06-01T00:00:00Z", "--json")
    data = bytearray(messages()[name])
    told = right("gbcs", "verify", *words, stdin=bytes(data)).json
    assert (told["verdict"], told["signature"], told["message_code"]) == ("verified", "right", "0055")
    data[-20] ^= 1
    done = linkbox("gbcs", "verify", *words, stdin=bytes(data))
    assert done.code == 1
    assert done.json["verdict"] == "not verified"


def test_a_value_can_be_changed_and_the_payload_follows(pki: Path) -> None:
    told = describe_message(hold(pki)[1])
    del told["payload"]
    told["value"]["duration_min"] = 30
    assert describe_message(compose_message(told))["value"]["duration_min"] == 30


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"value": {"type": "DeactivateLoad", "index": 1, "duration_min": 5}}, "must be what the value gives"),
        ({"value": {"type": "DeactivateLoad", "index": 1}}, "duration_min: '': must be given"),
        ({"value": {"type": "Nonsense"}}, "must be one of"),
        ({"value": {"type": "ReadSwitchData"}}, "must fit the use case"),
        ({"value": {"type": "DeactivateLoad", "index": 1, "duration_min": 99999}}, "value"),
        ({"cra": "ORDER", "originator": "x", "payload": "zz"}, "COMMAND, RESPONSE, ALERT"),
        ({"message_code": "55"}, "four hex digits"),
        ({"signature": "00"}, "64 octets"),
        ({"spare": 1}, "has only"),
        ({"mac": 5}, "mac"),
    ],
)
def test_a_message_that_can_not_be_is_refused_with_every_reason(pki: Path, change: dict[str, object], why: str) -> None:
    told = {**describe_message(hold(pki)[1]), **change}
    done = linkbox("gbcs", "encode", stdin=json.dumps(told).encode())
    assert (done.code, done.out) == (2, b"")
    assert why in done.err


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"zz", b"DF0901", b"<sr:Request/>", b"\xdf\x09", b"{" * 100_000])
@pytest.mark.parametrize("command", ["decode", "encode"])
def test_bad_input_is_said_to_be_bad(command: str, text: bytes) -> None:
    done = linkbox("gbcs", command, stdin=text)
    assert (done.code, done.out) == (2, b"")


def test_a_payload_that_its_use_case_does_not_know_is_a_negative_verdict(pki: Path) -> None:
    told = describe_message(hold(pki)[1])
    told = {**{key: item for key, item in told.items() if key != "value"}, "payload": "d920000fff0001"}
    done = linkbox("gbcs", "decode", "--json", stdin=compose_message(told))
    assert done.code == 1
    assert done.json["use_case"] == "ECS47"
    assert "problem" in done.json


def test_a_message_of_an_unknown_use_case_is_told_as_far_as_it_goes(pki: Path) -> None:
    told = {**describe_message(hold(pki)[1]), "message_code": "7FFF", "value": None}
    shown = right("gbcs", "decode", "--json", stdin=compose_message(told)).json
    assert (shown["use_case"], shown["message_code"]) == (None, "7FFF")


def test_a_pre_command_is_signed_if_it_is_what_was_asked_for(pki: Path) -> None:
    request, pre_command = hold(pki)
    words = ("--request", request, *key_of(pki, USER, "03"))
    signed = right("gbcs", "sign", *words, stdin=pre_command).text
    assert signed.startswith(pre_command[:-1].hex().upper() + "40")
    told = right("gbcs", "verify", "--trust", pki, "--json", stdin=signed.encode()).json
    assert told["signed_by"]["role"] == "03 NETWORK_OPERATOR"
    assert (told["originator"], told["recipient"], told["counter"]) == (USER, METER, 1001)


def test_a_pre_command_that_was_not_asked_for_is_not_signed(pki: Path) -> None:
    request, pre_command = hold(pki, 30)
    done = linkbox("gbcs", "sign", "--request", request, *key_of(pki, USER, "03"), stdin=pre_command)
    assert (done.code, done.out) == (1, b"")
    assert "payload must be" in done.err
    request, pre_command = hold(pki)
    done = linkbox("gbcs", "sign", "--request", request, *key_of(pki, STRANGER, "03"), stdin=pre_command)
    assert (done.code, done.out) == (1, b"")
    assert linkbox("gbcs", "sign", *key_of(pki, USER, "03"), stdin=pre_command).code == 2


def test_nothing_is_verified_by_a_message_without_protection(pki: Path) -> None:
    done = linkbox("gbcs", "verify", "--trust", pki, "--json", stdin=hold(pki)[1])
    assert done.code == 1
    assert done.json["verdict"] == "nothing was verified"


@pytest.fixture(scope="module")
def device_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test PKI whose devices' keys are written too."""
    folder = tmp_path_factory.mktemp("devices")
    (folder / "password").write_text(PASSWORD)
    words = ("--seed", "tests", "--user", USER, "--device", METER, "--device", SWITCH, "--device-keys")
    right("pki", "create", folder / "pki", *words, "--password-file", folder / "password")
    return folder / "pki"


def test_a_mac_is_checked_with_the_key_of_one_end(device_pki: Path) -> None:
    from linkbox.base.identifiers import Eui64
    from linkbox.dcc.gbcs import add_mac, decode
    from linkbox.dcc.smki import KeyUsage, Role
    from linkbox.dcc.smki.files import read_agreer, read_trust

    broker = read_agreer(device_pki, Eui64(DSP), Role.ACCESS_CONTROL_BROKER, PASSWORD.encode())
    meter = next(
        c for c in read_trust(device_pki) if c.eui == METER and c.usage is KeyUsage.KEY_AGREEMENT and c.role is None
    )
    request, pre_command = hold(device_pki)
    signed = right("gbcs", "sign", "--request", request, *key_of(device_pki, USER, "03"), stdin=pre_command).text
    command = add_mac(decode(bytes.fromhex(signed)), broker, meter)
    unchecked = right("gbcs", "verify", "--trust", device_pki, "--json", stdin=command).json
    assert unchecked["mac"] == "there, but not checked: no key was given"
    for end, role, peer in ((METER, "device", DSP), (DSP, "04", METER)):
        key, _, certificate, path = _names(key_of(device_pki, end, role, "ka"))
        words = ("--trust", device_pki, "--key", key, certificate, path, "--json")
        told = right("gbcs", "verify", *words, stdin=command).json
        assert told["mac"] == f"right, between {end} and {peer}"
        spoilt = command[:-1] + bytes([command[-1] ^ 1])
        assert linkbox("gbcs", "verify", *words, stdin=spoilt).code == 1
    assert linkbox("gbcs", "verify", "--trust", device_pki, "--key", key, stdin=command).code == 2


def _names(options: tuple[object, ...]) -> tuple[object, ...]:
    return options[1], None, "--key-certificate", options[3]


OTHERS: tuple[Any, ...] = (None, True, -1, 2**64, 1.5, "", "zz", "00", [], {}, {"type": "Results"}, "COMMAND")
NASTY: st.SearchStrategy[Any] = st.sampled_from(OTHERS).map(copy.deepcopy)


def _places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as a path of keys."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_the_json_gives_a_message_or_a_list_of_issues(data: st.DataObject) -> None:
    told = json.loads(json.dumps(describe_message(bytes.fromhex(PRE_COMMAND))))
    (*above, last) = data.draw(st.sampled_from(_places(told)[1:]))
    parent = told
    for key in above:
        parent = parent[key]
    parent[last] = data.draw(NASTY)
    told["supplementary_party"] = data.draw(st.sampled_from([None, USER]))
    told["supplementary_counter"] = data.draw(NASTY)
    found: Any = None
    with suppress(InvalidInput):
        found = compose_message(told)
    assert found is None or isinstance(found, bytes)
