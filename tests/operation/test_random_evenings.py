"""Evenings drawn at random, with everything going wrong: what must hold at every step, and at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from linkbox.control.policy import ControlPolicy
from linkbox.customers import ConsentKind, CustomerFile, event_from_row
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.emulator.alcslog import SWITCH_OFF
from linkbox.operation import customer_desk, interventions, release_desk
from linkbox.operation.entities import COMMAND_TABLE, CommandKind
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.operation.rig import (
    CHARGERS,
    FEEDER,
    Plan,
    Rig,
    assert_invariants,
    assert_memory_equals_store,
    consent,
    mpan,
    provider,
)

homes = st.integers(0, CHARGERS - 1)
amps = st.sampled_from([60.0, 95.0, 118.0, 160.0, 20.0])
waits = st.sampled_from([60.0, 0.0, 3.0, 20.0, 130.0])
"""Seconds that pass after what a rule does."""
FAULTS = [
    FaultKind.COMMAND_LOST,
    FaultKind.RESPONSE_LOST,
    FaultKind.DELIVERY_LOST,
    FaultKind.DELAY,
    FaultKind.DUPLICATE,
    FaultKind.REORDER,
    FaultKind.WRONG_XML_SIGNATURE,
    FaultKind.WRONG_GBCS_SIGNATURE,
    FaultKind.QUARANTINE,
    FaultKind.THROTTLE,
    FaultKind.VERSION_MISMATCH,
]
rules = st.builds(
    FaultRule,
    kind=st.sampled_from(FAULTS),
    probability=st.sampled_from([0.2, 0.6]),
    delay_s=st.sampled_from([1.0, 40.0, 130.0, 900.0]),
    srv=st.sampled_from([None, "7.6", "7.8"]),
)


class Evening(RuleBasedStateMachine):
    """One street, one controller, one bad night."""

    rig: Rig

    @initialize(faults=st.lists(rules, max_size=2), market=st.booleans(), drawing=st.frozensets(homes, min_size=2))
    def begin(self, faults: list[FaultRule], market: bool, drawing: frozenset[int]) -> None:
        self.disk = MemoryDisk()
        plan = Plan(
            faults=FaultPlan(rules=tuple(faults)),
            contracts=(provider(),) if market else (),
            control=ControlPolicy(min_hold_s=300, release_gap_s=60, quiet_s=180),
        )
        self.rig = Rig(MemoryStore(self.disk), plan, base_a=(118.0, 95.0, 60.0), drawing=set(drawing))
        self.spoken = 0
        self._wait(61.0)

    def _wait(self, seconds: float) -> None:
        asyncio.run(self.rig.run(seconds / 60))

    @rule(minutes=st.sampled_from([5, 2, 15]))
    def time_passes(self, minutes: float) -> None:
        self._wait(60.0 * minutes)

    @rule(a=amps, b=amps, c=amps, wait=waits)
    def load_changes(self, a: float, b: float, c: float, wait: float) -> None:
        self.rig.base_a = (a, b, c)
        self._wait(wait)

    @rule(reachable=st.booleans(), loses=st.booleans(), delivers=st.booleans(), wait=waits)
    def dcc_changes(self, reachable: bool, loses: bool, delivers: bool, wait: float) -> None:
        self.rig.dcc.reachable, self.rig.dcc.loses_answers, self.rig.dcc_delivers = reachable, loses, delivers
        self._wait(wait)

    @rule(measured=st.booleans(), wait=waits)
    def monitor_changes(self, measured: bool, wait: float) -> None:
        self.rig.measured = measured
        self._wait(wait)

    @rule(status=st.sampled_from([202, 202, 500, None]), broken=st.booleans(), wait=waits)
    def others_change(self, status: int | None, broken: bool, wait: float) -> None:
        self.rig.market.status, self.rig.notices.broken = status, broken
        self._wait(wait)

    @rule(wait=waits)
    def controller_is_restarted(self, wait: float) -> None:
        self.rig.store = MemoryStore(self.disk)
        self.rig.start()
        self._wait(wait)

    @rule(home=homes, kind=st.sampled_from([ConsentKind.GIVEN, ConsentKind.WITHDRAWN]), wait=waits)
    def customer_speaks(self, home: int, kind: ConsentKind, wait: float) -> None:
        event = consent(home, kind, self.rig.clock.now())
        self.rig.controller.act(lambda s: customer_desk.tell(s, event))
        self._wait(wait)

    @precondition(lambda self: FEEDER in self.rig.controller.desk.interventions)
    @rule(wait=waits)
    def operator_stops(self, wait: float) -> None:
        self.rig.controller.act(lambda s: interventions.stop(s, FEEDER, who="the control room", why="drill"))
        self._wait(wait)

    @rule(home=homes, wait=waits)
    def operator_frees_one(self, home: int, wait: float) -> None:
        self.rig.controller.act(lambda s: release_desk.release_one(s, mpan(home), "asked for"))
        self._wait(wait)

    @precondition(lambda self: any(m["type"] == "FlexRequest" for m in self.rig.market.received))
    @rule(result=st.sampled_from(["accepted", "rejected"]), holds=st.frozensets(homes), wait=waits)
    def provider_answers(self, result: str, holds: frozenset[int], wait: float) -> None:
        self.spoken += 1
        self.rig.offer(result, name=f"offer-{self.spoken}")
        self.rig.provider_holds = set(holds)
        self._wait(wait)

    @invariant()
    def what_must_hold_at_every_step(self) -> None:
        assert_invariants(self.rig)
        assert_memory_equals_store(self.rig)

    def teardown(self) -> None:
        """The night ends: everything works again, the load is low, and an hour and a half passes."""
        rig = self.rig
        rig.base_a, rig.drawing, rig.measured = (20.0, 20.0, 20.0), set(), True
        rig.dcc.reachable, rig.dcc.loses_answers, rig.dcc_delivers = True, False, True
        rig.market.status, rig.notices.broken = 202, False
        asyncio.run(rig.run(90))
        self.what_must_hold_at_every_step()
        assert rig.held_in_truth() == set(), "every charger is free at the end"
        every = [c for kind in CommandKind for c in rig.commands(kind)]
        assert all(c.state in COMMAND_TABLE.final and c.outcome for c in every), "every command closed with a reason"
        assert rig.controller.desk.outbox == {}
        assert rig.controller.desk.interventions == {}
        assert rig.store.pending_inbox() == []
        self._check_holds()

    def _check_holds(self) -> None:
        rig, holds = self.rig, self.rig.commands()
        file = CustomerFile.of(event_from_row(dict(body)) for body in rig.store.customer_events())
        assert all(file.consent(c.mpan, c.decided_at, known_at=c.decided_at).valid for c in holds)
        asked = Counter(c.mpan for c in holds)
        for number in range(CHARGERS):
            log: Any = rig.emulator.device_truth(mpan(number)).esme.log.rows
            assert sum(row.action == SWITCH_OFF for row in log) <= asked[mpan(number)], "no hold is done twice"
            assert rig.open_seconds(number) <= 120 * 60
            counted = rig.ledger().used_s(mpan(number), rig.clock.now(), timedelta(days=2))
            assert rig.open_seconds(number) <= counted + 1, "held longer than the ledger says"


EveningTest = Evening.TestCase
EveningTest.settings = settings(
    max_examples=5,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
