"""The forecast on measured data that it has not seen: pinball loss against persistence, and coverage.

34 LV-substation series of 15-minute means (LINKBOX_DATA, file lv-substations-34-15min.csv.xz). Coefficients, start
quantiles and persistence's own error quantiles come from the first half; the second half is scored as it would be in
service: each forecast is made with what was known then, quantiles track online, and each night the day that is over is
added to the fit. The shape of the model (power of the spread, weights, step) was chosen within the first half too.
"""

from __future__ import annotations

import csv
import lzma
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.base.errors import InvalidInput, Issue
from linkbox.grid import forecast
from linkbox.grid.forecast import ForecastModel
from linkbox.grid.refit import Equations, Moment, fit, moment, outcomes, pinball, refit, replay, samples_of, untrained

STEP_S = 900.0
HORIZONS_S = (900.0, 1800.0, 2700.0, 3600.0)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
ETA = 0.08
SPREAD_POWER = 0.75
DAY = 96
FILE = "lv-substations-34-15min.csv.xz"
SERIES = 34

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """``history`` (moments, 12, 3) kW: 34 series, the last two places missing; the first reading ends STEP_S after
    ``start``."""

    start: datetime
    history: Floats32

    def at(self, k: int) -> datetime:
        """When reading ``k`` ends."""
        return self.start + timedelta(seconds=STEP_S * (k + 1))


def load(folder: Path | None = None) -> Series:
    """The measured series. Raises InvalidInput where the file is missing."""
    where = folder or Path(os.environ.get("LINKBOX_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (where / FILE).is_file():
        rule = "is missing: set LINKBOX_DATA to the folder that has it"
        raise InvalidInput("measured series", [Issue(where=str(where), value=FILE, rule=rule)])
    with lzma.open(where / FILE, "rt", newline="") as text:
        rows = list(csv.reader(text))
    column = [i for i, name in enumerate(rows[0]) if name.startswith("active_power")]
    values = np.full((len(rows) - 1, 36), np.nan, dtype=np.float32)
    values[:, : len(column)] = [[float(row[i]) if row[i] else np.nan for i in column] for row in rows[1:]]
    first = datetime.fromisoformat(rows[1][0]).astimezone(UTC)
    return Series(start=first - timedelta(seconds=STEP_S), history=values.reshape(-1, 12, 3))


def fitted(series: Series, half: int) -> tuple[ForecastModel, Equations]:
    """Model and equations of the first ``half`` moments; the two empty places repeat the first series."""
    shape = untrained(HORIZONS_S, LEVELS, eta=ETA, grain_a=0.0, window_s=STEP_S, spread_power=SPREAD_POWER)
    places = np.arange(36).reshape(12, 3) < SERIES
    filled = np.where(places, series.history, series.history[:, :1, :1])[:half]
    samples = replay(filled, shape, series.start, step_s=STEP_S, skip=DAY)
    return fit(samples, shape, source="first half of the 34 series"), Equations.of(samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """By horizon: pinball loss relative to persistence, normalised mean absolute errors, and coverage of each level."""

    ratio: dict[float, float]
    error: dict[float, float]
    persistence_error: dict[float, float]
    coverage: dict[float, tuple[float, ...]]


def score(series: Series, model: ForecastModel, equations: Equations, half: int) -> Scored:
    """Follow the whole history, and score the forecasts that were made from ``half`` on."""
    issued = _issued(series, model, equations, half)
    history, ratio, error, before, cover = series.history, {}, {}, {}, {}
    for h, horizon_s in enumerate(HORIZONS_S):
        lag = int(horizon_s / STEP_S)
        ours, last, outcome = issued[:-lag, :, h], history[half:-lag], history[half + lag :]
        own = np.quantile(np.nan_to_num(history[lag:half] - history[: half - lag]), LEVELS, axis=0).astype(np.float32)
        known = np.isfinite(outcome) & np.isfinite(last)
        loss = sum(pinball(outcome[known], ours[:, q][known], p) for q, p in enumerate(LEVELS))
        base = sum(pinball(outcome[known], (last + own[q])[known], p) for q, p in enumerate(LEVELS))
        mean = float(np.mean(outcome[known]))
        ratio[horizon_s] = loss / base
        error[horizon_s] = float(np.mean(np.abs(outcome - ours[:, 0])[known])) / mean
        before[horizon_s] = float(np.mean(np.abs(outcome - last)[known])) / mean
        cover[horizon_s] = tuple(float(np.mean(outcome[known] <= ours[:, q][known])) for q in range(len(LEVELS)))
    return Scored(ratio=ratio, error=error, persistence_error=before, coverage=cover)


def _issued(series: Series, model: ForecastModel, equations: Equations, half: int) -> Floats32:
    """(moments from half on, levels, horizons, 12, 3): the quantiles that were forecast."""
    history = series.history
    targets = outcomes(np.nan_to_num(history), model, step_s=STEP_S)
    longest = int(HORIZONS_S[-1] / STEP_S)
    dt_s = np.full(history.shape[1:], STEP_S, dtype=np.float32)
    state = forecast.start(history.shape[1], model, series.start)
    moments: list[Moment] = []
    issued: list[Floats32] = []
    for k in range(len(history)):
        state = forecast.observe(state, model, history[k], dt_s=dt_s, at=series.at(k))
        if k < half:
            continue
        ahead = forecast.predict(state, model, history[k], at=series.at(k))
        issued.append(np.stack([ahead.quantile(p) for p in LEVELS]))
        moments.append(moment(state, model, history[k], at=series.at(k)))
        if len(moments) == DAY + longest:  # the outcomes of the first DAY of them are known
            first = k + 1 - len(moments)
            model, equations = refit(model, equations, samples_of(moments[:DAY], targets[first : first + DAY]))
            moments = moments[DAY:]
    return np.array(issued)


def results(*, days: int | None = None) -> list[dict[str, Any]]:
    """All results, in the form that every bench prints; ``days`` keeps the first days of the history only."""
    series = load()
    if days is not None:
        series = Series(start=series.start, history=series.history[: days * DAY])
    half = len(series.history) // 2
    model, equations = fitted(series, half)
    scored = score(series, model, equations, half)
    found = []
    for horizon_s in HORIZONS_S:
        minutes = f"{horizon_s / 60:.0f}min"
        covered = dict(zip(LEVELS, scored.coverage[horizon_s], strict=True))
        for name, value in (
            ("pinball_ratio", scored.ratio[horizon_s]),
            ("coverage_95", covered[0.95]),
            ("coverage_99", covered[0.99]),
            ("nmae", scored.error[horizon_s]),
            ("nmae_persistence", scored.persistence_error[horizon_s]),
        ):
            found.append({"name": f"{name}_{minutes}", "value": round(value, 4), "unit": "1", "floor": None})
    worst = min((scored.coverage[h][LEVELS.index(0.95)] for h in HORIZONS_S), key=lambda c: -abs(c - 0.95))
    found.insert(0, {"name": "coverage_95", "value": round(worst, 4), "unit": "1", "floor": None})
    return found


def table(found: list[dict[str, Any]]) -> str:
    """The results as lines of text."""
    values = {row["name"]: row["value"] for row in found}
    names = ("pinball_ratio", "coverage_95", "coverage_99", "nmae", "nmae_persistence")
    head = f"{'horizon':10}" + "".join(f"{name:>18}" for name in names)
    lines = [
        f"{f'{h / 60:.0f} min':10}" + "".join(f"{values[f'{name}_{h / 60:.0f}min']:>18.4f}" for name in names)
        for h in HORIZONS_S
    ]
    return "\n".join([head, *lines])
