"""What ``linkbox bench detection`` measures: overloads seen in time, and alarms for nothing, on ENWL feeders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from linkbox.adapters.network_opendss import feeders_in_archive
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.risk import RiskState
from linkbox.study.detection import DAY_MIN, EV_SHARES, WARM_UP_MIN, FeederDay, Lived, Watched, live_all, watch
from linkbox.study.detection_quality import Quality, at_probability, in_state, quality, within
from linkbox.study.enwl import default_archive

LIMITS_S = (120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 14400)
PROBABILITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
STATES = (RiskState.AT_RISK, RiskState.IMMINENT, RiskState.EXCEEDED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """All feeder-days, what the watch said of them, and its quality by state and along two thresholds."""

    lived: Sequence[Lived]
    watched: Sequence[Watched]
    by_state: dict[str, Quality]
    by_time: dict[int, Quality]
    by_probability: dict[float, Quality]
    by_ev_share: dict[float, Quality]


def measure(*, feeders: int | None, days: int, seed: int, workers: int | None, archive: Path | None) -> Detection:
    """Simulate and watch ``days`` days of each of the first ``feeders`` feeders (None: all), with progress bars."""
    place = archive or default_archive()
    names = feeders_in_archive(place)[:feeders]
    wanted = [FeederDay(feeder=f"{place}:{name}", seed=seed * 10_000 + day) for name in names for day in range(days)]
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, disable=not console.is_terminal) as progress:
        living = progress.add_task("feeder-days lived", total=len(wanted))
        watching = progress.add_task("minutes watched", total=WARM_UP_MIN + DAY_MIN)
        lived = live_all(wanted, workers=workers or os.cpu_count() or 1, done=lambda: progress.advance(living))
        watched = watch(lived, RiskPolicy(), done=lambda _: progress.advance(watching))
    return Detection(
        lived=lived,
        watched=watched,
        by_state={state.value: quality(lived, watched, in_state(state)) for state in STATES},
        by_time={limit: quality(lived, watched, within(limit)) for limit in LIMITS_S},
        by_probability={p: quality(lived, watched, at_probability(p)) for p in PROBABILITIES},
        by_ev_share={share: _of_share(lived, watched, share) for share in EV_SHARES},
    )


def _of_share(lived: Sequence[Lived], watched: Sequence[Watched], share: float) -> Quality:
    """The imminent state on the days with this share of cars."""
    these = [i for i, day in enumerate(lived) if day.day.vehicles.ev_share == share]
    return quality([lived[i] for i in these], [watched[i] for i in these], in_state(RiskState.IMMINENT))


def results(found: Detection) -> list[dict[str, Any]]:
    """The common form of ``linkbox bench``: the imminent state's figures. The floor is that of a perfect alarm."""
    imminent = found.by_state[RiskState.IMMINENT.value]
    return [
        {"name": "sensitivity", "value": imminent.sensitivity, "unit": "of overloads, 10 min ahead", "floor": 1.0},
        {"name": "specificity", "value": imminent.specificity, "unit": "of clear days", "floor": 1.0},
        {"name": "false_per_1000_feeder_days", "value": imminent.false_per_1000_days, "unit": "alarms", "floor": 0.0},
        {"name": "lead_time_p10_min", "value": imminent.lead_p10_min, "unit": "min", "floor": 10.0},
    ]


def details(found: Detection) -> dict[str, Any]:
    """Everything, for who wants to draw it."""
    return {
        "by_state": {name: _figures(q) for name, q in found.by_state.items()},
        "by_time_to_limit_s": {str(limit): _figures(q) for limit, q in found.by_time.items()},
        "by_ev_share": {str(share): _figures(q) for share, q in found.by_ev_share.items()},
        "by_probability": {str(p): _figures(q) for p, q in found.by_probability.items()},
    }


def _figures(q: Quality) -> dict[str, Any]:
    return {
        "days": q.days,
        "overloads": q.overloads,
        "begun_over": q.begun_over,
        "borderline_days": q.borderline,
        "clear_days": q.clear,
        "seen": q.seen,
        "seen_late": q.seen_late,
        "false": q.false,
        "false_far_from_the_limit": q.false_far,
        "false_strict": q.false_strict,
        "sensitivity": q.sensitivity,
        "specificity": q.specificity,
        "false_per_1000_feeder_days": q.false_per_1000_days,
        "lead_time_p10_min": q.lead_p10_min,
    }


HEAD = (
    "alarm",
    "sensitivity",
    "seen late",
    "missed",
    "specificity",
    "false / 1,000 days",
    "of them far",
    "lead p10 min",
)


def table(found: Detection) -> str:
    """All of it as Markdown."""
    some = next(iter(found.by_state.values()))
    kinds = (
        f"{some.days} feeder-days: {some.overloads} overloads, {some.borderline} borderline, {some.clear} clear "
        f"({some.begun_over} more left out: too late before the watch began)"
    )
    rows = [(f"state {name} or worse", q) for name, q in found.by_state.items()]
    rows += [(f"imminent, {share:.0%} cars ({q.overloads} overloads)", q) for share, q in found.by_ev_share.items()]
    rows += [(f"limit within {limit // 60} min", q) for limit, q in found.by_time.items()]
    rows += [(f"probability {p:g} or more", q) for p, q in found.by_probability.items()]
    lines = [kinds, "", f"| {' | '.join(HEAD)} |", "| --- | " + " | ".join("---:" for _ in HEAD[1:]) + " |"]
    return "\n".join(lines + [f"| {' | '.join(_cells(name, q))} |" for name, q in rows])


def _cells(name: str, q: Quality) -> tuple[str, ...]:
    missed = q.overloads - q.seen - q.seen_late
    shares = (f"{q.sensitivity:.1%}", f"{q.seen_late}", f"{missed}", f"{q.specificity:.1%}")
    return (name, *shares, f"{q.false_per_1000_days:.1f}", f"{q.false_far}", f"{q.lead_p10_min:.0f}")


def draw(found: Detection, file: Path) -> None:
    """The curve over both thresholds: how many overloads are seen in time, at the price of how many false alarms."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8.0, 4.6), dpi=120, layout="constrained")
    for label, curve, colour, turn in (
        ("limit within … minutes", [(q, f"{s // 60}") for s, q in found.by_time.items()], "#0072b2", 60),
        (
            "probability of passing it at least …",
            [(q, f"{p:g}") for p, q in found.by_probability.items()],
            "#d55e00",
            -60,
        ),
    ):
        points = [(q.false_per_1000_days, 100 * q.sensitivity) for q, _ in curve]
        axes.plot(*zip(*points, strict=True), "o-", color=colour, label=label, markersize=4)
        for place, text in together(points, [text for _, text in curve]).items():
            axes.annotate(
                text,
                place,
                textcoords="offset points",
                xytext=(2, 6 if turn > 0 else -6),
                va="bottom" if turn > 0 else "top",
                rotation=turn,
                rotation_mode="anchor",
                fontsize=7,
                color=colour,
            )
    for (name, q), mark in zip(found.by_state.items(), ("s", "*", "X"), strict=True):
        axes.plot(
            q.false_per_1000_days, 100 * q.sensitivity, mark, color="#1b1f24", markersize=9, label=f"state {name}"
        )
    axes.set_ylim(top=114.0)
    axes.set_yticks(range(0, 101, 20))
    axes.set_xlabel("alarms on clear days, per 1,000 feeder-days")
    axes.set_ylabel("overloads seen 10 min ahead, %")
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.35)
    axes.set_xlim(-0.4, 300.0)
    axes.axhline(99.5, color="#5c6670", linewidth=0.8, linestyle=":")
    axes.axvline(1.0, color="#5c6670", linewidth=0.8, linestyle=":")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(fontsize=8, loc="lower right")
    figure.savefig(file)
    plt.close(figure)


def together(points: Sequence[tuple[float, float]], texts: Sequence[str]) -> dict[tuple[float, float], str]:
    """One text for each place: those of points that lie on each other are joined, so that none is written over."""
    found: dict[tuple[float, float], list[str]] = {}
    for place, text in zip(points, texts, strict=True):
        found.setdefault(place, []).append(text)
    return {place: " to ".join(dict.fromkeys((some[0], some[-1]))) for place, some in found.items()}
