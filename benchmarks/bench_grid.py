"""One control minute: readings in, thermal states, forecast, projected states and risk out, for a whole fleet.

Run: ``python benchmarks/bench_grid.py [--feeders N] [--json]``. Beside each time stands its floor: what it takes here,
in this run, to read and write the same bytes of state once (a numpy copy), which no kernel can beat.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.grid import thermal
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, FeederModel
from linkbox.grid.outlook import look_ahead
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.risk import assess

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
WARM_UP_MINUTES = 20


def fleet_of(feeders: int) -> Fleet:
    """Feeders with the usual fuses and cables in turn."""
    fuses, cables = (200, 315, 400), ("4c_.1", "3c_95_SAC_XC", "3c_185_SAC_XC", "3c_300_SAC_XC")
    return Fleet.of(
        [
            FeederModel(
                feeder_id=FeederId(f"F{i}"),
                substation=f"S{i // 5}",
                fuse=FUSES[fuses[i % 3]],
                cable=CABLES[cables[i % 4]],
                transformer=TRANSFORMERS[500],
            )
            for i in range(feeders)
        ]
    )


def arrays_of(value: object) -> list[NDArray[Any]]:
    """Every array in a state, the forecast's included."""
    found: list[NDArray[Any]] = []
    for field in fields(value):  # type: ignore[arg-type]  # only ever called with dataclass instances
        held = getattr(value, field.name)
        if isinstance(held, np.ndarray):
            found.append(held)
        elif hasattr(held, "__dataclass_fields__"):
            found += arrays_of(held)
        elif isinstance(held, tuple):
            found += [a for a in held if isinstance(a, np.ndarray)]
    return found


def best_ms(work: Callable[[], object], repeats: int = 5) -> float:
    """Milliseconds of the best of several runs."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000.0 * min(times)


def copy_ms(arrays: list[NDArray[Any]]) -> float:
    """The floor: read and write all of it once."""
    targets = [np.empty_like(a) for a in arrays]

    def copy() -> None:
        for target, source in zip(targets, arrays, strict=True):
            np.copyto(target, source)

    copy()
    return best_ms(copy)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeders", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    count = arguments.feeders
    fleet, rng = fleet_of(count), np.random.default_rng(1)
    # one feeder in a hundred is loaded over its fuse, so that the inversions have work
    mean_a = np.where(np.arange(count)[:, None] % 100 == 0, 320.0, 80.0)
    state = initial_state(fleet, START, preload_a=60.0)
    for k in range(WARM_UP_MINUTES):
        y = rng.gamma(9.0, mean_a / 9.0, (count, 3))
        state = observe(state, fleet, current_a=y, transformer_current_a=2 * y, at=START + timedelta(minutes=k + 1))
    results = measure(state, fleet, y)
    if arguments.json:
        print(json.dumps({"bench": "control-minute", "results": results}))
        return
    for row in results:
        floor = "" if row["floor"] is None else f"  floor {row['floor']:10.2f}"
        print(f"{row['name']:28} {row['value']:12.2f} {row['unit']:8}{floor}")


def measure(state: FleetState, fleet: Fleet, y: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The rows of the result."""
    at, policy, nothing = state.at + timedelta(minutes=1), RiskPolicy(), np.zeros((len(fleet), 3))
    everything, hot = arrays_of(state), [state.fuse, state.cable]
    touched = [a for a in everything if a.shape[-2:] == (len(fleet), 3)]
    floor_all, floor_hot = copy_ms(touched), copy_ms(hot)

    def heat() -> None:
        thermal.fuse_step(state.fuse, y, fleet.fuse, 60.0)
        thermal.cable_step(state.cable, y, fleet.cable, 60.0)

    rows = [
        ("fuse_and_cable_step", best_ms(heat), "ms", floor_hot),
        (
            "observe",
            best_ms(lambda: observe(state, fleet, current_a=y, transformer_current_a=2 * y, at=at)),
            "ms",
            floor_all,
        ),
        ("look_ahead", best_ms(lambda: look_ahead(state, fleet, policy, nothing, state.at)), "ms", floor_all),
        (
            "assess_with_reasons",
            best_ms(lambda: assess(state, fleet, policy=policy, returning_a=nothing, at=state.at), 2),
            "ms",
            None,
        ),
        ("state_bytes_per_feeder", sum(a.nbytes for a in everything) / len(fleet), "bytes", None),
        ("feeders", float(len(fleet)), "count", None),
    ]
    return [{"name": n, "value": v, "unit": u, "floor": f} for n, v, u, f in rows]


if __name__ == "__main__":
    main()
