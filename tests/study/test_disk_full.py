"""The disk fills up in the middle of an evening: it stops with the reason, and goes on where there is room again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.errors import LinkboxError
from linkbox.study.evening import prepare, run_controlled
from linkbox.study.export import export_audit
from linkbox.study.summary import control_facts
from tests.study.evenings import SHORT


class _SmallStore(SqliteStore):
    """SQLite itself refuses to let the file grow over so many pages, as it does when a disk is full."""

    def __init__(self, path: Path, pages: int) -> None:
        super().__init__(path)
        self._connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        self._connection.commit()


def test_full_disk_stops_the_evening_with_its_reason_and_harms_nothing(uninterrupted: Path, tmp_path: Path) -> None:
    prepare(SHORT, tmp_path)
    with pytest.raises(LinkboxError, match="database or disk is full"):
        asyncio.run(run_controlled(SHORT, tmp_path, open_store=lambda path: _SmallStore(path, 220)))
    evening = asyncio.run(run_controlled(SHORT, tmp_path))
    result = json.loads((uninterrupted / "result.json").read_text("utf-8"))["with_control"]
    facts = json.loads(json.dumps(control_facts(evening)))
    assert {name: result[name] for name in facts} == facts
    export_audit(evening, tmp_path / "audit.jsonl")
    assert (tmp_path / "audit.jsonl").read_bytes() == (uninterrupted / "evening" / "audit.jsonl").read_bytes()
    evening.store.close()
