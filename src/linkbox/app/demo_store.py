"""Where the demo keeps its store: a file in its folder, or a PostgreSQL database that is named."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.open_store import AnyStore, open_store
from linkbox.app.wire_io import bad_input

ELSEWHERE_FILE = "store.txt"
"""Says, without a password, where an evening's store is that is not in its folder."""

Opener = Callable[[Path], AnyStore]


def opener(name: str | None, folder: Path, *, resuming: bool) -> Opener:
    """How to open the store of an evening; raise InvalidInput for one that holds something of another evening."""
    elsewhere = folder / ELSEWHERE_FILE
    if name is None:
        if resuming and elsewhere.exists():
            raise bad_input("--store", "", f"must be given: this evening's store is {elsewhere.read_text('utf-8')}")
        elsewhere.unlink(missing_ok=True)
        return partial(SqliteStore, owner=True)
    store = open_store(name, owner=True)
    if not resuming and (store.last_customer_fact() or store.audit_lines()):
        store.close()
        raise bad_input("--store", store.place, "must be empty for a new evening")
    elsewhere.write_text(store.place, "utf-8")
    return lambda _: store
