"""Whole exchanges between a user and the emulated DCC, in memory."""

from linkbox.dcc.exchange import ExchangeState
from linkbox.dcc.gbcs import ecs61a
from linkbox.dcc.gbcs.controllers import hcalcs
from linkbox.emulator.slots import SlotMode

from .world import World, after, hold, read, release


def test_a_charger_is_held_down_and_comes_back_by_itself() -> None:
    world = World()
    home = world.homes[0]
    exchange = world.send(hold(1001), after(0))
    assert exchange.state is ExchangeState.AWAITING_RESPONSE
    world.run_until(after(300))
    done = world.result(hold(1001))
    assert (done.state, done.succeeded, done.failure) == (ExchangeState.SUCCEEDED, True, None)
    assert world.dcc.device_truth(home.mpan).esme.slots[2].mode is SlotMode.HELD_OFF
    assert world.dcc.closed_fraction(home.mpan, after(300), after(360)) == 0.0
    world.run_until(after(4000))
    assert world.dcc.closed_fraction(home.mpan, after(3700), after(3760)) == 1.0
    assert world.dcc.closed_fraction(world.homes[1].mpan, after(300), after(360)) == 1.0


def test_a_reset_gives_the_charger_back_early() -> None:
    world = World()
    home = world.homes[0]
    world.send(hold(1001), after(0))
    world.run_until(after(300))
    world.send(release(1002), after(600))
    world.run_until(after(900))
    assert world.result(release(1002)).state is ExchangeState.SUCCEEDED
    assert world.dcc.closed_fraction(home.mpan, after(800), after(900)) == 1.0


def test_a_read_brings_the_labels_of_the_slots() -> None:
    world = World()
    exchange = world.send(read(1001), after(0))
    assert exchange.state is ExchangeState.AWAITING_RESPONSE
    world.run_until(after(300))
    done = world.result(read(1001))
    assert done.state is ExchangeState.SUCCEEDED
    assert done.response is not None
    assert done.response.supplementary_party == exchange.request.request_id.originator
    data = ecs61a.decode_response(done.response)
    assert data.labels[2] == "EV CHARGER"
    assert data.controllers[2] == hcalcs(world.homes[0].hcalcs)
