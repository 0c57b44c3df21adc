"""The store in one SQLite file: write-ahead log, every commit synced to disk, one writer."""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from linkbox.adapters.store_sql.register import PointRow, SqlRegister
from linkbox.adapters.store_sql.schema import METADATA, SCHEMA_VERSION, StoreOwned, StoreUnusable
from linkbox.adapters.store_sql.statements import Statements
from linkbox.operation.stored_facts import StoredFact

# The audit table refuses changes by itself; the hash chain finds those who go round it.
_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb} BEFORE {verb.upper()} ON audit "
    f"BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
    for verb in ("update", "delete")
)
_MORE = {
    "facts_of_points": "SELECT seq, body FROM customer_event WHERE mpan IN (SELECT value FROM json_each(:mpans))",
    "identities": "SELECT identity FROM customer_event WHERE mpan IN (SELECT value FROM json_each(:mpans))",
}


_LOG_PAGES = 8000
"""The log may hold 32 MB before it is worked into the file: an import touches the same index pages again and again."""


def _own(path: Path) -> IO[str]:
    """The lock of a store's owner; raise StoreUnusable where another process has it."""
    try:
        lock = path.with_name(path.name + LOCK_SUFFIX).open("w")
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or type(error).__name__) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise StoreOwned(str(path)) from error
    return lock


def _same(text: str) -> str:
    return text


_SHARED = {"check_same_thread": False}
LOCK_SUFFIX = "-owner"
"""Added to the store's name: the file that its owner holds locked, and that a process which dies gives up."""


class SqliteStore(SqlRegister):
    """Linkbox's store in one SQLite file (or in memory, with ``path=None``, for tests).

    ``owner``: be the only one who runs a controller on it; another one is refused until this process ends. Who only
    asks, or records what customers say, needs not own it."""

    def __init__(self, path: Path | None, *, owner: bool = False) -> None:
        """Open or create the store; raise StoreUnusable for a file that is something else, or somebody else's."""
        self._lock = _own(path) if owner and path is not None else None
        url = "sqlite://" if path is None else f"sqlite:///{path}"
        engine = sa.create_engine(url, poolclass=sa.pool.StaticPool, connect_args=_SHARED, hide_parameters=True)
        try:
            super().__init__(engine, Statements(engine.dialect, _MORE, _same), str(path))
        except StoreUnusable:
            self._give_up()
            raise

    def _give_up(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def close(self) -> None:
        super().close()
        self._give_up()

    def scrub(self) -> None:
        """Leave nothing of what was taken away in the log; in the file pages are overwritten as they are freed."""
        with self._failing_as_store():
            self._connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            self._connection.rollback()

    def _prepare(self) -> None:
        run = self._connection.exec_driver_sql
        version = run("PRAGMA user_version").scalar()
        if version not in (0, SCHEMA_VERSION):
            raise StoreUnusable(self._place, f"schema version {version}, not {SCHEMA_VERSION}")
        found = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        foreign = sorted(name for name in found - set(METADATA.tables) if not name.startswith("sqlite_"))
        if foreign:
            raise StoreUnusable(self._place, f"it is the database of another program: it has a table {foreign[0]!r}")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        run("PRAGMA secure_delete=ON")
        METADATA.create_all(self._connection)
        for guard in _GUARDS:
            run(guard)
        run(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._connection.commit()

    def _facts_of_points(self, mpans: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._ask("facts_of_points", mpans=dumps(list(mpans)))

    def _as_array(self, mpans: Sequence[int]) -> object:
        return dumps(list(mpans))

    def _insert_points(self, connection: sa.Connection, rows: Sequence[PointRow]) -> None:
        self._statements.run_tuples(connection, "point", rows)

    def _insert_facts(self, connection: sa.Connection, facts: Sequence[StoredFact]) -> None:
        self._statements.run_tuples(connection, "customer_event", facts)
