"""Figures as inline SVG that follows the page's colours (light, dark, print) and is the same for the same data."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Each colour is drawn as a stand-in and then replaced by a CSS variable, so that one drawing serves all themes.
INK, MUTED, HAIR, PAPER = "#010101", "#020202", "#030303", "#040404"
WITH, WITHOUT, FORECAST = "#050505", "#060606", "#070707"
HELD, RENEWED, RELEASED, UNKNOWN = "#080808", "#0b0b0b", "#090909", "#0a0a0a"
VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    HAIR: "hair",
    PAPER: "paper",
    WITH: "with",
    WITHOUT: "without",
    FORECAST: "forecast",
    HELD: "held",
    RENEWED: "renewed",
    RELEASED: "released",
    UNKNOWN: "unknown",
}

_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": HAIR,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": HAIR,
    "grid.linewidth": 0.5,
    "xtick.color": HAIR,
    "ytick.color": HAIR,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.3,
    "lines.solid_joinstyle": "round",
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
}


@contextmanager
def drawing(name: str, width_in: float, height_in: float) -> Iterator[Figure]:
    """A figure in the report's style. ``name`` also seeds the identifiers inside its SVG."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(width_in, height_in))
        FigureCanvasSVG(figure)
        figure.patch.set_alpha(0.0)
        yield figure


def time_axis(ax: Axes, low: float, high: float, every_h: int) -> None:
    """Hours of the day along the bottom, from ``low`` to ``high`` (hours)."""
    ticks = [hour for hour in range(math.ceil(low), math.floor(high) + 1) if hour % every_h == every_h - 1]
    if not ticks or every_h == 1:
        ticks = list(range(math.ceil(low), math.floor(high) + 1))
    ax.set_xlim(low, high)
    ax.set_xticks(ticks, [f"{hour % 24:02d}:00" for hour in ticks])
    ax.tick_params(labelbottom=True)


def to_svg(figure: Figure, name: str, *, label: str) -> str:
    """The figure as an ``<svg>`` element that scales with the page; ``label`` is its text alternative.

    Identifiers are prefixed with ``name``, so that several figures can stand in one page.
    """
    out = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r'^<svg[^>]*viewBox="([^"]+)"[^>]*>', lambda found: _open_tag(found, label), text)
    text = re.sub(r"font-family: '?DejaVu Sans'?", "font-family: var(--sans)", text)
    for stand_in, variable in VARIABLES.items():
        text = text.replace(stand_in, f"var(--{variable})")
    return text.strip()


def _open_tag(found: re.Match[str], label: str) -> str:
    # The text alternative is an attribute: a title element would follow the mouse about.
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {namespaces} viewBox="{found[1]}" role="img" aria-label="{html.escape(label)}">'
