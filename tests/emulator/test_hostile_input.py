"""Whatever is thrown at the emulated DCC and its devices, it answers, and nothing is switched by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.dcc.duis import decode_response, encode_request, sign
from linkbox.dcc.eligibility import profile_named
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.exchange.commands import pre_commands
from linkbox.dcc.gbcs.envelope import decode
from linkbox.dcc.gbcs.precommand import sign_pre_command
from linkbox.dcc.gbcs.protection import add_mac
from linkbox.dcc.smki import KeyUsage, Role
from linkbox.emulator import EmulatorConfig
from linkbox.emulator.home import receive
from linkbox.emulator.meteractions import ACTIONS

from .world import World, after, hold, installation, read

WORLD = World()
HOME = installation(1)
SIGNED_REQUEST = sign(encode_request(hold(1)), WORLD.xml_signer)


def genuine_command() -> bytes:
    """A 7.6 as it reaches the meter, signed by the user and with the broker's MAC."""
    expected = pre_commands(hold(7))[0]
    signed = sign_pre_command(expected, expected=expected, signer=WORLD.gbcs_signer)
    broker = WORLD.pki.agreer(WORLD.config.broker, Role.ACCESS_CONTROL_BROKER)
    peer = WORLD.trust.find(HOME.esme, KeyUsage.KEY_AGREEMENT, at=after(0))
    return add_mac(decode(signed), broker, peer)


COMMAND = genuine_command()


@given(st.sampled_from("STD"), st.binary(max_size=300))
def test_any_bytes_get_an_answer(service: str, body: bytes) -> None:
    assert WORLD.dcc.post(service, body, at=after(0)).status == 400


@given(st.sampled_from("STD"), st.integers(0, len(SIGNED_REQUEST) - 1), st.integers(0, 255))
def test_a_request_with_any_byte_changed_is_not_accepted(service: str, position: int, value: int) -> None:
    body = bytearray(SIGNED_REQUEST)
    body[position] = value
    if bytes(body) == SIGNED_REQUEST:
        return
    reply = WORLD.dcc.post(service, bytes(body), at=after(0))
    assert reply.status == 400 or decode_response(reply.body).response_code.startswith("E")


def test_the_genuine_command_is_carried_out() -> None:
    home = WORLD.dcc.device_truth(HOME.mpan)
    profile = profile_named("secmp0046")
    reaction = receive(home, HOME.esme, COMMAND, profile=profile, meter_codes=frozenset(ACTIONS), at=after(0))
    assert reaction.response is not None
    assert reaction.home.esme.slots != home.esme.slots


@settings(max_examples=300)
@given(st.integers(0, len(COMMAND) - 1), st.integers(1, 255))
def test_a_command_with_any_octet_changed_has_no_effect_and_no_response(position: int, flip: int) -> None:
    data = bytearray(COMMAND)
    data[position] ^= flip
    home = WORLD.dcc.device_truth(HOME.mpan)
    profile = profile_named("secmp0046")
    codes = frozenset(ACTIONS)
    reaction = receive(home, HOME.esme, bytes(data), profile=profile, meter_codes=codes, at=after(0))
    assert reaction.response is None
    assert reaction.home.esme == home.esme


@given(st.binary(max_size=200))
def test_any_octets_do_nothing_to_a_device(data: bytes) -> None:
    home = WORLD.dcc.device_truth(HOME.mpan)
    for device in HOME.devices:
        reaction = receive(
            home, device, data, profile=profile_named("secmp0046"), meter_codes=frozenset(ACTIONS), at=after(0)
        )
        assert (reaction.response, reaction.home) == (None, home)


def test_a_request_from_the_past_is_taken_now() -> None:
    world = World()
    world.run_until(after(100))
    world.send(read(1), after(50))
    world.run_until(after(400))
    assert world.result(read(1)).state is ExchangeState.SUCCEEDED
    assert all(d.at >= after(100) for d in world.deliveries)


@pytest.mark.parametrize("late_s", [1.0])
def test_a_device_that_answers_after_the_dsp_gave_up_is_heard_as_late(late_s: float) -> None:
    world = World(config=EmulatorConfig(give_up_s=late_s))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    done = world.result(hold(1))
    assert (done.state, done.response_code, done.late, done.succeeded) == (ExchangeState.FAILED, "E21", True, True)
    assert done.may_have_effect
