"""Permits: the rules one by one, then random histories in any order of arrival against a naive model."""

import copy
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Mpan
from linkbox.customers import (
    Candidate,
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    CustomerFile,
    Objection,
    Permit,
    PermitNotConstructible,
    PriorityChoice,
    Refusal,
    TenancyChange,
    event_from_row,
    event_to_row,
    permit,
)

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
A = Mpan.from_core("120000000001")
HOME = Candidate(mpan=A, domestic=True, priority_register=False, label="EV charger")


def said(kind: ConsentKind, at: datetime, tenancy: str = "t1", recorded_at: datetime | None = None) -> ConsentEvent:
    return ConsentEvent(
        mpan=A,
        at=at,
        recorded_at=recorded_at or at,
        kind=kind,
        text_version="2026-01",
        channel="letter",
        evidence="scan 17",
        tenancy=tenancy,
    )


def moved(at: datetime, tenancy: str, recorded_at: datetime | None = None) -> TenancyChange:
    return TenancyChange(mpan=A, at=at, recorded_at=recorded_at or at, tenancy=tenancy)


def ask(*events: CustomerEvent, at: datetime = T0, candidate: Candidate = HOME) -> Permit | Refusal:
    return permit(candidate, CustomerFile.of(events), intervention_id="i1", at=at)


GIVEN = said(ConsentKind.GIVEN, T0 - 24 * HOUR)


def test_consent_permits_and_the_permit_carries_the_evidence() -> None:
    answer = ask(GIVEN)
    assert isinstance(answer, Permit)
    assert (answer.mpan, answer.intervention_id, answer.at) == (A, "i1", T0)
    assert any("scan 17" in line and "2026-01" in line and "letter" in line for line in answer.evidence)


def test_without_a_word_from_the_customer_nothing_is_permitted() -> None:
    assert ask() == Refusal(mpan=A, intervention_id="i1", at=T0, reasons=("no consent on file",))
    assert isinstance(ask(said(ConsentKind.SOUGHT, T0 - HOUR)), Refusal)


@pytest.mark.parametrize("kind", [ConsentKind.REFUSED, ConsentKind.WITHDRAWN, ConsentKind.EXPIRED])
def test_consent_that_ended_permits_nothing(kind: ConsentKind) -> None:
    assert isinstance(ask(GIVEN, said(kind, T0)), Refusal)
    assert isinstance(ask(GIVEN, said(kind, T0 + HOUR)), Permit)


def test_of_two_words_at_one_moment_the_one_that_permits_less_counts() -> None:
    assert isinstance(ask(GIVEN, said(ConsentKind.WITHDRAWN, GIVEN.at, recorded_at=GIVEN.at - HOUR)), Refusal)


def test_seeking_consent_again_does_not_end_it() -> None:
    assert isinstance(ask(GIVEN, said(ConsentKind.SOUGHT, T0 - HOUR)), Permit)


def test_consent_of_the_old_tenant_is_never_used_for_the_new_one() -> None:
    change = moved(T0 - HOUR, "t2")
    answer = ask(GIVEN, change)
    assert isinstance(answer, Refusal)
    assert "tenancy changed" in answer.reasons[0]
    # nor a form of the old tenant that is dated after the change
    assert isinstance(ask(GIVEN, change, said(ConsentKind.GIVEN, T0, "t1")), Refusal)
    assert isinstance(ask(GIVEN, change, said(ConsentKind.GIVEN, T0, "t2")), Permit)


def test_refusal_by_the_old_tenant_does_not_bind_the_new_one() -> None:
    events: list[CustomerEvent] = [moved(T0 - 3 * HOUR, "t2"), said(ConsentKind.GIVEN, T0 - 2 * HOUR, "t2")]
    assert isinstance(ask(*events, said(ConsentKind.WITHDRAWN, T0 - HOUR, "t1")), Permit)


def test_objection_binds_its_own_intervention_only() -> None:
    objection = Objection(mpan=A, intervention_id="i1", at=T0, recorded_at=T0)
    assert isinstance(ask(GIVEN, objection), Refusal)
    assert isinstance(ask(GIVEN, objection, at=T0 - HOUR), Permit)
    assert isinstance(permit(HOME, CustomerFile.of([GIVEN, objection]), intervention_id="i2", at=T0), Permit)


def test_priority_register_is_out_by_default_and_in_by_own_choice() -> None:
    frail = dataclasses.replace(HOME, priority_register=True)
    choice = PriorityChoice(mpan=A, at=T0 - HOUR, recorded_at=T0, opted_in=True, evidence="call 4")
    assert isinstance(ask(GIVEN, candidate=frail), Refusal)
    assert isinstance(ask(GIVEN, choice, candidate=frail), Permit)
    back = dataclasses.replace(choice, at=T0, opted_in=False)
    assert isinstance(ask(GIVEN, choice, back, candidate=frail), Refusal)
    renewed = said(ConsentKind.GIVEN, T0 - HOUR / 2, "t2")
    assert isinstance(ask(renewed, choice, moved(T0 - HOUR / 2, "t2"), candidate=frail), Refusal)


def test_refusal_names_every_reason_at_once() -> None:
    shop = Candidate(
        mpan=A, domestic=False, priority_register=True, label_is_ev_charger=False, label="Boiler", reachable=False
    )
    answer = ask(Objection(mpan=A, intervention_id="i1", at=T0, recorded_at=T0), candidate=shop)
    assert isinstance(answer, Refusal)
    text = "; ".join(answer.reasons)
    for part in ("domestic", "no consent", "rejected", "Priority Services", "'Boiler'", "reachable"):
        assert part in text
    assert len(answer.reasons) == 6


def test_permit_can_not_be_made_by_hand() -> None:
    with pytest.raises(PermitNotConstructible):
        Permit(mpan=A, intervention_id="i1", at=T0, evidence=())
    real = ask(GIVEN)
    assert isinstance(real, Permit)
    with pytest.raises((PermitNotConstructible, TypeError)):
        dataclasses.replace(real, mpan=Mpan.from_core("120000000002"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        real.mpan = Mpan.from_core("120000000002")  # type: ignore[misc]  # the point of the test
    assert copy.copy(real) == real


def test_what_was_known_at_a_past_moment_can_be_shown() -> None:
    late = said(ConsentKind.WITHDRAWN, T0 - 5 * HOUR, recorded_at=T0 + HOUR)
    file = CustomerFile.of([GIVEN, late])
    assert file.consent(A, T0, known_at=T0).valid
    assert not file.consent(A, T0, known_at=T0 + HOUR).valid


def test_row_with_faults_lists_them_all() -> None:
    row = event_to_row(GIVEN) | {"mpan": "123", "kind": "maybe", "at": "yesterday"}
    del row["channel"]
    with pytest.raises(InvalidInput) as refused:
        event_from_row(row)
    assert {i.where for i in refused.value.issues} == {"mpan", "kind", "at", "channel"}
    with pytest.raises(InvalidInput, match="must be one of"):
        event_from_row({"event": "wish"})


hours = st.integers(0, 12).map(lambda h: T0 + h * HOUR)
tenancies = st.sampled_from(["t1", "t2", "t3"])
events = st.one_of(
    st.builds(said, st.sampled_from(ConsentKind), hours, tenancies, hours),
    st.builds(moved, hours, tenancies, hours),
    st.builds(Objection, mpan=st.just(A), intervention_id=st.sampled_from(["i1", "i2"]), at=hours, recorded_at=hours),
)


@given(events)
def test_row_describes_its_event_completely(event: CustomerEvent) -> None:
    assert event_from_row(event_to_row(event)) == event


def model_consent(happened: list[CustomerEvent], at: datetime) -> bool:
    """Hour by hour: a move empties the slate; the present tenant's word is written on it; no beats yes in an hour."""
    tenant: str | None = None
    slate = False
    hour = T0
    while hour <= at:
        now = [e for e in happened if e.at == hour]
        moves = sorted((e for e in now if isinstance(e, TenancyChange)), key=lambda e: (e.recorded_at, repr(e)))
        if moves:
            tenant, slate = moves[-1].tenancy, False
        words = [e for e in now if isinstance(e, ConsentEvent) and e.kind is not ConsentKind.SOUGHT]
        words = [e for e in words if tenant is None or e.tenancy == tenant]
        if words:
            slate = all(e.kind is ConsentKind.GIVEN for e in words)
        hour += HOUR
    return slate


@given(st.lists(events, max_size=12), st.randoms(use_true_random=False), hours, hours)
def test_no_permit_without_consent_valid_at_that_moment_in_any_order_of_arrival(history, random, at, known_at) -> None:  # type: ignore[no-untyped-def]  # hypothesis supplies them
    arrived = [e for e in history if e.recorded_at <= known_at]
    random.shuffle(arrived)
    file = CustomerFile()
    for event in arrived:
        file = file.with_(event)
    answer = permit(HOME, file, intervention_id="i1", at=at)
    objected = any(isinstance(e, Objection) and e.intervention_id == "i1" and e.at <= at for e in arrived)
    assert isinstance(answer, Permit) == (model_consent(arrived, at) and not objected)
    # the same question to the complete file, as of then, gets the same answer
    whole = CustomerFile.of(history)
    assert whole.consent(A, at, known_at=known_at) == file.consent(A, at)
