"""``linkbox demo``: one evening without control and with it, watched while it runs, summed up at the end."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.app.demo_snapshot import Watch
from linkbox.app.live import open_view
from linkbox.app.report import render_report
from linkbox.app.summary_text import summary_text
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.study.evening import SCENARIO_FILE, Evening, prepare, run_controlled, run_uncontrolled
from linkbox.study.export import export_audit
from linkbox.study.scenario import Scenario
from linkbox.study.summary import control_facts, run_facts, street_facts
from linkbox.study.wiring import cast, read_street

REPORT_FILE, AUDIT_FILE = "report.html", "audit.jsonl"


def run_demo(scenario: Scenario, *, out: Path, speed: float, json_file: Path | None) -> None:
    """Run a scenario into ``out``; raise InvalidInput before anything is written where it makes no sense."""
    read_street(scenario.feeder)
    began = time.monotonic()
    if scenario.control:
        prepare(scenario, out)
    else:
        out.mkdir(parents=True, exist_ok=True)
    _finish(scenario, out, speed, json_file, began)


def resume_demo(folder: Path, *, speed: float, json_file: Path | None) -> None:
    """Go on with the evening that was cut off in ``folder``."""
    path = folder / SCENARIO_FILE
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            "resume", [Issue(where=str(path), value="", rule=f"no evening to go on with: {error}")]
        ) from error
    _finish(Scenario.from_record(record), folder, speed, json_file, time.monotonic())


def _finish(scenario: Scenario, out: Path, speed: float, json_file: Path | None, began: float) -> None:
    street, minutes = run_uncontrolled(scenario)
    result: dict[str, Any] = {
        "seed": scenario.seed,
        "scenario": scenario.to_record(),
        "start": format_utc(scenario.start),
        "end": format_utc(scenario.end),
        "street": {},
        "without_control": run_facts(street, minutes),
        "with_control": None,
        "wall": {},
    }
    if scenario.control:
        evening = _run_watched(scenario, out, speed)
        result["street"] = street_facts(evening.people)
        truth = evening.world.truth
        result["with_control"] = {**run_facts(evening.world.street, truth), **control_facts(evening)}
        export_audit(evening, out / AUDIT_FILE)
        evening.store.close()
    else:
        network = read_street(scenario.feeder)
        result["street"] = street_facts(cast(scenario, network, [bool(has) for has in street.has_charger]))
    result["wall"] = {"seconds": round(time.monotonic() - began, 2)}
    (out / REPORT_FILE).write_text(render_report(result), "utf-8")
    result["wall"]["seconds_with_report"] = round(time.monotonic() - began, 2)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write(summary_text(result, out) + "\n")


def _run_watched(scenario: Scenario, out: Path, speed: float) -> Evening:
    view = open_view()
    watch = Watch(view, scenario, speed)

    def told(at: datetime, stream: str, kind: str, facts: Mapping[str, Any]) -> None:
        watch.told(at, stream, kind, facts)

    try:
        return asyncio.run(run_controlled(scenario, out, watch=watch.minute, told=told))
    finally:
        view.close()
