"""What providers send, as the controller takes it: each oddity has its response, its record, and no order on it."""

from __future__ import annotations

from typing import Any

import pytest

from linkbox.base.errors import InvalidInput
from linkbox.control.intervention import InterventionState
from linkbox.market import Finding
from linkbox.operation.findings import record_finding
from linkbox.operation.outbox import message
from linkbox.records.audit import verify
from tests.operation.conftest import MakeRig
from tests.operation.provider_messages import begun, offer_to, rejection_of, uuid
from tests.operation.rig import Rig, after, mpan, provider
from tests.operation.test_market_first import called, offered, outcome, sent, sound


async def ordered(make_rig: MakeRig, **changes: Any) -> Rig:
    """A rig whose provider has made an offer and got an order."""
    rig = await called(make_rig)
    await rig.run(0.3)
    rig.offer("accepted", **changes)
    await rig.run(0.2)
    assert sent(rig, "FlexOrder")
    return rig


async def test_an_offer_larger_than_the_request_is_ordered_in_part_and_the_rest_is_not_used(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    (request,) = sent(rig, "FlexRequest")
    rig.tell(offer_to(request, power_w=2 * request["isps"][0]["min_power"]))
    await rig.run(0.1)
    (order,) = sent(rig, "FlexOrder")
    assert order["activation_factor"] == "0.50"
    assert order["isps"][0]["power"] == request["isps"][0]["min_power"]
    (record,) = rig.facts("market", "ordered")
    assert record["larger"] is True
    assert record["offered_a"] == pytest.approx(2 * record["asked_a"], abs=0.02)
    sound(rig)


@pytest.mark.parametrize(("power_w", "word"), [(0, "offered nothing"), (2300, "raise the current by 10.0 A")])
async def test_an_offer_of_nothing_or_the_wrong_way_round_is_a_no(make_rig: MakeRig, power_w: int, word: str) -> None:
    rig = await called(make_rig)
    rig.tell(offer_to(sent(rig, "FlexRequest")[0], power_w=power_w))
    await rig.run(2)
    assert outcome(rig) == "rejected"
    assert word in rig.facts("market", "empty_offer")[0]["why"]
    assert sent(rig, "FlexOrder") == []
    assert rig.commands()
    sound(rig)


async def test_a_provider_that_rejects_its_order_has_taken_its_acceptance_back(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    rig.tell(rejection_of(sent(rig, "FlexOrder")[0], f"sold to {mpan(0)}"))
    await rig.run(1)
    assert outcome(rig) == "rejected"
    assert rig.facts("market", "taken_back")[0]["why"] == "rejected the order: sold to <MPAN>"
    assert rig.commands()[0].decided_at == after(90), "at once, not at the deadline"
    sound(rig)


async def test_a_revocation_after_the_order_is_rejected_and_believed(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    revocation = begun("FlexOfferRevocation", "revoked", "00000000-0000-0000-0000-000000000000")
    rig.tell({**revocation, "flex_offer_message_id": offered(rig, "offer-1")})
    await rig.run(1)
    (answer,) = sent(rig, "FlexOfferRevocationResponse")
    assert answer["rejection_reason"] == "Invalid Message: the FlexOffer has been ordered"
    assert outcome(rig) == "rejected"
    assert rig.commands()
    sound(rig)


async def test_a_revocation_of_an_unknown_offer_changes_nothing(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    revocation = begun("FlexOfferRevocation", "revoked", "00000000-0000-0000-0000-000000000000")
    rig.tell({**revocation, "flex_offer_message_id": uuid("never offered")})
    await rig.run(0.1)
    assert sent(rig, "FlexOfferRevocationResponse")[0]["rejection_reason"] == "Unknown FlexOfferMessageID reference"
    assert rig.intervention.state is InterventionState.MARKET_CALLED
    sound(rig)


async def test_the_same_message_id_with_another_content_is_a_duplicate_identifier(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    first = offer_to(sent(rig, "FlexRequest")[0])
    rig.tell({**first, "currency": "EUR"})
    await rig.run(0.1)
    refused = [m for m in sent(rig, "FlexOfferResponse") if m["result"] == "Rejected"]
    assert [m["rejection_reason"] for m in refused] == ["Duplicate Identifier"]
    assert len({m["message_id"] for m in sent(rig, "FlexOfferResponse")}) == 2
    assert len(sent(rig, "FlexOrder")) == 1
    sound(rig)


async def test_the_same_message_again_is_accepted_again_and_answered_once(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    rig.tell(offer_to(sent(rig, "FlexRequest")[0]))
    await rig.run(0.1)
    assert len(sent(rig, "FlexOfferResponse")) == 1
    sound(rig)


async def test_a_test_message_is_answered(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.tell(begun("TestMessage", "hello", uuid("c")))
    await rig.run(0.1)
    (answer,) = sent(rig, "TestMessageResponse")
    assert (answer["result"], answer["conversation_id"]) == ("Accepted", uuid("c"))
    sound(rig)


async def test_a_version_that_is_not_understood_is_rejected_in_one_that_is(make_rig: MakeRig) -> None:
    rig = make_rig()
    rig.tell({**begun("TestMessage", "hello", uuid("c")), "version": "4.0.0"})
    await rig.run(0.1)
    (answer,) = sent(rig, "TestMessageResponse")
    assert (answer["result"], answer["version"]) == ("Rejected", "3.1.0")
    assert "version must be one of" in answer["rejection_reason"]
    sound(rig)


async def test_what_can_not_be_unsealed_is_refused_and_recorded_and_not_kept(make_rig: MakeRig) -> None:
    rig = make_rig()
    refused = rig.controller.receive_market(b"not sealed")
    assert refused is not None
    assert (refused.status, refused.reason) == (400, "not as the schema has it")
    assert rig.facts("market", "refused_arrival")[0]["status"] == 400
    assert rig.store.pending_inbox() == []


async def test_a_restart_sends_what_was_queued_as_the_same_message(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(95.0, 60.0, 60.0), drawing={0, 3}, contracts=(provider(),))
    rig.market.status = None
    await rig.run(1)
    (queued,) = [row for row in rig.store.rows("market_message") if row.body["type"] == "FlexRequest"]
    rig.start()
    rig.market.status = 200
    await rig.run(0.5)
    (request,) = sent(rig, "FlexRequest")
    assert message(queued.body) == request
    sound(rig)


async def test_an_event_that_is_over_is_settled_by_what_the_feeder_showed(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    rig.provider_holds = {0, 3}
    await rig.run(4)
    assert outcome(rig) == "delivered"
    rig.base_a = (20.0, 20.0, 20.0)
    await rig.run(12)
    assert rig.intervention.state is InterventionState.CLOSED
    (row,) = rig.store.rows("settlement", owner=rig.intervention.id)
    (order,) = sent(rig, "FlexOrder")
    assert row.body["order_reference"] == order["order_reference"]
    assert row.body["delivered_a"] == row.body["ordered_a"] == pytest.approx(-order["isps"][0]["power"] / 230, abs=0.01)
    (settlement,) = sent(rig, "FlexSettlement")
    (account,) = settlement["flex_order_settlements"]
    assert account["net_settlement"] == row.body["amount_gbp"]
    status = {"order_reference": order["order_reference"], "disposition": "Disputed", "dispute_reason": "we did more"}
    answer = begun("FlexSettlementResponse", "settled", settlement["conversation_id"])
    rig.tell(
        {
            **answer,
            "result": "Accepted",
            "flex_settlement_message_id": settlement["message_id"],
            "flex_order_settlement_statuses": [status],
        }
    )
    assert rig.facts("market", "settlement_answer")[0]["disposition"] == "Disputed"
    sound(rig)


async def test_a_provider_that_did_not_deliver_is_not_paid(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig)
    await rig.run(5)
    assert outcome(rig) == "not_delivered"
    rig.base_a, rig.drawing = (20.0, 20.0, 20.0), set()
    await rig.run(60)
    assert rig.intervention.state is InterventionState.CLOSED
    (row,) = rig.store.rows("settlement", owner=rig.intervention.id)
    assert (row.body["delivered_a"], row.body["amount_gbp"]) == (0.0, "0.0000")
    sound(rig)


async def test_the_hand_over_is_recorded_to_the_second_with_what_was_left_of_the_time_to_limit(
    make_rig: MakeRig,
) -> None:
    rig = await called(make_rig)
    await rig.run(3)
    (record,) = rig.facts("market", "shortfall")
    assert record["handed_over_at"] == "2026-01-13T18:02:00.000Z"
    assert record["time_to_limit_s"] == pytest.approx(rig.intervention.time_to_limit_s - 60.0, abs=0.01)
    assert rig.commands()[0].decided_at == after(120)


async def test_a_load_that_falls_after_an_acceptance_is_not_said_to_have_fallen_by_itself(make_rig: MakeRig) -> None:
    rig = await ordered(make_rig, current_a=[12.0, 0.0, 0.0])
    assert outcome(rig) == "not_enough_capacity"
    rig.provider_holds, rig.base_a = {0, 3}, (20.0, 20.0, 20.0)
    await rig.run(20)
    story = " ".join(step.why for step in rig.intervention.history)
    assert "by itself" not in story


async def test_findings_are_added_to_the_record_and_none_is_lost(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    await rig.run(3)
    event = rig.intervention.id
    for finding, note in ((Finding.ONE_OFF, ""), (Finding.CYBER_ATTACK, "the second look")):
        record_finding(rig.store, intervention_id=event, finding=finding, who="A. E.", note=note, at=rig.clock.now())
    rows = rig.store.rows("market_finding", owner=event)
    assert [row.state for row in rows] == ["one-off", "cyber-attack"]
    assert [f["finding"] for f in rig.facts("market", "finding")] == ["one-off", "cyber-attack"]
    assert verify(rig.audit()).ok
    rig.start()
    sound(rig)


async def test_a_finding_about_nothing_or_about_a_market_that_did_not_fail_is_refused(make_rig: MakeRig) -> None:
    rig = await called(make_rig)
    event = rig.intervention.id
    for wrong, why in ((event, "not decided"), ("LB-0", "is not in the store")):
        with pytest.raises(InvalidInput, match=why):
            record_finding(
                rig.store, intervention_id=wrong, finding=Finding.DAMAGE, who="A", note="", at=rig.clock.now()
            )
    await rig.run(3)
    with pytest.raises(InvalidInput, match="must say what it was") as refused:
        record_finding(rig.store, intervention_id=event, finding=Finding.OTHER, who=" ", note="", at=rig.clock.now())
    assert len(refused.value.issues) == 2
    assert rig.store.rows("market_finding") == []
