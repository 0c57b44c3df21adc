"""The report's figures about customers and messages: who was held when and how long, and round-trip times."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes

from linkbox.app.report_svg import (
    HAIR,
    HELD,
    INK,
    MUTED,
    RELEASED,
    RENEWED,
    UNKNOWN,
    WITH,
    drawing,
    time_axis,
    to_svg,
)
from linkbox.app.report_values import QUOTA_MIN, TARGET_S, Result, Runs, hours, number, plural, when

_WIDTH_IN = 10.4
_ON_HELD = "#1a1a1a"  # reads on the orange bars in every theme
ENDINGS = {
    "expiry": (HELD, "ended by itself when its time was over"),
    "renewal": (RENEWED, "held on by a new command"),
    "release": (RELEASED, "released early"),
    "objection": (RELEASED, "released at the customer's word"),
    "unknown": (UNKNOWN, "not confirmed by the device"),
}


@dataclass(frozen=True, slots=True)
class _Hold:
    start: float
    end: float
    ended_by: str


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer's holds over the evening."""

    name: str
    phase: str
    minutes: float
    holds: tuple[_Hold, ...]


def customers(control: Result | None) -> list[Customer]:
    """The curtailed customers, in the order in which they were first held."""
    rows: dict[str, list[Result]] = {}
    for row in (control or {}).get("curtailments") or ():
        if when(row.get("start")) and when(row.get("end")):
            rows.setdefault(str(row.get("customer", "?")), []).append(row)
    found = [
        Customer(
            name=name,
            phase=str(own[0].get("phase") or ""),
            minutes=sum(number(row.get("minutes")) or 0.0 for row in own),
            holds=tuple(
                _Hold(hours(start), hours(end), str(row.get("ended_by") or ""))
                for row in own
                if (start := when(row.get("start"))) and (end := when(row.get("end")))
            ),
        )
        for name, own in rows.items()
    ]
    return sorted(found, key=lambda customer: (min(h.start for h in customer.holds), customer.name))


def curtailments(runs: Runs) -> str:
    """When each customer's charger was held (left), and for how many minutes against the quota (right)."""
    people = customers(runs.with_)
    if not people:
        return ""
    pitch_in = 0.24 if len(people) <= 40 else 0.16
    height = 0.75 + pitch_in * len(people)
    with drawing("curtailments", _WIDTH_IN, height) as fig:
        left, right = fig.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [3.2, 1], "wspace": 0.05})
        for row, customer in enumerate(people):
            _hold_bars(left, row, customer)
            over = customer.minutes > QUOTA_MIN
            right.barh(row, customer.minutes, height=0.62, color=UNKNOWN if over else HELD, linewidth=0)
            _minutes_label(right, row, customer.minutes)
        left.set_ylim(len(people) - 0.4, -0.6)
        left.set_yticks(range(len(people)), [f"{c.name} · {c.phase}" if c.phase else c.name for c in people])
        left.tick_params(axis="y", labelcolor=INK)
        low, high = min(h.start for c in people for h in c.holds), max(h.end for c in people for h in c.holds)
        time_axis(left, math.floor(low * 2) / 2, math.ceil(high * 2) / 2, 1 if high - low < 9 else 2)
        right.axvline(QUOTA_MIN, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
        right.set_xlim(0, max(QUOTA_MIN * 1.12, max(c.minutes for c in people) * 1.12))
        right.set_xticks([0, 30, 60, 90, QUOTA_MIN])
        left.set_title("Held", pad=5)
        right.set_title(f"Minutes ({QUOTA_MIN} allowed)", pad=5)
        for ax in (left, right):
            ax.grid(visible=False)
            ax.grid(visible=True, axis="x")
            ax.spines["left"].set_visible(False)
        fig.subplots_adjust(left=0.095, right=0.985, top=1 - 0.3 / height, bottom=0.3 / height)
        worst = max(people, key=lambda c: c.minutes)
        label = (
            f"{plural(len(people), 'customer')} held; most minutes: {worst.name}, {worst.minutes:.0f} of {QUOTA_MIN}. "
            "The table below the figure lists every hold."
        )
        return to_svg(fig, "curtailments", label=label)


def _minutes_label(ax: Axes, row: int, minutes: float) -> None:
    """The number beside its bar, or inside where the quota's line would run through it."""
    inside = 0.75 * QUOTA_MIN < minutes < 1.05 * QUOTA_MIN
    x, align, colour = (minutes - 2, "right", _ON_HELD) if inside else (minutes + 2, "left", INK)
    ax.text(x, row, f"{minutes:.0f}", va="center", ha=align, color=colour, fontsize=7.5)


def _hold_bars(ax: Axes, row: int, customer: Customer) -> None:
    for hold in customer.holds:
        colour, _ = ENDINGS.get(hold.ended_by, ENDINGS["unknown"])
        width = max(hold.end - hold.start, 1 / 60)
        if hold.ended_by not in ENDINGS or hold.ended_by == "unknown":
            ax.barh(row, width, left=hold.start, height=0.62, facecolor="none", edgecolor=colour, hatch="////", lw=0.9)
        else:
            ax.barh(row, width, left=hold.start, height=0.62, color=colour, linewidth=0)


def round_trips(runs: Runs) -> str:
    """Median, 95th percentile and longest round trip of each service request, against the target."""
    requests = (runs.with_ or {}).get("service_requests") or {}
    rows = [(str(srv), row) for srv, row in sorted((requests.get("by_srv") or {}).items())]
    rows = [(srv, row) for srv, row in [*rows, ("all", requests)] if row and number(row.get("p50_s")) is not None]
    if not rows:
        return ""
    height = 0.6 + 0.3 * len(rows)
    with drawing("roundtrips", _WIDTH_IN, height) as fig:
        ax = fig.subplots()
        longest = 0.0
        for index, (_, row) in enumerate(rows):
            p50 = number(row.get("p50_s")) or 0.0
            p95, most = (number(row.get(key)) for key in ("p95_s", "max_s"))
            end = most if most is not None else p95 if p95 is not None else p50
            longest = max(longest, end)
            ax.plot([p50, end], [index, index], color=HAIR, linewidth=2.5, solid_capstyle="round", zorder=1)
            ax.plot([p50], [index], "o", color=WITH, markersize=7, zorder=3)
            if p95 is not None:
                ax.plot([p95], [index], "D", color=WITH, markersize=5.5, zorder=3)
            if most is not None:
                ax.plot([most], [index], "|", color=INK, markersize=11, markeredgewidth=1.6, zorder=4)
        ax.axvline(TARGET_S, color=INK, linewidth=1.0, linestyle=(0, (4, 2)), zorder=0)
        ax.text(TARGET_S + 0.2, -0.62, f"target {TARGET_S} s", color=INK, va="center", fontsize=7.5)
        ax.set_ylim(len(rows) - 0.4, -0.9)
        ax.set_yticks(range(len(rows)), [_row_name(srv, row) for srv, row in rows])
        ax.tick_params(axis="y", labelcolor=INK)
        ax.set_xlim(0, max(TARGET_S * 1.1, longest * 1.05))
        ax.set_xlabel("seconds", loc="right", color=MUTED)
        ax.grid(visible=False)
        ax.grid(visible=True, axis="x")
        ax.spines["left"].set_visible(False)
        fig.subplots_adjust(left=0.25, right=0.985, top=0.99, bottom=0.44 / height)
        return to_svg(fig, "roundtrips", label=f"Round trips of service requests against the target of {TARGET_S} s")


SRV_NAMES = {
    "7.5": "Activate Auxiliary Load",
    "7.6": "Deactivate Auxiliary Load",
    "7.7": "Read Auxiliary Load Switch Data",
    "7.8": "Reset Auxiliary Load",
    "all": "All service requests",
}


def _row_name(srv: str, row: Result) -> str:
    name = SRV_NAMES.get(srv, "")
    count = number(row.get("count"))
    counted = f" ({count:.0f})" if count is not None else ""
    return f"{'' if srv == 'all' else srv + ' '}{name}{counted}".strip()
