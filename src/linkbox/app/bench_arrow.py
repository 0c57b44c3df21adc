"""The end-to-end half of ``linkbox bench control-minute``: Arrow messages of concentrators in, risk out.

The same decoder and the same checks as a running watch has. Needs the extra ``arrow``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.adapters.ingest.readings_arrow import decode_arrow, encode_arrow
from linkbox.grid.hot import HotState
from linkbox.grid.minute import ControlMinute
from linkbox.grid.risk import RiskState
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, joined, no_tracks, readings
from linkbox.grid.telemetry.screen_compiled import CompiledScreen

ROUNDS = 3

Floats32 = NDArray[np.float32]


def end_to_end(
    minute: ControlMinute,
    state: HotState,
    *,
    current_a: Sequence[Floats32],
    bank_current_a: Floats32,
    rows_per_message: int,
    bandwidth: float,
    check: CompiledScreen,
) -> list[dict[str, Any]]:
    """The best of a few minutes: in all, and decoding, checking, kernel and judging apart."""
    columns = minute.columns
    index, tracks = FeederIndex(tuple(columns.ids)), no_tracks(len(columns))
    best: dict[str, float] = {}
    for k in range(ROUNDS):
        at = state.at + timedelta(minutes=1)
        messages = _messages(current_a[k % len(current_a)], index, at, rows_per_message)
        received_ms = int(at.timestamp() * 1000) + 2000
        marks = [time.perf_counter()]
        batches = [_accepted(decode_arrow(body, index, received_ms)) for body in messages]
        marks.append(time.perf_counter())
        batch = joined(batches)
        screened = check(batch, tracks)
        tracks = screened.tracks
        taken = np.full((len(columns), 3), np.nan, dtype=np.float32)
        taken[batch.feeder[screened.newest]] = batch.current_a[screened.newest]
        marks.append(time.perf_counter())
        sifted = minute.observe(state, current_a=taken, bank_current_a=bank_current_a, at=at)
        marks.append(time.perf_counter())
        _, assessments = minute.judge(state, sifted)
        marks.append(time.perf_counter())
        parts = dict(zip(("decode_s", "check_s", "kernel_s", "judge_s"), np.diff(marks).tolist(), strict=True))
        parts["end_to_end_s"] = marks[-1] - marks[0]
        best = {name: min(value, best.get(name, value)) for name, value in parts.items()}
    size = sum(len(body) for body in messages)
    acting = sum(a.state is not RiskState.NORMAL for a in assessments)
    rows: list[tuple[str, float, str, float | None]] = [
        ("end_to_end_s", best.pop("end_to_end_s"), "s", 2.0 * size / bandwidth)
    ]
    rows += [(name, value, "s", None) for name, value in best.items()]
    rows += [("message_bytes", size, "bytes", None), ("messages", len(messages), "count", None)]
    rows += [("judged", len(assessments), "count", None), ("not_normal", acting, "count", None)]
    return [{"name": n, "value": round(v, 4), "unit": u, "floor": f} for n, v, u, f in rows]


def _messages(current_a: Any, index: FeederIndex, at: datetime, rows: int) -> list[bytes]:
    """What concentrators of so many feeders send for one minute."""
    at_ms = int(at.timestamp() * 1000)
    messages = []
    for start in range(0, len(current_a), rows):
        part = np.arange(start, min(start + rows, len(current_a)), dtype=np.int32)
        batch = readings(
            feeder=part,
            at_ms=np.full(len(part), at_ms, dtype=np.int64),
            current_a=current_a[part].astype(np.float64),
            received_ms=at_ms + 1000,
        )
        messages.append(encode_arrow(batch, index, by_name=False))
    return messages


def _accepted(decoded: object) -> ReadingBatch:
    if not isinstance(decoded, ReadingBatch):
        raise TypeError(f"the bench's own message was refused: {decoded}")
    return decoded
