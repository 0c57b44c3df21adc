"""``linkbox readings``: files of readings checked, and brought to one time base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Check files of readings, and bring them to one time base.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="CSV, Parquet or Arrow files of readings.")]
FleetOption = Annotated[Path, typer.Option("--fleet", help="The fleet table, CSV, or a folder of a network.")]


@app.command("check")
def check(
    files: Files,
    fleet: FleetOption,
    as_json: Annotated[bool, typer.Option("--json/--text", help="Print JSON, or lines of text.")] = False,
) -> None:
    """What is to be said of the readings: each flag with its count and its first few readings."""
    from linkbox.app.readings_tables import checked, checked_text
    from linkbox.app.wire_io import say

    found = checked(files, fleet)
    if as_json:
        say(found, as_json=True)
    else:
        typer.echo(checked_text(found))


@app.command("align")
def align(
    files: Files,
    fleet: FleetOption,
    out: Annotated[Path, typer.Option(help="Where the table goes, CSV.")],
    base_s: Annotated[float, typer.Option("--base", help="The length of the base period, s.")] = 60.0,
    hold_s: Annotated[float, typer.Option("--hold", help="How long a value by exception stands, s.")] = 900.0,
    lowest_v: Annotated[float, typer.Option(help="No voltage was ever below this.")] = 0.0,
    highest_v: Annotated[float, typer.Option(help="No voltage was ever above this.")] = 300.0,
) -> None:
    """Currents with what they are worth; voltages with the tightest bound that the windows allow."""
    from linkbox.app.readings_tables import write_aligned
    from linkbox.app.wire_io import bad_input

    if not 1.0 <= base_s <= 86_400.0:
        raise bad_input("--base", str(base_s), "must be within 1..86400 s")
    if not 0.0 <= hold_s <= 86_400.0:
        raise bad_input("--hold", str(hold_s), "must be within 0..86400 s")
    if not 0.0 <= lowest_v < highest_v <= 1000.0:
        raise bad_input("--lowest-v", f"{lowest_v}, {highest_v}", "must be 0 <= lowest < highest <= 1000")
    rows = write_aligned(files, fleet, out, base_s=base_s, hold_s=hold_s, limits_v=(lowest_v, highest_v))
    typer.echo(f"{rows} rows: {out}")
