"""Short evenings that the tests live through, and what is checked at every minute of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.identifiers import Mpan
from linkbox.control.ledger import EntryState
from linkbox.study.evening import Evening, prepare, run_controlled, run_uncontrolled
from linkbox.study.scenario import Scenario
from linkbox.study.summary import control_facts, run_facts
from linkbox.twin.street import Minute

SHORT = Scenario(seed=34, fuse_a=160, starts="23:30", hours=3.5)
"""The herd comes at 00:30. Without control the fuse of L1 melts at 00:59; with it, everybody is free before the end."""

SHORT_OPTIONS = ("--seed", "34", "--fuse", "160", "--starts", "23:30", "--hours", "3.5")
"""The same evening, as a user asks for it."""


@dataclass(slots=True, kw_only=True)
class Ended:
    """An evening that is over. ``uncovered`` are moments at which a contactor was open without minutes reserved."""

    evening: Evening
    facts: dict[str, Any]
    uncovered: list[tuple[datetime, Mpan]] = field(default_factory=list)

    @property
    def scenario(self) -> Scenario:
        return self.evening.people.scenario

    def why(self, stream: str, kind: str) -> list[str]:
        """The reasons in all audit records of one kind."""
        facts = [r.facts or {} for r in self.evening.audit() if (r.stream, r.kind) == (stream, kind)]
        return [str(f.get("why") or f.get("reason")) for f in facts]

    def truly_held(self) -> set[Mpan]:
        """Whose contactor was ever open, by the devices themselves."""
        return {mpan for mpan, spans in self.evening.world.open_spans().items() if spans}


def live_through(
    scenario: Scenario,
    folder: Path,
    *,
    open_store: Callable[[Path], SqliteStore] = SqliteStore,
    watch: Callable[[Evening, Minute], None] | None = None,
) -> Ended:
    """The evening with control, looked at every minute. The caller closes ``evening.store``; the fixture ``live``
    does it for a test."""
    uncovered: list[tuple[datetime, Mpan]] = []

    def look(evening: Evening, minute: Minute) -> None:
        if watch is not None:
            watch(evening, minute)
        uncovered.extend((minute.at, mpan) for mpan in _uncovered(evening, minute.at))

    prepare(scenario, folder)
    evening = asyncio.run(run_controlled(scenario, folder, watch=look, open_store=open_store))
    facts = run_facts(evening.world.street, evening.world.truth) | control_facts(evening)
    return Ended(evening=evening, facts=facts, uncovered=uncovered)


def _uncovered(evening: Evening, at: datetime) -> list[Mpan]:
    """Chargers that are off although the ledger counts nothing for them at this moment."""
    ledger = evening.controller.desk.ledger
    off = [
        home.point.mpan
        for home in evening.people.homes
        if home.charger is not None
        and evening.world.emulator.closed_fraction(home.point.mpan, at, at + timedelta(seconds=1)) < 1.0
    ]
    return [
        mpan
        for mpan in off
        if not any(e.start <= at < e.end and e.state is not EntryState.RELEASED for e in ledger.entries_of(mpan))
    ]


def without_control(scenario: Scenario, **changes: Any) -> dict[str, Any]:
    """What the same evening is when nobody acts."""
    return run_facts(*run_uncontrolled(replace(scenario, **changes)))
