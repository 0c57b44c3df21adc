"""The watch on a terminal: states, the worst feeders, what was noticed, where readings come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

STYLES = {
    "normal": "green",
    "watch": "yellow",
    "at-risk": "dark_orange",
    "imminent": "red",
    "exceeded": "bold white on red",
    "blind": "bold magenta",
}


def screen(status: Mapping[str, Any], last_events: Iterable[str]) -> RenderableType:
    """All of it, for one status."""
    parts: list[RenderableType] = [_headline(status), _worst(status["worst"]), _counters(status)]
    if status["worst"]:
        worst = status["worst"][0]
        parts.insert(2, Text(f"{worst['feeder']}: {worst['reason']}"))
        parts.insert(3, Text(f"forecast {forecast_text(worst)}\n", style="dim"))
    if "played" in status:
        parts.append(_played(*status["played"]))
    events = [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in last_events]
    return Group(*parts, *events)


def plain_line(status: Mapping[str, Any]) -> str:
    """One line for one look, where there is no terminal."""
    states = "  ".join(f"{name} {status['states'].get(name, 0)}" for name in STYLES)
    worst = status["worst"][0] if status["worst"] else None
    tail = f"  worst: {worst['feeder']} {worst['state']}: {worst['reason']}" if worst else ""
    return f"{status['at']}  {status['accepted']} of {status['readings']} readings  {states}{tail}"


def forecast_text(feeder: Mapping[str, Any]) -> str:
    """Expected current, and in brackets the upper one, of the phase that carries most, at the end of each interval."""

    def words(interval: Mapping[str, Any]) -> str:
        seen = [(u, e) for u, e in zip(interval["upper_a"], interval["expected_a"], strict=True) if u is not None]
        upper, expected = max(seen, default=(None, None))
        amps = "?" if upper is None else f"{expected:.0f} ({upper:.0f}) A"
        return f"{interval['until_s'] / 60.0:.0f} min {amps}"

    return "  ".join(words(interval) for interval in feeder["forecast"]) or "none"


def _headline(status: Mapping[str, Any]) -> Text:
    line = Text(f"{status['at']}  ", style="bold")
    for name, style in STYLES.items():
        line.append(f" {name} ", style=style)
        line.append(f"{status['states'].get(name, 0):,}  ")
    line.append(f"({status['unheard']:,} never heard)", style="dim")
    return line


def _worst(worst: list[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False)
    table.add_column("feeder", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("limit in", justify="right", no_wrap=True)
    table.add_column("chance", justify="right", no_wrap=True)
    table.add_column("must go L1/L2/L3 A", justify="right", no_wrap=True)
    table.add_column("why", overflow="ellipsis", no_wrap=True, ratio=1)
    for f in worst:
        table.add_row(
            f["feeder"],
            Text(f["state"], style=STYLES[f["state"]]),
            _minutes(f["time_to_limit_s"]),
            "" if f["probability"] is None else f"{100.0 * f['probability']:.0f} %",
            "/".join("-" if v is None else f"{v:.0f}" for v in f["required_reduction_a"]),
            f["reason"],
        )
    if not worst:
        table.add_row("none", "", "", "", "", "no feeder needs watching")
    return table


def _counters(status: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, counts in status["sources"].items():
        table.add_row(name, "  ".join(f"{what} {number:,}" for what, number in counts.items()))
    flags = status["flags_total"]
    table.add_row("flagged", "  ".join(f"{name} {number:,}" for name, number in flags.items()) or "nothing")
    p50, p99 = (status["reading_to_risk_s"][q] for q in ("p50", "p99"))
    delay = "no reading yet" if p99 is None else f"p50 {p50:.2f} s  p99 {p99:.2f} s"
    table.add_row(
        "reading to risk", f"{delay}   look {1000.0 * status['look_s']:.0f} ms   waiting {status['waiting']:,}"
    )
    return table


def _played(done: int, of: int) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_row(Text(f"{done:,} of {of:,} minutes played", style="dim", no_wrap=True), ProgressBar(of, done))
    return table


def _minutes(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 60.0:.0f} min"
