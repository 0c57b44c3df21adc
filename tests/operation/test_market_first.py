"""The market comes first: each way that it can go leads where the table says, with its record before any command."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from linkbox.control.intervention import InterventionState
from linkbox.operation.ports import InboxItem
from tests.operation.conftest import MakeRig
from tests.operation.provider_messages import offer_to, uuid
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


def offered(rig: Rig, name: str) -> str:
    """The MessageID of the rig's offer of this name to the one request that there is."""
    (request,) = sent(rig, "FlexRequest")
    return uuid(f"{name}/{request['message_id']}")


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
    assert request["congestion_point"] == "ea1.2026-01.example.linkbox.dso:F1.L1"
    assert request["contract_id"] == "FLEX-1"
    assert request["isps"][0]["min_power"] < -230 * 10
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
    assert order["flex_offer_message_id"] == offered(rig, "offer-1")
    assert order["isps"][0]["power"] == sent(rig, "FlexRequest")[0]["isps"][0]["min_power"]
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
    assert not {"not_before", "not_after"} & set(request), (
        "a repeat says what the first would have said, and nothing of our own"
    )
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
    assert [r.state for r in rig.store.rows("market_message") if r.body["type"] == "FlexRequest"] == ["expired"]
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
    rig.offer("rejected", name="offer-2")
    rig.offer("accepted", name="offer-3", current_a=[1.0, 0.0, 0.0])
    await rig.run(0.5)
    assert [m["flex_offer_message_id"] for m in sent(rig, "FlexOrder")] == [offered(rig, "offer-1")]
    assert [m["result"] for m in sent(rig, "FlexOfferResponse")] == ["Accepted", "Rejected"]
    assert len(rig.facts("market", "not_taken")) == 2
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


async def test_an_answer_to_nothing_is_recorded_and_rejected_with_the_reason(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    (request,) = sent(rig, "FlexRequest")
    rig.tell(offer_to(request, flex_request_message_id=uuid("never sent")))
    await rig.run(0.1)
    assert rig.facts("market", "answer_to_nothing")[0]["about"] is None
    (answer,) = sent(rig, "FlexOfferResponse")
    assert (answer["result"], answer["rejection_reason"]) == ("Rejected", "Unknown FlexRequestMessageID reference")
    assert sent(rig, "FlexOrder") == []
    sound(rig)


NONSENSE: list[dict[str, Any]] = [
    {"power_w": 0},
    {"power_w": 2300},
    {"power_w": -10**11},
    {"currency": "EUR"},
    {"period": "2026-01-14"},
    {"period": "2026-01-13Z"},
    {"isp_duration": "PT30M"},
    {"time_zone": "Europe/Amsterdam"},
    {"congestion_point": "ean.123456789012"},
    {"contract_id": mpan(0)},
    {"contract_id": "FLEX-99"},
    {"expiration_date_time": "2020-01-01T00:00:00Z"},
    {"version": "1.0.0"},
    {"problem": "Unknown RecipientDomain"},
    {"flex_request_message_id": mpan(0)},
    {"type": "DPrognosis"},
    {"offer_options": [{"option_reference": "1", "price": "9999", "min_activation_factor": "1",
                        "isps": [{"power": -230, "start": 1, "duration": 96}]}]},
    {"offer_options": [{"option_reference": "1", "price": "0", "min_activation_factor": "1",
                        "isps": [{"power": -230, "start": 1, "duration": 10**9}]}]},
    {"offer_options": [{"option_reference": "1", "price": "0", "min_activation_factor": "1",
                        "isps": [{"power": -9, "start": 1, "duration": 2}, {"power": -1, "start": 2, "duration": 1}]}]},
    {"offer_options": [{"option_reference": "1", "price": "0", "min_activation_factor": "1",
                        "isps": [{"power": -230, "start": -5, "duration": 2}]}]},
]  # fmt: skip


@pytest.mark.parametrize("change", NONSENSE)
async def test_a_nonsensical_offer_neither_stops_the_controller_nor_gets_personal_data_into_the_record(
    make_rig: MakeRig, change: dict[str, Any]
) -> None:
    rig = await called(make_rig)
    rig.offer(**change) if "power_w" not in change else rig.tell(offer_to(sent(rig, "FlexRequest")[0], **change))
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
