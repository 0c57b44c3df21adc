"""A fact recorded in error is annulled: from then on it counts as never told; what was known before stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.customers import (
    Annulment,
    ConsentKind,
    CustomerEvent,
    CustomerFile,
    event_from_row,
    event_to_row,
    fact_id,
)
from tests.customers.test_permits import GIVEN, HOUR, T0, A, ask, moved, said


def annulment(of: CustomerEvent, recorded_at: object = None, reason: str = "another customer's form") -> Annulment:
    at = T0 if recorded_at is None else recorded_at
    return Annulment(mpan=A, at=of.at, recorded_at=at, fact=fact_id(of), reason=reason, recorded_by="A. Able")  # type: ignore[arg-type]  # a time in all uses


def test_an_annulled_consent_permits_nothing_and_what_was_known_before_can_be_shown() -> None:
    file = CustomerFile.of([GIVEN, annulment(GIVEN)])
    assert not file.consent(A, T0).valid
    assert file.consent(A, T0).reason == "no consent on file"
    assert file.consent(A, T0, known_at=T0 - HOUR).valid
    assert file.told(A) == tuple(sorted((GIVEN, annulment(GIVEN)), key=lambda e: e.recorded_at))
    assert file.history(A) == ()


def test_an_annulled_withdrawal_lets_the_consent_before_it_stand_again() -> None:
    withdrawn = said(ConsentKind.WITHDRAWN, T0 - HOUR)
    file = CustomerFile.of([GIVEN, withdrawn])
    assert not file.consent(A, T0).valid
    assert file.with_(annulment(withdrawn)).consent(A, T0).valid


def test_an_annulled_move_gives_the_tenancy_before_it_back() -> None:
    move = moved(T0 - 2 * HOUR, "t2")
    file = CustomerFile.of([moved(T0 - 48 * HOUR, "t1"), GIVEN, move, annulment(move)])
    assert file.consent(A, T0).valid
    assert file.tenancy(A, T0) == moved(T0 - 48 * HOUR, "t1")


def test_an_annulment_may_be_annulled_itself() -> None:
    wrong = annulment(GIVEN, T0 - HOUR)
    again = annulment(wrong, T0)
    file = CustomerFile.of([again, GIVEN, wrong])
    assert file.consent(A, T0).valid
    assert not file.consent(A, T0, known_at=T0 - HOUR).valid
    assert set(file.annulled(A)) == {fact_id(wrong)}


def test_the_same_fact_with_other_evidence_is_another_fact() -> None:
    right = replace(GIVEN, evidence="scan 18")
    assert CustomerFile.of([GIVEN, annulment(GIVEN), right]).consent(A, T0).valid


@pytest.mark.parametrize("wrong", [{"fact": "12"}, {"fact": "Z" * 32}, {"reason": " "}, {"recorded_by": ""}])
def test_an_annulment_needs_a_fact_a_reason_and_a_name(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"must be the 32|needs a reason"):
        replace(annulment(GIVEN), **wrong)  # type: ignore[arg-type]  # one of its texts
    with pytest.raises((ValueError, InvalidInput)):
        event_from_row({**event_to_row(annulment(GIVEN)), **wrong})


hours = st.integers(0, 8).map(lambda h: T0 + h * HOUR)
facts = st.one_of(
    st.builds(said, st.sampled_from(ConsentKind), hours, st.sampled_from(["t1", "t2"]), hours),
    st.builds(moved, hours, st.sampled_from(["t1", "t2"]), hours),
)


@given(st.lists(facts, max_size=7), st.lists(st.tuples(st.integers(0, 30), hours), max_size=4), hours, hours, st.data())
def test_annulled_facts_count_as_never_told_in_any_order_of_arrival(history, chosen, at, known_at, data) -> None:  # type: ignore[no-untyped-def]  # hypothesis supplies them
    """Against the naive model: take away what is annulled as is known then, newest word first, and ask what is left."""
    every: list[CustomerEvent] = list(history)
    for number, recorded_at in chosen:
        if every:
            every.append(annulment(every[number % len(every)], recorded_at, reason=f"reason {len(every)}"))
    arrived = data.draw(st.permutations(every))
    file = CustomerFile()
    for event in arrived:
        file = file.with_(event)
    known = [e for e in every if e.recorded_at <= known_at]
    left = list(known)
    newest = sorted((e for e in known if isinstance(e, Annulment)), key=lambda e: (e.recorded_at, fact_id(e)))[::-1]
    for annulling in newest:
        if annulling in left:
            left = [e for e in left if fact_id(e) != annulling.fact]
    naive = CustomerFile.of(e for e in left if not isinstance(e, Annulment))
    assert file.consent(A, at, known_at=known_at) == naive.consent(A, at)
    assert file.tenancy(A, at, known_at=known_at) == naive.tenancy(A, at)
    assert CustomerFile.of(arrived).history(A) == file.history(A)


def test_a_permit_is_refused_on_an_annulled_consent() -> None:
    assert "no consent on file" in str(ask(GIVEN, annulment(GIVEN, T0 - timedelta(hours=1))))
