"""The end of a demo in a terminal: both runs side by side, and what Linkbox could not do."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def summary_text(result: dict[str, Any], out: Path) -> str:
    """Plain text with a table, about 100 columns wide."""
    console = Console(width=100, record=True, file=StringIO(), color_system=None)
    street = result["street"]
    console.print(
        f"{street['name']}: {street['homes']} homes, {street['cars']} cars, fuse {street['fuse_a']:.0f} A, "
        f"head cable {street['cable']}, seed {result['seed']}"
    )
    console.print(_table(result))
    control = result["with_control"]
    if control is not None:
        for line in _notes(control):
            console.print(line)
    if result.get("household_only"):
        console.print(result["household_only"]["verdict"])
    console.print(f"wall time {result['wall']['seconds']:.1f} s; report: {out / 'report.html'}")
    return console.export_text().rstrip()


def _table(result: dict[str, Any]) -> Table:
    without, control = result["without_control"], result["with_control"]
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("")
    table.add_column("without control", justify="right")
    if control is not None:
        table.add_column("with control", justify="right")
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        (
            "fuse blown",
            lambda r: (
                "no" if r["fuse_blown_at"] is None else f"{r['fuse_blown_at'][11:16]} {'/'.join(r['blown_phases'])}"
            ),
        ),
        ("worst fuse state (1 melts)", lambda r: f"{r['max_fuse_state']:.2f}"),
        ("hottest cable core, degC", lambda r: f"{r['max_cable_degc']:.0f}"),
        ("transformer hot spot, degC", lambda r: f"{r['max_hot_spot_degc']:.0f}"),
        ("customer minutes in the dark", lambda r: f"{r['customer_minutes_lost']}"),
        ("minutes without a power-flow solution", lambda r: f"{r['non_converged_minutes']}"),
        ("charging energy delivered, kWh", lambda r: f"{r['energy_delivered_kwh']:.0f}"),
    ]
    for name, cell in rows:
        table.add_row(name, *(cell(run) for run in (without, control) if run is not None))
    if control is not None:
        for name, value in _control_rows(control):
            table.add_row(name, "", value)
    return table


def _control_rows(control: dict[str, Any]) -> list[tuple[str, str]]:
    requests = control["service_requests"]
    reduction = control["detection_to_reduction_s"]
    market = ", ".join(f"{i['market']['outcome'].replace('_', ' ')}" for i in control["interventions"]) or "not called"
    return [
        ("interventions", str(len(control["interventions"]))),
        ("market", market),
        ("customers curtailed", str(control["customers_curtailed"])),
        ("most minutes in 24 h (limit 120)", f"{control['max_minutes_in_24h']:.0f}"),
        ("minutes of each customer", _minutes_each(control)),
        ("quota headroom, minutes", f"{120 - control['max_minutes_in_24h']:.0f}"),
        ("energy delayed, kWh", f"{control['energy_delayed_kwh']:.0f}"),
        ("service requests (failed)", f"{requests['count']} ({requests['failed']})"),
        ("round trip p50 / p95 / max, s (30)", " / ".join(_s(requests[n]) for n in ("p50_s", "p95_s", "max_s"))),
        ("detection to reduction, s (300)", _s(reduction)),
        ("notices", ", ".join(f"{n} {who}" for who, n in sorted(control["notices"].items())) or "0"),
        ("all chargers free at the end", "yes" if control["chargers_free_at_end"] else "NO"),
        ("invariants kept", f"{sum(control['invariants'].values())} of {len(control['invariants'])}"),
    ]


def _minutes_each(control: dict[str, Any]) -> str:
    """Smallest, middle and largest of the customers' curtailed minutes; each one's are in the report."""
    each: dict[str, float] = {}
    for hold in control["curtailments"]:
        each[hold["customer"]] = each.get(hold["customer"], 0.0) + hold["minutes"]
    ordered = sorted(each.values())
    return f"{ordered[0]:.0f} .. {ordered[len(ordered) // 2]:.0f} .. {ordered[-1]:.0f}" if ordered else "-"


def _notes(control: dict[str, Any]) -> list[str]:
    lines = [f"BROKEN: {name.replace('_', ' ')}" for name, kept in control["invariants"].items() if not kept]
    lines += [f"ESCALATED {e['intervention']}: {e['why']}" for e in control["escalations"]]
    if control["unconfirmed_holds"]:
        lines.append(f"{control['unconfirmed_holds']} holds were never confirmed and are not counted as curtailed")
    return lines


def _s(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
