"""The market: who is asked, until when, and what counts as delivered."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import FeederId
from linkbox.base.phases import Phase
from linkbox.market import (
    Accepted,
    Answer,
    AvailabilityWindow,
    CallOff,
    Contract,
    Delivered,
    MarketError,
    Measured,
    NoCover,
    Pending,
    Rejected,
    Shortfall,
    ShortfallReason,
    answer_from_record,
    answer_to_record,
    call_off,
    call_off_from_record,
    call_off_to_record,
    check_contracts,
    judge,
)
from linkbox.market.contracts import Amps3

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)  # a Tuesday
F1, F2 = FeederId("F1"), FeederId("F2")
BASELINE = (200.0, 150.0, 150.0)


def s(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def contract(
    name: str = "c1", capacity: Amps3 = (50.0, 50.0, 50.0), answer: float = 60, deliver: float = 180, price: float = 1.0
) -> Contract:
    return Contract(
        contract_id=name,
        provider=f"provider {name}",
        feeder_ids=frozenset({F1}),
        capacity_a=capacity,
        answer_within_s=answer,
        deliver_within_s=deliver,
        price_gbp_per_kwh=price,
    )


def called(
    *contracts: Contract, required: Amps3 = (30.0, 0.0, 0.0), limit: float = 1800, feeder: FeederId = F1
) -> CallOff | NoCover:
    return call_off(
        feeder,
        required_a=required,
        time_to_limit_s=limit,
        last_resort_needs_s=600,
        baseline_a=BASELINE,
        contracts=contracts,
        duration_s=3600,
        event_id="e1",
        at=T0,
    )


def made(*contracts: Contract, required: Amps3 = (30.0, 0.0, 0.0), limit: float = 1800) -> CallOff:
    call = called(*contracts, required=required, limit=limit)
    assert isinstance(call, CallOff)
    return call


def measured(seconds: float, l1: float) -> list[Measured]:
    return [Measured(at=s(seconds), current_a=(l1, 150.0, 150.0))]


def test_feeder_without_contract_has_no_cover() -> None:
    answer = called(contract(), feeder=F2)
    assert isinstance(answer, NoCover)
    assert answer.reason is ShortfallReason.NO_CONTRACT


def test_contract_outside_its_window_is_no_cover() -> None:
    night = AvailabilityWindow(start=time(23), end=time(7), weekdays=frozenset({0}))
    assert night.covers(datetime(2026, 1, 12, 23, 30, tzinfo=UTC))  # Monday night
    assert night.covers(datetime(2026, 1, 13, 6, 59, tzinfo=UTC))  # still Monday's window
    assert not night.covers(datetime(2026, 1, 13, 23, 30, tzinfo=UTC))
    assert not night.covers(datetime(2026, 1, 12, 6, 0, tzinfo=UTC))
    answer = called(Contract(**{n: getattr(contract(), n) for n in Contract.__slots__} | {"windows": (night,)}))
    assert isinstance(answer, NoCover)
    assert "available now" in answer.why


def test_too_little_time_goes_straight_to_the_last_resort() -> None:
    for limit in (0, 599, 600, 779):
        answer = called(contract(deliver=180), limit=limit)
        assert isinstance(answer, NoCover)
        assert answer.reason is ShortfallReason.TOO_SLOW
    assert isinstance(called(contract(deliver=180), limit=780), CallOff)


def test_deadlines_derive_from_the_time_to_limit() -> None:
    # 1800 s to the limit less 600 s for the last resort leave 1200 s: the contract's own times bind
    call = made(contract())
    assert (call.answer_deadline, call.delivery_deadline) == (s(60), s(240))
    # 800 s leave 200 s: the answer may take its 60 s, the delivery must be there at 200 s
    call = made(contract(), limit=800)
    assert (call.answer_deadline, call.delivery_deadline) == (s(60), s(200))
    # a slow answerer is cut off where the last resort must begin
    call = made(contract(answer=500), limit=800)
    assert (call.answer_deadline, call.delivery_deadline) == (s(200), s(200))
    assert made(contract(), limit=math.inf).delivery_deadline == s(240)


def test_cheapest_contract_is_asked_first_and_the_next_for_the_rest() -> None:
    call = made(contract("dear", price=2), contract("cheap", (20.0, 0, 0), price=1))
    assert [(r.contract_id, r.phase, r.current_a) for r in call.requests] == [
        ("cheap", Phase.L1, 20.0),
        ("dear", Phase.L1, 10.0),
    ]
    assert call.uncovered_a == (0.0, 0.0, 0.0)


def test_what_no_contract_covers_is_a_shortfall_at_once() -> None:
    call = made(contract(capacity=(20.0, 0, 0)))
    verdict = judge(call, [], [], at=T0)
    assert isinstance(verdict, Shortfall)
    assert (verdict.reason, verdict.missing_a) == (ShortfallReason.NOT_ENOUGH_CAPACITY, (10.0, 0.0, 0.0))


def test_silence_ends_exactly_at_the_deadline() -> None:
    call = made(contract())
    waiting = judge(call, [], [], at=s(59))
    assert waiting == Pending(until=s(60), why="1 of 1 requests have no answer")
    verdict = judge(call, [], [], at=s(60))
    assert isinstance(verdict, Shortfall)
    assert (verdict.reason, verdict.missing_a, verdict.at) == (ShortfallReason.NO_ANSWER, (30.0, 0.0, 0.0), s(60))


def test_rejection_hands_over_at_once_with_its_words() -> None:
    verdict = judge(made(contract()), [Rejected(request_id="e1/c1/L1/1", at=s(5), reason="sold out")], [], at=s(5))
    assert isinstance(verdict, Shortfall)
    assert verdict.reason is ShortfallReason.REJECTED
    assert "sold out" in verdict.why


def test_delivery_is_what_the_feeder_shows() -> None:
    call = made(contract())
    yes = [Accepted(request_id="e1/c1/L1/1", at=s(20))]
    assert isinstance(judge(call, yes, measured(60, 199.0), at=s(60)), Pending)
    done = judge(call, yes, measured(60, 200.0) + measured(120, 171.0), at=s(120))
    assert isinstance(done, Delivered)
    assert done.effect.reduction_a == (29.0, 0.0, 0.0)
    failed = judge(call, yes, measured(240, 190.0), at=s(240))
    assert isinstance(failed, Shortfall)
    assert (failed.reason, failed.missing_a) == (ShortfallReason.NOT_DELIVERED, (20.0, 0.0, 0.0))
    assert "shows 10.0/0.0/0.0 A (give or take 29.5/29.5/29.5 A) less than expected" in failed.why  # 10 * 2.952


def test_a_fall_without_an_acceptance_is_not_the_markets() -> None:
    call = made(contract())
    assert isinstance(judge(call, [], measured(30, 150.0), at=s(30)), Pending)
    # nor one that was measured before it
    yes = [Accepted(request_id="e1/c1/L1/1", at=s(50))]
    assert isinstance(judge(call, yes, measured(30, 150.0), at=s(55)), Pending)


def test_unmeasured_feeder_proves_nothing() -> None:
    call = made(contract())
    yes = [Accepted(request_id="e1/c1/L1/1", at=s(20))]
    blind = [Measured(at=s(239), current_a=(math.nan, 150.0, 150.0))]
    verdict = judge(call, yes, blind, at=s(240))
    assert isinstance(verdict, Shortfall)
    assert "not measured" in verdict.why


def test_smaller_offer_leaves_the_rest_missing() -> None:
    verdict = judge(made(contract()), [Accepted(request_id="e1/c1/L1/1", at=s(5), current_a=12.0)], [], at=s(5))
    assert isinstance(verdict, Shortfall)
    assert (verdict.reason, verdict.missing_a) == (ShortfallReason.NOT_ENOUGH_CAPACITY, (18.0, 0.0, 0.0))


def test_odd_answers_are_told_and_change_nothing() -> None:
    call = made(contract())
    answers: list[Answer] = [
        Accepted(request_id="e1/c1/L1/1", at=s(5), current_a=90.0),
        Accepted(request_id="e1/c1/L1/1", at=s(6), current_a=1.0),
        Accepted(request_id="e1/c9/L1/1", at=s(7)),
    ]
    verdict = judge(call, answers, [], at=s(10))
    assert isinstance(verdict, Pending)
    assert len(verdict.notes) == 3
    late = judge(call, [Accepted(request_id="e1/c1/L1/1", at=s(61))], [], at=s(70))
    assert isinstance(late, Shortfall)
    assert (late.reason, len(late.notes)) == (ShortfallReason.NO_ANSWER, 1)
    senseless = judge(call, [Accepted(request_id="e1/c1/L1/1", at=s(5), current_a=-5.0)], [], at=s(6))
    assert isinstance(senseless, Shortfall)


def test_an_acceptance_that_is_taken_back_is_a_rejection_from_then_on() -> None:
    call = made(contract())
    answers: list[Answer] = [
        Accepted(request_id="e1/c1/L1/1", at=s(5)),
        Rejected(request_id="e1/c1/L1/1", at=s(90), reason="revoked its offer"),
    ]
    assert isinstance(judge(call, answers, [], at=s(89)), Pending)
    verdict = judge(call, answers, [], at=s(90))
    assert isinstance(verdict, Shortfall)
    assert (verdict.reason, verdict.missing_a) == (ShortfallReason.REJECTED, (30.0, 0.0, 0.0))
    assert "revoked its offer" in verdict.why


def test_a_call_over_midnight_is_two_requests_and_either_days_no_is_a_shortfall() -> None:
    """A UFTP message speaks of one local day. 23:30 for an hour: until midnight, and from it on."""
    late = datetime(2026, 1, 13, 23, 30, tzinfo=UTC)
    call = call_off(
        F1,
        required_a=(30.0, 0.0, 0.0),
        time_to_limit_s=1800,
        last_resort_needs_s=600,
        baseline_a=BASELINE,
        contracts=[contract()],
        duration_s=3600,
        event_id="e1",
        at=late,
        zone="Europe/London",
    )
    assert isinstance(call, CallOff)
    midnight = datetime(2026, 1, 14, tzinfo=UTC)
    assert [(r.start, r.end) for r in call.requests] == [(late, midnight), (midnight, late + timedelta(hours=1))]
    yes = Accepted(request_id="e1/c1/L1/1", at=late + timedelta(seconds=5))
    no = Rejected(request_id="e1/c1/L1/2", at=late + timedelta(seconds=5))
    verdict = judge(call, [yes, no], [], at=late + timedelta(seconds=5))
    assert isinstance(verdict, Shortfall)
    assert verdict.missing_a == (30.0, 0.0, 0.0), "once, not twice"


def test_a_total_is_shared_by_the_phases_and_the_minimum_run_is_asked_for() -> None:
    """30 A on each of two phases of a contract for 40 A in all: 20 A each; 2 h at least where an hour is needed."""
    whole = replace(contract(), total_a=40.0, minimum_run_s=7200.0)
    call = made(whole, required=(30.0, 30.0, 0.0))
    assert [r.current_a for r in call.requests] == pytest.approx([20.0, 20.0])
    assert call.uncovered_a == pytest.approx((10.0, 10.0, 0.0))
    assert call.end == s(7200)


@pytest.mark.parametrize("required", [(0.0, 0, 0), (-1.0, 0, 0), (math.nan, 0, 0)])
def test_senseless_requirement_is_refused(required: Amps3) -> None:
    with pytest.raises(MarketError, match="required_a"):
        called(contract(), required=required)


def test_contract_with_faults_lists_them_all() -> None:
    with pytest.raises(InvalidInput) as refused:
        Contract(
            contract_id="x",
            provider="p",
            feeder_ids=frozenset(),
            capacity_a=(-1.0, 0, 0),
            answer_within_s=-1,
            deliver_within_s=math.inf,
        )
    assert {i.where for i in refused.value.issues} >= {
        "capacity_a",
        "answer_within_s",
        "deliver_within_s",
        "feeder_ids",
    }
    issues = check_contracts([contract(), contract()], [F2])
    assert {i.rule for i in issues} == {"must be used once only", "is not a feeder that is watched"}


amps = st.floats(0, 80)
times = st.floats(0, 900)
contracts = st.lists(
    st.builds(contract, st.sampled_from(["a", "b", "c"]), st.tuples(amps, amps, st.floats(1, 80)), times, times),
    max_size=3,
    unique_by=lambda c: c.contract_id,
)
requirements = st.tuples(st.floats(1, 80), amps, amps)
names = st.builds("e1/{}/{}/1".format, st.sampled_from("abcd"), st.sampled_from(["L1", "L2", "L3"]))
answers = st.lists(
    st.one_of(
        st.builds(Accepted, request_id=names, at=times.map(s), current_a=st.none()),
        st.builds(Accepted, request_id=names, at=times.map(s), current_a=amps),
        st.builds(Rejected, request_id=names, at=times.map(s)),
    ),
    max_size=4,
)
readings = st.lists(st.builds(lambda at, l1: measured(at, l1)[0], times, st.floats(100, 250)), max_size=3)


@given(contracts, requirements, st.floats(0, 4000))
def test_the_last_resort_always_keeps_its_time(offers: list[Contract], required: Amps3, limit: float) -> None:
    call = called(*offers, required=required, limit=limit)
    if isinstance(call, CallOff):
        left_s = (s(limit) - call.delivery_deadline).total_seconds()
        assert left_s >= 600 - 1e-3
        assert T0 <= call.answer_deadline <= call.delivery_deadline
        asked = [sum(r.current_a for r in call.requests if r.phase == p) + call.uncovered_a[p] for p in range(3)]
        assert asked == pytest.approx(required, abs=1e-5)


@given(contracts, requirements, answers, readings, times)
def test_no_verdict_is_pending_at_its_own_deadline(
    offers: list[Contract], required: Amps3, said: list[Answer], reading: list[Measured], now: float
) -> None:
    call = called(*offers, required=required, limit=2000)
    if not isinstance(call, CallOff):
        return
    verdict = judge(call, said, reading, at=s(now))
    if isinstance(verdict, Pending):
        assert s(now) < verdict.until <= call.delivery_deadline
    if isinstance(verdict, Shortfall):
        assert any(m > 0 for m in verdict.missing_a)
        assert all(0 <= m <= r + 1e-9 for m, r in zip(verdict.missing_a, required, strict=True))
    assert not isinstance(judge(call, said, reading, at=call.delivery_deadline), Pending)


@given(contracts, requirements, answers)
def test_records_describe_their_values_completely(offers: list[Contract], required: Amps3, said: list[Answer]) -> None:
    call = called(*offers, required=required)
    if isinstance(call, CallOff):
        assert call_off_from_record(json.loads(json.dumps(call_off_to_record(call)))) == call
    for answer in said:
        assert answer_from_record(json.loads(json.dumps(answer_to_record(answer)))) == answer
