"""The report's figures over time: currents, fuse state, temperatures. Each is an inline SVG, or "" without data."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from linkbox.app.report_svg import (
    FORECAST,
    HELD,
    INK,
    MUTED,
    WITH,
    WITHOUT,
    drawing,
    time_axis,
    to_svg,
)
from linkbox.app.report_values import (
    PHASE_NAMES,
    Result,
    Runs,
    figure,
    hours,
    number,
    one_series,
    per_phase,
    times,
    when,
)

_WIDTH_IN = 10.4
_COLOUR = {"without": WITHOUT, "with": WITH}


def currents(result: Result, runs: Runs) -> str:
    """Phase currents of both runs with fuse rating, allowable current, forecast and the chargers held, per phase."""
    if not any(per_phase(run, "series", "current_a") for _, _, run in runs.each()):
        return ""
    rated = number((result.get("street") or {}).get("fuse_a"))
    held = [_held_steps(runs.with_, phase) for phase in PHASE_NAMES]
    rows = [1.85 + (0.42 if steps else 0.0) for steps in held]
    with drawing("currents", _WIDTH_IN, sum(rows) + 1.1) as fig:
        top = max(_top(runs), (rated or 0.0)) * 1.1
        grid = fig.add_gridspec(3, 1, height_ratios=rows, hspace=0.3)
        for index, steps in enumerate(held):
            inner = grid[index].subgridspec(2 if steps else 1, 1, height_ratios=[5, 1] if steps else [1], hspace=0.1)
            ax = fig.add_subplot(inner[0])
            _current_phase(ax, runs, index, rated)
            ax.set_ylim(0, top)
            ax.set_title(f"{PHASE_NAMES[index]}, A", pad=4)
            _hours(ax, runs)
            _mark_tariff(ax, (result.get("street") or {}).get("tariff_start"), named=index == 0)
            if steps:
                ax.tick_params(labelbottom=False)
                _held_bands(ax, steps)
                _held_strip(fig.add_subplot(inner[1]), steps, runs)
        fig.subplots_adjust(left=0.04, right=0.905, top=0.97, bottom=0.04)
        return to_svg(fig, "currents", label=_currents_label(runs, rated))


def _current_phase(ax: Axes, runs: Runs, index: int, rated: float | None) -> None:
    control = runs.with_
    allowable, upper = per_phase(control, "allowable_a"), per_phase(control, "upper_a")
    now, at = per_phase(control, "series", "current_a"), times(control)
    if upper and now and at:
        ax.fill_between(at, now[index], upper[index], color=FORECAST, alpha=0.35, linewidth=0, zorder=1)
    for key, _, run in runs.each():
        series, at = per_phase(run, "series", "current_a"), times(run)
        if series and at:
            ax.plot(at, series[index], color=_COLOUR[key], zorder=3 if key == "with" else 2)
            _mark_blow(ax, run, index, at, series[index], _COLOUR[key])
    if allowable and (at := times(control)):
        ax.plot(at, allowable[index], color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=4)
        _end_label(ax, "allowable", _last(allowable[index]), INK, rated)
    if rated:
        ax.axhline(rated, color=MUTED, linewidth=0.9, linestyle=(0, (1, 1.6)), zorder=1)
        _end_label(ax, "fuse rating", rated, MUTED, _last(allowable[index]) if allowable else None)


def _mark_blow(ax: Axes, run: Result, index: int, at: Sequence[float], series: Sequence[float], colour: str) -> None:
    blown = when(run.get("fuse_blown_at"))
    if blown is None or PHASE_NAMES[index] not in (run.get("blown_phases") or ()):
        return
    x = hours(blown)
    before = [value for moment, value in zip(at, series, strict=False) if moment <= x and not math.isnan(value)]
    level = next((value for value in reversed(before) if value > 0), 0.0)
    ax.axvline(x, color=colour, linewidth=0.8, alpha=0.7, zorder=1)
    ax.plot([x], [level], marker="X", markersize=8, color=colour, markeredgecolor="none", zorder=6)
    ax.annotate(
        f"fuse blew {blown:%H:%M}",
        (x, level),
        xytext=(8, 2),
        textcoords="offset points",
        color=colour,
        fontweight="bold",
        va="center",
        zorder=7,
    )


def _mark_tariff(ax: Axes, start: object, *, named: bool) -> None:
    """A faint line where the cheap tariff begins (``HH:MM``), if that is within the axis."""
    if not isinstance(start, str) or len(start) != 5:
        return
    low, high = ax.get_xlim()
    of_day = int(start[:2]) + int(start[3:]) / 60
    x = of_day + 24 * math.ceil((low - of_day) / 24)
    if x < high:
        ax.axvline(x, color=MUTED, linewidth=0.7, linestyle=(0, (3, 3)), zorder=0)
        if named:
            ax.annotate(
                f"cheap tariff {start}",
                (x, 1),
                xycoords=("data", "axes fraction"),
                xytext=(-4, -2),
                textcoords="offset points",
                color=MUTED,
                ha="right",
                va="top",
                fontsize=7.5,
            )


def _held_steps(control: Result | None, phase: str) -> list[tuple[float, int]]:
    """How many of a phase's chargers were held, from each moment of change on; empty where none ever was."""
    edges: dict[float, int] = {}
    for row in (control or {}).get("curtailments") or ():
        start, end = when(row.get("start")), when(row.get("end"))
        if row.get("phase") == phase and start and end:
            edges[hours(start)] = edges.get(hours(start), 0) + 1
            edges[hours(end)] = edges.get(hours(end), 0) - 1
    running, steps = 0, []
    for x in sorted(edges):
        running += edges[x]
        steps.append((x, running))
    return steps


def _held_bands(ax: Axes, steps: Sequence[tuple[float, int]]) -> None:
    """A tint behind the current while at least one charger was held."""
    begin = None
    for x, count in steps:
        if count and begin is None:
            begin = x
        elif not count and begin is not None:
            ax.axvspan(begin, x, color=HELD, alpha=0.13, linewidth=0, zorder=0)
            begin = None


def _held_strip(ax: Axes, steps: Sequence[tuple[float, int]], runs: Runs) -> None:
    most = max(count for _, count in steps)
    ax.fill_between([x for x, _ in steps], [count for _, count in steps], step="post", color=HELD, linewidth=0)
    ax.set_ylim(0, most * 1.1)
    ax.set_yticks([])
    ax.grid(visible=False)
    _hours(ax, runs)
    ax.text(1.008, 0.4, f"held, up to {most}", transform=ax.transAxes, color=INK, va="center", fontsize=7.5)


def fuse_states(runs: Runs) -> str:
    """The thermal state of each phase's fuse, with and without control; at 1 it melts."""
    if not any(per_phase(run, "series", "fuse_state") for _, _, run in runs.each()):
        return ""
    with drawing("fuse", _WIDTH_IN, 2.5) as fig:
        axes = fig.subplots(1, 3, sharey=True, gridspec_kw={"wspace": 0.06})
        for index, ax in enumerate(axes):
            for key, _, run in runs.each():
                series, at = per_phase(run, "series", "fuse_state"), times(run)
                if series and at:
                    ax.plot(at, series[index], color=_COLOUR[key], zorder=3 if key == "with" else 2)
            ax.axhline(1.0, color=INK, linewidth=1.0, zorder=1)
            ax.set_ylim(0, 1.12)
            ax.set_title(PHASE_NAMES[index], pad=4)
            _hours(ax, runs, every_h=4)
        axes[0].annotate("melts", (0.015, 1.015), xycoords=("axes fraction", "data"), color=INK, va="bottom")
        fig.subplots_adjust(left=0.045, right=0.985, top=0.9, bottom=0.1)
        worst = [
            f"{label.lower()} at most {figure(run.get('max_fuse_state'), digits=2)}" for _, label, run in runs.each()
        ]
        return to_svg(fig, "fuse", label="Fuse state per phase; 1 melts: " + ", ".join(worst))


def temperatures(result: Result, runs: Runs) -> str:
    """The hottest phase of the cable, and the transformer's hot spot."""
    panels = [
        ("Cable conductor, hottest phase, °C", [(key, times(run), _hottest(run)) for key, _, run in runs.each()]),
        (
            "Transformer hot spot, °C",
            [(key, times(run), one_series(run, "series", "hot_spot_degc")) for key, _, run in runs.each()],
        ),
        (
            "Cars drawing",
            [(key, times(run), one_series(run, "series", "cars_drawing")) for key, _, run in runs.each()],
        ),
    ]
    limit = number((result.get("street") or {}).get("cable_limit_degc"))
    panels = [panel for panel in panels if any(at and values for _, at, values in panel[1])]
    if not panels:
        return ""
    with drawing("temperatures", _WIDTH_IN, 2.5) as fig:
        axes = fig.subplots(1, len(panels), squeeze=False, gridspec_kw={"wspace": 0.16})[0]
        for ax, (title, lines) in zip(axes, panels, strict=True):
            for key, at, values in lines:
                if at and values:
                    ax.plot(at, values, color=_COLOUR[key], zorder=3 if key == "with" else 2)
            ax.set_title(title, pad=4)
            if limit is not None and title.startswith("Cable"):
                ax.axhline(limit, color=INK, linewidth=1.0, zorder=1)
                ax.annotate(
                    f"limit {limit:.0f}", (0.015, limit), xycoords=("axes fraction", "data"), color=INK, va="bottom"
                )
            ax.set_ylim(bottom=0)
            ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
            _hours(ax, runs, every_h=4)
        fig.subplots_adjust(left=0.045, right=0.985, top=0.9, bottom=0.1)
        return to_svg(
            fig, "temperatures", label="; ".join(title for title, _ in panels) + ", over the evening and night"
        )


def _hottest(run: Result) -> list[float] | None:
    phases = per_phase(run, "series", "cable_degc")
    return [max(values) for values in zip(*phases, strict=False)] if phases else None


def _hours(ax: Axes, runs: Runs, every_h: int = 2) -> None:
    at = [moment for _, _, run in runs.each() for moment in (times(run) or ())]
    if at:
        time_axis(ax, min(at), max(at), every_h)


def _end_label(ax: Axes, text: str, level: float | None, colour: str, other: float | None) -> None:
    """A label to the right of the axes, moved aside where another one stands close."""
    if level is None:
        return
    near = other is not None and abs(level - other) < 26
    offset = (5 if level >= (other or 0) else -5) if near else 0
    ax.annotate(
        f"{text} {level:.0f}",
        (1.008, level),
        xycoords=("axes fraction", "data"),
        xytext=(0, offset),
        textcoords="offset points",
        color=colour,
        va="center",
        fontsize=7.5,
        annotation_clip=False,
    )


def _top(runs: Runs) -> float:
    values: list[float] = []
    for _, _, run in runs.each():
        for keys in (("series", "current_a"), ("allowable_a",), ("upper_a",)):
            values += [v for phase in per_phase(run, *keys) or () for v in phase if not math.isnan(v)]
    return max(values, default=1.0)


def _last(values: Sequence[float]) -> float | None:
    return next((value for value in reversed(values) if not math.isnan(value)), None)


def _currents_label(runs: Runs, rated: float | None) -> str:
    parts = [f"Current of each phase over the evening and night, against the fuse rating of {figure(rated, 'A')}"]
    for _, label, run in runs.each():
        series = per_phase(run, "series", "current_a")
        if series:
            peaks = (
                f"{name} {max((v for v in s if not math.isnan(v)), default=0):.0f} A"
                for name, s in zip(PHASE_NAMES, series, strict=True)
            )
            parts.append(f"{label}, peaks: {', '.join(peaks)}")
    return ". ".join(parts)
