"""The register of connection points, and facts about their customers in bulk: the same tables that the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa

from linkbox.adapters.store_sql.core import SqlStore
from linkbox.adapters.store_sql.facts import fact_from_body
from linkbox.adapters.store_sql.statements import fact_row
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.customers import CustomerEvent
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.ports import Recorded, RegisteredPoint

ROWS_AT_ONCE = 10_000
"""Rows in one commit: a controller that works on the same store never waits long for an import."""

Progress = Callable[[int], None]


class SqlRegister(SqlStore):
    """See Register."""

    def put_points(self, points: Iterable[RegisteredPoint], *, progress: Progress = lambda done: None) -> int:
        rows, done = map(_point_row, points), 0
        while some := list(islice(rows, ROWS_AT_ONCE)):
            with self._committing() as connection:
                self._insert(connection, "point", some)
            done += len(some)
            progress(done)
        return done

    def points_of(self, feeder_id: FeederId) -> list[RegisteredPoint]:
        return [_point(row) for row in self._ask("points_of_feeder", feeder=feeder_id)]

    def point_of(self, mpan: Mpan) -> RegisteredPoint | None:
        return next((_point(row) for row in self._ask("point_of", mpan=int(mpan))), None)

    def facts_of(self, feeder_id: FeederId) -> list[CustomerEvent]:
        return [fact_from_body(body) for _, body in self._ask("facts_of_feeder", feeder=feeder_id)]

    def record(self, facts: Iterable[Mapping[str, Any]], *, progress: Progress = lambda done: None) -> Recorded:
        rows, new, known = map(fact_row, facts), 0, 0
        while some := list(islice(rows, ROWS_AT_ONCE)):
            with self._committing() as connection:
                fresh = self._unknown(connection, some)
                if fresh:
                    self._insert(connection, "customer_event", fresh)
            new, known = new + len(fresh), known + len(some) - len(fresh)
            progress(new + known)
        return Recorded(new=new, known=known)

    def count_known(self, facts: Iterable[Mapping[str, Any]]) -> Recorded:
        rows, new, known = map(fact_row, facts), 0, 0
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

    def _unknown(self, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that are neither in the store nor twice among themselves."""
        seen = self._identities(connection, sorted({row["mpan"] for row in rows}))
        fresh = []
        for row in rows:
            key = (row["mpan"], row["identity"])
            if key not in seen:
                seen.add(key)
                fresh.append(row)
        return fresh

    def _in_order(self, connection: sa.Connection) -> None:
        """See to it that facts are committed in the order of their numbers."""

    def _identities(self, connection: sa.Connection, mpans: Sequence[int]) -> set[tuple[int, bytes]]:
        raise NotImplementedError

    def _insert(self, connection: sa.Connection, name: str, rows: Sequence[dict[str, Any]]) -> None:
        raise NotImplementedError


def _point_row(registered: RegisteredPoint) -> dict[str, Any]:
    point = registered.point
    return {
        "mpan": int(point.mpan),
        "feeder": registered.feeder_id,
        "phase": None if point.phase is None else int(point.phase),
        "domestic": int(point.domestic),
        "priority_register": int(point.priority_register),
        "postcode": point.postcode,
        "supplier": registered.supplier,
    }


def _point(row: tuple[Any, ...]) -> RegisteredPoint:
    mpan, feeder, phase, domestic, priority_register, postcode, supplier = row
    return RegisteredPoint(
        feeder_id=str.__new__(FeederId, feeder),
        supplier=supplier,
        point=ConnectionPoint(
            mpan=str.__new__(Mpan, f"{mpan:013d}"),  # its check digit was verified when it was written
            phase=None if phase is None else Phase(phase),
            domestic=bool(domestic),
            priority_register=bool(priority_register),
            postcode=postcode,
        ),
    )
