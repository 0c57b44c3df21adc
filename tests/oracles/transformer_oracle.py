"""Run in an environment of its own that has transformer-thermal-model (scripts/oracles.py makes it): prints JSON.

Five days of a seeded random load with an overload in it, every 5 minutes, and two ambient days, by the package's own
model of a distribution transformer, with the specifications that Linkbox uses.
"""

from __future__ import annotations

import json
import sys

CASES = (
    {"kva": 500, "rated_a": 666.7, "no_load_w": 459.0, "load_w": 3900.0, "step_min": 5, "scale": 0.9, "seed": 1},
    {"kva": 315, "rated_a": 420.0, "no_load_w": 324.0, "load_w": 2800.0, "step_min": 15, "scale": 1.4, "seed": 2},
)
DAYS = 5
RISE_K, GRADIENT_K = 55.0, 23.0


def load_pu(case: dict[str, float], n: int) -> list[float]:
    """A load that anyone can make again: a daily wave and a linear congruential generator's noise."""
    state, out = int(case["seed"]), []
    for k in range(n):
        state = (1103515245 * state + 12345) % 2**31
        hour = k * case["step_min"] / 60.0 % 24.0
        wave = 0.35 + 0.65 * max(0.0, 1.0 - abs(hour - 19.0) / 5.0)
        out.append(case["scale"] * wave * (0.8 + 0.4 * state / 2**31))
    return out


def ambient_degc(case: dict[str, float], n: int) -> list[float]:
    """10 degC and 8 K up and down each day."""
    return [10.0 + 8.0 * (1.0 - abs((k * case["step_min"] / 720.0) % 2.0 - 1.0)) for k in range(n)]


def main() -> None:
    """Run the package on every case."""
    from datetime import UTC, datetime, timedelta

    import transformer_thermal_model as package
    from transformer_thermal_model.model import Model
    from transformer_thermal_model.schemas import InputProfile, UserTransformerSpecifications
    from transformer_thermal_model.transformer import DistributionTransformer

    found = []
    start = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # the package knows no zones
    for case in CASES:
        n = int(DAYS * 1440 / case["step_min"])
        profile = InputProfile.create(
            datetime_index=[start + timedelta(minutes=case["step_min"] * k) for k in range(n)],
            load_profile=[case["rated_a"] * pu for pu in load_pu(case, n)],
            ambient_temperature_profile=ambient_degc(case, n),
        )
        specs = UserTransformerSpecifications(
            load_loss=case["load_w"],
            nom_load_sec_side=case["rated_a"],
            no_load_loss=case["no_load_w"],
            amb_temp_surcharge=0,
            top_oil_temp_rise=RISE_K,
            winding_oil_gradient=GRADIENT_K,
            hot_spot_fac=1.0,
        )
        result = Model(temperature_profile=profile, transformer=DistributionTransformer(user_specs=specs)).run()
        found.append(
            {
                "case": case,
                "top_oil_degc": [float(v) for v in result.top_oil_temp_profile],
                "hot_spot_degc": [float(v) for v in result.hot_spot_temp_profile],
            }
        )
    version = getattr(package, "__version__", "")
    json.dump({"version": version, "cases": found}, sys.stdout)


if __name__ == "__main__":
    main()
