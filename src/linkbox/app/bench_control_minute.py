"""One control minute of a whole fleet, from Arrow bytes to risk, next to what the memory of this machine allows.

The fleet is made up: the usual fuses and cables, 2.9 feeders to a transformer, one feeder in a thousand loaded over its
fuse. The kernel is timed over a whole cycle of thirty minutes, because some minutes verify and renew forecasts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.grid.columns import FleetColumns
from linkbox.grid.hot import HotState, initial
from linkbox.grid.minute import ControlMinute
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS
from linkbox.grid.telemetry.screen_compiled import CompiledScreen

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
WARM_UP, CYCLE = 6, 30
FEEDERS_PER_BANK = 2.9
OVERLOADED = 1000
"""One feeder in so many is loaded over its fuse, so that there is something to judge."""

Floats32 = NDArray[np.float32]


def made_up(feeders: int, seed: int = 1) -> FleetColumns:
    """A fleet in the order that the kernel likes: by fuse, cable and substation."""
    rng = np.random.default_rng(seed)
    banks = max(1, int(feeders / FEEDERS_PER_BANK))
    bank = np.sort(rng.integers(0, banks, feeders)).astype(np.int32)
    fuse, cable = rng.integers(0, 3, feeders).astype(np.int16), rng.integers(0, 4, feeders).astype(np.int16)
    order = np.lexsort((bank, cable, fuse))
    return FleetColumns(
        ids=[FeederId(f"F{i:07d}") for i in range(feeders)],
        fuse_type=fuse[order],
        cable_type=cable[order],
        bank=bank[order],
        bank_type=rng.integers(0, 3, banks).astype(np.int16),
        substations=[f"S{i:06d}" for i in range(banks)],
        fuses=tuple(FUSES[n] for n in (200, 315, 400)),
        cables=tuple(CABLES[n] for n in ("4c_.1", "3c_95_SAC_XC", "3c_185_SAC_XC", "3c_300_SAC_XC")),
        transformers=tuple(TRANSFORMERS[n] for n in (315, 500, 800)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Readings that repeat after some minutes."""

    current_a: tuple[Floats32, ...]
    bank_current_a: Floats32


def made_up_minutes(columns: FleetColumns, seed: int = 2) -> Minutes:
    """Evening currents of 60 A a phase, 300 A on the overloaded feeders, gamma-distributed."""
    rng, n = np.random.default_rng(seed), len(columns)
    mean = np.where(np.arange(n)[:, None] % OVERLOADED == 0, 300.0, 60.0).astype(np.float32)
    shape = rng.standard_gamma(9.0, (n, 3), dtype=np.float32) / np.float32(9.0)
    rows = [mean * np.roll(shape, k, axis=0) for k in range(3)]
    banks = np.full((len(columns.bank_type), 3), 200.0, dtype=np.float32)
    return Minutes(current_a=tuple(rows), bank_current_a=banks)


def touched_bytes(state: HotState) -> float:
    """What a minute must read and write at least: each hot column once in and once out, the readings, the bins, one
    quantile and one gathering sum of half of the horizons."""
    hot = ("fuse", "cable", "y", "seen", "ema", "level", "profile_sum", "profile_count", "bank", "bank_y", "bank_seen")
    both = sum(getattr(state, name).nbytes for name in hot) + (state.open_sum.nbytes + state.open_weight.nbytes) / 2
    once = state.first.nbytes + state.y.nbytes + state.z[:, 0].nbytes + 4 * state.y.nbytes
    return float(2 * both + once)


def copy_bytes_per_s(workers: int, spread: Callable[..., Any], megabytes: int = 256) -> float:
    """Bytes read plus bytes written each second by plain copies on as many threads."""
    sources = [np.ones(megabytes * 250_000 // workers, dtype=np.float32) for _ in range(workers)]
    targets = [np.zeros_like(s) for s in sources]
    best = min(_seconds(lambda: list(spread(np.copyto, targets, sources))) for _ in range(5))
    return 2.0 * sum(s.nbytes for s in sources) / best


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def results(*, feeders: int, workers: int, rows_per_message: int, end_to_end: bool = True) -> list[dict[str, Any]]:
    """All results, in the form that every bench prints. Raises ImportError without pyarrow for ``end_to_end``."""
    columns = made_up(feeders)
    minutes = made_up_minutes(columns)
    with ThreadPoolExecutor(workers) as pool:
        minute = ControlMinute(columns, workers=workers, spread=pool.map)
        state = initial(columns, START)
        walls, cpus = _kernel(minute, state, minutes)
        bandwidth = copy_bytes_per_s(workers, pool.map)
        floor = 1000.0 * touched_bytes(state) / bandwidth
        found = [
            _row("kernel_ms", float(np.median(walls)), "ms", floor),
            _row("kernel_best_ms", min(walls), "ms", floor),
            _row("kernel_worst_ms", max(walls), "ms", None),
            _row("kernel_cpu_ms", float(np.median(cpus)), "ms of processor", None),
        ]
        if end_to_end:
            from linkbox.app.bench_arrow import end_to_end as through

            found += through(
                minute,
                state,
                current_a=minutes.current_a,
                bank_current_a=minutes.bank_current_a,
                rows_per_message=rows_per_message,
                bandwidth=bandwidth,
                check=CompiledScreen(workers=workers, spread=pool.map),
            )
    found.append(_row("state_bytes", state.state_bytes, "bytes", None))
    found.append(_row("state_bytes_per_feeder", state.state_bytes / feeders, "bytes", None))
    found.append(_row("copy_bandwidth", bandwidth / 1e9, "GB/s", None))
    found.append(_row("feeders", feeders, "count", None))
    return found


def _kernel(minute: ControlMinute, state: HotState, minutes: Minutes) -> tuple[list[float], list[float]]:
    """Milliseconds of each minute of a cycle, by the clock and by the processor."""
    walls, cpus = [], []
    for k in range(WARM_UP + CYCLE):
        amps = minutes.current_a[k % len(minutes.current_a)]
        wall, cpu = time.perf_counter(), time.process_time()
        minute.observe(
            state, current_a=amps, bank_current_a=minutes.bank_current_a, at=START + timedelta(minutes=k + 1)
        )
        walls.append(1000.0 * (time.perf_counter() - wall))
        cpus.append(1000.0 * (time.process_time() - cpu))
    return walls[WARM_UP:], cpus[WARM_UP:]


def _row(name: str, value: float, unit: str, floor: float | None) -> dict[str, Any]:
    return {"name": name, "value": round(value, 4), "unit": unit, "floor": None if floor is None else round(floor, 4)}


def table(found: list[dict[str, Any]]) -> str:
    """The results as lines of text."""
    head = f"{'name':26}{'value':>16}  {'unit':16}{'floor':>12}"
    rows = [f"{r['name']:26}{r['value']:>16,.6g}  {r['unit']:16}{_floor(r['floor']):>12}" for r in found]
    return "\n".join([head, *rows])


def _floor(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"
