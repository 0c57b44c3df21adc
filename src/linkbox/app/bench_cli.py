"""``linkbox bench``: how fast the parts are, next to what no program could beat."""

from __future__ import annotations

from pathlib import Path
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


@app.command("plan")
def plan(
    feeders: Annotated[int, typer.Option(help="Feeders of 100 homes that need action in the same minute.")] = 1000,
    chargers: Annotated[int, typer.Option(help="Chargers whose minutes are asked for at once.")] = 100_000,
    workers: Annotated[
        int | None, typer.Option(help="Processes for the plans; default: one a core, at most 2.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plans of many feeders in the same minute, and what is left of many chargers' minutes."""
    from linkbox.app.bench_plan import results, table
    from linkbox.app.wire_io import say

    for name, value, most in (("--feeders", feeders, 100_000), ("--chargers", chargers, 1_000_000)):
        if not 10 <= value <= most:
            raise bad_input(name, str(value), f"must be within 10..{most}")
    if workers is not None and not 1 <= workers <= 64:
        raise bad_input("--workers", str(workers), "must be within 1..64")
    found = results(feeders=feeders, chargers=chargers, workers=workers)
    if as_json:
        say({"bench": "plan", "results": found}, as_json=True)
    else:
        typer.echo(table(found))


@app.command("detection")
def detection(
    feeders: Annotated[int | None, typer.Option(help="The first so many feeders; default: all.")] = None,
    days: Annotated[int, typer.Option(help="Days of each feeder.")] = 16,
    seed: Annotated[int, typer.Option(help="The same seed, the same days.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes that simulate; default: one a core.")] = None,
    archive: Annotated[
        Path | None, typer.Option(help="The ENWL set; default: enwl-lvns.tar.xz of LINKBOX_DATA.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the curve over the threshold into this PNG or SVG.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """How well overloads are seen coming on real feeders with sampled charging: sensitivity, false alarms, lead."""
    from linkbox.app import bench_detection
    from linkbox.app.wire_io import say

    for name, value, most in (
        ("--feeders", feeders or 1, 1000),
        ("--days", days, 1000),
        ("--workers", workers or 1, 64),
    ):
        if not 1 <= value <= most:
            raise bad_input(name, str(value), f"must be within 1..{most}")
    if feeders == 0 or workers == 0:
        raise bad_input("--feeders, --workers", "0", "must be 1 or more")
    found = bench_detection.measure(feeders=feeders, days=days, seed=seed, workers=workers, archive=archive)
    if picture is not None:
        bench_detection.draw(found, picture)
    if as_json:
        body = {"bench": "detection", "results": bench_detection.results(found)}
        say(body | {"details": bench_detection.details(found)}, as_json=True)
    else:
        typer.echo(bench_detection.table(found))


@app.command("control-minute")
def control_minute(
    feeders: Annotated[int, typer.Option(help="Feeders of three phases each.")] = 100_000,
    workers: Annotated[int, typer.Option(help="Threads of the kernel.")] = 2,
    rows: Annotated[int, typer.Option(help="Readings in each Arrow message.")] = 5000,
    arrow: Annotated[bool, typer.Option(help="From Arrow bytes to risk too; needs the extra 'arrow'.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """One control minute of a whole fleet: thermal states, forecast, projected states, who is at risk and why."""
    from linkbox.app.bench_control_minute import results, table
    from linkbox.app.wire_io import say

    for name, value, most in (("--feeders", feeders, 8_000_000), ("--workers", workers, 64), ("--rows", rows, 100_000)):
        if not 1 <= value <= most:
            raise bad_input(name, str(value), f"must be within 1..{most}")
    try:
        found = results(feeders=feeders, workers=workers, rows_per_message=rows, end_to_end=arrow)
    except ModuleNotFoundError as error:
        raise bad_input("--arrow", str(error), "needs the extra 'arrow', or --no-arrow") from error
    if as_json:
        say({"bench": "control-minute", "results": found}, as_json=True)
    else:
        typer.echo(table(found))


@app.command("ingest")
def ingest(
    substations: Annotated[int, typer.Option(help="Each publishes once a minute.")] = 10_000,
    feeders: Annotated[int, typer.Option(help="Feeders of each substation.")] = 3,
    minutes: Annotated[int, typer.Option(help="How long, in real time; the floor takes as long again.")] = 3,
    within_s: Annotated[float, typer.Option("--within", help="All send within so many seconds of a minute.")] = 60.0,
    as_json: JsonFlag = False,
) -> None:
    """Substations publish through a real Mosquitto to a real watch: from a reading's own time to the risk."""
    from linkbox.app.bench_ingest import results, table
    from linkbox.app.wire_io import say

    for name, value, most in (("--substations", substations, 200_000), ("--feeders", feeders, 100)):
        if not 1 <= value <= most:
            raise bad_input(name, str(value), f"must be within 1..{most}")
    if not 1 <= minutes <= 60:
        raise bad_input("--minutes", str(minutes), "must be within 1..60")
    if not 0.0 < within_s <= 60.0:
        raise bad_input("--within", str(within_s), "must be above 0 and at most 60")
    found = results(substations=substations, feeders=feeders, minutes=minutes, within_s=within_s)
    if as_json:
        say({"bench": "ingest", "results": found}, as_json=True)
    else:
        typer.echo(table(found))


@app.command("forecast")
def forecast(
    days: Annotated[int | None, typer.Option(help="Only the first so many days of the data.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """The forecast on 34 measured substations, second half unseen: loss against persistence, and coverage."""
    from linkbox.app.bench_forecast import results, table
    from linkbox.app.wire_io import say

    if days is not None and not 6 <= days <= 10_000:
        raise bad_input("--days", str(days), "must be within 6..10000")
    found = results(days=days)
    if as_json:
        say({"bench": "forecast", "results": found}, as_json=True)
    else:
        typer.echo(table(found))


@app.command("records")
def records(
    points: Annotated[int, typer.Option(help="Connection points in the register.")] = 8_000_000,
    consents: Annotated[int, typer.Option(help="Consents that are imported.")] = 1_000_000,
    interventions: Annotated[int, typer.Option(help="Interventions in the month that is reported.")] = 10_000,
    audit_records: Annotated[int, typer.Option(help="Records of the audit chain that is verified.")] = 200_000,
    postgresql: Annotated[
        str | None, typer.Option(help="An empty PostgreSQL database or schema to measure in; it is left as filled.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where the SQLite file goes; default: a temporary folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Permit questions from a register of millions, an import of consents, a month's report, the audit chain."""
    import tempfile

    from linkbox.app.bench_records import Size, results, table
    from linkbox.app.wire_io import say

    for name, value, most in (
        ("--points", points, 50_000_000),
        ("--consents", consents, points),
        ("--interventions", interventions, 100_000),
        ("--audit-records", audit_records, 10_000_000),
    ):
        if not 250 <= value <= most:
            raise bad_input(name, str(value), f"must be within 250..{most}")
    size = Size(points=points, consents=consents, records=audit_records, interventions=interventions)
    with tempfile.TemporaryDirectory(prefix="linkbox-bench-", dir=folder) as place:
        found = results(size, Path(place), postgresql, lambda text: typer.echo(text, err=True))
    if as_json:
        say({"bench": "records", "results": found}, as_json=True)
    else:
        typer.echo(table(found))
