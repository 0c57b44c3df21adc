"""The market comes first: each way that it can go leads where the table says, with its record before any command."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from linkbox.control.intervention import InterventionState
from linkbox.operation.ports import InboxItem
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    Rig,
    after,
    assert_invariants,
    assert_memory_equals_store,
    mpan,
    provider,
)

HOT = (95.0, 60.0, 60.0)
EVERYBODY = set(range(CHARGERS))


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)
    for command in rig.commands():
        intervention = next(i for i in rig.interventions() if i.id == command.intervention_id)
        assert intervention.market_decided_at is not None
        assert intervention.market_decided_at <= command.decided_at


def outcome(rig: Rig) -> str | None:
    return rig.intervention.market_outcome


def sent(rig: Rig, kind: str) -> list[dict[str, Any]]:
    return [m for m in rig.market.received if m["type"] == kind]


async def called(make_rig: MakeRig, **settings: Any) -> Rig:
    """A rig whose market has just been called."""
    settings = {"base_a": HOT, "drawing": {0, 3}, "contracts": (provider(),)} | settings
    rig = make_rig(**settings)
    await rig.run(1)
    assert rig.intervention.state is InterventionState.MARKET_CALLED
    return rig


async def test_without_a_contract_the_last_resort_begins_at_once_with_that_reason(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    await rig.run(2)
    assert outcome(rig) == "no_contract"
    assert rig.commands()
    assert rig.facts("market", "no_cover")[0]["reason"] == "no_contract"
    sound(rig)


async def test_a_market_that_would_be_too_slow_is_not_waited_for(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(deliver_s=3600.0),))
    await rig.run(2)
    assert outcome(rig) == "too_slow"
    assert rig.market.received == []
    assert rig.commands()
    sound(rig)


async def test_the_request_reaches_the_provider_and_is_kept_as_delivered_with_its_intervention(
    make_rig: MakeRig,
) -> None:
    rig = await called(make_rig)
    (request,) = sent(rig, "FlexRequest")
    assert request["event_id"] == rig.intervention.id
    assert request["contract_id"] == "FLEX-1"
    assert request["current_a"][0] > 10
    rows = rig.store.rows("market_message", owner=rig.intervention.id)
    assert [(row.key, row.state) for row in rows] == [(request["message_id"], "delivered")]
    sound(rig)


async def test_a_rejection_leads_to_the_last_resort_at_once(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    await rig.run(0.3)
    rig.offer("rejected", reason="no capacity")
    await rig.run(2)
    assert outcome(rig) == "rejected"
    assert rig.commands()[0].decided_at == after(78)
    assert sent(rig, "FlexOrder") == []
    sound(rig)


async def test_silence_leads_to_the_last_resort_when_the_answer_is_overdue(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    await rig.run(3)
    assert outcome(rig) == "no_answer"
    assert rig.commands()[0].decided_at == after(120), "60 s after the request, not with the next reading"
    sound(rig)


async def test_an_acceptance_that_delivers_leaves_the_customers_alone(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    await rig.run(0.3)
    rig.offer("accepted")
    await rig.run(0.5)
    (order,) = sent(rig, "FlexOrder")
    assert order["flex_offer_message_id"] == "offer-1"
    rig.provider_holds = {0, 3}
    await rig.run(4)
    assert outcome(rig) == "delivered"
    assert rig.commands() == []
    rig.base_a = (20.0, 20.0, 20.0)
    await rig.run(12)
    assert rig.intervention.state is InterventionState.CLOSED
    assert rig.commands() == []
    assert [s.event for s in rig.intervention.history if s.event != "note"] == ["call_off_sent", "risk_gone"]
    sound(rig)


async def test_an_acceptance_that_does_not_deliver_leads_to_the_last_resort_at_its_deadline(
    make_rig: MakeRig,
) -> None:
    rig = await called(make_rig)
    await rig.run(0.3)
    rig.offer("accepted")
    await rig.run(5)
    assert outcome(rig) == "not_delivered"
    assert rig.commands()[0].decided_at <= after(60 + 60 + 120 + 60)
    sound(rig)


async def test_a_smaller_offer_than_was_asked_is_a_shortfall(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    rig.offer("accepted", current_a=[1.0, 0.0, 0.0])
    await rig.run(2)
    assert outcome(rig) == "not_enough_capacity"
    assert rig.commands()
    sound(rig)


async def test_a_market_that_delivered_and_is_no_longer_enough_is_followed_by_the_last_resort(
    make_rig: MakeRig,
) -> None:
    rig = await called(make_rig)
    rig.offer("accepted")
    rig.provider_holds = {0, 3}
    await rig.run(4)
    assert outcome(rig) == "delivered"
    rig.base_a, rig.drawing = (150.0, 60.0, 60.0), {0, 3}
    rig.provider_holds = set()
    await rig.run(8)
    assert outcome(rig) == "not_enough_capacity"
    assert rig.commands()
    sound(rig)


async def test_a_provider_that_can_not_be_reached_gets_the_request_again_until_it_would_be_too_late(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    rig.market.status = None
    await rig.run(1.5)
    assert rig.facts("outbox", "not_delivered")[0]["why"] == "nothing listens"
    rig.market.status = 202
    await rig.run(0.4)
    (request,) = sent(rig, "FlexRequest")
    assert set(request) == {
        "type",
        "message_id",
        "event_id",
        "contract_id",
        "provider",
        "congestion_point",
        "current_a",
        "start",
        "end",
        "expiration_at",
    }, "a repeat says what the first would have said, and nothing of our own"
    sound(rig)


async def test_a_request_that_has_expired_is_not_sent_any_more(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    rig.market.status = None
    await rig.run(5)
    assert outcome(rig) == "no_answer"
    tried = len(rig.facts("outbox", "not_delivered"))
    assert tried <= 5
    rig.market.status = 202
    await rig.run(5)
    assert sent(rig, "FlexRequest") == [], "the provider must not act on what is over"
    (row,) = rig.store.rows("market_message")
    assert row.state == "expired"
    sound(rig)


async def test_an_acceptance_after_the_deadline_orders_nothing(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    await rig.run(2)
    assert outcome(rig) == "no_answer"
    rig.offer("accepted")
    await rig.run(1)
    assert sent(rig, "FlexOrder") == []
    assert rig.facts("market", "not_taken")
    sound(rig)


async def test_only_the_first_answer_of_a_provider_counts(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    rig.offer("accepted")
    rig.offer("rejected", message_id="offer-2")
    rig.offer("accepted", message_id="offer-3", current_a=[1.0, 0.0, 0.0])
    await rig.run(0.5)
    assert [m["flex_offer_message_id"] for m in sent(rig, "FlexOrder")] == ["offer-1"]
    assert rig.intervention.state is InterventionState.MARKET_CALLED
    sound(rig)


async def test_an_offer_for_a_contract_that_was_not_asked_orders_nothing(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    rig.offer("accepted", contract_id="FLEX-99")
    await rig.run(0.5)
    assert sent(rig, "FlexOrder") == []
    sound(rig)


async def test_the_same_message_again_changes_nothing(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    rig.offer("accepted")
    lines = rig.store.audit_lines()
    rig.offer("accepted")
    assert rig.store.audit_lines() == lines
    sound(rig)


async def test_an_answer_to_nothing_is_recorded(make_rig: MakeRig) -> None:
    rig = make_rig()
    message = {
        "type": "FlexOffer",
        "message_id": "m",
        "event_id": "LB-1",
        "contract_id": "FLEX-1",
        "result": "accepted",
    }
    assert rig.controller.receive_market(message) is None
    assert rig.facts("market", "answer_to_nothing") == [{"message_id": "m", "event": "LB-1"}]
    sound(rig)


NONSENSE: list[dict[str, Any]] = [
    {"result": "perhaps"},
    {"result": None},
    {"result": {"deep": [1, 2]}},
    {"result": "accepted", "current_a": "much"},
    {"result": "accepted", "current_a": [1, 2]},
    {"result": "accepted", "current_a": [1, 2, "x"]},
    {"result": "accepted", "current_a": [-5.0, 0.0, 0.0]},
    {"result": "accepted", "current_a": [10**18, 0, 0]},
    {"result": "rejected", "reason": mpan(0)},
    {"result": "rejected", "reason": f"customer {mpan(0)} does not want"},
    {"result": "rejected", "reason": "x" * 100_000},
    {"result": "rejected", "reason": {"not": "text"}},
    {"result": mpan(0)},
    {"contract_id": mpan(0)},
    {"event_id": mpan(0)},
    {"flex_request_message_id": mpan(0)},
    {"message_id": mpan(0)},
    {"type": mpan(0)},
]


@pytest.mark.parametrize("change", NONSENSE)
async def test_a_nonsensical_offer_neither_stops_the_controller_nor_gets_personal_data_into_the_record(
    make_rig: MakeRig, change: dict[str, Any]
) -> None:
    rig = await called(make_rig)
    rig.offer(**{"result": "accepted", **change})
    await rig.run(4)
    assert rig.store.pending_inbox() == []
    assert not rig.facts("inbox", "kept_unprocessed")
    assert rig.interventions()
    sound(rig)
    rig.start()
    sound(rig)


async def test_an_arrival_that_can_not_be_acted_on_is_set_aside_for_a_person_and_stops_nothing(
    make_rig: MakeRig,
) -> None:
    """Whatever the reason is: the next reading, and the next start, must not fail on it for ever."""
    rig = await called(make_rig)
    with rig.store.transaction() as tx:
        tx.put_inbox(InboxItem(kind="market", identity="bad", received_at=rig.clock.now(), body=b"not JSON"))
        tx.put_inbox(InboxItem(kind="dcc", identity="odd", received_at=rig.clock.now(), body=b"<x/>"))
    rig.start()
    await rig.run(3)
    assert rig.store.pending_inbox() == []
    assert rig.facts("inbox", "set_aside")[0]["identity"] == "bad"
    assert rig.commands(), "the street is protected all the same"
    sound(rig)


async def test_delivery_is_judged_on_a_reading_from_after_the_acceptance(make_rig: MakeRig) -> None:
    """The feeder goes blind after a dip by itself; then the provider accepts. The dip is not its delivery."""
    rig = await called(make_rig, contracts=(provider(answer_s=400.0, deliver_s=400.0),))
    rig.drawing = set()
    await rig.run(1)
    rig.measured, rig.drawing = False, {0, 3}
    rig.offer("accepted")
    await rig.run(6)
    assert rig.controller.desk.assessments
    assert outcome(rig) is None
    sound(rig)


async def test_the_answer_deadline_leaves_the_last_resort_its_time(make_rig: MakeRig) -> None:
    rig = await called(make_rig, contracts=(provider(answer_s=3000.0, deliver_s=60.0),))
    limit = rig.intervention.opened_at + timedelta(seconds=rig.intervention.time_to_limit_s)
    deadline = rig.intervention.deadline_at
    assert deadline is not None
    assert limit - deadline >= timedelta(seconds=419)
    sound(rig)
