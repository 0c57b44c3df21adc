"""What both databases have in common: one connection, one writer, reads that see what was committed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from linkbox.adapters.store_sql.facts import fact_from_body
from linkbox.adapters.store_sql.schema import AUDIT, CUSTOMER, ENTITY, INBOX, READING, SNAPSHOT, StoreUnusable
from linkbox.adapters.store_sql.statements import SqlTransaction, Statements
from linkbox.base.time import format_utc, parse_utc
from linkbox.customers import CustomerEvent
from linkbox.operation.ports import InboxItem, Row, Transaction

MPANS_AT_ONCE = 500
_ALL = 2**62


class SqlStore:
    """A Store over one connection of SQLAlchemy. ``place`` names it in errors, without any password."""

    def __init__(self, engine: sa.Engine, statements: Statements, place: str) -> None:
        """Connect and prepare; raise StoreUnusable for a database that is something else."""
        self._engine, self._statements, self._place = engine, statements, place
        self.place = place
        self._writing = False
        connection: sa.Connection | None = None
        try:
            connection = self._connection = engine.connect()
            self._prepare()
        except (sa.exc.DBAPIError, StoreUnusable) as error:
            if connection is not None:
                connection.close()
            engine.dispose()
            why = one_line(error) if isinstance(error, sa.exc.DBAPIError) else error.why
            raise StoreUnusable(place, why) from error

    def _prepare(self) -> None:
        """Make the tables, or see that they are ours."""
        raise NotImplementedError

    def _readable(self, text: str) -> str:
        """The inverse of ``Statements.storable``."""
        return text

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._failing_as_store(), self._connection.begin():
            self._writing = True
            try:
                yield SqlTransaction(self._connection, self._statements)
            finally:
                self._writing = False

    @contextmanager
    def _failing_as_store(self) -> Iterator[None]:
        """What the database can not do (disk full, file locked or damaged) fails as our own error, in one line."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise StoreUnusable(self._place, one_line(error)) from error

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._failing_as_store():
            try:
                yield self._connection
            finally:
                if not self._writing:
                    self._connection.rollback()  # ends the read's implicit transaction

    def _read(self, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._reading() as connection:
            return connection.execute(statement).all()

    def _ask(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            result = self._statements.run(connection, name, values)
            cursor: Any = result.cursor
            rows = cursor.fetchall()  # at once: row by row costs more than the question
            result.close()
            return list(rows)

    def rows(self, table: str, *, states: Sequence[str] | None = None, owner: str | None = None) -> list[Row]:
        query = sa.select(ENTITY).where(ENTITY.c.kind == self._statements.storable(table)).order_by(ENTITY.c.seq)
        if states is not None:
            query = query.where(ENTITY.c.state.in_(list(map(self._statements.storable, states))))
        if owner is not None:
            query = query.where(ENTITY.c.owner == self._statements.storable(owner))
        return [self._row(found) for found in self._read(query)]

    def row(self, table: str, key: str) -> Row | None:
        storable = self._statements.storable
        query = sa.select(ENTITY).where((ENTITY.c.kind == storable(table)) & (ENTITY.c.key == storable(key)))
        return next((self._row(found) for found in self._read(query)), None)

    def _row(self, found: sa.Row[Any]) -> Row:
        text = self._readable
        return Row(key=text(found.key), state=text(found.state), owner=text(found.owner), body=json.loads(found.body))

    def snapshot(self, name: str) -> tuple[datetime, bytes] | None:
        found = self._read(sa.select(SNAPSHOT).where(SNAPSHOT.c.name == name))
        return next(((parse_utc(r.at), bytes(r.body)) for r in found), None)

    def readings(self, feeder: str, *, after: datetime | None) -> list[tuple[datetime, Mapping[str, Any]]]:
        query = sa.select(READING).where(READING.c.feeder == self._statements.storable(feeder)).order_by(READING.c.at)
        if after is not None:
            query = query.where(READING.c.at > format_utc(after))
        return [(parse_utc(r.at), json.loads(r.body)) for r in self._read(query)]

    def pending_inbox(self) -> list[InboxItem]:
        query = sa.select(INBOX).where(INBOX.c.outcome.is_(None)).order_by(INBOX.c.seq)
        return [
            InboxItem(
                kind=self._readable(r.kind),
                identity=self._readable(r.identity),
                received_at=parse_utc(r.received_at),
                body=bytes(r.body),
            )
            for r in self._read(query)
        ]

    def audit_lines(self) -> list[str]:
        return [r.line for r in self._read(sa.select(AUDIT.c.line).order_by(AUDIT.c.seq))]

    def customer_events(self) -> list[Mapping[str, Any]]:
        return [json.loads(r.body) for r in self._read(sa.select(CUSTOMER.c.body).order_by(CUSTOMER.c.seq))]

    def customer_facts(
        self, *, after: int = 0, mpans: Collection[str] | None = None, most: int | None = None
    ) -> list[tuple[int, CustomerEvent]]:
        if mpans is None:
            return _facts(self._ask("facts_after", after=after, most=_ALL if most is None else most))
        numbers, found = iter(sorted(map(int, mpans))), list[tuple[Any, ...]]()
        while some := list(islice(numbers, MPANS_AT_ONCE)):
            found += [row for row in self._facts_of_points(some) if row[0] > after]
        return sorted(_facts(found), key=lambda fact: fact[0])[:most]

    def _facts_of_points(self, mpans: Sequence[int]) -> list[tuple[Any, ...]]:
        """Number and body of the facts about some points."""
        raise NotImplementedError

    def last_customer_fact(self) -> int:
        ((last,),) = self._ask("last_fact")
        return last or 0

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


def _facts(rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, CustomerEvent]]:
    return [(seq, fact_from_body(body)) for seq, body in rows]


def one_line(error: sa.exc.DBAPIError) -> str:
    """What a database says, without its second and further lines."""
    return str(error.orig).strip().partition("\n")[0]
