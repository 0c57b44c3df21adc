"""``linkbox week``: a winter week on the ENWL feeders with every variant, as one table; resumable."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from linkbox.base.errors import InvalidInput, Issue
from linkbox.study.week import WeekPlan, key_of, read_results, rows_of, run_feeder

RESULTS_FILE, PLAN_FILE = "feeders.jsonl", "week.json"

_COLUMNS = (
    ("variant", "variant"),
    ("feeders", "feeders"),
    ("nights", "nights"),
    ("calm", "of them calm"),
    ("overloads", "overloads without control"),
    ("prevented", "prevented"),
    ("made_worse", "made worse"),
    ("by_market_alone", "by the market alone"),
    ("escalated", "escalated"),
    ("customers", "customers touched"),
    ("minutes", "minutes of full off"),
    ("each", "minutes each"),
    ("jain", "Jain's index"),
    ("held_back_kwh", "kWh held back"),
    ("still_wanted_kwh", "kWh still wanted by morning"),
    ("second_peaks", "second peaks over the limit"),
)


def run_week(plan: WeekPlan, out: Path, *, workers: int | None) -> list[dict[str, Any]]:
    """Run what ``out`` does not have yet, print the table, and return its rows."""
    out.mkdir(parents=True, exist_ok=True)
    _require_same(plan, out / PLAN_FILE)
    results = out / RESULTS_FILE
    done = read_results(results)
    todo = [feeder for feeder in plan.feeders if key_of(feeder) not in done]
    console = Console(file=sys.stderr)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("feeders", total=len(todo) + len(done), completed=len(done))
        with results.open("ab") as file:
            _end_line(file, results)
            for result in _run_all(plan, todo, workers or os.cpu_count() or 1):
                done[result["key"]] = result
                file.write(json.dumps(result, sort_keys=True).encode() + b"\n")
                file.flush()
                progress.update(task, advance=1)
    wanted = {key_of(feeder) for feeder in plan.feeders}
    found = [result for key, result in done.items() if key in wanted]
    rows = list(rows_of(found, plan.variants))
    sys.stdout.write(table_text(rows, found) + "\n")
    return rows


def _require_same(plan: WeekPlan, path: Path) -> None:
    """A folder keeps the results of one week; raise InvalidInput where it has those of another."""
    record = {k: v for k, v in asdict(plan).items() if k not in {"feeders", "variants"}}
    record["variants"] = [v.name for v in plan.variants]
    if not path.exists():
        path.write_text(json.dumps(record, sort_keys=True) + "\n", "utf-8")
        return
    known = json.loads(path.read_text("utf-8"))
    issues = [
        Issue(where=f"--{name.replace('_', '-')}", value=str(value), rule=f"{path} has {known.get(name)}")
        for name, value in record.items()
        if known.get(name) != value
    ]
    if issues:
        raise InvalidInput("week", issues)


def _end_line(file: Any, path: Path) -> None:
    """A last line that a kill cut off is closed, so that no later one joins it."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        file.truncate(content.rfind(b"\n") + 1)


def _run_all(plan: WeekPlan, todo: Sequence[str], workers: int) -> Iterator[dict[str, Any]]:
    if workers <= 1:
        yield from (run_feeder(plan, feeder) for feeder in todo)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job in as_completed([pool.submit(run_feeder, plan, feeder) for feeder in todo]):
            yield job.result()


def table_text(rows: Sequence[dict[str, Any]], results: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown, then what could not be run."""
    lines = ["| " + " | ".join(head for _, head in _COLUMNS) + " |", "| " + " | ".join("---" for _ in _COLUMNS) + " |"]
    lines += ["| " + " | ".join(_cell(row, name) for name, _ in _COLUMNS) + " |" for row in rows if row["feeders"]]
    broken = [r["variant"] for r in rows if r["feeders"] and not (r["quota_kept"] and r["free_at_end"])]
    kept = "in every night all quotas were kept and every charger was free at the end"
    lines += ["", f"BROKEN: {', '.join(broken)}" if broken else kept]
    lines += [f"could not be run: {r['key']}: {r['error']}" for r in results if "error" in r]
    return "\n".join(lines)


def _cell(row: dict[str, Any], name: str) -> str:
    if name == "each":
        return f"{row['minutes'] / row['customers']:.0f}" if row["customers"] else "-"
    return f"{row[name]:.2f}" if isinstance(row[name], float) else str(row[name])
