"""What the DSP lets in, what a meter executes, and what a repeat does."""

from dataclasses import replace

import pytest

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import decode_request, decode_response, encode_request, sign
from linkbox.dcc.duis.response import DeviceAlert
from linkbox.dcc.eligibility import EligibilityRefused, UserRole
from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.gbcs import alerts
from linkbox.dcc.gbcs.envelope import decode
from linkbox.dcc.smki import Role
from linkbox.emulator import EmulatorConfig
from linkbox.emulator.slots import SlotMode

from .world import USER, World, after, hold, installation, read, release


def code_of(world: World, service: str, body: bytes) -> str:
    return decode_response(world.dcc.post(service, body, at=after(0)).body).response_code


def mode(world: World) -> SlotMode:
    return world.dcc.device_truth(installation(1).mpan).esme.slots[2].mode


def test_a_distributor_who_follows_the_published_rules_does_not_even_build_the_request() -> None:
    world = World(profile="duis-5.4")
    with pytest.raises(EligibilityRefused, match="import supplier switches load"):
        world.open(hold(1), after(0))


def test_the_dsp_answers_e2_to_a_distributors_7_6_as_published() -> None:
    world = World(config=EmulatorConfig(profile="duis-5.4"))
    done = world.send(hold(1), after(0))
    assert (done.state, done.response_code, done.may_have_effect) == (ExchangeState.REFUSED, "E2", False)
    assert world.send(read(2), after(0)).state is ExchangeState.AWAITING_RESPONSE


def test_a_supplier_may_switch_load_as_published() -> None:
    world = World(
        config=EmulatorConfig(profile="duis-5.4"),
        profile="duis-5.4",
        user_role=UserRole.IMPORT_SUPPLIER,
        certificate_role=Role.SUPPLIER,
    )
    world.send(hold(1), after(0))
    world.run_until(after(300))
    assert world.result(hold(1)).state is ExchangeState.SUCCEEDED


def test_a_meter_refuses_what_the_dsp_let_through_and_alerts_8f30() -> None:
    world = World(config=EmulatorConfig(profile="secmp0046", device_profile="duis-5.4"))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    done = world.result(hold(1))
    assert (done.state, done.response_code) == (ExchangeState.FAILED, "E21")
    (alert,) = world.unmatched
    assert isinstance(alert.body, DeviceAlert)
    assert alert.body.alert_code == alerts.NO_AUTHORITY == 0x8F30
    assert alerts.GENERIC_CRITICAL.decode_alert(decode(alert.body.payload)).alert_code == 0x8F30
    assert mode(world) is SlotMode.CALENDAR


def test_a_meter_refuses_a_counter_that_is_not_above_the_last() -> None:
    world = World()
    world.send(hold(10), after(0))
    world.run_until(after(300))
    world.send(release(9), after(300))
    world.run_until(after(600))
    assert world.result(release(9)).response_code == "E21"
    assert [a.body.alert_code for a in world.unmatched if isinstance(a.body, DeviceAlert)] == [0x8F60]
    assert mode(world) is SlotMode.HELD_OFF


def test_a_read_with_an_old_counter_is_answered() -> None:
    world = World()
    world.send(hold(10), after(0))
    world.run_until(after(300))
    world.send(read(9), after(300))
    world.run_until(after(600))
    assert world.result(read(9)).state is ExchangeState.SUCCEEDED


def test_the_identical_posts_again_get_the_identical_answers_and_one_effect() -> None:
    world = World()
    world.send(hold(1), after(0))
    first = [world.dcc.post(service, body, at=after(1)) for _, service, body in world.posts]
    second = [world.dcc.post(service, body, at=after(2)) for _, service, body in world.posts]
    assert first == second
    world.run_until(after(300))
    assert len(world.deliveries) == 1
    rows = world.dcc.device_truth(installation(1).mpan).esme.log.rows
    assert len([row for row in rows if row.action == 0x12]) == 1


def test_another_request_under_a_used_id_is_refused() -> None:
    world = World()
    world.send(hold(1), after(0))
    other = sign(encode_request(hold(1, minutes=90)), world.xml_signer)
    assert code_of(world, "T", other) == EmulatorConfig().reused_request_code


def test_a_signed_pre_command_of_another_request_is_refused() -> None:
    world = World()
    first = world.post(world.open(hold(1), after(0)), after(0))
    second = world.post(world.open(hold(2), after(0)), after(0))
    assert first.outgoing is not None
    assert second.outgoing is not None
    stolen = sign(
        encode_request(replace(decode_request(first.outgoing), request_id=second.request.request_id)), world.xml_signer
    )
    assert code_of(world, "S", stolen) == "E100"
    assert world.post(second, after(0)).state is ExchangeState.AWAITING_RESPONSE


def test_a_signed_pre_command_without_a_transform_is_refused() -> None:
    world, other = World(), World()
    exchange = other.post(other.open(hold(1), after(0)), after(0))
    assert exchange.outgoing is not None
    assert code_of(world, "S", exchange.outgoing) == "E100"


def test_the_codes_of_the_validation_chain_are_those_of_the_reference() -> None:
    world = World()
    body = sign(encode_request(hold(1)), world.xml_signer)
    assert code_of(world, "S", body) == "E13"
    assert code_of(world, "D", body) == "E13"
    unknown_device = replace(hold(1), request_id=RequestId(USER, Eui64("00-00-00-00-00-00-00-01"), 1))
    assert code_of(world, "T", sign(encode_request(unknown_device), world.xml_signer)) == "E19"
    to_hub = replace(hold(1), request_id=RequestId(USER, installation(1).chf, 1))
    assert code_of(world, "T", sign(encode_request(to_hub), world.xml_signer)) == "E11"
    stranger = Eui64("90-B3-D5-1F-30-02-00-99")
    signer = world.pki.signer(stranger, Role.XML_SIGNING)
    from_stranger = replace(hold(1), request_id=RequestId(stranger, installation(1).esme, 1))
    assert code_of(world, "T", sign(encode_request(from_stranger), signer)) == "E100"  # its certificate is unknown
    assert code_of(world, "T", encode_request(hold(1))) == "E100"  # unsigned
    local = replace(read(1), command_variant=2)
    assert code_of(world, "D", sign(encode_request(local), world.xml_signer)) == "E17"


def test_a_user_unknown_to_the_dsp_gets_e1() -> None:
    world = World()
    stranger = Eui64("90-B3-D5-1F-30-02-00-99")
    signer = world.pki.signer(stranger, Role.XML_SIGNING)
    world.dcc = world.new_dcc()  # its trust store now knows the certificate, its list of users does not
    from_stranger = replace(hold(1), request_id=RequestId(stranger, installation(1).esme, 1))
    assert code_of(world, "T", sign(encode_request(from_stranger), signer)) == "E1"


def test_a_tampered_request_is_refused_with_its_own_request_id() -> None:
    world = World()
    body = sign(encode_request(hold(1)), world.xml_signer).replace(b">60<", b">99<")
    reply = decode_response(world.dcc.post("T", body, at=after(0)).body)
    assert (reply.request_id, reply.response_code) == (hold(1).request_id, "E100")
