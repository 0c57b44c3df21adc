"""Run in an environment of its own that has cable-thermal-model (scripts/oracles.py makes it): prints JSON.

A 3 x 240 mm2 Al cable of the package's own catalogue in ground, by its finite differences: the response to a step, from
which the five shares of our recursion are fitted, and 14 days of a seeded evening load, against which it is held.
"""

from __future__ import annotations

import json
import sys

CABLE = "YMeKrvaslqwd 12/20kV 3x240 Alrm + as50"
GROUND_DEGC, RESISTIVITY, CAPACITY, DEPTH_M = 15.0, 1.2, 2.0e6, 0.5
STEP_A, STEP_DAYS = 150.0, 90
DAYS, LOAD_STEP_MIN, PEAK_A = 14, 5, 480.0
STEP_TIMES_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 960, 1440, 2880, 5760, 10080, 20160, 43200, 86400, 129600)


def evening_load_a(minutes: float, k: int) -> float:
    """Household evenings with cars in them, and a noise that anyone can make again."""
    hour, day = minutes / 60.0 % 24.0, int(minutes // 1440)
    wave = 0.30 + 0.35 * max(0.0, 1.0 - abs(hour - 18.5) / 4.0) + 0.35 * max(0.0, 1.0 - abs(hour - 21.0) / 3.0)
    noise = ((k * 7919 + day * 104729) % 1000) / 1000.0
    return PEAK_A * wave * (0.9 + 0.2 * noise)


def run(minutes: list[float], amps: list[float], *, linear: bool) -> list[float]:
    """Conductor temperatures at ``minutes``, each load holding since the moment before."""
    import pandas as pd
    from cable_thermal_model import ModelFactory, StaticEnvSoil
    from cable_thermal_model.cable.schemas.circuit_schemas import CircuitInSoilFromCableIdInputSchema

    ground = StaticEnvSoil()
    ground.add_circuit_from_cable_id(
        CircuitInSoilFromCableIdInputSchema(circuit_name="feeder", cable_id=CABLE, x=0.0, y=-DEPTH_M)
    )
    scenario = pd.DataFrame(
        {
            "load_feeder": amps,
            "ambient_temperature": GROUND_DEGC,
            "soil_thermal_resistivity": RESISTIVITY,
            "soil_thermal_capacity": CAPACITY,
        },
        index=pd.to_timedelta(minutes, unit="min"),
    )
    options = {
        "temperature_dependent_electric_resistance": not linear,
        "neglect_dielectric_loss": True,
    }
    found = ModelFactory.create_model(ground).run(scenario, run_options=options)
    return [float(v) for v in found.result.iloc[:, 0]]


def main() -> None:
    """The step with constant resistance, the days with the resistance of the temperature."""
    grid = [0.0]
    while grid[-1] < STEP_DAYS * 1440:
        grid.append(round(grid[-1] + max(1.0, min(60.0, grid[-1] // 60)), 3))
    step = run(grid, [STEP_A] * len(grid), linear=True)
    days = [float(LOAD_STEP_MIN * k) for k in range(DAYS * 1440 // LOAD_STEP_MIN + 1)]
    followed = run(days, [evening_load_a(m, k) for k, m in enumerate(days)], linear=False)
    near = [min(range(len(grid)), key=lambda i: abs(grid[i] - t)) for t in STEP_TIMES_MIN]
    json.dump(
        {
            "step": [[grid[i], step[i]] for i in near],
            "days_degc": followed,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
