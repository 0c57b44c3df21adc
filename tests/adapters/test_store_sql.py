"""What is particular to the store on SQLite: durability, its own guards, and files that can not be one."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linkbox.adapters.store_sql import SCHEMA_VERSION, SqliteStore, StoreUnusable
from linkbox.operation.ports import Row

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)


def child(code: str, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a process of its own with ``store`` open on ``path``."""
    start = "import os, signal, sys\nfrom pathlib import Path\n"
    start += "from linkbox.adapters.store_sql import SqliteStore\nfrom linkbox.operation.ports import Row\n"
    start += "store = SqliteStore(Path(sys.argv[1]))\n"
    command = [sys.executable, "-c", start + textwrap.dedent(code), str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def keys(path: Path) -> list[str]:
    store = SqliteStore(path)
    found = [row.key for row in store.rows("command")]
    store.close()
    return found


@pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_what_was_committed_survives_a_sudden_death_and_what_was_not_is_gone(tmp_path: Path, death: str) -> None:
    path = tmp_path / "store.sqlite"
    code = f"""
        with store.transaction() as tx:
            tx.put("command", Row(key="committed", state="queued", owner="", body={{}}))
            assert tx.take_counters("user", 7, at_least=100) == 100
        with store.transaction() as tx:
            tx.put("command", Row(key="lost", state="queued", owner="", body={{}}))
            tx.take_counters("user", 7, at_least=100)
            {death}
    """
    assert child(code, path).returncode in (3, -signal.SIGKILL)
    assert keys(path) == ["committed"]
    store = SqliteStore(path)
    with store.transaction() as tx:
        assert tx.take_counters("user", 1, at_least=100) == 107
    store.close()


def test_a_commit_is_on_the_disk_when_the_transaction_has_been_left(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as look:
        store = SqliteStore(path)
        assert look.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        with store.transaction() as tx:
            tx.put("command", Row(key="C1", state="queued", owner="", body={}))
            assert look.execute("SELECT count(*) FROM entity").fetchone() == (0,), "another process sees no half"
        assert look.execute("SELECT key FROM entity").fetchall() == [("C1",)]
        store.close()


@pytest.mark.parametrize("statement", ["UPDATE audit SET line = 'forged' WHERE seq = 1", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit_chain(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore(path)
    with store.transaction() as tx:
        tx.append_audit([(1, "one")])
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    assert store.audit_lines() == ["one"]
    store.close()


def test_a_full_disk_fails_the_transaction_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    code = """
        import resource
        with store.transaction() as tx:
            tx.put("command", Row(key="before", state="queued", owner="", body={}))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        room = max(f.stat().st_size for f in Path(sys.argv[1]).parent.iterdir()) + 20_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        try:
            with store.transaction() as tx:
                tx.put("command", Row(key="small", state="queued", owner="", body={}))
                tx.put("command", Row(key="large", state="queued", owner="", body={"x": "y" * 200_000}))
        except Exception as error:
            print(type(error).__name__)
        print(*[row.key for row in store.rows("command")])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        with store.transaction() as tx:
            tx.put("command", Row(key="after", state="queued", owner="", body={}))
    """
    done = child(code, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["StoreUnusable", "before"]
    assert keys(path) == ["before", "after"]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    text = "these are somebody's notes, and they are longer than a page header of SQLite\n" * 20
    path.write_text(text)
    with pytest.raises(StoreUnusable) as caught:
        SqliteStore(path)
    assert caught.value.path == str(path)
    assert "not a database" in caught.value.why
    assert path.read_text() == text


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE photo (id INTEGER)")
        other.commit()
    with pytest.raises(StoreUnusable, match="another program"):
        SqliteStore(path)
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("photo",)]


def test_a_store_of_another_schema_version_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreUnusable, match=f"schema version {SCHEMA_VERSION + 1}, not {SCHEMA_VERSION}"):
        SqliteStore(path)


@pytest.mark.parametrize("name", ["", "no/such/folder/store.sqlite"])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreUnusable, match="unable to open"):
        SqliteStore(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    SqliteStore(path).close()
    path.chmod(0o400)
    with pytest.raises(StoreUnusable):
        SqliteStore(path)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.touch()
    assert keys(path) == []


def test_a_second_writer_does_not_get_between_two_statements_of_a_transaction(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = SqliteStore(path)
    with closing(sqlite3.connect(path, timeout=0)) as other, store.transaction() as tx:
        tx.put("command", Row(key="C1", state="queued", owner="", body={}))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO audit VALUES (1, 'between')")
    store.close()
    assert keys(path) == ["C1"]


def test_a_store_without_a_file_lives_in_memory() -> None:
    store = SqliteStore(None)
    with store.transaction() as tx:
        tx.save_snapshot("grid", START, b"x")
    assert store.snapshot("grid") == (START, b"x")
    store.close()
