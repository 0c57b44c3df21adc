"""``linkbox prove``: what is claimed of plans and quotas, tried many times over, with a count."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from linkbox.app.wire_io import bad_input
from linkbox.base.errors import LinkboxError

_MOST = 10_000_000
app = typer.Typer(help="Try what is claimed of plans and quotas, many times over.", no_args_is_help=True)
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write everything that was found.")]


class Disproved(LinkboxError):
    """Something that is claimed turned out not to be so; the message says what and where."""


@app.command("optimality")
def optimality(
    instances: Annotated[int, typer.Option(help="Random nominal instances.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same instances.")] = 1,
    json_file: JsonFile = None,
) -> None:
    """Prefix enumeration and CP-SAT find the same minimum; what greedy and rotation cost above it."""
    from linkbox.study.optimality import comparisons, curve

    _within("--instances", instances)
    with _progress("instances", instances) as done:
        found = list(comparisons(instances, seed, done))
    by_homes, by_share = curve(found, lambda c: c.homes), curve(found, lambda c: c.share)
    unequal = sum(not c.equal for c in found)
    dishonest = sum(not c.fallback_honest for c in found)
    if json_file is not None:
        body = {
            "instances": len(found),
            "seed": seed,
            "unequal": unequal,
            "fallback_better": dishonest,
            "by_homes": [asdict(c) for c in by_homes],
            "by_share": [asdict(c) for c in by_share],
        }
        json_file.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n", "utf-8")
    for name, points in (("homes", by_homes), ("need", by_share)):
        typer.echo(f"{name:>6} {'instances':>9} {'greedy':>7} {'worst':>6} {'exact':>6} {'rotation':>8} {'worst':>6}")
        for p in points:
            typer.echo(
                f"{p.key:>6g} {p.instances:>9} {p.greedy_mean:>7.3f} {p.greedy_worst:>6.2f} {p.greedy_exact:>6.0%} "
                f"{p.rotation_mean:>8.2f} {p.rotation_worst:>6.2f}"
            )
    typer.echo(f"{len(found)} instances: {unequal} where the two differ, {dishonest} where the fallback was better")
    if unequal or dishonest:
        raise Disproved(f"{unequal} instances differ, {dishonest} fallbacks better than the minimum")


@app.command("decade")
def decade(
    years: Annotated[float, typer.Option(help="How long, in years of 365 days.")] = 10.0,
    chargers: Annotated[int, typer.Option(help="Chargers, 40 on each feeder.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same decade.")] = 1,
    margin_s: Annotated[int, typer.Option("--margin", help="Seconds reserved beyond each hold; 180 in service.")] = 180,
    json_file: JsonFile = None,
) -> None:
    """Years of crashes, duplicates, late and missing answers, clock changes: no quota broken, nobody without permit."""
    from linkbox.study.decade import Decade, Setting

    _within("--chargers", chargers)
    if not 0.0 < years <= 100.0:
        raise bad_input("--years", str(years), "must be above 0 and at most 100")
    if not 0 <= margin_s <= 3600:
        raise bad_input("--margin", str(margin_s), "must be within 0..3600")
    days = max(1, round(years * 365))
    with _progress("days", days) as done:
        counts, verdict = Decade(Setting(days=days, chargers=chargers, seed=seed, margin_s=margin_s)).run(done)
    facts = asdict(counts) | asdict(verdict)
    if json_file is not None:
        json_file.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", "utf-8")
    for name, value in facts.items():
        typer.echo(f"{name:22} {len(value) if isinstance(value, tuple) else value:>12,}")
    wrong = {name: facts[name] for name in _NEVER if facts[name]}
    typer.echo(
        f"{counts.steps:,} steps over {days:,} days of {chargers:,} chargers: {wrong or 'no safeguard gave way'}"
    )
    if wrong:
        raise Disproved(f"safeguards gave way: {wrong}")


@app.command("closed-loop")
def closed_loop(
    runs: Annotated[int, typer.Option(help="Random evenings of each case.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed gives the same evenings.")] = 1,
    json_file: JsonFile = None,
) -> None:
    """How many customers are commanded where nobody knows who draws: open loop, closed loop, with habits."""
    from linkbox.study.unknown_state import CASES, compare

    _within("--runs", runs)
    with _progress("cases", len(CASES)) as done:
        found = []
        for case in CASES:
            found.append(compare(*case, runs=runs, seed=seed))
            done()
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(c) for c in found], indent=1) + "\n", "utf-8")
    typer.echo(
        f"{'chargers':>8} {'draw':>5} {'known':>5} {'open loop':>9} {'closed loop':>11} {'min':>4} {'with habits':>11}"
    )
    for c in found:
        typer.echo(
            f"{c.chargers:>8} {c.probability:>5.0%} {c.need:>5} {c.open_loop:>9} {c.closed_loop:>11.1f} "
            f"{c.minutes:>4.1f} {c.with_habits:>11.1f}"
        )


#: What must be nothing. A quota that only the DCC's lateness broke is not among them, but must stand in the ledger.
_NEVER = (
    "without_permit",
    "unexplained_breaches",
    "broken_by_us",
    "unbooked_by_dcc",
    "overlapping",
    "too_long",
    "below_floor",
)


def _within(name: str, value: int) -> None:
    if not 1 <= value <= _MOST:
        raise bad_input(name, str(value), f"must be within 1..{_MOST}")


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[], object]]:
    """A bar on a terminal, nothing elsewhere; yields what is to be called after each."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.update(task, advance=1)
