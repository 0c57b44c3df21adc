"""Each flag, each trouble of a source and each feeder that goes blind has its line, with counts and no payload."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from linkbox.app.watch_log import log_look, logged
from linkbox.grid.telemetry import Quality
from linkbox.operation.fleet_watch import Look
from tests.ingest.samples import START

QUIET = Look(
    at=START,
    readings=0,
    accepted=0,
    flags={},
    states={},
    assessments=(),
    blind=0,
    unheard=0,
    newly_blind=(),
    newly_blind_count=0,
    seen_again=(),
    seen_again_count=0,
)


def lines(folder: Path, look: Look, counts: dict[str, dict[str, int]], before: dict[str, dict[str, int]]) -> list[Any]:
    """What is written of a look, without the time."""
    file = folder / "log"
    with logged(file) as last:
        log_look(look, counts, before)
    found = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(last.lines) == min(len(found), 5)
    assert all(line.pop("at").endswith("Z") for line in found)
    return found


@pytest.mark.parametrize("quality", Quality)
def test_each_flag_has_its_line_with_its_count(tmp_path: Path, quality: Quality) -> None:
    level = "warning" if quality.refuses else "info"
    facts = {"quality": quality.value, "count": 1_000_000, "refused": quality.refuses}
    written = lines(tmp_path, replace(QUIET, flags={quality: 1_000_000}), {}, {})
    assert written == [{"level": level, "event": "readings flagged"} | facts]


def test_what_a_source_counted_since_the_last_look_is_told_if_it_is_trouble(tmp_path: Path) -> None:
    before = {"mqtt": {"messages": 5, "malformed": 2}}
    counts = {"mqtt": {"messages": 9, "malformed": 5, "shed_messages": 7}, "http": {"busy": 1, "shed": 4}}
    written = lines(tmp_path, QUIET, counts, before)
    assert {(line["source"], line["what"], line["count"]) for line in written} == {
        ("mqtt", "malformed", 3),
        ("mqtt", "shed_messages", 7),
        ("http", "busy", 1),
        ("http", "shed", 4),
    }


def test_feeders_that_go_blind_and_come_back_are_named(tmp_path: Path) -> None:
    look = replace(QUIET, newly_blind=("F1",), newly_blind_count=700, seen_again=("F2",), seen_again_count=1)
    assert lines(tmp_path, look, {}, {}) == [
        {"level": "warning", "event": "feeders went blind", "count": 700, "feeders": ["F1"]},
        {"level": "info", "event": "feeders are seen again", "count": 1, "feeders": ["F2"]},
    ]


def test_a_quiet_look_writes_nothing(tmp_path: Path) -> None:
    assert lines(tmp_path, QUIET, {"mqtt": {"messages": 1}}, {"mqtt": {"messages": 1}}) == []
