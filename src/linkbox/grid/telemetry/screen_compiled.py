"""``screen`` for a large fleet: the same flags, rows and tracks, bit for bit, compiled and on several threads.

``screen`` says what the checks are, and ``tests/grid/test_screening_compiled.py`` holds the two equal. The first call
on a machine compiles for some seconds; a small fleet stays with the columns and never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.telemetry import screen_kernel
from linkbox.grid.telemetry.batch import ReadingBatch
from linkbox.grid.telemetry.quality import REFUSING, Quality, QualityPolicy
from linkbox.grid.telemetry.screen import Screened
from linkbox.grid.telemetry.tracks import Tracks

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]

_WORTH_A_THREAD = 4096
"""Feeders and readings below which a part is not divided further."""


class CompiledScreen:
    """A ``screen`` on ``workers`` threads, with ``spread`` as for ``grid.minute.ControlMinute``; the same results."""

    def __init__(self, *, workers: int = 1, spread: Spread = map) -> None:
        self._workers, self._spread = workers, spread

    def __call__(self, batch: ReadingBatch, tracks: Tracks, *, policy: QualityPolicy | None = None) -> Screened:
        """As ``screen``."""
        rows, rules = _rows(batch), _rules(policy or QualityPolicy())
        n = len(tracks)
        in_order = screen_kernel.is_ascending(rows.feeder)
        order = np.zeros(0, dtype=np.int64) if in_order else screen_kernel.by_feeder(rows.feeder, n)
        parts = self._parts(rows.feeder if in_order else rows.feeder[order], n)
        old = screen_kernel.Memory(*(getattr(tracks, f.name) for f in fields(Tracks)))
        new = screen_kernel.Memory(*(np.empty_like(column) for column in old))
        flags, newest = np.empty(len(batch), dtype=np.uint16), np.empty(len(batch), dtype=np.intp)
        counts = np.zeros((len(parts), screen_kernel.KINDS), dtype=np.int64)

        def check(k: int) -> int:
            shared = (order, rows, old, new, rules, flags, newest, counts[k])
            return int(screen_kernel.screen_part(parts[k], *shared))

        kept = list(self._spread(check, range(len(parts))))
        found = dict(zip(Quality, counts.sum(axis=0).tolist(), strict=True))
        return Screened(
            flags=flags,
            accepted=np.flatnonzero((flags & REFUSING) == 0),
            newest=np.concatenate([newest[p[0] : p[0] + k] for p, k in zip(parts, kept, strict=True)]),
            counts={quality: count for quality, count in found.items() if count},
            tracks=Tracks(**new._asdict()),
        )

    def _parts(self, feeder: NDArray[np.int32], n: int) -> NDArray[np.int64]:
        """(parts, 4): readings and feeders of each, no feeder in two of them; several for a thread, so that one that is
        kept waiting does not keep the others."""
        size = max(len(feeder), n)
        count = min(4 * self._workers, size // _WORTH_A_THREAD) if self._workers > 1 else 1
        edges = np.linspace(0, n, max(count, 1) + 1).astype(np.int64)
        if len(feeder) > n // 2:  # as many readings to each part, where the readings are the work
            edges[1:-1] = np.clip(feeder[np.linspace(0, len(feeder), len(edges)).astype(np.int64)[1:-1]], 0, n)
        ends = np.searchsorted(feeder, edges)
        ends[0], ends[-1] = 0, len(feeder)
        return np.column_stack([ends[:-1], ends[1:], edges[:-1], edges[1:]])


def _rows(batch: ReadingBatch) -> screen_kernel.Rows:
    """The columns as the kernel takes them; where all rows of the transformer are one in memory, that one."""
    bank = batch.transformer_current_a
    alike = len(bank) > 0 and bank.strides[0] == 0
    columns = (
        batch.feeder,
        batch.at_ms,
        batch.window_s,
        batch.current_a,
        bank[:1] if alike else bank,
        batch.received_ms,
    )
    feeder, at_ms, window_s, amps, bank, received_ms = (_closed(column) for column in columns)
    return screen_kernel.Rows(feeder, at_ms, window_s, amps, bank, 0 if alike else 1, received_ms)


def _closed(column: NDArray[Any]) -> NDArray[Any]:
    """In one piece of memory and read-only: one kind of argument, one compilation."""
    piece = np.ascontiguousarray(column)
    piece.setflags(write=False)
    return piece


def _rules(policy: QualityPolicy) -> screen_kernel.Rules:
    return screen_kernel.Rules(
        impossible_a=float(policy.impossible_a),
        late_ms=1000.0 * policy.late_after_s,
        future_ms=1000.0 * policy.future_tolerance_s,
        stuck_after=int(policy.stuck_after),
        clock_after=int(policy.clock_after),
        clock_ahead_s=float(policy.clock_ahead_s),
        clock_behind_s=float(policy.clock_behind_s),
        clock_leak_s=np.float32(policy.clock_leak_s),
        swapped_after=int(policy.swapped_after),
        swapped_ratio=float(policy.swapped_ratio),
        swapped_least=float(policy.swapped_min_a**2),
        swapped_memory=float(policy.swapped_memory),
        swapped_adopt=int(policy.swapped_adopt),
    )
