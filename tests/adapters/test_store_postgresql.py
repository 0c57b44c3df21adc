"""What is particular to the store on PostgreSQL: one owner, its own guards, and databases that can not be one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from linkbox.adapters.store_sql import PostgresqlStore, StoreUnusable
from linkbox.operation.ports import Row
from tests.adapters.postgresql import schema_of_its_own

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)


@pytest.fixture
def url() -> Iterator[str]:
    with schema_of_its_own() as place:
        yield place


def run(url: str, *statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        for statement in statements:
            server.execute(statement.encode())


@pytest.mark.parametrize("statement", ["UPDATE audit SET line = 'forged'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_database_itself_refuses_to_change_the_audit_chain(url: str, statement: str) -> None:
    import psycopg

    store = PostgresqlStore(url)
    with store.transaction() as tx:
        tx.append_audit([(1, "one")])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        run(url, statement)
    assert store.audit_lines() == ["one"]
    store.close()


def test_a_store_has_one_owner_and_others_may_still_record(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkbox.adapters.store_sql.postgresql.OWNER_WAIT_S", 1)
    owner = PostgresqlStore(url)
    with pytest.raises(StoreUnusable, match="in use"):
        PostgresqlStore(url)
    clerk = PostgresqlStore(url, owner=False)
    with clerk.transaction() as tx:
        tx.append_customer_event({"event": "consent"})
    clerk.close()
    assert owner.customer_events() == [{"event": "consent"}]
    owner.close()
    PostgresqlStore(url).close()


def test_an_owner_that_was_killed_gives_the_store_up_and_what_it_committed_is_there(url: str) -> None:
    code = (
        "import os, signal, sys\nfrom linkbox.adapters.store_sql import PostgresqlStore\n"
        "from linkbox.operation.ports import Row\nstore = PostgresqlStore(sys.argv[1])\n"
        "with store.transaction() as tx:\n    tx.put('command', Row(key='kept', state='', owner='', body={}))\n"
        "with store.transaction() as tx:\n    tx.put('command', Row(key='lost', state='', owner='', body={}))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, url], env=os.environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    store = PostgresqlStore(url)
    assert [row.key for row in store.rows("command")] == ["kept"]
    store.close()


def test_a_lost_connection_is_an_error_in_one_line_and_the_store_comes_back_with_its_lock(url: str) -> None:
    store = PostgresqlStore(url)
    run(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()")
    with pytest.raises(StoreUnusable) as caught, store.transaction() as tx:
        tx.save_snapshot("grid", START, b"x")
    assert "\n" not in str(caught.value)
    with store.transaction() as tx:
        tx.save_snapshot("grid", START, b"y")
    assert store.snapshot("grid") == (START, b"y")
    with pytest.raises(StoreUnusable, match="in use"):
        PostgresqlStore(url)
    store.close()


def test_what_a_peer_puts_into_an_identifier_is_kept_even_where_the_database_can_not_hold_it(url: str) -> None:
    store = PostgresqlStore(url)
    odd = [Row(key=key, state="s\0", owner="\ue000", body={}) for key in ("a\0b", "a\ue0000b", "a\ue000", "\0")]
    with store.transaction() as tx:
        for row in odd:
            tx.put("any", row)
    assert store.rows("any") == odd
    assert store.row("any", "a\0b") == odd[0]
    assert len(store.rows("any", owner="\ue000")) == 4
    assert len(store.rows("any", states=["s\0"])) == 4
    store.close()


def test_another_programs_schema_is_refused_and_left_as_it_is(url: str) -> None:
    run(url, "CREATE TABLE photo (id integer)")
    with pytest.raises(StoreUnusable, match="something else: photo"):
        PostgresqlStore(url)
    run(url, "INSERT INTO photo VALUES (1)")


def test_a_store_of_another_schema_version_is_refused_and_named(url: str) -> None:
    PostgresqlStore(url).close()
    run(url, "COMMENT ON TABLE entity IS 'Linkbox store, schema version 99'")
    with pytest.raises(StoreUnusable, match="schema version 99"):
        PostgresqlStore(url)


def test_a_server_that_is_not_there_is_named_and_its_password_is_not() -> None:
    with pytest.raises(StoreUnusable) as caught:
        PostgresqlStore("postgresql://linkbox:secret-word@127.0.0.1:1/linkbox")
    assert "127.0.0.1:1/linkbox" in str(caught.value)
    assert "secret-word" not in str(caught.value)
    assert "secret-word" not in str(caught.value.__cause__)


@pytest.mark.parametrize("name", ["no url at all", "postgresql://h:port/x"])
def test_what_is_no_url_is_refused(name: str) -> None:
    with pytest.raises(StoreUnusable, match="not a URL"):
        PostgresqlStore(name)
