"""The store on SQLite: write-ahead log, every commit synced to disk, one writer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from linkbox.base.errors import LinkboxError
from linkbox.base.time import format_utc, parse_utc
from linkbox.operation.ports import InboxItem, Row, Transaction

_meta = sa.MetaData()
SCHEMA_VERSION = 1

_entity = sa.Table(
    "entity",
    _meta,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "key"),
    sa.Index("entity_by_state", "kind", "state"),
)
_snapshot = sa.Table(
    "snapshot",
    _meta,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
_reading = sa.Table(
    "reading",
    _meta,
    sa.Column("feeder", sa.String, primary_key=True),
    sa.Column("at", sa.String, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
_inbox = sa.Table(
    "inbox",
    _meta,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("identity", sa.String, nullable=False),
    sa.Column("received_at", sa.String, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("outcome", sa.String),
    sa.UniqueConstraint("kind", "identity"),
    sa.Index("inbox_pending", "outcome"),
)
_audit = sa.Table(
    "audit",
    _meta,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("line", sa.Text, nullable=False),
)
_customer = sa.Table(
    "customer_event",
    _meta,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("body", sa.Text, nullable=False),
)
_counter = sa.Table(
    "counter",
    _meta,
    sa.Column("originator", sa.String, primary_key=True),
    sa.Column("next", sa.Integer, nullable=False),
)

# The audit table refuses changes by itself; the hash chain finds those who go round it.
_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb} BEFORE {verb.upper()} ON audit "
    f"BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
    for verb in ("update", "delete")
)


class StoreUnusable(LinkboxError):
    """The file can not serve as Linkbox's store: it is something else, or the disk fails or is full."""

    def __init__(self, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} can not be used as a Linkbox store: {why}")


_dump = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


_WRITES = {
    "entity": "INSERT INTO entity (kind, key, state, owner, body) VALUES (:kind, :key, :state, :owner, :body)"
    " ON CONFLICT (kind, key) DO UPDATE SET state = excluded.state, owner = excluded.owner, body = excluded.body",
    "snapshot": "INSERT INTO snapshot (name, at, body) VALUES (:name, :at, :body)"
    " ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body",
    "reading": "INSERT INTO reading (feeder, at, body) VALUES (:feeder, :at, :body)"
    " ON CONFLICT (feeder, at) DO NOTHING",
    "inbox": "INSERT INTO inbox (kind, identity, received_at, body) VALUES (:kind, :identity, :received_at, :body)"
    " ON CONFLICT (kind, identity) DO NOTHING",
    "finish": "UPDATE inbox SET outcome = :outcome WHERE kind = :kind AND identity = :identity",
    "audit": "INSERT INTO audit (seq, line) VALUES (:seq, :line)",
    "customer_event": "INSERT INTO customer_event (body) VALUES (:body)",
    "known_counter": "SELECT next FROM counter WHERE originator = :originator",
    "counter": "INSERT INTO counter (originator, next) VALUES (:originator, :next)"
    " ON CONFLICT (originator) DO UPDATE SET next = excluded.next",
}
"""What is written, in the SQL that SQLite and PostgreSQL share."""


class _Statements:
    """``_WRITES`` in the words of one database's driver, compiled once.

    SQLAlchemy builds a statement anew at every execution: 150 to 200 microseconds a row, against 10 for a text that is
    ready. What goes in is text, whole numbers and octets, which drivers take as they are.
    """

    def __init__(self, dialect: sa.Dialect) -> None:
        compiled = {name: sa.text(sql).compile(dialect=dialect) for name, sql in _WRITES.items()}
        self._texts = {name: str(one) for name, one in compiled.items()}
        self._orders = {name: getattr(one, "positiontup", None) for name, one in compiled.items()}

    def run(self, connection: sa.Connection, name: str, *rows: Mapping[str, object]) -> sa.CursorResult[Any]:
        """Execute one statement for one row, or for many at once."""
        order = self._orders[name]
        given: Any = rows if order is None else [tuple(row[column] for column in order) for row in rows]
        return connection.exec_driver_sql(self._texts[name], given[0] if len(given) == 1 else list(given))


class _SqlTransaction:
    def __init__(self, connection: sa.Connection, statements: _Statements) -> None:
        self._do = partial(statements.run, connection)

    def put(self, table: str, row: Row) -> None:
        values = {"kind": table, "key": row.key, "state": row.state, "owner": row.owner, "body": _dump(row.body)}
        self._do("entity", values)

    def save_snapshot(self, name: str, at: datetime, body: bytes) -> None:
        self._do("snapshot", {"name": name, "at": format_utc(at), "body": body})

    def add_reading(self, feeder: str, at: datetime, body: Mapping[str, Any]) -> bool:
        return self._do("reading", {"feeder": feeder, "at": format_utc(at), "body": _dump(body)}).rowcount > 0

    def put_inbox(self, item: InboxItem) -> bool:
        received_at = format_utc(item.received_at)
        values = {"kind": item.kind, "identity": item.identity, "received_at": received_at, "body": item.body}
        return self._do("inbox", values).rowcount > 0

    def finish_inbox(self, kind: str, identity: str, outcome: str) -> None:
        self._do("finish", {"kind": kind, "identity": identity, "outcome": outcome})

    def append_audit(self, lines: Iterable[tuple[int, str]]) -> None:
        rows = [{"seq": seq, "line": line} for seq, line in lines]
        if rows:
            self._do("audit", *rows)

    def append_customer_event(self, body: Mapping[str, Any]) -> None:
        self._do("customer_event", {"body": _dump(body)})

    def take_counters(self, originator: str, count: int, *, at_least: int) -> int:
        known = self._do("known_counter", {"originator": originator}).scalar()
        first = max(known or 0, at_least)
        self._do("counter", {"originator": originator, "next": first + count})
        return first


class SqliteStore:
    """Linkbox's store in one SQLite file (or in memory, with ``path=None``, for tests)."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the store; raise StoreUnusable for a file that is something else."""
        url = "sqlite://" if path is None else f"sqlite:///{path}"
        self._writing = False
        self._engine = sa.create_engine(url, poolclass=sa.pool.StaticPool, connect_args={"check_same_thread": False})
        self._statements = _Statements(self._engine.dialect)
        try:
            self._connection = self._engine.connect()
            self._prepare(str(path))
        except (sa.exc.DatabaseError, StoreUnusable) as error:
            self._engine.dispose()
            why = str(error.orig) if isinstance(error, sa.exc.DatabaseError) else error.why
            raise StoreUnusable(str(path), why) from error

    def _prepare(self, path: str) -> None:
        run = self._connection.exec_driver_sql
        version = run("PRAGMA user_version").scalar()
        if version not in (0, SCHEMA_VERSION):
            raise StoreUnusable(path, f"schema version {version}, not {SCHEMA_VERSION}")
        found = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        foreign = sorted(name for name in found - set(_meta.tables) if not name.startswith("sqlite_"))
        if foreign:
            raise StoreUnusable(path, f"it is the database of another program: it has a table {foreign[0]!r}")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        _meta.create_all(self._connection)
        for guard in _GUARDS:
            run(guard)
        run(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._connection.commit()

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._failing_as_store(), self._connection.begin():
            self._writing = True
            try:
                yield _SqlTransaction(self._connection, self._statements)
            finally:
                self._writing = False

    @contextmanager
    def _failing_as_store(self) -> Iterator[None]:
        """What the database can not do (disk full, file locked or damaged) fails as our own error, in one line."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise StoreUnusable(str(self._engine.url.database), str(error.orig)) from error

    def _read(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._failing_as_store():
            try:
                return self._connection.execute(statement).all()
            finally:
                if not self._writing:
                    self._connection.rollback()  # ends the read's implicit transaction

    def rows(self, table: str, *, states: Sequence[str] | None = None, owner: str | None = None) -> list[Row]:
        query = sa.select(_entity).where(_entity.c.kind == table).order_by(_entity.c.seq)
        if states is not None:
            query = query.where(_entity.c.state.in_(states))
        if owner is not None:
            query = query.where(_entity.c.owner == owner)
        return [Row(key=r.key, state=r.state, owner=r.owner, body=json.loads(r.body)) for r in self._read(query)]

    def row(self, table: str, key: str) -> Row | None:
        query = sa.select(_entity).where((_entity.c.kind == table) & (_entity.c.key == key))
        found = self._read(query)
        return next((Row(key=r.key, state=r.state, owner=r.owner, body=json.loads(r.body)) for r in found), None)

    def snapshot(self, name: str) -> tuple[datetime, bytes] | None:
        found = self._read(sa.select(_snapshot).where(_snapshot.c.name == name))
        return next(((parse_utc(r.at), r.body) for r in found), None)

    def readings(self, feeder: str, *, after: datetime | None) -> list[tuple[datetime, Mapping[str, Any]]]:
        query = sa.select(_reading).where(_reading.c.feeder == feeder).order_by(_reading.c.at)
        if after is not None:
            query = query.where(_reading.c.at > format_utc(after))
        return [(parse_utc(r.at), json.loads(r.body)) for r in self._read(query)]

    def pending_inbox(self) -> list[InboxItem]:
        query = sa.select(_inbox).where(_inbox.c.outcome.is_(None)).order_by(_inbox.c.seq)
        return [
            InboxItem(kind=r.kind, identity=r.identity, received_at=parse_utc(r.received_at), body=r.body)
            for r in self._read(query)
        ]

    def audit_lines(self) -> list[str]:
        return [r.line for r in self._read(sa.select(_audit.c.line).order_by(_audit.c.seq))]

    def customer_events(self) -> list[Mapping[str, Any]]:
        return [json.loads(r.body) for r in self._read(sa.select(_customer.c.body).order_by(_customer.c.seq))]

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()
