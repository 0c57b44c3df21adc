"""Plans that need people: asked, approved to the letter, refused, unanswered; and who counts as a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from linkbox.base.time import format_utc
from linkbox.control.authorisation import ONE_OPERATOR, TWO_OPERATORS, AuthorisationRequest
from linkbox.control.intervention import InterventionState
from linkbox.control.policy import ControlPolicy
from linkbox.customers import ConsentKind
from linkbox.operation import customer_desk
from linkbox.operation.operators import Word, WordKind, key_of, opened, sealed
from tests.operation.conftest import MakeRig
from tests.operation.rig import FEEDER, Rig, assert_invariants, assert_memory_equals_store, consent, patched

HOT, COOL = (95.0, 60.0, 60.0), (20.0, 20.0, 20.0)
QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)
KEYS = {name: key_of(name, f"code of {name}") for name in ("Asha", "Ben")}
AWAITING = InterventionState.AWAITING_AUTHORISATION


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


@pytest.fixture
def asked(make_rig: MakeRig) -> Any:
    """Makes a rig whose policy asks people, with two operators."""

    def make(policy: Any = TWO_OPERATORS, **settings: Any) -> Rig:
        usual = {"base_a": HOT, "drawing": {0, 3}, "control": replace(QUICK, authorisation=policy)}
        rig = make_rig(**(usual | settings))
        patched(rig, operators=KEYS)
        rig.start()
        return rig

    return make


def request_of(rig: Rig) -> AuthorisationRequest:
    assert rig.intervention.request is not None
    return AuthorisationRequest.from_record(rig.intervention.request)


def say(rig: Rig, kind: WordKind, who: str = "Asha", *, key: bytes | None = None, digest: str | None = None) -> None:
    request = rig.intervention.request
    if digest is None:
        digest = "" if request is None else AuthorisationRequest.from_record(request).digest
    word = Word(
        kind=kind,
        intervention_id=rig.intervention.id,
        who=who,
        why="looked at it",
        said_at=format_utc(rig.clock.now()),
        digest=digest,
    )
    rig.controller.receive_operator(sealed(word, key or KEYS.get(who, b"x" * 32)))


async def test_nothing_is_sent_before_two_different_people_have_approved(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    assert rig.intervention.state is AWAITING
    assert rig.commands() == []
    say(rig, WordKind.APPROVE, "Asha")
    say(rig, WordKind.APPROVE, "Asha")
    await rig.run(0.5)
    assert rig.commands() == []
    planned = {h["mpan"] for h in request_of(rig).plan["holds"]}
    say(rig, WordKind.APPROVE, "Ben")
    await rig.run(2)
    assert {str(c.mpan) for c in rig.commands()} == planned, "the exact plan"
    assert rig.held_in_truth() == {0, 3}
    assert rig.intervention.authorisation is not None
    assert "Asha" in rig.intervention.authorisation
    assert "Ben" in rig.intervention.authorisation
    digest = rig.facts("authorisation", "used")[0]["plan_sha256"]
    assert {f["plan_sha256"] for f in rig.facts("authorisation", "approved")} == {digest}
    sound(rig)


async def test_one_operator_is_enough_where_the_policy_says_one(asked: Any) -> None:
    rig = asked(replace(ONE_OPERATOR, rules=ONE_OPERATOR.rules[-1:]))
    await rig.run(1.5)
    say(rig, WordKind.APPROVE, "Ben")
    await rig.run(2)
    assert rig.held_in_truth() == {0, 3}
    sound(rig)


async def test_nobodys_silence_is_a_yes_no_load_is_switched_and_people_are_called_by_name(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    first = request_of(rig).digest
    await rig.run(8)
    assert rig.commands() == []
    assert rig.facts("authorisation", "lapsed")[0]["plan_sha256"] == first
    (escalation,) = rig.facts("escalation", "raised")
    assert "0 of 2 people approved" in escalation["why"]
    assert "mobile generation or storage" in escalation["ask"]
    assert rig.intervention.state is AWAITING, "a fresh plan is put to people"
    assert request_of(rig).digest != first
    sound(rig)


async def test_an_approval_of_a_plan_that_has_lapsed_does_not_count(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    old = request_of(rig).digest
    await rig.run(8)
    say(rig, WordKind.APPROVE, "Asha", digest=old)
    say(rig, WordKind.APPROVE, "Ben", digest=old)
    await rig.run(2)
    assert rig.commands() == []
    assert [f["why"][:7] for f in rig.facts("operator", "not_taken")] == ["approve", "approve"]
    sound(rig)


async def test_one_no_is_enough_and_nobody_is_asked_again_while_the_risk_lasts(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    say(rig, WordKind.APPROVE, "Asha")
    say(rig, WordKind.REFUSE, "Ben")
    await rig.run(12)
    assert rig.intervention.state is InterventionState.ABORTED
    assert len(rig.interventions()) == 1
    assert rig.commands() == []
    assert rig.store.rows("escalation")[0].body["kinds"] == ["refused"]
    sound(rig)


async def test_a_load_that_falls_while_people_think_needs_nobody(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    rig.base_a, rig.drawing = COOL, set()
    await rig.run(4)
    assert rig.intervention.state is InterventionState.CLOSED
    assert rig.audit("authorisation", "withdrawn")
    assert rig.commands() == []
    sound(rig)


async def test_who_withdraws_consent_after_the_plan_was_made_is_left_out_of_it(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    event = consent(0, ConsentKind.WITHDRAWN, rig.clock.now())
    rig.controller.act(lambda s: customer_desk.tell(s, event))
    say(rig, WordKind.APPROVE, "Asha")
    say(rig, WordKind.APPROVE, "Ben")
    await rig.run(2)
    assert rig.held_in_truth() <= {3}
    assert rig.facts("authorisation", "left_out")
    sound(rig)


async def test_a_request_and_its_first_approval_survive_a_restart(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    say(rig, WordKind.APPROVE, "Asha")
    rig.start()
    say(rig, WordKind.APPROVE, "Ben")
    await rig.run(2)
    assert rig.held_in_truth() == {0, 3}
    sound(rig)


async def test_a_word_that_waits_in_the_store_is_taken_up_by_the_next_work(asked: Any) -> None:
    """As another process leaves it there: ``linkbox interventions authorise``."""
    from linkbox.operation.operators import OPERATOR, word_identity
    from linkbox.operation.ports import InboxItem

    rig = asked(replace(ONE_OPERATOR, rules=ONE_OPERATOR.rules[-1:]))
    await rig.run(1.5)
    word = Word(
        kind=WordKind.APPROVE,
        intervention_id=rig.intervention.id,
        who="Asha",
        why="seen",
        said_at="now",
        digest=request_of(rig).digest,
    )
    body = sealed(word, KEYS["Asha"])
    item = InboxItem(kind=OPERATOR, identity=word_identity(body), received_at=rig.clock.now(), body=body)
    with rig.store.transaction() as tx:
        assert tx.put_inbox(item)
    await rig.run(2)
    assert rig.held_in_truth() == {0, 3}
    assert rig.store.pending_inbox() == []
    sound(rig)


async def test_a_stop_by_an_operator_frees_everyone_at_once(asked: Any) -> None:
    rig = asked(replace(ONE_OPERATOR, rules=ONE_OPERATOR.rules[-1:]))
    await rig.run(1.5)
    say(rig, WordKind.APPROVE, "Asha")
    await rig.run(2)
    assert rig.held_in_truth() == {0, 3}
    say(rig, WordKind.STOP, "Ben")
    await rig.run(2)
    assert rig.held_in_truth() == set()
    assert rig.facts("operator", "stop")[0]["who"] == "Ben"
    sound(rig)


async def test_a_word_of_somebody_else_does_not_count_and_is_recorded(asked: Any) -> None:
    rig = asked()
    await rig.run(1.5)
    say(rig, WordKind.STOP, "Mallory")
    say(rig, WordKind.APPROVE, "Asha", key=KEYS["Ben"])
    rig.controller.receive_operator(b"not even JSON")
    await rig.run(0.5)
    assert rig.intervention.state is AWAITING
    reasons = [f["why"] for f in rig.facts("operator", "not_taken")]
    assert len(reasons) == 3
    assert "nobody of this name" in reasons[0]
    assert "not made with this operator's code" in reasons[1]
    sound(rig)


def test_a_word_opens_only_as_it_was_sealed() -> None:
    word = Word(kind=WordKind.STOP, intervention_id="LB-1", who="Asha", why="drill", said_at="now")
    body = sealed(word, KEYS["Asha"])
    assert opened(body, KEYS) == word
    assert isinstance(opened(body.replace(b"drill", b"other"), KEYS), str)
    assert isinstance(opened(b'{"said": 3, "seal": 4}', KEYS), str)


async def test_a_plan_beyond_what_was_approved_is_put_to_people_while_those_held_stay_held(asked: Any) -> None:
    strict = replace(TWO_OPERATORS, rules=TWO_OPERATORS.rules[-1:], wait_s=120)
    rig = asked(strict, drawing={0, 1, 3, 4})
    await rig.run(1.5)
    say(rig, WordKind.APPROVE, "Asha")
    say(rig, WordKind.APPROVE, "Ben")
    await rig.run(2)
    held = rig.held_in_truth()
    assert held
    rig.base_a = (95.0, 150.0, 60.0)
    await rig.run(5)
    assert rig.audit("authorisation", "asked")[1:], "the second plan is before people"
    assert rig.held_in_truth() == held
    await rig.run(4)
    assert FEEDER in rig.controller.desk.interventions
    assert "no authority" in rig.store.rows("escalation")[0].body["kinds"]
    sound(rig)
