"""Who must approve a plan: the rules, and what a person's yes is bound to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.control.authorisation import (
    AUTOMATIC,
    ONE_OPERATOR,
    POLICIES,
    TWO_OPERATORS,
    AuthorisationPolicy,
    AuthorisationRequest,
    AuthorisationRule,
    PlanFacts,
)

NOW = datetime(2026, 1, 13, 0, 40, tzinfo=UTC)
PLAN = {"intervention": "LB-1", "holds": [{"mpan": "2000000000006", "duration_s": 1800}]}


def facts(**changes: object) -> PlanFacts:
    usual = PlanFacts(
        customers=20, new_customers=20, time_to_limit_s=1200.0, market_recorded=True, approved_before=False
    )
    return replace(usual, **changes)  # type: ignore[arg-type] # each test names fields of PlanFacts


def request(people: int = 2) -> AuthorisationRequest:
    return AuthorisationRequest(
        plan=PLAN, rule="rule", people=people, asked_at=NOW, expires_at=NOW + timedelta(seconds=300)
    )


def people_for(policy: AuthorisationPolicy, given_facts: PlanFacts) -> int | None:
    rule = policy.rule_for(given_facts)
    return None if rule is None else rule.people


def approved(asked: AuthorisationRequest, who: str, *, after_s: float = 10.0) -> AuthorisationRequest:
    after = asked.approve(who, "checked", digest=asked.digest, at=NOW + timedelta(seconds=after_s))
    assert isinstance(after, AuthorisationRequest)
    return after


def test_the_policies_that_come_along_ask_nobody_one_person_or_two() -> None:
    assert [people_for(p, facts()) for p in (AUTOMATIC, ONE_OPERATOR, TWO_OPERATORS)] == [0, 1, 2]


def test_a_small_plan_goes_ahead_where_no_time_is_left_to_ask() -> None:
    hurry = facts(customers=8, new_customers=8, time_to_limit_s=200.0)
    assert people_for(ONE_OPERATOR, hurry) == 0
    assert people_for(ONE_OPERATOR, replace(hurry, time_to_limit_s=240.0)) == 1
    assert people_for(ONE_OPERATOR, replace(hurry, customers=13)) == 1
    assert people_for(TWO_OPERATORS, hurry) == 2


def test_top_ups_of_what_people_have_approved_need_no_second_approval_up_to_a_number() -> None:
    assert people_for(TWO_OPERATORS, facts(customers=40, new_customers=12, approved_before=True)) == 0
    assert people_for(TWO_OPERATORS, facts(customers=40, new_customers=13, approved_before=True)) == 2
    assert people_for(TWO_OPERATORS, facts(customers=12, new_customers=12)) == 2


@given(policy=st.sampled_from(list(POLICIES.values())), customers=st.integers(0, 500), seconds=st.floats(0, 1e6))
def test_without_the_markets_record_no_policy_authorises_anything(
    policy: AuthorisationPolicy, customers: int, seconds: float
) -> None:
    asked = facts(customers=customers, new_customers=customers, time_to_limit_s=seconds, market_recorded=False)
    assert policy.rule_for(asked) is None


def test_a_policy_that_can_not_work_is_refused_with_everything_that_is_wrong() -> None:
    with pytest.raises(InvalidInput) as caught:
        AuthorisationPolicy(name="bad", rules=(AuthorisationRule(name="three", people=3, max_customers=5),), wait_s=0)
    assert [i.where for i in caught.value.issues] == ["bad: three: people", "bad: rules", "bad: wait_s"]


def test_two_people_are_two_different_people() -> None:
    once = approved(request(), "Asha")
    assert not once.granted
    again = once.approve("asha", "really", digest=once.digest, at=NOW)
    assert isinstance(again, str)
    assert "another person" in again
    assert approved(once, "Ben").granted


def test_an_approval_binds_the_exact_plan_that_the_person_saw() -> None:
    other = replace(request(), plan={**PLAN, "holds": []})
    refused = request().approve("Asha", "checked", digest=other.digest, at=NOW)
    assert isinstance(refused, str)
    assert other.digest[:12] in refused


def test_an_approval_that_comes_after_the_request_has_ended_does_not_count() -> None:
    late = request().approve("Asha", "checked", digest=request().digest, at=NOW + timedelta(seconds=300))
    assert isinstance(late, str)
    assert "ended" in late


@pytest.mark.parametrize(("who", "why"), [("", "checked"), (" ", "checked"), ("Asha", ""), ("Asha", "  ")])
def test_an_approval_needs_a_name_and_a_reason(who: str, why: str) -> None:
    assert isinstance(request().approve(who, why, digest=request().digest, at=NOW), str)


def test_the_digest_is_that_of_canonical_json() -> None:
    """``printf '{"a":1,"b":[2]}' | sha256sum``, the keys given in the other order."""
    asked = replace(request(), plan={"b": [2], "a": 1})
    assert asked.digest == "0855bfc20eb6cfaa4be7d6b510c63dd22997718bddadcb1a4915cec3a16145b9"


def test_a_request_survives_the_store() -> None:
    asked = approved(request(), "Asha")
    assert AuthorisationRequest.from_record(json.loads(json.dumps(asked.to_record()))) == asked
