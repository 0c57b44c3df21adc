"""Bars, sparklines and the colours of currents for the live terminal view."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rich.text import Text

Snapshot: TypeAlias = Mapping[str, Any]
"""The state of a run at one moment, as JSON-able values; a key that is absent is shown as not known."""

PHASE_NAMES = ("L1", "L2", "L3")
# Okabe and Ito's colours, which most colour-blind people can tell apart; words and shapes say the same again.
BLUE, ORANGE, VERMILLION, GREEN, PINK, GREY = "#56b4e9", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "grey62"
_SPARKS = " ▁▂▃▄▅▆▇█"


def current_bar(now: float | None, limit: float | None, upper: float | None, *, scale: float, cells: int) -> Text:
    """A bar of ``cells`` columns over 0..``scale`` A: solid now, dotted to the forecast, a stroke at the limit."""
    if now is None:
        return Text("no reading".center(cells, "·"), style="magenta")
    filled, forecast, mark = (_cell(value, scale, cells) for value in (now, upper, limit))
    style = load_style(now, limit)
    bar = Text()
    for cell in range(cells):
        if limit is not None and cell == min(mark, cells - 1):
            bar.append("┃", style="bold" if now <= limit else f"bold {VERMILLION}")
        elif cell < filled:
            bar.append("█", style=style)
        elif cell < forecast:
            bar.append("░", style=style)
        else:
            bar.append("─", style="grey30")
    return bar


def sparkline(values: Sequence[float | None], cells: int, *, top: float, rows: int = 1) -> str:
    """The highest value of each of ``cells`` equal parts of ``values`` on a scale 0..``top``, ``rows`` lines high."""
    levels = [_level(part, top) * rows * 8 for part in _parts(values, cells)]
    lines = []
    for row in reversed(range(rows)):
        lines.append("".join(_SPARKS[max(0, min(8, round(level - row * 8)))] for level in levels))
    return "\n".join(lines)


def _parts(values: Sequence[float | None], cells: int) -> list[Sequence[float | None]]:
    if not values:
        return [()] * cells
    bounds = [cell * len(values) // cells for cell in range(cells + 1)]
    return [values[low : max(high, low + 1)] for low, high in itertools.pairwise(bounds)]


def _level(part: Sequence[float | None], top: float) -> float:
    known = [value for value in part if value is not None]
    return max(known) / top if known and top > 0 else 0.0


def load_style(now: float | None, limit: float | None) -> str:
    """The colour of a current against its limit."""
    if now is None or limit is None or limit <= 0:
        return GREY
    if now > limit:
        return VERMILLION
    return ORANGE if now > 0.9 * limit else BLUE


def fuse_style(state: float | None) -> str:
    """The colour of a fuse's thermal state; at 1 it melts."""
    if state is None:
        return GREY
    return VERMILLION if state >= 0.8 else ORANGE if state >= 0.6 else GREY


def common_scale(snapshot: Snapshot) -> float:
    """The amperes at the right end of all three bars."""
    keys = ("current_a", "limit_a", "upper_a")
    values = [per_phase(snapshot, key, index) for key in keys for index in range(3)]
    values.append(number(snapshot.get("fuse_rated_a")))
    return 1.05 * max((value for value in values if value), default=1.0)


def recent_current(snapshot: Snapshot, index: int) -> list[float | None]:
    """The last minutes' currents of one phase, oldest first."""
    recent = snapshot.get("recent_current_a") or ()
    return [number(value) for value in recent[index]] if len(recent) > index else []


def per_phase(snapshot: Snapshot, key: str, index: int) -> float | None:
    """One phase's value under ``key``; None where it is absent or not a finite number."""
    values = snapshot.get(key)
    return number(values[index]) if isinstance(values, Sequence) and len(values) > index else None


def number(value: object) -> float | None:
    """``value`` as a float; None where it is not a finite number."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def amps(value: float | None) -> str:
    """A current in a column five wide."""
    return f"{value:3.0f} A" if value is not None else "  ? A"


def clock_text(now: object) -> str:
    """``2026-01-13T02:14:00.000Z`` as ``2026-01-13 02:14 UTC``."""
    text = str(now or "")
    return f"{text[:10]} {text[11:16]} UTC" if len(text) >= 16 else text


def _cell(value: float | None, scale: float, cells: int) -> int:
    return 0 if value is None else max(0, min(cells, round(value / scale * cells)))
