"""Rigs over stores that are closed when a test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from linkbox.adapters.store_sql import SqliteStore
from tests.operation.rig import Plan, Rig


class MakeRig(Protocol):
    """Makes a rig on a new SQLite file; keyword arguments are the Plan's, or the Rig's."""

    def __call__(self, **settings: Any) -> Rig: ...


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    stores: list[SqliteStore] = []

    def make(**settings: Any) -> Rig:
        of_plan = {name: settings.pop(name) for name in list(settings) if name in Plan.__dataclass_fields__}
        store = SqliteStore(tmp_path / f"{len(stores)}.sqlite")
        stores.append(store)
        return Rig(store, Plan(**of_plan), **settings)

    yield make
    for store in stores:
        store.close()
