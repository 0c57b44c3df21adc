"""What goes wrong, and what each side makes of it."""

import pytest

from linkbox.base.errors import InvalidInput
from linkbox.dcc.exchange import ExchangeState, time_out
from linkbox.dcc.exchange.dsp import DspState
from linkbox.emulator import EmulatorConfig, FaultKind, FaultRule
from linkbox.emulator.slots import SlotMode

from .world import World, after, always, faults, hold, installation, read


def world_with(*rules: FaultRule, **settings: object) -> World:
    return World(config=EmulatorConfig(faults=faults(*rules), **settings))  # type: ignore[arg-type]


def mode(world: World) -> SlotMode:
    return world.dcc.device_truth(installation(1).mpan).esme.slots[2].mode


def test_a_lost_command_has_no_effect_and_ends_in_e21() -> None:
    world = world_with(always(FaultKind.COMMAND_LOST))
    world.send(hold(1), after(0))
    world.run_until(after(89))
    assert world.result(hold(1)).state is ExchangeState.AWAITING_RESPONSE
    world.run_until(after(91))
    done = world.result(hold(1))
    assert (done.state, done.response_code, done.may_have_effect) == (ExchangeState.FAILED, "E21", True)
    assert mode(world) is SlotMode.CALENDAR


def test_a_lost_response_hides_an_effect_and_the_user_does_not_rule_it_out() -> None:
    world = world_with(always(FaultKind.RESPONSE_LOST))
    world.send(hold(1), after(0))
    world.run_until(after(91))
    assert world.result(hold(1)).response_code == "E21"
    assert world.result(hold(1)).may_have_effect
    assert mode(world) is SlotMode.HELD_OFF


def test_a_lost_delivery_leaves_the_user_waiting_until_it_times_out() -> None:
    world = world_with(always(FaultKind.DELIVERY_LOST))
    world.send(hold(1), after(0))
    world.run_until(after(3000))
    waiting = world.result(hold(1))
    assert waiting.state is ExchangeState.AWAITING_RESPONSE
    done = time_out(waiting)
    assert (done.state, done.may_have_effect) == (ExchangeState.TIMED_OUT, True)


def test_a_delayed_answer_after_the_time_out_is_kept_as_late() -> None:
    world = world_with(always(FaultKind.DELAY, delay_s=600))
    exchange = world.send(hold(1), after(0))
    world.exchanges[exchange.request.request_id] = time_out(exchange)
    world.run_until(after(1000))
    done = world.result(hold(1))
    assert (done.state, done.late, done.succeeded) == (ExchangeState.TIMED_OUT, True, True)
    assert done.may_have_effect


def test_a_duplicated_answer_is_counted_and_changes_nothing() -> None:
    world = world_with(always(FaultKind.DUPLICATE, delay_s=30))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    assert len(world.deliveries) == 2
    done = world.result(hold(1))
    assert (done.state, done.duplicates, done.late) == (ExchangeState.SUCCEEDED, 1, False)


def test_an_answer_with_a_wrong_xml_signature_is_never_acted_on() -> None:
    world = world_with(always(FaultKind.WRONG_XML_SIGNATURE))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    assert len(world.refused) == 1
    assert "signature" in world.refused[0]
    assert world.result(hold(1)).state is ExchangeState.AWAITING_RESPONSE


def test_an_answer_whose_gbcs_signature_is_wrong_fails_the_exchange_with_effect_unknown() -> None:
    world = world_with(always(FaultKind.WRONG_GBCS_SIGNATURE))
    world.send(hold(1), after(0))
    world.run_until(after(300))
    done = world.result(hold(1))
    assert (done.state, done.response, done.may_have_effect) == (ExchangeState.FAILED, None, True)
    assert "signature" in str(done.failure)


def test_a_quarantined_command_is_noticed_and_delivered_when_it_is_released() -> None:
    world = world_with(always(FaultKind.QUARANTINE, delay_s=1800))
    exchange = world.send(hold(1), after(0))
    world.run_until(after(300))
    held = world.result(hold(1))
    assert (held.state, held.may_have_effect) == (ExchangeState.QUARANTINED, True)
    assert held.quarantine_reference is not None
    assert time_out(held) == held
    assert mode(world) is SlotMode.CALENDAR
    world.run_until(after(2400))
    assert world.result(hold(1)).state is ExchangeState.SUCCEEDED
    assert mode(world) is SlotMode.HELD_OFF
    assert exchange.request.request_id in world.exchanges


def test_a_quarantined_command_that_is_never_released_has_no_effect() -> None:
    world = world_with(always(FaultKind.QUARANTINE))
    exchange = world.send(hold(1), after(0))
    world.run_until(after(90000))
    truth = world.dcc.dsp_truth(exchange.request.request_id)
    assert truth is not None
    assert truth.state is DspState.QUARANTINED
    assert mode(world) is SlotMode.CALENDAR


def test_commands_to_a_hub_that_is_off_line_end_in_e20() -> None:
    rule = always(FaultKind.HUB_OFFLINE, target=str(installation(1).chf), start=after(0), end=after(600))
    world = world_with(rule)
    world.send(hold(1), after(0))
    world.send(hold(2, home=2), after(0))
    world.run_until(after(300))
    assert world.result(hold(1)).response_code == "E20"
    assert world.result(hold(2, home=2)).state is ExchangeState.SUCCEEDED
    world.send(hold(3), after(700))
    world.run_until(after(1000))
    assert world.result(hold(3)).state is ExchangeState.SUCCEEDED


def test_a_throttled_request_can_be_sent_again_later() -> None:
    world = world_with(always(FaultKind.THROTTLE, end=after(60)))
    exchange = world.open(hold(1), after(0))
    throttled = world.post(exchange, after(0))
    assert (throttled.state, throttled.throttled) == (ExchangeState.AWAITING_PRE_COMMAND, 1)
    assert throttled.outgoing == exchange.outgoing
    assert world.post(throttled, after(61)).state is ExchangeState.SIGNED


def test_a_switch_that_is_off_line_acts_when_it_is_back() -> None:
    rule = always(FaultKind.HCALCS_OFFLINE, start=after(0), end=after(1200))
    world = world_with(rule)
    world.send(hold(1), after(0))
    world.run_until(after(3000))
    assert world.result(hold(1)).state is ExchangeState.SUCCEEDED
    assert world.dcc.closed_fraction(installation(1).mpan, after(0), after(1200)) == 1.0
    assert world.dcc.closed_fraction(installation(1).mpan, after(1300), after(1400)) == 0.0


def test_a_rule_strikes_only_what_it_names() -> None:
    world = world_with(always(FaultKind.COMMAND_LOST, srv="7.6", target=str(installation(1).mpan)))
    world.send(hold(1), after(0))
    world.send(hold(2, home=2), after(0))
    world.send(read(3), after(0))
    world.run_until(after(300))
    ends = [world.result(r).state for r in (hold(1), hold(2, home=2), read(3))]
    assert ends == [ExchangeState.FAILED, ExchangeState.SUCCEEDED, ExchangeState.SUCCEEDED]


def test_probabilities_are_those_of_the_plan() -> None:
    world = world_with(always(FaultKind.DELIVERY_LOST, probability=0.3))
    for counter in range(1, 201):
        world.send(read(counter), after(0))
    world.run_until(after(300))
    assert 40 <= 200 - len(world.deliveries) <= 80  # 60 expected, standard deviation 6.5


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"kind": FaultKind.DELAY, "probability": 1.5}, "0..1"),
        ({"kind": FaultKind.DELAY, "delay_s": -1.0}, "negative"),
        ({"kind": FaultKind.HUB_OFFLINE}, "needs a period"),
        ({"kind": FaultKind.DELAY, "start": after(1), "end": after(0)}, "after start"),
    ],
)
def test_an_impossible_rule_is_refused(fields: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule):
        FaultRule(**fields)  # type: ignore[arg-type]
