"""What every Store promises (operation/ports.py), asked of each one that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.base.identifiers import Mpan
from linkbox.customers import ConsentKind, event_to_row
from linkbox.operation.ports import InboxItem, Row, Store
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.adapters.postgresql import schema_of_its_own
from tests.operation.rig import consent, moved_in

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)


class Place(Protocol):
    """Where a store lives: it can be opened again and finds what was committed."""

    def open(self) -> Store: ...


@dataclass
class SqliteFile:
    path: Path

    def open(self) -> Store:
        return SqliteStore(self.path)


@dataclass
class InMemory:
    disk: MemoryDisk

    def open(self) -> Store:
        return MemoryStore(self.disk)


@dataclass
class PostgresqlSchema:
    url: str

    def open(self) -> Store:
        return PostgresqlStore(self.url)


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    match request.param:
        case "sqlite":
            yield SqliteFile(tmp_path / "store.sqlite")
        case "postgresql":
            with schema_of_its_own() as url:
                yield PostgresqlSchema(url)
        case _:
            yield InMemory(MemoryDisk())


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    opened = place.open()
    yield opened
    opened.close()


class Failure(Exception):
    pass


def row(key: str, state: str = "live", owner: str = "I1", **body: object) -> Row:
    return Row(key=key, state=state, owner=owner, body=body)


def item(identity: str, *, kind: str = "dcc", body: bytes = b"<x/>", at: datetime = START) -> InboxItem:
    return InboxItem(kind=kind, identity=identity, received_at=at, body=body)


def keys(rows: list[Row]) -> list[str]:
    return [r.key for r in rows]


def everything(store: Store) -> tuple[object, ...]:
    """All that can be read."""
    return (
        store.rows("command"),
        store.rows("hold"),
        store.snapshot("grid"),
        store.readings("F1", after=None),
        store.pending_inbox(),
        store.audit_lines(),
        store.customer_events(),
    )


def write_everything(store: Store, *, fail: bool = False) -> None:
    with store.transaction() as tx:
        tx.put("command", row("C1", minutes=30))
        tx.put("hold", row("C1", minutes=30))
        tx.save_snapshot("grid", START, b"\x00\x01")
        tx.add_reading("F1", START, {"current_a": [1.0, 2.0, 3.0]})
        tx.put_inbox(item("a"))
        tx.append_audit([(1, "one"), (2, "two")])
        tx.append_customer_event({"event": "consent"})
        tx.take_counters("user", 5, at_least=100)
        if fail:
            raise Failure


# -- taking away ----------------------------------------------------------------------------------------------


def test_a_row_that_was_removed_is_gone_and_its_place_can_be_taken_again(store: Store) -> None:
    with store.transaction() as tx:
        tx.put("contact", row("A", address="x"))
        tx.put("notice", row("A"))
        assert tx.remove("contact", "A")
        assert not tx.remove("contact", "A")
    assert store.row("contact", "A") is None
    assert keys(store.rows("notice")) == ["A"]
    with store.transaction() as tx:
        tx.put("contact", row("A", address="y"))
    assert [r.body for r in store.rows("contact")] == [{"address": "y"}]


def test_a_removal_in_a_transaction_that_fails_has_not_happened(store: Store) -> None:
    write_everything(store)
    before = everything(store)

    def fail() -> None:
        with store.transaction() as tx:
            tx.remove("command", "C1")
            tx.remove_readings(START + timedelta(days=1), most=10)
            raise Failure

    with pytest.raises(Failure):
        fail()
    assert everything(store) == before


def test_old_readings_go_the_oldest_first_and_so_many_at_once(store: Store) -> None:
    with store.transaction() as tx:
        for minute in range(5):
            for feeder in ("F1", "F2"):
                tx.add_reading(feeder, START + timedelta(minutes=minute), {"n": minute})
    with store.transaction() as tx:
        assert tx.remove_readings(START + timedelta(minutes=3), most=4) == 4
    assert [body["n"] for _, body in store.readings("F2", after=None)] == [2, 3, 4]
    with store.transaction() as tx:
        assert tx.remove_readings(START + timedelta(minutes=3), most=4) == 2
        assert tx.remove_readings(START + timedelta(minutes=3), most=4) == 0
    assert [body["n"] for _, body in store.readings("F1", after=None)] == [3, 4]


def test_only_old_arrivals_that_were_dealt_with_go(store: Store) -> None:
    with store.transaction() as tx:
        for identity in ("old", "pending", "new"):
            tx.put_inbox(item(identity, at=START + timedelta(days=30 * (identity == "new"))))
        for identity in ("old", "new"):
            tx.finish_inbox("dcc", identity, "taken")
        assert tx.remove_inbox(START + timedelta(days=1), most=10) == 1
    assert [i.identity for i in store.pending_inbox()] == ["pending"]
    with store.transaction() as tx:
        assert tx.put_inbox(item("old"))  # it is not known any more
        assert not tx.put_inbox(item("new"))


# -- transactions ---------------------------------------------------------------------------------------------


def test_all_of_a_transaction_is_there_after_it(store: Store) -> None:
    write_everything(store)
    assert everything(store) == (
        [row("C1", minutes=30)],
        [row("C1", minutes=30)],
        (START, b"\x00\x01"),
        [(START, {"current_a": [1.0, 2.0, 3.0]})],
        [item("a")],
        ["one", "two"],
        [{"event": "consent"}],
    )


def test_nothing_of_a_transaction_that_fails_is_there_and_its_counters_are_free(store: Store) -> None:
    before = everything(store)
    with pytest.raises(Failure):
        write_everything(store, fail=True)
    assert everything(store) == before
    with store.transaction() as tx:
        assert tx.take_counters("user", 1, at_least=100) == 100


def test_a_failed_transaction_leaves_earlier_ones_alone_and_the_store_usable(store: Store) -> None:
    write_everything(store)
    before = everything(store)
    with pytest.raises(Failure), store.transaction() as tx:  # noqa: PT012 - a transaction that fails at its end
        tx.put("command", row("C1", "ended"))
        tx.save_snapshot("grid", START, b"other")
        tx.finish_inbox("dcc", "a", "done")
        raise Failure
    assert everything(store) == before
    with store.transaction() as tx:
        tx.put("command", row("C2"))
    assert keys(store.rows("command")) == ["C1", "C2"]


def test_reads_inside_a_transaction_see_what_it_has_written(store: Store) -> None:
    with store.transaction() as tx:
        tx.put("command", row("C1"))
        tx.add_reading("F1", START, {})
        tx.put_inbox(item("a"))
        assert keys(store.rows("command")) == ["C1"]
        assert store.row("command", "C1") == row("C1")
        assert len(store.readings("F1", after=None)) == 1
        assert len(store.pending_inbox()) == 1
    assert keys(store.rows("command")) == ["C1"]


def test_a_transaction_may_be_empty(store: Store) -> None:
    with store.transaction() as tx:
        tx.append_audit([])
    assert store.audit_lines() == []


# -- rows -----------------------------------------------------------------------------------------------------


def test_rows_are_selected_by_table_state_and_owner_in_order_of_insertion(store: Store) -> None:
    with store.transaction() as tx:
        for key, state, owner in (("z", "live", "I1"), ("a", "done", "I1"), ("m", "live", "I2"), ("b", "odd", "I2")):
            tx.put("command", row(key, state, owner))
        tx.put("hold", row("other", "live", "I1"))
    assert keys(store.rows("command")) == ["z", "a", "m", "b"]
    assert keys(store.rows("command", states=["live"])) == ["z", "m"]
    assert keys(store.rows("command", states=["odd", "done"])) == ["a", "b"]
    assert keys(store.rows("command", states=[])) == []
    assert keys(store.rows("command", owner="I2")) == ["m", "b"]
    assert keys(store.rows("command", states=["live"], owner="I1")) == ["z"]
    assert store.rows("nothing") == []


def test_putting_a_row_again_replaces_it_and_keeps_its_place(store: Store) -> None:
    with store.transaction() as tx:
        tx.put("command", row("C1", n=1))
        tx.put("command", row("C2"))
    with store.transaction() as tx:
        tx.put("command", row("C1", "ended", "I9", n=2))
    assert store.rows("command") == [row("C1", "ended", "I9", n=2), row("C2")]


def test_the_same_key_in_two_tables_is_two_things(store: Store) -> None:
    with store.transaction() as tx:
        tx.put("command", row("C1", n=1))
        tx.put("hold", row("C1", n=2))
    assert store.row("command", "C1") == row("C1", n=1)
    assert store.row("hold", "C1") == row("C1", n=2)
    assert store.row("hold", "C2") is None


def test_a_stored_row_does_not_change_with_the_object_it_came_from(store: Store) -> None:
    body = {"list": [1]}
    with store.transaction() as tx:
        tx.put("command", Row(key="C1", state="live", owner="", body=body))
    body["list"].append(2)
    first = store.row("command", "C1")
    assert first is not None
    first.body["list"].append(3)
    again = store.row("command", "C1")
    assert again is not None
    assert again.body == {"list": [1]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.text(max_size=5), json_values, max_size=3), key=st.text(min_size=1, max_size=8))
def test_any_json_body_comes_back_equal(store: Store, body: dict[str, object], key: str) -> None:
    with store.transaction() as tx:
        tx.put("any", Row(key=key, state="s", owner="o", body=body))
    assert store.row("any", key) == Row(key=key, state="s", owner="o", body=body)


# -- readings, snapshots, inbox, audit, customers ------------------------------------------------------------


def test_readings_come_in_order_of_time_and_only_later_ones(store: Store) -> None:
    minutes = [START + timedelta(minutes=n) for n in (3, 1, 2, 0)]
    with store.transaction() as tx:
        for at in minutes:
            assert tx.add_reading("F1", at, {"n": at.minute})
        tx.add_reading("F2", START, {"n": 99})
    assert [body["n"] for _, body in store.readings("F1", after=None)] == [0, 1, 2, 3]
    assert [at for at, _ in store.readings("F1", after=START + timedelta(minutes=1))] == [minutes[2], minutes[0]]
    assert store.readings("F3", after=None) == []


def test_a_second_reading_of_one_feeder_and_time_is_not_kept(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.add_reading("F1", START, {"n": 1})
        assert not tx.add_reading("F1", START, {"n": 2})
        assert tx.add_reading("F2", START, {"n": 3})
    with store.transaction() as tx:
        assert not tx.add_reading("F1", START, {"n": 4})
    assert store.readings("F1", after=None) == [(START, {"n": 1})]


def test_a_snapshot_is_replaced_and_one_that_was_never_made_is_none(store: Store) -> None:
    assert store.snapshot("grid") is None
    for n in (1, 2):
        with store.transaction() as tx:
            tx.save_snapshot("grid", START + timedelta(minutes=n), bytes([n]) * 3)
    assert store.snapshot("grid") == (START + timedelta(minutes=2), b"\x02\x02\x02")
    assert store.snapshot("drawing") is None


def test_an_arrival_is_known_by_kind_and_identity(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.put_inbox(item("a", body=b"first"))
        assert not tx.put_inbox(item("a", body=b"second"))
        assert tx.put_inbox(item("a", kind="market", body=b"third"))
        assert tx.put_inbox(item("b"))
    assert [(i.kind, i.identity, i.body) for i in store.pending_inbox()] == [
        ("dcc", "a", b"first"),
        ("market", "a", b"third"),
        ("dcc", "b", b"<x/>"),
    ]


def test_an_arrival_that_was_dealt_with_is_not_pending_and_its_repeat_is_still_known(store: Store) -> None:
    with store.transaction() as tx:
        tx.put_inbox(item("a"))
        tx.put_inbox(item("b"))
        tx.finish_inbox("dcc", "a", "response")
    assert [i.identity for i in store.pending_inbox()] == ["b"]
    with store.transaction() as tx:
        assert not tx.put_inbox(item("a", at=START + timedelta(hours=1)))
    assert [i.identity for i in store.pending_inbox()] == ["b"]


def test_the_audit_chain_only_grows_and_a_sequence_is_used_once(store: Store) -> None:
    with store.transaction() as tx:
        tx.append_audit([(1, "one")])
        tx.append_audit([(2, "two"), (3, "three")])
    with pytest.raises(Exception, match=r".+"), store.transaction() as tx:  # noqa: PT012 - the failure may come late
        tx.put("command", row("C1"))
        tx.append_audit([(4, "four"), (2, "forged")])
    assert store.audit_lines() == ["one", "two", "three"]
    assert store.rows("command") == []


def test_the_customers_history_keeps_its_order_and_its_repeats(store: Store) -> None:
    with store.transaction() as tx:
        for n in (3, 1, 1):
            tx.append_customer_event({"n": n})
    assert store.customer_events() == [{"n": 3}, {"n": 1}, {"n": 1}]


def test_facts_come_as_values_with_their_numbers_of_all_points_or_of_some(store: Store) -> None:
    told = [moved_in(0, START), consent(0, ConsentKind.GIVEN, START), moved_in(1, START), moved_in(2, START)]
    assert store.last_customer_fact() == 0
    with store.transaction() as tx:
        for event in told:
            tx.append_customer_event(event_to_row(event))
    every = store.customer_facts()
    assert [event for _, event in every] == told
    numbers = [number for number, _ in every]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == store.last_customer_fact()
    assert store.customer_facts(mpans=[told[2].mpan, told[0].mpan]) == every[:3]
    assert store.customer_facts(after=numbers[1]) == every[2:]
    assert store.customer_facts(after=numbers[0], most=2) == every[1:3]
    assert store.customer_facts(mpans=[told[0].mpan], most=1) == every[:1]
    assert store.customer_facts(after=numbers[1], mpans=[told[0].mpan]) == []
    assert store.customer_facts(mpans=[Mpan.from_core("999999999999")]) == []


# -- counters -------------------------------------------------------------------------------------------------


def test_counters_begin_where_asked_and_never_go_back(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.take_counters("A", 3, at_least=1000) == 1000
        assert tx.take_counters("A", 1, at_least=1000) == 1003
        assert tx.take_counters("A", 1, at_least=5) == 1004, "a clock that was set back must not repeat one"
        assert tx.take_counters("A", 1, at_least=2000) == 2000
        assert tx.take_counters("B", 1, at_least=1) == 1


takes = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(takes=takes, fresh=st.integers(1, 10**9))
def test_no_counter_is_ever_given_twice_even_across_reopening(
    place: Place, takes: list[tuple[int, int, bool]], fresh: int
) -> None:
    given_out: list[int] = []
    store = place.open()
    for count, at_least, reopen in takes:
        if reopen:
            store.close()
            store = place.open()
        with store.transaction() as tx:
            first = tx.take_counters(f"user {fresh}", count, at_least=at_least)
        assert first >= at_least
        given_out += range(first, first + count)
    store.close()
    assert given_out == sorted(set(given_out))


# -- reopening ------------------------------------------------------------------------------------------------


def test_what_was_committed_is_there_after_reopening(place: Place) -> None:
    first = place.open()
    write_everything(first)
    before = everything(first)
    first.close()
    second = place.open()
    assert everything(second) == before
    with second.transaction() as tx:
        assert tx.take_counters("user", 1, at_least=0) == 105
        assert not tx.put_inbox(item("a"))
    second.close()


def test_what_a_transaction_wrote_before_its_end_is_gone_after_reopening(place: Place) -> None:
    first = place.open()
    with pytest.raises(Failure):
        write_everything(first, fail=True)
    first.close()
    second = place.open()
    assert everything(second) == ([], [], None, [], [], [], [])
    second.close()


def test_closing_twice_does_no_harm(place: Place) -> None:
    store = place.open()
    store.close()
    store.close()
