"""What every Register promises (operation/ports.py), asked of each one that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.adapters.store_sql.register import ROWS_AT_ONCE
from linkbox.base.identifiers import FeederId
from linkbox.customers import ConsentEvent, ConsentKind, CustomerEvent, Scope, SupplierChange, event_to_row
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.ports import RegisteredPoint
from linkbox.operation.stored_facts import StoredFact, stored
from tests.adapters.postgresql import schema_of_its_own
from tests.operation.rig import START, consent, moved_in, mpan, phase_of

AnyRegister: TypeAlias = SqliteStore | PostgresqlStore
F1, F2 = FeederId("F1"), FeederId("F2")


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyRegister]:
    if request.param == "sqlite":
        store: AnyRegister = SqliteStore(tmp_path / "register.sqlite")
        yield store
        store.close()
    else:
        with schema_of_its_own() as url:
            store = PostgresqlStore(url)
            yield store
            store.close()


def point(number: int, feeder: FeederId = F1, **changes: object) -> RegisteredPoint:
    made = ConnectionPoint(mpan=mpan(number), phase=phase_of(number), postcode="LB1 1AA")
    return RegisteredPoint(feeder_id=feeder, supplier="Alder", point=replace(made, **changes))  # type: ignore[arg-type]


def rows(*events: CustomerEvent) -> list[StoredFact]:
    return [stored(event_to_row(event)) for event in events]


def test_points_come_back_by_feeder_and_by_mpan_exactly(register: AnyRegister) -> None:
    odd = "tab\tback\\slash\nline \0 nul \ue000 é"
    points = [point(2), point(0, phase=None, domestic=False), point(1, priority_register=True, postcode=odd[:20])]
    heard: list[int] = []
    assert register.put_points([*points, point(3, F2)], progress=heard.append) == 4
    assert heard == [4]
    assert register.points_of(F1) == sorted(points, key=lambda p: p.point.mpan)
    assert register.points_of(F2) == [point(3, F2)]
    assert register.points_of(FeederId("F3")) == []
    assert register.point_of(mpan(3)) == point(3, F2)
    assert register.point_of(mpan(9)) is None


def test_a_point_that_is_put_again_is_replaced_also_on_another_feeder(register: AnyRegister) -> None:
    register.put_points([point(0), point(1)])
    register.put_points([replace(point(0, F2, domestic=False), supplier="Elm")])
    assert register.points_of(F1) == [point(1)]
    assert register.points_of(F2) == [replace(point(0, F2, domestic=False), supplier="Elm")]


def test_facts_of_a_feeder_are_those_of_its_points(register: AnyRegister) -> None:
    register.put_points([point(0), point(1), point(2, F2)])
    facts = [moved_in(0, START), consent(0, ConsentKind.GIVEN, START), consent(2, ConsentKind.REFUSED, START)]
    register.record(rows(*facts))
    assert set(register.facts_of(F1)) == set(facts[:2])
    assert register.facts_of(F2) == facts[2:]
    assert register.facts_of(FeederId("F3")) == []


def test_a_fact_is_recorded_once_whoever_tells_it_again(register: AnyRegister) -> None:
    first = consent(0, ConsentKind.GIVEN, START)
    later = replace(first, recorded_at=START + timedelta(days=3), recorded_by="somebody else")
    other = replace(first, evidence="another form")
    assert register.count_known(rows(first, first)).new == 1
    assert register.last_customer_fact() == 0, "counting records nothing"
    done = register.record(rows(first, first, other))
    assert (done.new, done.known) == (2, 1)
    done = register.record(rows(later, other))
    assert (done.new, done.known) == (0, 2)
    assert [event for _, event in register.customer_facts()] == [first, other]


def test_what_a_transaction_appended_is_known_to_the_register_too(register: AnyRegister) -> None:
    event = consent(0, ConsentKind.GIVEN, START)
    with register.transaction() as tx:
        tx.append_customer_event(event_to_row(event))
    assert register.record(rows(event)).known == 1


def test_many_facts_go_in_several_commits_and_what_was_cut_off_is_completed(register: AnyRegister) -> None:
    many = [stored(event_to_row(consent(n, ConsentKind.GIVEN, START))) for n in range(ROWS_AT_ONCE + 50)]

    def cut_off() -> Iterator[StoredFact]:
        yield from many[: ROWS_AT_ONCE + 10]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        register.record(cut_off())
    done = register.record(many)
    assert (done.new, done.known) == (50, ROWS_AT_ONCE)


texts = st.text(max_size=12)
facts = st.builds(
    ConsentEvent,
    mpan=st.sampled_from([mpan(0), mpan(1)]),
    at=st.datetimes().map(lambda at: START.replace(microsecond=at.microsecond)),
    recorded_at=st.just(START),
    kind=st.sampled_from(ConsentKind),
    text_version=texts,
    channel=texts,
    evidence=texts,
    tenancy=texts,
    recorded_by=texts,
    scope=st.builds(Scope, device=texts, off=st.booleans()),
    expires_at=st.none() | st.just(START),
) | st.builds(SupplierChange, mpan=st.just(mpan(0)), at=st.just(START), recorded_at=st.just(START), supplier=texts)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=facts)
def test_any_fact_comes_back_equal(register: AnyRegister, event: CustomerEvent) -> None:
    before = register.last_customer_fact()
    if register.record(rows(event)).new:
        assert [found for _, found in register.customer_facts(after=before)] == [event]
