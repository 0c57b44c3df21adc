"""``linkbox demo``: one evening without control and with it, watched while it runs, summed up at the end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.app.demo_records import write_records
from linkbox.app.demo_snapshot import Watch
from linkbox.app.demo_store import Opener, opener
from linkbox.app.live import open_view
from linkbox.app.report import render_report
from linkbox.app.summary_text import summary_text
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.time import format_utc
from linkbox.study.evening import SCENARIO_FILE, Evening, claimed, prepare, run_controlled, run_uncontrolled
from linkbox.study.export import export_audit
from linkbox.study.scenario import Scenario
from linkbox.study.summary import control_facts, household_facts, run_facts, street_facts
from linkbox.study.wiring import cast, read_street

REPORT_FILE, AUDIT_FILE = "report.html", "audit.jsonl"


class Interrupted(LinkboxError):
    """Somebody stopped the demo; what it did so far is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"interrupted; go on with: linkbox demo --resume {folder}")


class NotWritten(LinkboxError):
    """A result could not be written; the evening itself is in its folder."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.path = path
        super().__init__(f"{path} could not be written: {error.strerror}")


def run_demo(scenario: Scenario, *, out: Path, speed: float, json_file: Path | None, store: str | None = None) -> None:
    """Run a scenario into ``out``; raise InvalidInput before anything is written where it makes no sense."""
    read_street(scenario.feeder)
    _require_places(out, json_file)
    began = time.monotonic()
    with claimed(out):
        if scenario.control:
            prepare(scenario, out)
        open_store = opener(store if scenario.control else None, out, resuming=False)
        _finish(scenario, out, speed, json_file, began, open_store)


def _require_places(out: Path, json_file: Path | None) -> None:
    """Raise InvalidInput where the results could not be written: found before the run, not after it."""
    wanted = [("--out", out)] + ([] if json_file is None else [("--json", json_file.parent)])
    issues = [Issue(where=option, value=str(path), rule=rule) for option, path in wanted if (rule := _unusable(path))]
    if json_file is not None and json_file.is_dir():
        issues.append(Issue(where="--json", value=str(json_file), rule="must be a file, is a folder"))
    if issues:
        raise InvalidInput("places", issues)


def _unusable(folder: Path) -> str | None:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        return f"must be a folder; {there} is a file"
    return None if os.access(there, os.W_OK | os.X_OK) else f"must be writable; {there} is not"


def resume_demo(folder: Path, *, speed: float, json_file: Path | None, store: str | None = None) -> None:
    """Go on with the evening that was cut off in ``folder``."""
    path = folder / SCENARIO_FILE
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            "resume", [Issue(where=str(path), value="", rule=f"no evening to go on with: {error}")]
        ) from error
    scenario = Scenario.from_record(record)
    _require_places(folder, json_file)
    with claimed(folder):
        open_store = opener(store, folder, resuming=True)
        _finish(scenario, folder, speed, json_file, time.monotonic(), open_store)


def _finish(
    scenario: Scenario, out: Path, speed: float, json_file: Path | None, began: float, open_store: Opener
) -> None:
    street, minutes = run_uncontrolled(scenario)
    result: dict[str, Any] = {
        "seed": scenario.seed,
        "scenario": scenario.to_record(),
        "start": format_utc(scenario.start),
        "end": format_utc(scenario.end),
        "street": {},
        "without_control": run_facts(street, minutes),
        "with_control": None,
        "household_only": None,
        "wall": {},
    }
    if scenario.control:
        evening = _run_watched(scenario, out, speed, open_store)
        result["street"] = street_facts(evening.people)
        truth = evening.world.truth
        result["with_control"] = {**run_facts(evening.world.street, truth), **control_facts(evening)}
        if result["with_control"]["fuse_blown_at"] or result["with_control"]["escalations"]:
            bare, _ = run_uncontrolled(replace(scenario, ev_share=0.0))
            result["household_only"] = household_facts(bare, evening.people.feeder.cable.max_conductor_degc)
        export_audit(evening, out / AUDIT_FILE)
        write_records(evening, out)
        evening.store.close()
    else:
        network = read_street(scenario.feeder)
        result["street"] = street_facts(cast(scenario, network, [bool(has) for has in street.has_charger]))
    result["wall"] = {"seconds": round(time.monotonic() - began, 2)}
    _write(out / REPORT_FILE, render_report(result))
    result["wall"]["seconds_with_report"] = round(time.monotonic() - began, 2)
    if json_file is not None:
        _write(json_file, json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    sys.stdout.write(summary_text(result, out) + "\n")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise NotWritten(path, error) from error


def _run_watched(scenario: Scenario, out: Path, speed: float, open_store: Opener) -> Evening:
    view = open_view(sys.stdout)
    watch = Watch(view, scenario, speed)

    def told(at: datetime, stream: str, kind: str, facts: Mapping[str, Any]) -> None:
        watch.told(at, stream, kind, facts)

    try:
        return asyncio.run(run_controlled(scenario, out, watch=watch.minute, told=told, open_store=open_store))
    except KeyboardInterrupt as error:
        raise Interrupted(out) from error
    finally:
        view.close()
