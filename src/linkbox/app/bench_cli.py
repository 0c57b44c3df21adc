"""``linkbox bench``: how fast the parts are, next to what no program could beat."""

from __future__ import annotations

from typing import Annotated

import typer

from linkbox.app.wire_io import JsonFlag, bad_input

_LONGEST_S = 600.0
_MOST_EXCHANGES = 1_000_000
app = typer.Typer(help="Measure how fast the parts are, on this machine, now.", no_args_is_help=True)


@app.command("wire")
def wire(
    seconds: Annotated[float, typer.Option(help="Spent on each rate.")] = 2.0,
    exchanges: Annotated[int, typer.Option(help="Critical exchanges over HTTP; 0: leave them out.")] = 4000,
    as_json: JsonFlag = False,
) -> None:
    """Requests signed, responses verified, Pre-Commands, envelopes, and whole critical exchanges over HTTP."""
    from linkbox.app.bench_wire import results, table
    from linkbox.app.wire_io import say

    if not 0.0 < seconds <= _LONGEST_S:
        raise bad_input("--seconds", str(seconds), f"must be above 0 and at most {_LONGEST_S:.0f}")
    if not 0 <= exchanges <= _MOST_EXCHANGES:
        raise bad_input("--exchanges", str(exchanges), f"must be within 0..{_MOST_EXCHANGES}")
    found = results(seconds=seconds, exchanges=exchanges)
    if as_json:
        say({"bench": "wire", "results": found}, as_json=True)
    else:
        typer.echo(table(found))
