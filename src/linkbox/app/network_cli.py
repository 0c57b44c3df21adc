"""``linkbox network``: bring a network in, check it, look at it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from linkbox.app.wire_io import JsonFlag, bad_input, say

app = typer.Typer(help="Bring a network of substations, feeders and customers in.", no_args_is_help=True)
_FORMS = ("csv", "parquet")
_MOST_SHOWN = 20


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder of Linkbox tables, or of a distributor's exports.")],
    out: Annotated[Path, typer.Argument(help="The folder to write; made if needed.")],
    form: Annotated[str, typer.Option(help="csv, or parquet (extra 'arrow').")] = "csv",
    tolerance: Annotated[float, typer.Option(help="Gaps in the mains up to so many metres are closed.")] = 0.05,
    reach: Annotated[float, typer.Option(help="A service reaches the mains over so many metres.")] = 25.0,
    as_json: JsonFlag = False,
) -> None:
    """Check everything, write one table each of substations, transformers, feeders, points and chargers.

    From a distributor's exports (docs/reference/network-model.md) it also writes a folder 'feeders' with the mains of
    each feeder that a power flow can use, and orphans.csv with what hangs nowhere.
    """
    from linkbox.adapters import network_dno, network_store

    if form not in _FORMS:
        raise bad_input("--form", form, f"must be one of {', '.join(_FORMS)}")
    if not 0.0 <= tolerance <= 10.0 or not 0.0 <= reach <= 1000.0:
        raise bad_input("--tolerance, --reach", f"{tolerance}, {reach}", "must be 0 to 10 m, and 0 to 1000 m")
    facts: dict[str, Any] = {}
    if (source / "substations.csv").exists():
        found = network_dno.read_dno(source, network_dno.DnoOptions(tolerance_m=tolerance, reach_m=reach))
        tables = found.tables
        facts = {"feeders_with_mains": len(found.networks), "orphans": [str(issue) for issue in found.orphans]}
        out.mkdir(parents=True, exist_ok=True)
        _write_feeders(found, out)
    else:
        tables = network_store.read_network(source)
    network_store.write_network(tables, out, form="parquet" if form == "parquet" else "csv")
    _tell(tables, facts, as_json=as_json)


@app.command("show")
def show(
    folder: Annotated[Path, typer.Argument(help="A folder of Linkbox tables.")],
    as_json: JsonFlag = False,
) -> None:
    """Check a network and say what is in it."""
    from linkbox.adapters.network_store import read_network

    _tell(read_network(folder), {}, as_json=as_json)


@app.command("limits")
def limits(
    source: Annotated[Path, typer.Argument(help="A folder of Linkbox tables, or a fleet table, CSV.")],
    feeders: Annotated[list[str] | None, typer.Argument(help="Which feeders; none: all.", metavar="FEEDERS")] = None,
    minutes: Annotated[float, typer.Option(help="For how long the thermal limit is to hold.")] = 60.0,
    level: Annotated[float, typer.Option(help="How far an asset may go towards its limit, 0 to 1.")] = 1.0,
    ambient: Annotated[float, typer.Option(help="The air at the transformer, degC.")] = 10.0,
    preload: Annotated[
        float | None, typer.Option(help="What each phase carried for long before, A; default: 40 % of what it may.")
    ] = None,
    load: Annotated[
        str | None, typer.Option(help="Currents L1,L2,L3 for the time to the limit; default: the last readings.")
    ] = None,
    readings: Annotated[
        list[Path] | None, typer.Option(help="A file of readings to warm up with; may be given several times.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Static, cyclic and thermal limits of fuse, cable, neutral and transformer, side by side, and the time to each."""
    from linkbox.app.network_limits import Asked, limits_text, limits_told

    asked = Asked(
        after_s=60.0 * minutes,
        level=level,
        ambient_degc=ambient,
        preload_a=preload,
        load_a=None if load is None else _three(load),
        readings=tuple(readings or ()),
    )
    found = limits_told(source, feeders or [], asked)
    if as_json:
        say(found, as_json=True)
    else:
        typer.echo(limits_text(found))


def _three(text: str) -> tuple[float, float, float]:
    """``300,40,40``."""
    try:
        a, b, c = (float(part) for part in text.split(","))
    except ValueError:
        raise bad_input("--load", text[:60], "must be three currents, as 300,40,40") from None
    return (a, b, c)


@app.command("feeder")
def feeder(
    source: Annotated[str, typer.Argument(help="OpenDSS text (folder or ARCHIVE:folder) or a pandapower JSON file.")],
    out: Annotated[Path, typer.Argument(help="The folder to write, for 'linkbox demo --feeder'.")],
    name: Annotated[str | None, typer.Option(help="pandapower: the first line of the feeder, of several.")] = None,
    zero_sequence: Annotated[
        float | None, typer.Option(help="pandapower: R0/R1 and X0/X1 where the file has no zero sequence.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Turn one feeder with its mains into plain tables."""
    from linkbox.adapters.network_opendss import read_opendss_feeder
    from linkbox.adapters.network_pandapower import read_pandapower
    from linkbox.adapters.network_tables import write_network_tables

    if source.endswith(".json"):
        network = read_pandapower(source, feeder=name, zero_sequence_ratio=zero_sequence)
    else:
        network = read_opendss_feeder(source)
    write_network_tables(network, out)
    facts = {"feeder": network.name, "homes": network.homes, "nodes": len(network.nodes), "written": str(out)}
    say(facts, as_json=as_json)


def _write_feeders(found: Any, out: Path) -> None:
    import csv

    from linkbox.adapters.network_tables import write_network_tables

    for name, network in found.networks.items():
        write_network_tables(network, out / "feeders" / name.replace("/", "-"))
    with (out / "orphans.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("where", "value", "rule"))
        writer.writerows((issue.where, issue.value, issue.rule) for issue in found.orphans)


def _tell(tables: Any, facts: dict[str, Any], *, as_json: bool) -> None:
    from linkbox.grid.schema import SCHEMA, THREE_PHASE, UNKNOWN_PHASE

    phase = tables.tables["point"]["phase"]
    told: dict[str, Any] = {f"{name}s": tables.count(name) for name in SCHEMA}
    told |= {"phase_unknown": int((phase == UNKNOWN_PHASE).sum()), "three_phase": int((phase == THREE_PHASE).sum())}
    told |= {"not_domestic": int((~tables.tables["point"]["domestic"]).sum())} | facts
    if not as_json and "orphans" in told:
        orphans = told["orphans"]
        more = [f"… and {len(orphans) - _MOST_SHOWN} more: see orphans.csv"] if len(orphans) > _MOST_SHOWN else []
        told["orphans"] = [*orphans[:_MOST_SHOWN], *more]
    say(told, as_json=as_json)
