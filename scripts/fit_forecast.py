"""Fit the pooled one-minute forecast model and write ``src/linkbox/grid/forecast_model.py``.

    python scripts/fit_forecast.py [--write]

The data are simulated by the twin (households and charging sessions, winter weekdays), phases of 6 to 60 homes with 0
to 80 % cars, with and without a tariff that starts them together; a third of the phases is held out and only scored.
Every simulated day is a winter weekday, so the days that the calendar calls a week-end train the coefficients without
profile.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from linkbox.grid import forecast
from linkbox.grid.forecast import EMA_TAU_S, ForecastModel
from linkbox.twin.charging import charge, come_and_go, no_cars
from linkbox.twin.households import household_demand_w
from linkbox.twin.vehicles import VehicleOptions, draw_sessions

HORIZONS_S = (300.0, 600.0, 900.0, 1800.0)
LEVELS = (0.5, 0.8, 0.95, 0.99)
ETA = 0.02
GRAIN_A = 32.0
START = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)  # a Monday
DAYS = 9
HOMES = (6, 12, 18, 30, 60)
SHARES = (0.0, 0.3, 0.6, 0.8)
TARIFFS = (0.0, 0.5)
RIDGE = 1e-3
TARGET = Path(__file__).parents[1] / "src" / "linkbox" / "grid" / "forecast_model.py"


def phase_current_a(homes: int, share: float, tariff: float, seed: int) -> np.ndarray:
    """(minutes,) A of one phase with ``homes`` homes."""
    rng = np.random.default_rng(seed)
    minutes = DAYS * 1440
    demand = household_demand_w(homes, start_minute=720, minutes=minutes, rng=rng).sum(axis=0)
    options = VehicleOptions(ev_share=share, tariff_start=time(0, 30) if tariff else None, tariff_share=tariff)
    sessions = draw_sessions(homes, options, start_minute=720, minutes=minutes, rng=rng)
    cars, on = no_cars(homes), np.ones(homes)
    for k in range(minutes):
        cars = come_and_go(cars, sessions, at_s=k * 60.0)
        cars, power_w = charge(
            cars, sessions, options, at_s=k * 60.0, dt_s=60.0, closed_fraction=on, live=np.ones(homes, dtype=np.bool_)
        )
        demand[k] += power_w.sum()
    return np.asarray(demand / 230.0)


def simulate() -> np.ndarray:
    """(minutes, cases, 3) A; the third phase of each case is the one held out."""
    cases = [(h, s, t) for h in HOMES for s in SHARES for t in TARIFFS if s > 0 or t == 0]
    series = [[phase_current_a(h, s, t, 1000 * i + p) for p in range(3)] for i, (h, s, t) in enumerate(cases)]
    return np.array(series, dtype=np.float32).transpose(2, 0, 1)


def untrained() -> ForecastModel:
    """The shape of the model, all zero."""
    return ForecastModel(
        horizons_s=HORIZONS_S,
        levels=LEVELS,
        coefficients=np.zeros((2, len(HORIZONS_S), 1 + len(EMA_TAU_S)), dtype=np.float32),
        start_z=np.tile(np.array([0.0, 0.2, 0.4, 0.6], dtype=np.float32), (2, len(HORIZONS_S), 1)),
        eta=ETA,
        grain_a=GRAIN_A,
        source="untrained",
    )


def replay(series: np.ndarray) -> dict[str, np.ndarray]:
    """Run the production recursions and keep, every 3 minutes, the inputs and the targets of all horizons."""
    model = untrained()
    minutes, cases, _ = series.shape
    state = forecast.start(cases, model, START)
    cumulative = np.concatenate([np.zeros((1, cases, 3)), np.cumsum(series.astype(np.float64), axis=0)])
    dt_s = np.full((cases, 3), 60.0, dtype=np.float32)
    rows: dict[str, list[np.ndarray]] = {k: [] for k in ("x", "now", "then", "sigma", "level", "target", "y")}
    for k in range(minutes - 31):
        at = START + timedelta(minutes=k + 1)
        state = forecast.observe(state, model, series[k], dt_s=dt_s, at=at)
        if k < 240 or k % 3:
            continue
        rows["x"].append(np.stack([series[k], *state.ema]))
        rows["now"].append(state.profile.around(at, 0.0, 0.0))
        rows["then"].append(
            np.stack([state.profile.around(at, a, b) for a, b in zip(model.starts_s, HORIZONS_S, strict=True)])
        )
        rows["sigma"].append(forecast.predict(state, model, series[k], at=at).sigma)
        rows["level"].append(np.maximum(state.level, 1.0))
        rows["y"].append(series[k])
        ends = [int(h // 60) for h in (0.0, *HORIZONS_S)]
        rows["target"].append(
            np.stack([(cumulative[k + 1 + b] - cumulative[k + 1 + a]) / (b - a) for a, b in pairwise(ends)]).astype(
                np.float32
            )
        )
    return {k: np.array(v) for k, v in rows.items()}


def deviations(rows: dict[str, np.ndarray], with_profile: bool, h: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(samples, 5) inputs, (samples,) targets, both less their base; and the row mask they come from."""
    known = np.isfinite(rows["now"]) & np.isfinite(rows["then"][:, h])
    mask = known if with_profile else np.ones_like(known)
    base = rows["now"] if with_profile else rows["x"][:, -1]
    then = rows["then"][:, h] if with_profile else rows["x"][:, -1]
    x = (rows["x"] - base[:, None]).transpose(0, 2, 3, 1)[mask]
    return x, (rows["target"][:, h] - then)[mask], mask


def fit(rows: dict[str, np.ndarray]) -> ForecastModel:
    """Pooled ridge on deviations scaled by the level, then the quantiles of what is left."""
    model = untrained()
    coefficients, start_z = model.coefficients.copy(), model.start_z.copy()
    for kind, with_profile in enumerate((True, False)):
        for h in range(len(HORIZONS_S)):
            x, y, mask = deviations(rows, with_profile, h)
            level = rows["level"][mask]
            a, b = (x / level[:, None]).astype(np.float64), (y / level).astype(np.float64)
            gram = a.T @ a / len(a) + RIDGE * np.eye(a.shape[1])
            coefficients[kind, h] = np.linalg.solve(gram, a.T @ b / len(b))
            left = (y - x @ coefficients[kind, h]) / rows["sigma"][mask]
            start_z[kind, h] = np.quantile(left, LEVELS)
    return replace(model, coefficients=coefficients, start_z=start_z)


def score(rows: dict[str, np.ndarray], trained: dict[str, np.ndarray], model: ForecastModel) -> str:
    """Pinball against persistence with pooled empirical quantiles, and coverage of the 0.95 quantile; no tracking."""
    lines = []
    for kind, with_profile in enumerate((True, False)):
        for h, horizon_s in enumerate(HORIZONS_S):
            x, y, mask = deviations(rows, with_profile, h)
            last, sigma = x[:, 0], rows["sigma"][mask]
            tx, ty, tmask = deviations(trained, with_profile, h)
            own = np.quantile((ty - tx[:, 0]) / trained["sigma"][tmask], LEVELS)
            centre = x @ model.coefficients[kind, h]
            loss = [pinball(y, centre + z * sigma, p) for z, p in zip(model.start_z[kind, h], LEVELS, strict=True)]
            base = [pinball(y, last + z * sigma, p) for z, p in zip(own, LEVELS, strict=True)]
            cover = float(np.mean(y <= centre + model.start_z[kind, h, 2] * sigma))
            name = "with profile" if with_profile else "without"
            lines.append(f"{name} {horizon_s / 60:.0f} min: pinball {sum(loss) / sum(base):.0%}, cover {cover:.3f}")
    return "\n".join(lines)


def pinball(y: np.ndarray, q: np.ndarray, p: float) -> float:
    """Mean pinball loss."""
    return float(np.mean(np.maximum(p * (y - q), (p - 1) * (y - q))))


def literal(values: np.ndarray) -> str:
    """A nested list with three decimals."""
    return np.array2string(
        values.astype(np.float64), separator=", ", precision=3, suppress_small=True, floatmode="fixed"
    )


def source_text(model: ForecastModel) -> str:
    """The module."""
    return f'''"""The pooled forecast model that every feeder starts with; written by scripts/fit_forecast.py."""

from __future__ import annotations

import numpy as np

from linkbox.grid.forecast import ForecastModel

ONE_MINUTE_MODEL = ForecastModel(
    horizons_s={model.horizons_s},
    levels={model.levels},
    coefficients=np.array({literal(model.coefficients)}, dtype=np.float32),
    start_z=np.array({literal(model.start_z)}, dtype=np.float32),
    eta={model.eta},
    grain_a={model.grain_a},
    source=(
        "pooled ridge on simulated one-minute phase currents (twin households and charging sessions, winter weekdays,"
        " phases of 6 to 60 homes, 0 to 80 % cars); not yet fitted to measured one-minute data"
    ),
)
'''


def main() -> None:
    """Fit, score on held-out phases, and write the module if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    series = simulate()
    held_out = series[:, :, 2:].repeat(3, axis=2)
    fitted = replay(np.concatenate([series[:, :, :2], series[:, :, :1]], axis=2))
    model = fit(fitted)
    print(literal(model.coefficients), literal(model.start_z), sep="\n")
    print(score(replay(held_out), fitted, model))
    if asked.write:
        TARGET.write_text(source_text(model))


if __name__ == "__main__":
    main()
