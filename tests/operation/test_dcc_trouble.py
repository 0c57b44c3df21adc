"""The DCC away, slow, deaf, throttling or lying: what becomes of the commands, the minutes, and the record of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkbox.control.intervention import InterventionState
from linkbox.control.ledger import EntryState
from linkbox.control.policy import ControlPolicy
from linkbox.dcc.exchange import ExchangeState
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.operation.entities import CommandKind, CommandState
from tests.operation.conftest import MakeRig
from tests.operation.rig import Rig, after, assert_invariants, assert_memory_equals_store, mpan

HOT, COOL = (95.0, 60.0, 60.0), (20.0, 20.0, 20.0)
QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)


def faults(*kinds: FaultKind, **fields: object) -> FaultPlan:
    return FaultPlan(rules=tuple(FaultRule(kind=kind, **fields) for kind in kinds))  # type: ignore[arg-type]  # shorthand


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


def exchange_states(rig: Rig) -> set[str]:
    return {row.body["exchange"]["state"] for row in rig.store.rows("exchange")}


# -- nobody listens -------------------------------------------------------------------------------------------


async def test_a_dcc_that_does_not_listen_is_tried_again_at_growing_intervals_then_given_up(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(124.0, 60.0, 60.0), drawing={0}, willing=frozenset({0}))
    rig.dcc.reachable = False
    await rig.run(4)
    (first, *later) = [post.at - after(60) for post in rig.dcc.posts]
    assert first == timedelta(0)
    gaps = [b - a for a, b in zip([first, *later], later, strict=False)]
    assert [g.total_seconds() for g in gaps[:4]] == [2, 4, 8, 16]
    assert gaps == sorted(gaps)
    assert max(later) < timedelta(seconds=90)
    assert len({post.body for post in rig.dcc.posts}) == 1
    assert [f["why"] for f in rig.facts("dcc", "unreachable")] == ["connection refused"] * len(rig.dcc.posts)
    sound(rig)


async def test_what_was_never_delivered_is_closed_as_timed_out_and_its_minutes_are_given_back(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.dcc.reachable = False
    await rig.run(4)
    holds = rig.commands()
    assert holds
    assert {c.state for c in holds} == {CommandState.REFUSED}
    assert all(c.outcome is not None and "timed out before anything could be switched" in c.outcome for c in holds)
    assert {e.state for e in rig.ledger().entries()} == {EntryState.RELEASED}
    assert rig.ledger().used_s(mpan(0), after(3600), timedelta(hours=24)) == 0
    assert exchange_states(rig) == {ExchangeState.TIMED_OUT}
    assert rig.notices.delivered == {}, "nobody is told of a hold that never was"
    sound(rig)


async def test_chargers_whose_command_failed_are_left_alone_for_a_while_and_asked_again_when_the_dcc_is_back(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=(125.0, 60.0, 60.0), drawing={0}, willing=frozenset({0}))
    rig.dcc.reachable = False
    await rig.run(4)
    failed = len(rig.commands())
    rig.dcc.reachable = True
    await rig.run(3)
    assert len(rig.commands()) == failed == 1, "it rests"
    await rig.run(8)
    assert [c.state for c in rig.commands()] == [CommandState.REFUSED, CommandState.CONFIRMED]
    assert rig.held_in_truth() == {0}
    sound(rig)


async def test_a_dcc_that_comes_back_in_time_gets_the_identical_bytes_and_the_hold_is_done(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.dcc.reachable = False
    await rig.run(1.2)
    assert len(rig.dcc.posts) >= 2
    rig.dcc.reachable = True
    await rig.run(1.8)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert rig.held_in_truth() == {0, 3}
    sound(rig)


async def test_a_reset_that_can_not_be_sent_leaves_the_hold_to_end_by_itself(make_rig: MakeRig) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(4)
    assert rig.held_in_truth() == {0, 3}
    rig.dcc.reachable, rig.base_a = False, COOL
    await rig.run(45)
    assert {c.ended_by for c in rig.commands()} == {"expiry"}
    assert {c.state for c in rig.commands(CommandKind.RESET)} == {CommandState.REFUSED}
    assert rig.held_in_truth() == set()
    assert rig.intervention.state is InterventionState.CLOSED
    sound(rig)


# -- it listens, and its answers are lost ---------------------------------------------------------------------


async def test_answers_that_are_lost_lead_to_identical_repeats_and_one_effect(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.dcc.loses_answers = True
    await rig.run(1.3)
    rig.dcc.loses_answers = False
    await rig.run(2)
    assert len(rig.dcc.posts) > len(rig.bodies_by_request())
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    sound(rig)


async def test_an_answer_that_never_comes_leaves_the_command_unknown_and_counts_all_its_minutes(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.DELIVERY_LOST, srv="7.6"))
    await rig.run(4)
    holds = rig.commands()
    assert {c.state for c in holds} == {CommandState.UNKNOWN}
    assert all(c.outcome is not None and "effect unknown" in c.outcome for c in holds)
    assert {e.state for e in rig.ledger().entries()} == {EntryState.HELD}
    assert rig.held_in_truth() == {0, 3}, "the devices did act: that is why it counts"
    end = max(e.reserved_end for e in rig.ledger().entries())
    rig.base_a = COOL
    await rig.run((end - rig.clock.now()) / timedelta(minutes=1) + 10)
    assert {(c.state, c.ended_by) for c in rig.commands()} == {(CommandState.ENDED, "unknown")}
    assert all(e.end == e.reserved_end for e in rig.ledger().entries()), "not known is counted in full"
    assert rig.intervention.state is InterventionState.CLOSED
    sound(rig)


async def test_a_response_after_the_time_out_still_says_what_became_of_the_hold(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.DELAY, srv="7.6", delay_s=150))
    await rig.run(3)
    assert {c.state for c in rig.commands()} == {CommandState.UNKNOWN}
    await rig.run(2)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert len(rig.audit("dcc", "late_response")) == len(rig.commands())
    assert {n["stage"] for n in rig.notices.delivered.values()} == {"start"}
    rig.base_a = COOL
    await rig.run(45)
    assert all(c.state is CommandState.ENDED for c in rig.commands())
    sound(rig)


async def test_duplicated_responses_change_nothing(make_rig: MakeRig) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.DUPLICATE, delay_s=20))
    await rig.run(3)
    before = rig.commands()
    rig.base_a = COOL
    await rig.run(7)
    assert [c.id for c in rig.commands()] == [c.id for c in before]
    assert {c.ended_by for c in rig.commands()} == {"release"}
    assert len([n for n in rig.notices.delivered.values() if n["audience"] == "customer"]) == 2 * len(before)
    sound(rig)


async def test_a_redelivery_byte_for_byte_is_taken_without_a_trace(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    kept: list[bytes] = []
    take = rig.controller.receive_dcc
    rig.controller.receive_dcc = lambda body: kept.append(body) or take(body)  # type: ignore[method-assign,func-returns-value]  # a spy
    await rig.run(3)
    lines = rig.store.audit_lines()
    for body in kept * 2:
        assert take(body) is None
    assert rig.store.audit_lines() == lines
    assert kept
    sound(rig)


# -- it refuses, throttles, holds back ------------------------------------------------------------------------


async def test_a_throttled_request_waits_and_does_not_spin(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.THROTTLE, end=after(75)))
    await rig.run(4)
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    per_request = max(
        sum(p.request == post.request for p in rig.dcc.posts) for post in rig.dcc.posts if post.at < after(75)
    )
    assert 2 <= per_request <= 6
    sound(rig)


async def test_a_dcc_that_throttles_for_ever_is_given_up_in_time(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.THROTTLE))
    await rig.run(4)
    assert {c.state for c in rig.commands()} == {CommandState.REFUSED}
    assert {e.state for e in rig.ledger().entries()} == {EntryState.RELEASED}
    assert len(rig.dcc.posts) <= 8 * len(rig.commands())
    sound(rig)


async def test_a_quarantined_hold_counts_and_is_given_back_when_it_is_delivered_after_its_time(
    make_rig: MakeRig,
) -> None:
    """Held back by anomaly detection and released by somebody when its minutes are long over."""
    rig = make_rig(
        base_a=(124.0, 60.0, 60.0),
        drawing={0},
        willing=frozenset({0}),
        faults=faults(FaultKind.QUARANTINE, srv="7.6", end=after(61), delay_s=3000),
    )
    await rig.run(3)
    (hold,) = rig.commands()
    assert hold.state is CommandState.UNKNOWN
    assert "quarantined" in str(hold.outcome)
    rig.base_a = COOL
    await rig.run(47)
    assert rig.commands()[0].ended_by == "unknown"
    assert rig.held_in_truth() == set()
    await rig.run(6)
    assert rig.held_in_truth() == set(), "the late hold was ended again"
    assert [c.state for c in rig.commands(CommandKind.RESET)] == [CommandState.ENDED]
    assert rig.open_seconds(0) < 240
    sound(rig)


async def test_a_device_that_can_not_be_reached_leaves_the_hold_unknown(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.COMMAND_LOST, srv="7.6"))
    await rig.run(4)
    assert {c.state for c in rig.commands()} == {CommandState.UNKNOWN}
    assert {e.state for e in rig.ledger().entries()} == {EntryState.HELD}
    sound(rig)


async def test_a_response_with_a_wrong_device_signature_confirms_nothing(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.WRONG_GBCS_SIGNATURE, srv="7.6"))
    await rig.run(4)
    assert {c.state for c in rig.commands()} == {CommandState.UNKNOWN}
    assert all("signature" in str(c.outcome) for c in rig.commands())
    assert rig.notices.delivered == {}
    sound(rig)


# -- what is not from the DCC ---------------------------------------------------------------------------------


async def test_a_message_whose_signature_does_not_verify_is_refused_recorded_and_not_acted_on(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=faults(FaultKind.WRONG_XML_SIGNATURE, srv="7.6"))
    await rig.run(2)
    assert rig.refused
    assert {c.state for c in rig.commands()} == {CommandState.QUEUED}
    assert len(rig.audit("dcc", "refused_arrival")) == len(rig.refused)
    assert rig.store.pending_inbox() == []
    sound(rig)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not XML",
        b"<a",
        b"\xff\xfe\x00",
        b"<a/>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"2000000000006",
        b"<sr:Response xmlns:sr='http://www.dccinterface.co.uk/ServiceUserGateway' schemaVersion='2000000000006'/>",
    ],
)
async def test_rubbish_at_the_receive_endpoint_is_refused_with_a_reason_and_harms_nothing(
    make_rig: MakeRig, body: bytes
) -> None:
    rig = make_rig()
    assert rig.controller.receive_dcc(body)
    assert len(rig.audit("dcc", "refused_arrival")) == 1
    await rig.run(1)
    sound(rig)


async def test_a_response_to_nothing_known_is_recorded_and_changes_nothing(make_rig: MakeRig) -> None:
    other = make_rig(base_a=HOT, drawing={0, 3})
    kept: list[bytes] = []
    take = other.controller.receive_dcc
    other.controller.receive_dcc = lambda body: kept.append(body) or take(body)  # type: ignore[method-assign,func-returns-value]  # a spy
    await other.run(3)
    rig = make_rig()
    assert rig.controller.receive_dcc(kept[0]) is None
    assert len(rig.audit("dcc", "unknown_response")) == 1
    assert rig.commands() == []
    sound(rig)
