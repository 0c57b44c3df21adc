"""Who is never held: without consent, not domestic, on the priority register, with another load behind the switch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from linkbox.control.ledger import EntryState
from linkbox.customers import ConsentKind, CustomerEvent, Objection, PriorityChoice, event_to_row
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.operation import customer_desk
from linkbox.operation.entities import CommandKind, CommandState
from linkbox.operation.session import Session
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    EV,
    START,
    YEAR_AGO,
    Post,
    Rig,
    after,
    assert_invariants,
    assert_memory_equals_store,
    consent,
    moved_in,
    mpan,
)

HOT, VERY_HOT = (95.0, 60.0, 60.0), (160.0, 160.0, 160.0)
EVERYBODY = set(range(CHARGERS))
OTHERS = {1, 2, 3, 4, 5}


def record(rig: Rig, *events: Any) -> None:
    """The customers' file gets new facts; a restart reads them."""
    with rig.store.transaction() as tx:
        for event in events:
            tx.append_customer_event(event_to_row(event))
    rig.start()


def held(rig: Rig) -> set[int]:
    return {n for n in range(CHARGERS) for c in rig.commands() if c.mpan == mpan(n)}


def refusals(rig: Rig, number: int) -> list[str]:
    token = rig.site.pseudonym(mpan(number))
    return [reason for f in rig.facts("permit", "refused") if f["customer"] == token for reason in f["reasons"]]


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


async def test_when_everybody_is_needed_everybody_who_may_is_held_and_nobody_else(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    assert held(rig) == EVERYBODY
    assert rig.audit("permit", "refused") == []
    sound(rig)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"willing": frozenset(OTHERS)}, "no consent on file"),
        ({"shops": frozenset({0})}, "not a domestic connection point"),
        ({"priority": frozenset({0})}, "Priority Services Register"),
        ({"wrong_label": frozenset({0})}, "not an EV charger"),
    ],
    ids=["no consent", "a shop", "priority register", "wrong label"],
)
async def test_one_who_may_not_be_held_is_never_commanded_and_the_reason_is_recorded_once(
    make_rig: MakeRig, settings: dict[str, Any], reason: str
) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, **settings)
    await rig.run(20)
    assert held(rig) == OTHERS
    assert [reason in text for text in refusals(rig, 0)] == [True]
    assert 0 not in rig.held_in_truth()
    assert all(post.request.request_id.target != rig.site.inventory.find(mpan(0)).esme for post in rig.dcc.posts)
    sound(rig)


@pytest.mark.parametrize(
    "event",
    [
        consent(0, ConsentKind.WITHDRAWN, START),
        consent(0, ConsentKind.EXPIRED, START),
        consent(0, ConsentKind.REFUSED, START),
        moved_in(0, START - timedelta(days=2), tenancy="T2"),
    ],
    ids=["withdrawn", "expired", "refused", "new tenant"],
)
async def test_a_consent_that_does_not_hold_any_more_permits_nothing(make_rig: MakeRig, event: Any) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    record(rig, event)
    await rig.run(3)
    assert held(rig) == OTHERS
    sound(rig)


async def test_a_priority_customer_who_asked_to_take_part_is_held(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, priority=frozenset({0, 1}))
    asked = YEAR_AGO + timedelta(days=10)
    record(rig, PriorityChoice(mpan=mpan(0), at=asked, recorded_at=asked, opted_in=True, evidence="call"))
    await rig.run(3)
    assert held(rig) == {0, 2, 3, 4, 5}
    sound(rig)


# -- between decision and send: the veto ----------------------------------------------------------------------


class ChangeOfMind:
    """Gets something into the file at the first post, when every hold is decided and queued already, by a way
    that frees nobody: the veto must not rely on anybody."""

    def __init__(self, rig: Rig, *events: Any) -> None:
        self._rig, self._events, self.told = rig, events, False
        rig.dcc.after = self._tell

    def _tell(self, post: Post) -> None:
        if post.request.srv == "7.6" and not self.told:
            self.told = True
            desk = self._rig.controller.desk
            desk.customers = desk.customers.with_(*self._events)
            with self._rig.store.transaction() as tx:
                for event in self._events:
                    tx.append_customer_event(event_to_row(event))


def everybodys(kind: ConsentKind, at: datetime) -> list[Any]:
    return [consent(n, kind, at) for n in range(CHARGERS)]


async def test_a_consent_withdrawn_between_decision_and_send_stops_the_hold(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, max_in_flight=2)
    ChangeOfMind(rig, *everybodys(ConsentKind.WITHDRAWN, after(60)))
    await rig.run(4)
    assert held(rig) == EVERYBODY, "all were decided"
    sent = {p.request.request_id.target for p in rig.dcc.posts if p.request.srv == "7.6"}
    assert 1 <= len(sent) <= 2, "but only the first were on their way"
    vetoed = [c for c in rig.commands() if "vetoed" in str(c.outcome)]
    assert len(vetoed) >= 4
    assert all("no consent of the present tenant is in force" in str(c.outcome) for c in vetoed)
    entries = {e.command: e.state for e in rig.ledger().entries()}
    never_signed = [c for c in vetoed if c.state is CommandState.REFUSED]
    assert len(never_signed) >= 4
    assert {entries[c.id] for c in never_signed} == {EntryState.RELEASED}
    assert len(rig.audit("veto", "stopped")) == len(vetoed)
    sound(rig)


async def test_an_objection_to_the_intervention_stops_the_hold(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, max_in_flight=1)
    number, at = "LB-20260113-001", after(60)
    ChangeOfMind(
        rig, *[Objection(mpan=mpan(n), intervention_id=number, at=at, recorded_at=at) for n in range(CHARGERS)]
    )
    await rig.run(4)
    assert rig.intervention.id == number
    assert len(rig.held_in_truth()) <= 1
    assert sum("the customer rejected this intervention" in str(c.outcome) for c in rig.commands()) >= 5
    sound(rig)


async def test_vetoed_holds_do_not_keep_the_intervention_waiting(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, max_in_flight=1)
    ChangeOfMind(rig, *everybodys(ConsentKind.WITHDRAWN, after(60)))
    await rig.run(3)
    waited = [s for s in rig.intervention.history if s.event == "all_answered"]
    assert waited
    assert waited[0].at <= after(90)
    sound(rig)


# -- while a charger is held ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["withdraws", "objects", "moves out"])
async def test_a_customer_who_says_no_while_held_is_freed_at_once_and_not_held_again(
    make_rig: MakeRig, word: str
) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    now, number = rig.clock.now(), rig.intervention.id
    events: dict[str, CustomerEvent] = {
        "withdraws": consent(0, ConsentKind.WITHDRAWN, now),
        "objects": Objection(mpan=mpan(0), intervention_id=number, at=now, recorded_at=now),
        "moves out": moved_in(0, now, tenancy="T2"),
    }
    rig.controller.act(lambda s: customer_desk.tell(s, events[word]))
    await rig.run(1)
    assert rig.held_in_truth() == OTHERS
    assert [c.ended_by for c in rig.commands() if c.mpan == mpan(0)] == ["release"]
    await rig.run(30)
    assert len([c for c in rig.commands() if c.mpan == mpan(0)]) == 1
    sound(rig)


async def test_a_customer_who_says_no_while_the_hold_is_on_its_way_is_freed_when_it_is_done(make_rig: MakeRig) -> None:
    slow = FaultPlan(rules=(FaultRule(kind=FaultKind.DELAY, srv="7.6", delay_s=40),))
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, faults=slow)
    await rig.run(1.2)
    assert {c.state for c in rig.commands()} == {CommandState.QUEUED}
    event = consent(0, ConsentKind.WITHDRAWN, rig.clock.now())
    rig.controller.act(lambda s: customer_desk.tell(s, event))
    await rig.run(3)
    assert rig.held_in_truth() == OTHERS
    sound(rig)


async def test_holds_that_were_not_sent_yet_are_called_off(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    rig.dcc.reachable = False
    await rig.run(1.2)
    event = consent(0, ConsentKind.WITHDRAWN, rig.clock.now())
    rig.controller.act(lambda s: customer_desk.tell(s, event))
    rig.dcc.reachable = True
    await rig.run(3)
    (mine,) = [c for c in rig.commands() if c.mpan == mpan(0)]
    assert mine.state is CommandState.REFUSED
    assert "called off: consent withdrawn" in str(mine.outcome)
    assert rig.held_in_truth() == OTHERS
    sound(rig)


async def test_a_new_consent_counts_from_then_on(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, willing=frozenset(OTHERS))
    await rig.run(3)
    assert held(rig) == OTHERS
    event = consent(0, ConsentKind.GIVEN, rig.clock.now())
    rig.controller.act(lambda s: customer_desk.tell(s, event))
    await rig.run(3)
    assert held(rig) == EVERYBODY
    sound(rig)


# -- labels ---------------------------------------------------------------------------------------------------


def remember(rig: Rig, number: int) -> str | None:
    row = rig.store.row("label", mpan(number))
    return None if row is None else str(row.body["label"])


async def test_every_meter_is_asked_once_what_its_switch_feeds_a_few_at_a_time(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(20.0, 20.0, 20.0), know_labels=False, wrong_label=frozenset({2}))
    await rig.run(1)
    assert len(rig.commands(CommandKind.READ)) == 5
    await rig.run(6)
    assert len(rig.commands(CommandKind.READ)) == CHARGERS
    assert [remember(rig, n) for n in range(CHARGERS)] == [EV, EV, "IMMERSION HEATER", EV, EV, EV]
    assert list(rig.ledger().entries()) == [], "a read costs nobody a minute"
    sound(rig)


async def test_a_label_that_could_not_be_read_is_asked_for_again_after_a_rest(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(20.0, 20.0, 20.0), know_labels=False)
    rig.dcc.reachable = False
    await rig.run(4)
    rig.dcc.reachable = True
    first = rig.commands(CommandKind.READ)
    await rig.run(7)
    failed = [c for c in rig.commands(CommandKind.READ) if c.state is CommandState.REFUSED]
    assert {c.id for c in failed} == {c.id for c in first}
    await rig.run(6)
    assert [remember(rig, n) for n in range(CHARGERS)] == [EV] * CHARGERS
    asked = [c.mpan for c in rig.commands(CommandKind.READ)]
    assert max(asked.count(mpan(n)) for n in range(CHARGERS)) == 2, "asked again once, not every minute"
    sound(rig)


async def test_a_first_start_into_an_overload_asks_the_meters_at_once_and_then_holds(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, know_labels=False)
    await rig.run(1)
    assert len(rig.commands(CommandKind.READ)) == CHARGERS, "all of the feeder, at once"
    assert rig.commands() == [], "and nobody is held whose meter has not said what it feeds"
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}
    assert not rig.intervention.escalated, "it was only a matter of half a minute"
    sound(rig)


async def test_a_label_survives_a_restart(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(20.0, 20.0, 20.0), know_labels=False)
    await rig.run(3)
    rig.start()
    await rig.run(3)
    assert len(rig.commands(CommandKind.READ)) == CHARGERS
    sound(rig)


# -- personal data --------------------------------------------------------------------------------------------


async def test_no_mpan_leaves_the_store_in_records_notices_or_messages(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, wrong_label=frozenset({2}))
    await rig.run(4)

    def stop(session: Session) -> None:
        session.audit("test", "said", customer=session.customer(mpan(0)))

    rig.controller.act(stop)
    texts = [*rig.store.audit_lines(), *map(str, rig.told), *map(str, rig.market.received)]
    texts += [str(n) for n in rig.notices.delivered.values() if n["audience"] == "customer"]
    assert texts
    assert not [text for text in texts for n in range(CHARGERS) if mpan(n) in text]
    sound(rig)
