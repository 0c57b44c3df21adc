"""An evening in a process of its own that kills itself (SIGKILL) at a chosen commit, to be gone on with afterwards."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.operation.entities import CommandKind
from linkbox.operation.ports import Transaction
from linkbox.records.audit import AuditRecord
from linkbox.study.evening import Evening, prepare, run_controlled
from linkbox.study.export import export_audit
from linkbox.study.scenario import Scenario
from linkbox.study.summary import control_facts, run_facts

RESULT, AUDIT, EXECUTED = "result.json", "audit.jsonl", "executed.json"
COMMIT = "commit"

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["linkbox.study.evening", "linkbox.study.export", "linkbox.study.summary"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Die at the ``nth`` commit that holds an audit record ``at`` (stream/kind), or any commit; just before or after.

    Before: everything was decided and nothing is stored. After: everything is stored and nothing was sent."""

    at: str = COMMIT
    nth: int = 1
    before: bool = False


class _MortalStore(SqliteStore):
    """A store whose process dies at a commit."""

    def __init__(self, path: Path, kill: Kill) -> None:
        super().__init__(path)
        self._kill = kill
        self.seen: Counter[str] = Counter()

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._mortal()

    @contextmanager
    def _mortal(self) -> Iterator[Transaction]:
        before = self.seen[self._kill.at]
        with super().transaction() as tx:
            yield _Watched(tx, self.seen)
            self.seen[COMMIT] += 1
            now = before < self._kill.nth <= self.seen[self._kill.at]
            if now and self._kill.before:
                os.kill(os.getpid(), signal.SIGKILL)
        if now:
            os.kill(os.getpid(), signal.SIGKILL)


class _Watched:
    """A transaction that counts its audit records by stream and kind."""

    def __init__(self, tx: Transaction, seen: Counter[str]) -> None:
        self._tx, self._seen = tx, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def append_audit(self, lines: Iterable[tuple[int, str]]) -> None:
        lines = list(lines)
        for _, line in lines:
            record = AuditRecord.from_line(line.encode())
            self._seen[f"{record.stream}/{record.kind}"] += 1
        self._tx.append_audit(lines)


def _evening(scenario: Scenario, folder: Path, kill: Kill | None) -> None:
    def open_store(path: Path) -> SqliteStore:
        return SqliteStore(path) if kill is None else _MortalStore(path, kill)

    evening = asyncio.run(run_controlled(scenario, folder, open_store=open_store))
    facts = run_facts(evening.world.street, evening.world.truth) | control_facts(evening)
    (folder / RESULT).write_text(json.dumps(facts, sort_keys=True), "utf-8")
    (folder / EXECUTED).write_text(json.dumps(_executed(evening)), "utf-8")
    export_audit(evening, folder / AUDIT)
    evening.store.close()


def _executed(evening: Evening) -> dict[str, list[int]]:
    """By supply point: how often the meter was told to switch off, by its own log; how many holds it confirmed."""
    held = Counter(
        str(row.body["mpan"])
        for row in evening.store.rows("command")
        if row.body["kind"] == CommandKind.HOLD and row.body["answered_at"] is not None and row.state == "ended"
    )
    return {str(mpan): [count, held[str(mpan)]] for mpan, count in evening.world.switch_offs().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived:
    """What an evening that was killed and gone on with left behind."""

    facts: Mapping[str, Any]
    audit: bytes
    executed: Mapping[str, list[int]]


def survive(scenario: Scenario, folder: Path, *kills: Kill) -> Survived:
    """The evening, killed once for each of ``kills`` and gone on with. AssertionError where it did not die."""
    prepare(scenario, folder)
    for number, kill in enumerate([*kills, None]):
        process = _PROCESSES.Process(target=_evening, args=(scenario, folder, kill))
        process.start()
        process.join()
        expected = 0 if kill is None else -signal.SIGKILL
        assert process.exitcode == expected, f"run {number} with {kill} ended with {process.exitcode}"
        process.close()
    return Survived(
        facts=json.loads((folder / RESULT).read_text("utf-8")),
        audit=(folder / AUDIT).read_bytes(),
        executed=json.loads((folder / EXECUTED).read_text("utf-8")),
    )
