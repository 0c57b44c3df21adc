"""What the import of consents can not be faster than: the same rows, ready made, into the same tables by the driver."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from linkbox.adapters.store_sql.register import ROWS_AT_ONCE
from linkbox.customers.tables import Part, Reading, read_parts
from linkbox.operation.stored_facts import StoredFact, stored_part

MOST_ROWS = 200_000
"""So many rows are put in: they are held in memory, ready made."""

_TABLE = "CREATE TABLE raw_fact (seq INTEGER PRIMARY KEY AUTOINCREMENT, mpan BIGINT, identity BLOB, body TEXT NOT NULL)"
_INDEX = "CREATE INDEX raw_fact_by_mpan ON raw_fact (mpan)"


def ready_rows(table: Path, at: datetime) -> list[StoredFact]:
    """The first rows of a table of consents, as they are stored."""
    with table.open(encoding="utf-8", newline="") as lines:
        parts = read_parts(lines, Reading(file=str(table), recorded_at=at, recorded_by="bench"))
        columns = (stored_part(part) for part in parts if isinstance(part, Part))
        rows = (row for found in columns if found is not None for row in found.rows())
        return list(islice(rows, MOST_ROWS))


def raw_sqlite(rows: list[StoredFact], folder: Path) -> float:
    """Rows a second by ``executemany``, committed and synced as often as an import is."""
    path = folder / "raw.sqlite"
    with sqlite3.connect(path, isolation_level=None) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA wal_autocheckpoint=8000")
        raw.execute(_TABLE)
        raw.execute(_INDEX)

        def put(some: list[StoredFact]) -> None:
            raw.execute("BEGIN")
            raw.executemany("INSERT INTO raw_fact (mpan, identity, body) VALUES (?, ?, ?)", some)
            raw.execute("COMMIT")

        rate = _rate(rows, put)
    raw.close()
    return rate


def raw_postgresql(rows: list[StoredFact], url: str) -> float:
    """Rows a second by ``COPY`` in the driver's own text format, committed as often as an import is."""
    import psycopg

    with psycopg.connect(url) as raw:
        raw.execute("DROP TABLE IF EXISTS raw_fact")
        raw.execute("CREATE TABLE raw_fact (LIKE customer_event INCLUDING ALL)")
        raw.commit()

        def put(some: list[StoredFact]) -> None:
            with raw.cursor() as cursor, cursor.copy("COPY raw_fact (mpan, identity, body) FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)
            raw.commit()

        rate = _rate(rows, put)
        raw.execute("DROP TABLE raw_fact")
    return rate


def _rate(rows: list[StoredFact], put: Callable[[list[StoredFact]], None]) -> float:
    began = time.perf_counter()
    for some in _parts(rows):
        put(some)
    return len(rows) / (time.perf_counter() - began)


def _parts(rows: list[StoredFact]) -> Iterator[list[StoredFact]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]
