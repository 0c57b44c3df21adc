"""What ``linkbox readings`` works out: flags of files, and tables on one time base."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from linkbox.adapters.ingest.files import read_files
from linkbox.app.watch_fleet import read_fleet
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.grid.telemetry import FeederIndex, Quality, ReadingBatch, no_tracks, screen
from linkbox.grid.telemetry.timebase import Aligned, to_base
from linkbox.grid.telemetry.unaligned import MeanBound, WindowMean, bounded_mean

_EXAMPLES = 5
_MOST_CELLS = 50_000_000
_PHASES = ("l1", "l2", "l3")
_AMPS, _VOLTS = ("a", "covered_s", "held_s"), ("v_low", "v_high", "v_estimate")
COLUMNS = (
    "feeder_id",
    "start",
    *(f"{phase}_{what}" for phase in _PHASES for what in _AMPS),
    "resolution_s",
    *(f"{phase}_{what}" for phase in _PHASES for what in _VOLTS),
)


def checked(files: list[Path], fleet: Path) -> dict[str, Any]:
    """Readings, accepted ones, and of each flag the count and the first few readings that carry it."""
    index = FeederIndex([f.feeder_id for f in read_fleet(fleet)])
    batch = read_files(files, index)
    screened = screen(batch, no_tracks(len(index)))
    flagged = {}
    for quality in Quality:
        rows = np.flatnonzero(screened.flags & quality.bit)
        if len(rows):
            examples = [_named(batch, int(row), index) for row in rows[:_EXAMPLES]]
            facts = {"count": len(rows), "refused": quality.refuses, "rule": quality.rule, "first": examples}
            flagged[quality.value] = facts
    return {"readings": len(batch), "accepted": len(screened.accepted), "flags": flagged}


def checked_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{found['accepted']} of {found['readings']} readings accepted"]
    for name, facts in found["flags"].items():
        fate = "refused" if facts["refused"] else "noted"
        lines.append(f"{name}: {facts['count']} {fate}: {facts['rule']}")
        lines += [f"  {e['feeder_id'] or 'a feeder that is not in the fleet'} at {e['at']}" for e in facts["first"]]
    return "\n".join(lines)


def write_aligned(
    files: list[Path], fleet: Path, out: Path, *, base_s: float, hold_s: float, limits_v: tuple[float, float]
) -> int:
    """Write one row for each feeder and base period in which anything is known; return how many."""
    index = FeederIndex([f.feeder_id for f in read_fleet(fleet)])
    whole = read_files(files, index)
    batch = whole.take(screen(whole, no_tracks(len(index))).accepted)
    if not len(batch):
        raise InvalidInput("readings", [Issue(where="files", value="0 readings", rule="none of them is acceptable")])
    base_ms = round(1000.0 * base_s)
    earliest = int((batch.at_ms - np.rint(1000.0 * batch.window_s).astype(np.int64)).min())
    start_ms = earliest // base_ms * base_ms
    steps = int((int(batch.at_ms.max()) + round(1000.0 * hold_s) - start_ms) // base_ms) + 1
    if steps * len(index) > _MOST_CELLS:
        rule = "is too much for one table: fewer days, fewer feeders or a longer base"
        value = f"{steps} periods of {len(index)} feeders"
        raise InvalidInput("readings", [Issue(where="files", value=value, rule=rule)])
    aligned = to_base(batch, feeders=len(index), start_ms=start_ms, steps=steps, base_s=base_s, hold_s=hold_s)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        rows = 0
        for row in _rows(batch, aligned, index, limits_v):
            writer.writerow(row)
            rows += 1
    return rows


def _rows(
    batch: ReadingBatch, aligned: Aligned, index: FeederIndex, limits_v: tuple[float, float]
) -> Iterator[list[str]]:
    for feeder in np.unique(batch.feeder).tolist():
        own = batch.take(batch.feeder == feeder)
        windows = [_windows(own, phase) for phase in range(3)]
        for step in range(aligned.mean_a.shape[1]):
            start_s = aligned.start_ms / 1000.0 + step * aligned.base_s
            volts = [_volts(w, start_s, start_s + aligned.base_s, limits_v) for w in windows]
            if not aligned.covered_s[feeder, step].any() and not any(volts):
                continue
            row = [index.ids[feeder], format_utc(datetime.fromtimestamp(start_s, UTC))]
            for phase in range(3):
                place = (feeder, step, phase)
                known = aligned.covered_s[place] > 0.0
                row += [f"{aligned.mean_a[place]:.3f}" if known else ""]
                row += [f"{aligned.covered_s[place]:g}", f"{aligned.held_s[place]:g}"]
            row.append(f"{aligned.resolution_s[feeder, step]:g}")
            for found in volts:
                row += ["", "", ""] if found is None else [f"{v:.2f}" for v in (found.low, found.high, found.estimate)]
            yield row


def _windows(own: ReadingBatch, phase: int) -> list[WindowMean]:
    known = np.isfinite(own.voltage_v[:, phase]) & (own.window_s > 0.0)
    times = zip(own.at_ms[known].tolist(), own.window_s[known].tolist(), own.voltage_v[known, phase], strict=True)
    return [WindowMean(start_s=at / 1000.0 - w, end_s=at / 1000.0, mean=float(v)) for at, w, v in times]


def _volts(windows: list[WindowMean], start_s: float, end_s: float, limits_v: tuple[float, float]) -> MeanBound | None:
    """The bound from the windows that touch the period; None where there is none, or where they contradict."""
    near = [w for w in windows if w.start_s < end_s and w.end_s > start_s]
    if not near:
        return None
    found = bounded_mean(near, start_s, end_s, lowest=limits_v[0], highest=limits_v[1])
    return found if isinstance(found, MeanBound) else None


def _named(batch: ReadingBatch, row: int, index: FeederIndex) -> dict[str, str | None]:
    feeder = int(batch.feeder[row])
    at = datetime.fromtimestamp(int(batch.at_ms[row]) / 1000.0, UTC)
    return {"feeder_id": index.ids[feeder] if feeder >= 0 else None, "at": format_utc(at)}
