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
