"""The same posts at the same times give the same world."""

from datetime import datetime
from itertools import permutations

from linkbox.emulator import DccEmulator, EmulatorConfig, FaultKind

from .world import World, after, always, faults, hold, read, release

CONFIG = EmulatorConfig(
    seed=11,
    faults=faults(
        always(FaultKind.COMMAND_LOST, probability=0.2),
        always(FaultKind.DUPLICATE, probability=0.3, delay_s=40),
        always(FaultKind.DELAY, probability=0.3, delay_s=100),
        always(FaultKind.QUARANTINE, probability=0.1, delay_s=500),
    ),
)
History = list[tuple[datetime, bytes]]


def play(dcc: DccEmulator, posts: list[tuple[datetime, str, bytes]]) -> History:
    history: History = []
    for at, service, body in posts:
        history += [(d.at, d.body) for d in dcc.run_until(at)]
        dcc.post(service, body, at=at)
    return history + [(d.at, d.body) for d in dcc.run_until(after(20000))]


def an_evening() -> World:
    world = World(config=CONFIG)
    for n in range(12):
        world.run_until(after(100 * n))
        home = n % 2 + 1
        kinds = (hold(n + 1, home=home), release(n + 1, home=home), read(n + 1, home=home))
        world.send(kinds[n % 3], after(100 * n))
    world.run_until(after(20000))
    return world


def test_replaying_the_posts_gives_the_same_deliveries_and_the_same_devices() -> None:
    world = an_evening()
    replayed = world.new_dcc()
    assert play(replayed, world.posts) == [(d.at, d.body) for d in world.deliveries]
    for home in world.homes:
        assert replayed.device_truth(home.mpan).esme == world.dcc.device_truth(home.mpan).esme
        assert replayed.device_truth(home.mpan).contactor == world.dcc.device_truth(home.mpan).contactor


def test_two_runs_of_one_seed_are_equal_and_another_seed_differs() -> None:
    one, two = an_evening(), an_evening()
    assert [d.body for d in one.deliveries] == [d.body for d in two.deliveries]
    three = World(config=EmulatorConfig(seed=12))
    three.send(hold(1), after(0))
    three.run_until(after(300))
    one_alone = World(config=EmulatorConfig(seed=11))
    one_alone.send(hold(1), after(0))
    one_alone.run_until(after(300))
    assert one_alone.deliveries[0].at != three.deliveries[0].at


def test_the_order_in_which_requests_of_one_moment_arrive_does_not_matter() -> None:
    histories = set()
    for order in permutations([hold(1), read(2), hold(3, home=2)]):
        world = World(config=EmulatorConfig(seed=3))
        for one in order:
            world.send(one, after(0))
        world.run_until(after(1000))
        histories.add(tuple((d.at, d.body) for d in world.deliveries))
    assert len(histories) == 1


def test_asking_what_comes_next_and_stopping_there_misses_nothing() -> None:
    stepped, at_once = World(config=CONFIG), World(config=CONFIG)
    for world in (stepped, at_once):
        for n in range(6):
            world.send(hold(n + 1, home=n % 2 + 1), after(0))
    while (at := stepped.dcc.next_event_at()) is not None:
        stepped.run_until(at)
    at_once.run_until(after(20000))
    assert [(d.at, d.body) for d in stepped.deliveries] == [(d.at, d.body) for d in at_once.deliveries]
    assert all(d.at is not None for d in stepped.deliveries)
