"""The register of connection points, and facts about their customers in bulk: the same tables that the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa

from linkbox.adapters.store_sql.core import SqlStore
from linkbox.adapters.store_sql.facts import fact_from_body
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.customers import CustomerEvent
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.ports import Recorded, RegisteredPoint
from linkbox.operation.stored_facts import StoredFact

ROWS_AT_ONCE = 10_000
"""Rows in one commit: a controller that works on the same store never waits long for an import."""

PointRow = tuple[int, str, int | None, int, int, str, str]
"""As the columns of ``connection_point`` stand."""
Progress = Callable[[int], None]
_PHASES: dict[int | None, Phase | None] = {None: None, **{int(phase): phase for phase in Phase}}


class SqlRegister(SqlStore):
    """See Register."""

    def put_points(self, points: Iterable[RegisteredPoint], *, progress: Progress = lambda done: None) -> int:
        rows, done = map(_point_row, points), 0
        while some := list(islice(rows, ROWS_AT_ONCE)):
            with self._committing() as connection:
                self._insert_points(connection, some)
            done += len(some)
            progress(done)
        self._count(done)
        return done

    def points_of(self, feeder_id: FeederId) -> list[RegisteredPoint]:
        return [_point(row, feeder_id) for row in self._ask("points_of_feeder", feeder=feeder_id)]

    def point_of(self, mpan: Mpan) -> RegisteredPoint | None:
        return next((_point(row, None) for row in self._ask("point_of", mpan=int(mpan))), None)

    def facts_of(self, feeder_id: FeederId) -> list[CustomerEvent]:
        return [fact_from_body(body) for _, body in self._ask("facts_of_feeder", feeder=feeder_id)]

    def record(self, facts: Iterable[StoredFact], *, progress: Progress = lambda done: None) -> Recorded:
        rows, new, known = iter(facts), 0, 0
        while some := list(islice(rows, ROWS_AT_ONCE)):
            with self._committing() as connection:
                fresh = self._unknown(connection, some)
                if fresh:
                    self._insert_facts(connection, fresh)
            new, known = new + len(fresh), known + len(some) - len(fresh)
            progress(new + known)
        self._count(new)
        return Recorded(new=new, known=known)

    def count_known(self, facts: Iterable[StoredFact]) -> Recorded:
        rows, new, known = iter(facts), 0, 0
        while some := list(islice(rows, ROWS_AT_ONCE)):
            with self._reading() as connection:
                fresh = len(self._unknown(connection, some))
            new, known = new + fresh, known + len(some) - fresh
        return Recorded(new=new, known=known)

    @contextmanager
    def _committing(self) -> Iterator[sa.Connection]:
        with self._failing_as_store(), self._connection.begin():
            self._in_order(self._connection)
            yield self._connection

    def _unknown(self, connection: sa.Connection, rows: Sequence[StoredFact]) -> list[StoredFact]:
        """Those that are neither in the store nor twice among themselves."""
        seen = self._identities(connection, sorted({mpan for mpan, _, _ in rows}))
        fresh = []
        for row in rows:
            if row[1] not in seen:  # the MPAN is part of what an identity is made of
                seen.add(row[1])
                fresh.append(row)
        return fresh

    def _count(self, rows: int) -> None:
        """Let the database look at what it holds, after so many new rows: it plans by that."""

    def _in_order(self, connection: sa.Connection) -> None:
        """See to it that facts are committed in the order of their numbers."""

    def _identities(self, connection: sa.Connection, mpans: Sequence[int]) -> set[bytes]:
        """The identities of the facts about some points."""
        result = self._statements.run(connection, "identities", {"mpans": self._as_array(mpans)})
        cursor: Any = result.cursor
        found = {bytes(identity) for (identity,) in cursor.fetchall()}  # at once, as in _ask
        result.close()
        return found

    def _as_array(self, mpans: Sequence[int]) -> object:
        """Numbers as the database takes an array."""
        raise NotImplementedError

    def _insert_points(self, connection: sa.Connection, rows: Sequence[PointRow]) -> None:
        raise NotImplementedError

    def _insert_facts(self, connection: sa.Connection, facts: Sequence[StoredFact]) -> None:
        raise NotImplementedError


def _point_row(registered: RegisteredPoint) -> PointRow:
    p = registered.point
    phase = None if p.phase is None else int(p.phase)
    flags = int(p.domestic), int(p.priority_register)
    return int(p.mpan), registered.feeder_id, phase, *flags, p.postcode, registered.supplier


def _point(row: tuple[Any, ...], feeder_id: FeederId | None = None) -> RegisteredPoint:
    mpan, feeder, phase, domestic, priority_register, postcode, supplier = row
    return RegisteredPoint(
        feeder_id=feeder_id or str.__new__(FeederId, feeder),
        supplier=supplier,
        point=ConnectionPoint(
            mpan=str.__new__(Mpan, f"{mpan:013d}"),  # its check digit was verified when it was written
            phase=_PHASES[phase],
            domestic=bool(domestic),
            priority_register=bool(priority_register),
            postcode=postcode,
        ),
    )
