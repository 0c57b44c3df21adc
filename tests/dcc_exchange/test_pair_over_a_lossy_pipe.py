"""User and DSP as a pair, over a pipe that loses, repeats and reorders whatever is in it.

Each command goes to a meter of its own, so that its effects can be counted in that meter's log.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from linkbox.base.identifiers import RequestId
from linkbox.dcc.exchange import Exchange, ExchangeState, receive_reply, send_failed, time_out
from linkbox.emulator import EmulatorConfig, FaultKind
from tests.emulator.world import START, World, always, faults, hold, installation

HOMES = 5
DEVICE_FAULTS = faults(
    always(FaultKind.COMMAND_LOST, probability=0.15),
    always(FaultKind.RESPONSE_LOST, probability=0.15),
    always(FaultKind.DUPLICATE, probability=0.2, delay_s=20),
)


class Pair(RuleBasedStateMachine):
    """What the user has, what is under way in either direction, and the DSP."""

    def __init__(self) -> None:
        super().__init__()
        homes = tuple(installation(n) for n in range(1, HOMES + 1))
        self.world = World(config=EmulatorConfig(seed=5, faults=DEVICE_FAULTS), homes=homes)
        self.now = START
        self.posts: list[tuple[RequestId, str, bytes]] = []
        self.replies: list[tuple[RequestId, bytes]] = []
        self.deliveries: list[bytes] = []
        self.opened = 0

    def exchange(self, number: int) -> Exchange:
        keys = sorted(self.world.exchanges)
        return self.world.exchanges[keys[number % len(keys)]]

    @precondition(lambda self: self.opened < HOMES)
    @rule()
    def open(self) -> None:
        self.opened += 1
        self.world.open(hold(self.opened, home=self.opened), self.now)

    @precondition(lambda self: self.opened)
    @rule(number=st.integers(0, HOMES))
    def post(self, number: int) -> None:
        exchange = self.exchange(number)
        if exchange.outgoing is not None:
            self.posts.append((exchange.request.request_id, exchange.service, exchange.outgoing))

    @precondition(lambda self: self.opened)
    @rule(number=st.integers(0, HOMES))
    def round_trip(self, number: int) -> None:
        """Nothing goes wrong for once."""
        exchange = self.exchange(number)
        if exchange.outgoing is not None:
            self.world.post(exchange, self.now)

    @precondition(lambda self: self.posts)
    @rule(number=st.integers(0, 20), keep=st.booleans())
    def post_arrives(self, number: int, keep: bool) -> None:
        index = number % len(self.posts)
        request_id, service, body = self.posts[index] if keep else self.posts.pop(index)
        self.replies.append((request_id, self.world.dcc.post(service, body, at=self.now).body))

    @precondition(lambda self: self.posts)
    @rule(number=st.integers(0, 20))
    def post_is_lost(self, number: int) -> None:
        self.posts.pop(number % len(self.posts))

    @precondition(lambda self: self.replies)
    @rule(number=st.integers(0, 20), keep=st.booleans())
    def reply_arrives(self, number: int, keep: bool) -> None:
        index = number % len(self.replies)
        request_id, body = self.replies[index] if keep else self.replies.pop(index)
        self.world.exchanges[request_id] = receive_reply(
            self.world.exchanges[request_id],
            body,
            trust=self.world.trust,
            xml_signer=self.world.xml_signer,
            gbcs_signer=self.world.gbcs_signer,
            at=self.now,
        )

    @precondition(lambda self: self.replies)
    @rule(number=st.integers(0, 20))
    def reply_is_lost(self, number: int) -> None:
        self.replies.pop(number % len(self.replies))

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.deliveries += [delivery.body for delivery in self.world.dcc.run_until(self.now)]

    @precondition(lambda self: self.deliveries)
    @rule(number=st.integers(0, 20), keep=st.booleans())
    def delivery_arrives(self, number: int, keep: bool) -> None:
        index = number % len(self.deliveries)
        self.world.take(self.deliveries[index] if keep else self.deliveries.pop(index), self.now)

    @precondition(lambda self: self.opened)
    @rule(number=st.integers(0, HOMES), why=st.integers(0, 9))
    def user_gives_up(self, number: int, why: int) -> None:
        """Seldom, or nothing would ever be reached."""
        exchange = self.exchange(number)
        if why == 0:
            exchange = send_failed(exchange, "connection refused")
        elif why == 1:
            exchange = time_out(exchange)
        self.world.exchanges[exchange.request.request_id] = exchange

    @rule()
    def user_crashes_and_comes_back(self) -> None:
        for request_id, exchange in self.world.exchanges.items():
            self.world.exchanges[request_id] = Exchange.from_record(exchange.to_record())

    @invariant()
    def each_command_has_one_effect_at_most(self) -> None:
        for number in range(1, self.opened + 1):
            assert self.effects(number) <= 1

    @invariant()
    def what_the_user_says_of_the_effect_is_true(self) -> None:
        for number in range(1, self.opened + 1):
            exchange = self.world.result(hold(number, home=number))
            if exchange.succeeded:
                assert self.effects(number) == 1
            if not exchange.may_have_effect:
                assert self.effects(number) == 0

    def effects(self, number: int) -> int:
        rows = self.world.dcc.device_truth(installation(number).mpan).esme.log.rows
        return sum(row.action == 0x12 for row in rows)

    def teardown(self) -> None:
        """Nothing more arrives: the deadline passes, and every exchange ends."""
        for exchange in self.world.exchanges.values():
            assert time_out(exchange).is_final
            assert time_out(exchange).state in {
                ExchangeState.SUCCEEDED,
                ExchangeState.FAILED,
                ExchangeState.REFUSED,
                ExchangeState.TIMED_OUT,
            }


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
