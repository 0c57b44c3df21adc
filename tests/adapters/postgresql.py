"""PostgreSQL for tests: a schema of its own for each, or a skip that says how to start a server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import quote

import pytest

SERVER = os.environ.get("LINKBOX_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
HOW = (
    "no PostgreSQL at LINKBOX_TEST_POSTGRESQL (default: postgres@127.0.0.1:5432, trusted); start one, as with: "
    "initdb -A trust -U postgres -D /tmp/pg && pg_ctl -D /tmp/pg -o '-p 5432' start"
)


@cache
def why_absent() -> str | None:
    """Why there is no server to test with, or None."""
    psycopg = pytest.importorskip("psycopg", reason="the extra 'postgresql' is not installed")
    try:
        psycopg.connect(SERVER, connect_timeout=2).close()
    except psycopg.Error as error:
        return f"{HOW} ({str(error).splitlines()[0]})"
    return None


@contextmanager
def schema_of_its_own() -> Iterator[str]:
    """The URL of an empty schema, gone afterwards with all that was put there."""
    reason = why_absent()
    if reason is not None:
        pytest.skip(reason)
    import psycopg

    name = f"linkbox_test_{uuid.uuid4().hex}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {name}")
    option = quote(f"-csearch_path={name}")
    try:
        yield f"{SERVER}{'&' if '?' in SERVER else '?'}options={option}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"DROP SCHEMA {name} CASCADE")
