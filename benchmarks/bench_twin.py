"""The twin: one power-flow solution next to power-grid-model in the same run, and a whole evening of a street.

Run: ``python benchmarks/bench_twin.py [--cases N] [--json]``. Both engines solve the same random cases of the IEEE
European LV feeder after series reduction, on one thread; the largest difference of head currents is part of the result.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as clock
from typing import Any

import numpy as np
import power_grid_model as pgm

from linkbox.adapters.network_tables import default_street
from linkbox.grid.topology import FeederNetwork, reduce_series
from linkbox.twin.assets import assets_for
from linkbox.twin.households import household_demand_w
from linkbox.twin.street import Street
from linkbox.twin.sweep import pack, solve
from linkbox.twin.vehicles import VehicleOptions

FIRST_LINE, SOURCE_ID, FIRST_LOAD = 10_000, 20_000, 30_000
OPTIONS: dict[str, Any] = {
    "symmetric": False,
    "calculation_method": pgm.CalculationMethod.iterative_current,
    "error_tolerance": 1e-6,
}


def best_s(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the best of several runs."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def pgm_model(feeder: FeederNetwork) -> pgm.PowerGridModel:
    """The feeder in power-grid-model, loads at zero."""
    nodes, sections = len(feeder.nodes), len(feeder.nodes) - 1
    node = pgm.initialize_array("input", "node", nodes)
    node["id"], node["u_rated"] = np.arange(nodes), feeder.source_voltage_v * np.sqrt(3.0)
    line = pgm.initialize_array("input", "line", sections)
    line["id"], line["i_n"] = FIRST_LINE + np.arange(sections), 1000.0
    line["from_node"], line["to_node"], line["from_status"], line["to_status"] = (
        feeder.branch_from,
        feeder.branch_to,
        1,
        1,
    )
    for key in ("r1", "x1", "r0", "x0"):
        line[key] = getattr(feeder, f"branch_{key}_ohm")
    for key in ("c1", "tan1", "c0", "tan0"):
        line[key] = 0.0
    source = pgm.initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"] = SOURCE_ID, 0, 1, 1.0
    source["sk"], source["rx_ratio"], source["z01_ratio"] = 1e15, 0.1, 1.0
    load = pgm.initialize_array("input", "asym_load", feeder.homes)
    load["id"], load["node"], load["status"] = FIRST_LOAD + np.arange(feeder.homes), feeder.load_node, 1
    load["type"] = pgm.LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    return pgm.PowerGridModel({"node": node, "line": line, "source": source, "asym_load": load})


def pgm_update(feeder: FeederNetwork, cases_va: Any) -> Any:
    """All cases as one batch update."""
    cases = len(cases_va)
    update = pgm.initialize_array("update", "asym_load", (cases, feeder.homes))
    update["id"] = FIRST_LOAD + np.arange(feeder.homes)
    p, q = np.zeros((cases, feeder.homes, 3)), np.zeros((cases, feeder.homes, 3))
    p[:, np.arange(feeder.homes), feeder.load_phase] = cases_va.real
    q[:, np.arange(feeder.homes), feeder.load_phase] = cases_va.imag
    update["p_specified"], update["q_specified"] = p, q
    return update


def evening(seed: int) -> None:
    """17:00 to 07:00, nobody controls."""
    feeder = default_street()
    vehicles = VehicleOptions(ev_share=0.8, session_probability=0.9, tariff_start=clock(0, 30))
    start = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
    street = Street(feeder, assets=assets_for(feeder), start=start, minutes=840, seed=seed, vehicles=vehicles)
    closed = np.ones(street.homes)
    for _ in range(840):
        street.step(closed)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    feeder = reduce_series(default_street())
    rng = np.random.default_rng(1)
    shape = (arguments.cases, feeder.homes)
    watts = rng.uniform(100, 2500, shape) + 7360.0 * (rng.random(shape) < 0.12)
    cases_va = watts * complex(1.0, 0.3287)
    packed, model, update = pack(feeder), pgm_model(feeder), pgm_update(feeder, cases_va)
    ours_a = np.array([solve(packed, case).head_current_a for case in cases_va])
    theirs_a = model.calculate_power_flow(update_data={"asym_load": update}, **OPTIONS)["source"]["i"][:, 0, :]

    def one_by_one() -> None:
        for k in range(arguments.cases):
            model.update(update_data={"asym_load": update[k]})
            model.calculate_power_flow(**OPTIONS)

    own_us = best_s(lambda: [solve(packed, case) for case in cases_va]) / arguments.cases * 1e6
    single_us = best_s(one_by_one) / arguments.cases * 1e6
    batch = best_s(lambda: model.calculate_power_flow(update_data={"asym_load": update}, threading=-1, **OPTIONS))
    batch_us = batch / arguments.cases * 1e6
    homes_s = best_s(lambda: household_demand_w(300, start_minute=1020, minutes=840, rng=np.random.default_rng(1)))
    evening_s = best_s(lambda: evening(1), repeats=3)
    results = [
        {"name": "nodes", "value": len(feeder.nodes), "unit": "nodes", "floor": None},
        {"name": "sweep, one call", "value": round(own_us, 1), "unit": "us", "floor": None},
        {"name": "power-grid-model, one call", "value": round(single_us, 1), "unit": "us", "floor": None},
        {"name": "power-grid-model, in batch", "value": round(batch_us, 1), "unit": "us", "floor": None},
        {"name": "sweep against one call", "value": round(single_us / own_us, 1), "unit": "times", "floor": 2.0},
        {"name": "sweep against batch", "value": round(batch_us / own_us, 1), "unit": "times", "floor": 1.0},
        {
            "name": "largest difference of head currents",
            "value": round(float(np.max(np.abs(ours_a - theirs_a))), 6),
            "unit": "A",
            "floor": None,
        },
        {"name": "demand of 300 homes, 840 min", "value": round(homes_s, 3), "unit": "s", "floor": None},
        {"name": "street of 55 homes", "value": round((840 + 360) / evening_s), "unit": "minutes/s", "floor": 840.0},
    ]
    if arguments.json:
        print(json.dumps({"bench": "twin", "results": results}))
        return
    for row in results:
        print(f"{row['name']:40} {row['value']} {row['unit']}")


if __name__ == "__main__":
    main()
