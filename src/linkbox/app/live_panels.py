"""What the live terminal view draws: one snapshot in, rich renderables out. Keeps no state, reads no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from linkbox.app.live_bars import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PHASE_NAMES,
    PINK,
    VERMILLION,
    Snapshot,
    amps,
    clock_text,
    common_scale,
    current_bar,
    fuse_style,
    load_style,
    number,
    per_phase,
    recent_current,
    sparkline,
)

_WIDE, _TALL, _VERY_TALL = 110, 30, 42
_RISK_STYLE = {
    "NORMAL": GREEN,
    "WATCH": BLUE,
    "AT_RISK": ORANGE,
    "IMMINENT": f"bold {VERMILLION}",
    "EXCEEDED": f"bold reverse {VERMILLION}",
    "BLIND": "bold magenta",
}
_STREAM_STYLE = {
    "risk": ORANGE,
    "market": PINK,
    "plan": BLUE,
    "command": "#5fa8ff",
    "device": GREEN,
    "effect": GREEN,
    "intervention": "bold",
    "escalation": f"bold {VERMILLION}",
    "veto": f"bold {VERMILLION}",
    "release": GREEN,
    "notice": GREY,
    "audit": GREY,
}


def screen(snapshot: Snapshot, events: Sequence[Mapping[str, Any]], *, width: int, height: int) -> RenderableType:
    """The whole screen for a terminal of ``width`` columns and ``height`` rows."""
    tall = height >= _TALL
    feeder_rows, middle_rows = 9 if tall else 6, 11 if height >= _VERY_TALL else 7
    event_rows = height - 1 - feeder_rows - middle_rows
    layout = Layout()
    layout.split_column(
        Layout(_title(snapshot, width), size=1),
        Layout(feeder_panel(snapshot, width, rows_per_phase=2 if tall else 1), size=feeder_rows),
        Layout(name="middle", size=middle_rows),
        Layout(event_panel(events, event_rows), name="events"),
    )
    layout["middle"].split_row(
        Layout(intervention_panel(snapshot)), Layout(command_panel(snapshot, rows=middle_rows - 2))
    )
    return layout


def _title(snapshot: Snapshot, width: int) -> RenderableType:
    progress = min(1.0, max(0.0, number(snapshot.get("progress")) or 0.0))
    cells = max(8, min(30, width - 62))
    done = round(progress * cells)
    row = Table.grid(expand=True)
    row.add_column()
    row.add_column(justify="right")
    bar = (("━" * done, GREEN), ("━" * (cells - done), "grey30"))
    row.add_row(
        Text.assemble((" Linkbox  ", "bold"), clock_text(snapshot.get("now"))),
        Text.assemble((f"{_speed_text(snapshot.get('speed'))}  ", GREY), *bar, f" {progress:4.0%} "),
    )
    return row


def _speed_text(speed: object) -> str:
    factor = number(speed)
    return f"{factor:g} times real time" if factor and factor > 0 else "as fast as possible"


def feeder_panel(snapshot: Snapshot, width: int, *, rows_per_phase: int = 1) -> Panel:
    """Current against limit per phase: a bar, the numbers, the forecast, the fuse's state and the last two hours."""
    spark = 24 if width >= _WIDE else 8
    cells = max(10, width - 4 - 38 - spark)  # 38: phase, numbers, fuse and the gaps between them
    scale = common_scale(snapshot)
    table = Table.grid(padding=(0, 1))
    for _ in range(5):
        table.add_column(no_wrap=True)
    for index, phase in enumerate(PHASE_NAMES):
        now, limit, upper = (per_phase(snapshot, key, index) for key in ("current_a", "limit_a", "upper_a"))
        fuse = per_phase(snapshot, "fuse_state", index)
        bar = current_bar(now, limit, upper, scale=scale, cells=cells)
        table.add_row(
            Text(phase, style="bold"),
            Text("\n").join([bar] * rows_per_phase),
            Text(f"{amps(now)} of {amps(limit)}  ≤{amps(upper)}", style=load_style(now, limit)),
            Text(f"fuse {fuse:4.0%}" if fuse is not None else "fuse   ? ", style=fuse_style(fuse)),
            Text(sparkline(recent_current(snapshot, index), spark, top=scale, rows=rows_per_phase), style=GREY),
        )
    title = f"Feeder · {amps(number(snapshot.get('fuse_rated_a'))).strip()} fuse · now, allowed, forecast"
    return _panel(Group(table, _risk_line(snapshot, width - 4)), title)


def _risk_line(snapshot: Snapshot, width: int) -> Text:
    risk = str(snapshot.get("risk_state") or "?").upper().replace("-", "_")
    reason = str(snapshot.get("risk_reason") or "")
    line = Text.assemble((risk.replace("_", " "), _RISK_STYLE.get(risk, "")), "  ", reason)
    line.truncate(width, overflow="ellipsis")
    return line


def intervention_panel(snapshot: Snapshot) -> Panel:
    """The intervention that is open, or that there is none."""
    intervention = snapshot.get("intervention")
    held = snapshot.get("held") or 0
    body = Text()
    if intervention:
        state = str(intervention.get("state", "")).replace("_", " ").lower()
        body.append(f"{intervention.get('id', '')}  ", style="bold").append(state, style=ORANGE)
        body.append(f"\nsince {clock_text(intervention.get('since'))[11:]}\n", style=GREY)
        body.append(str(intervention.get("reason") or ""))
    else:
        body.append("None open. The feeder is watched.", style=GREY)
    body.append(f"\n{held} charger{'' if held == 1 else 's'} held down", style="bold" if held else GREY)
    return _panel(body, "Intervention")


def command_panel(snapshot: Snapshot, *, rows: int) -> Panel:
    """The commands that are on their way, oldest first, as many as fit."""
    commands = sorted(snapshot.get("commands") or (), key=lambda c: -(number(c.get("age_s")) or 0.0))
    title = f"Commands in flight: {len(commands)}"
    if not commands:
        return _panel(Text("None.", style=GREY), title)
    table = Table.grid(padding=(0, 1), expand=True)
    for justify, ratio in (("left", None), ("left", None), ("left", 1), ("right", None)):
        table.add_column(no_wrap=True, justify=justify, ratio=ratio, overflow="ellipsis")  # type: ignore[arg-type] # literals in a tuple
    shown = commands if len(commands) <= rows else commands[: rows - 1]
    for command in shown:
        age = number(command.get("age_s")) or 0.0
        state = str(command.get("state", "")).replace("_", " ").lower()
        table.add_row(
            str(command.get("customer", "")),
            Text(str(command.get("srv", "")), style=BLUE),
            state,
            Text(f"{age:.0f} s", style=VERMILLION if age > 30 else GREY),
        )
    if len(commands) > len(shown):
        table.add_row(Text(f"and {len(commands) - len(shown)} more", style=GREY), "", "", "")
    return _panel(table, title)


def event_panel(events: Sequence[Mapping[str, Any]], rows: int) -> Panel:
    """The last events, newest at the bottom, as many as fit."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, style=GREY)
    table.add_column(no_wrap=True, min_width=7)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    for event in list(events)[-max(1, rows - 2) :]:
        stream = str(event.get("stream", ""))
        clock = clock_text(event.get("at"))[11:16]
        table.add_row(clock, Text(stream, style=_STREAM_STYLE.get(stream, "")), Text(str(event.get("text", ""))))
    return _panel(table, "Events")


def _panel(body: RenderableType, title: str) -> Panel:
    return Panel(body, title=title, title_align="left", box=box.ROUNDED, border_style="grey50")


def plain_hour(snapshot: Snapshot) -> str:
    """One line about the run at this moment, for output without a terminal."""
    now, limit = ([per_phase(snapshot, key, i) for i in range(3)] for key in ("current_a", "limit_a"))
    phases = [
        f"{phase} {amps(now[index]).strip()} of {amps(limit[index]).strip()}" for index, phase in enumerate(PHASE_NAMES)
    ]
    risk = re.sub("[_-]", " ", str(snapshot.get("risk_state") or "?")).lower()
    return "  ".join([clock_text(snapshot.get("now")), *phases, risk, f"{snapshot.get('held') or 0} held"])


def plain_event(event: Mapping[str, Any]) -> str:
    """One line about an event, for output without a terminal."""
    return f"{clock_text(event.get('at'))}  {event.get('stream', ''):<8} {event.get('text', '')}"
