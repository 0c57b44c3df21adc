"""``linkbox study``: many evenings without and with control, as a table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from linkbox.study.scenario import Scenario
from linkbox.study.sweep import Outcome, sweep


def run_study(scenarios: Sequence[Scenario], *, workers: int | None, json_file: Path | None) -> list[Outcome]:
    """Run all scenarios with a progress bar; print the table; write everything to ``json_file``."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("evenings", total=len(scenarios))
        outcomes = sweep(
            scenarios, workers=workers or os.cpu_count() or 1, done=lambda _: progress.update(task, advance=1)
        )
    sys.stdout.write(table_text(outcomes) + "\n")
    if json_file is not None:
        body = [
            {"scenario": o.scenario.to_record(), "verdict": o.verdict, "error": o.error, **(o.facts or {})}
            for o in outcomes
        ]
        json_file.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n", "utf-8")
    return outcomes


def table_text(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a Markdown table and a line of totals."""
    lines = ["| " + " | ".join(_HEAD) + " |", "| " + " | ".join("---" for _ in _HEAD) + " |"]
    lines += ["| " + " | ".join(_cells(outcome)) + " |" for outcome in outcomes]
    verdicts = [outcome.verdict for outcome in outcomes]
    streets = {o.scenario.feeder for o in outcomes if o.verdict == "saved"}
    totals = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    return "\n".join([*lines, "", f"{len(outcomes)} evenings: {totals}; {len(streets)} different feeders saved"])


_HEAD = (
    "feeder",
    "seed",
    "homes",
    "fuse A",
    "blows without",
    "with control",
    "worst fuse state",
    "customers",
    "most min in 24 h",
    "detection to reduction s",
    "market",
    "escalated",
    "household alone",
)


def _cells(outcome: Outcome) -> list[str]:
    scenario, facts = outcome.scenario, outcome.facts
    feeder = (scenario.feeder or "default street").rsplit(":", 1)[-1]
    if facts is None:
        return [feeder, str(scenario.seed), "", "", "", outcome.error or "failed", *[""] * (len(_HEAD) - 6)]
    without, control = facts["without_control"], facts["with_control"]
    if control is None:
        return [feeder, str(scenario.seed), "", "", "no", *[""] * (len(_HEAD) - 5)]
    street = facts["street"]
    return [
        feeder,
        str(scenario.seed),
        str(street["homes"]),
        f"{street['fuse_a']:.0f}",
        _clock(without["fuse_blown_at"]),
        "saved" if control["fuse_blown_at"] is None else f"blows {_clock(control['fuse_blown_at'])}",
        f"{control['max_fuse_state']:.2f}",
        str(control["customers_curtailed"]),
        f"{control['max_minutes_in_24h']:.0f}",
        "-" if control["detection_to_reduction_s"] is None else f"{control['detection_to_reduction_s']:.0f}",
        ", ".join(i["market"]["outcome"].replace("_", " ") for i in control["interventions"]),
        "yes" if control["escalations"] else "no",
        _household(facts["household_only"]),
    ]


def _household(facts: dict[str, Any]) -> str:
    blown = facts["fuse_blown_at"]
    return f"{facts['max_fuse_state']:.2f}" if blown is None else f"blows {_clock(blown)}"


def _clock(at: str | None) -> str:
    return "no" if at is None else at[11:16]
