"""Stores by name: a file for SQLite, ``postgresql://…`` for PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.app.wire_io import bad_input

POSTGRESQL = ("postgresql://", "postgres://")
AnyStore: TypeAlias = SqliteStore | PostgresqlStore


def open_store(name: str, *, owner: bool = False, must_exist: bool = False) -> AnyStore:
    """The store that is named. ``owner``: run a controller on it, alone."""
    if name.startswith(POSTGRESQL):
        return PostgresqlStore(name.replace("postgres://", "postgresql://", 1), owner=owner)
    if must_exist and not Path(name).is_file():
        raise bad_input("--store", name, "must be a store that exists, or postgresql://…")
    return SqliteStore(Path(name), owner=owner)
