"""``linkbox watch``: a fleet of feeders, judged each second."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def watch(
    config: Annotated[Path, typer.Argument(help="watch.toml: the fleet, the sources, how it is judged.")],
    as_json: Annotated[bool, typer.Option("--json/--text", help="A line of JSON for each look.")] = False,
    for_s: Annotated[float | None, typer.Option("--for", help="End after so many seconds.", min=0.0)] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes that share the fleet by substation; without it, this one."),
    ] = None,
) -> None:
    """Watch a fleet: readings by MQTT, HTTP or from files, checked, and every feeder judged each second.

    Decides and switches nothing. The log goes to the standard error, or where the configuration says."""
    from linkbox.app.watch_config import read_config
    from linkbox.app.watch_run import run_watch

    run_watch(read_config(config), folder=config.parent, as_json=as_json, for_s=for_s, workers=workers)
