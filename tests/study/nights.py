"""Living through a bad night while comparing memory with the store, as a crash at that moment would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.grid.snapshot import to_bytes
from linkbox.operation.assessments import assessments_to_bytes
from linkbox.operation.desk import Desk, load_desk
from linkbox.operation.ports import Transaction
from linkbox.study.evening import Evening
from linkbox.twin.street import Minute

_NOT_STORED = {"site", "fleet", "fresh", "rechecked_at", "clocks"}
"""``rechecked_at`` only spares looking again at what was looked at: after a restart all holds are looked at anew.
``clocks`` only spares reading the same rows again on the same day."""
_ORDER_MATTERS = {"commands", "exchanges", "interventions", "beliefs"}


class MirrorStore(SqliteStore):
    """After every ``every``-th commit: does the store give back exactly what the controller has in memory?"""

    def __init__(self, path: Path, *, every: int) -> None:
        super().__init__(path)
        self._every, self._commits = every, 0
        self.evening: Evening | None = None
        self.compared = 0
        self.differences: list[tuple[datetime, str, str]] = []

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._mirrored()

    @contextmanager
    def _mirrored(self) -> Iterator[Transaction]:
        with super().transaction() as tx:
            yield tx
        self._commits += 1
        if self.evening is not None and self._commits % self._every == 0:
            self._compare(self.evening)

    def _compare(self, evening: Evening) -> None:
        desk, now = evening.controller.desk, evening.clock.now()
        again = load_desk(desk.site, self, now)
        self.compared += 1
        for field in fields(Desk):
            if field.name not in _NOT_STORED and not callable(getattr(desk, field.name)):
                here, there = _plain(field.name, desk, now), _plain(field.name, again, now)
                if here != there:
                    self.differences.append((now, field.name, f"{here!s:.300} in memory, {there!s:.300} stored"))

    def watch(self, evening: Evening, minute: Minute) -> None:
        """Compare from now on."""
        self.evening = evening


def _plain(name: str, desk: Desk, now: datetime) -> Any:
    """A field in a form that can be compared; what has no effect any more at ``now`` is left out."""
    value = getattr(desk, name)
    match name:
        case "ledger":
            return list(value.entries())
        case "fleet_state":
            return to_bytes(value, desk.fleet)
        case "assessments":
            return assessments_to_bytes(value.values())  # a blind one holds NaN, which is not equal to itself
        case "customers":
            return [value.history(mpan) for mpan in sorted(desk.site.chargers)]
        case "resting":
            return {mpan: until for mpan, until in value.items() if until > now}
        case _ if name in _ORDER_MATTERS and isinstance(value, Mapping):
            return list(value.items())
        case _:
            return value
