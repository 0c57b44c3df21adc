"""The option that names a store, without what opens one: ``--help`` has to be quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from linkbox.app.open_store import AnyStore

StoreName = Annotated[
    str, typer.Option("--store", help="The store: a SQLite file, or postgresql://user@host/database.")
]


@contextmanager
def opened(name: str, *, must_exist: bool = True) -> Iterator[AnyStore]:
    """The store that is named, for as long as a command runs."""
    from linkbox.app.open_store import open_store

    store = open_store(name, must_exist=must_exist)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def owned(name: str) -> Iterator[AnyStore]:
    """The store that is named, alone: StoreUnusable where a controller, or another command that writes, works on it."""
    from linkbox.app.open_store import open_store

    store = open_store(name, owner=True, must_exist=True)
    try:
        yield store
    finally:
        store.close()
