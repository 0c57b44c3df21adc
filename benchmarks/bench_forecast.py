"""The forecast on measured data that it has not seen: pinball loss against persistence, and coverage.

Run: ``python benchmarks/bench_forecast.py [--json]``. The data are 34 LV-substation series at 15 minutes (LINKBOX_DATA,
default ``../shared/data``, file lv-substations-34-15min.csv.xz). Coefficients, start quantiles and persistence's own
error quantiles come from the first half; the second half is scored, with the quantiles tracking online as in service.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import forecast
from linkbox.grid.forecast import ForecastModel
from linkbox.grid.refit import fit, pinball, replay, untrained

STEP_S = 900.0
HORIZONS_S = (900.0, 1800.0, 2700.0, 3600.0)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
ETA = 0.08
FILE = "lv-substations-34-15min.csv.xz"


def load() -> tuple[datetime, NDArray[np.float32]]:
    """Start, and (moments, 12, 3) kW: 34 series, the last two places missing."""
    folder = Path(os.environ.get("LINKBOX_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / FILE).is_file():
        sys.exit(f"{FILE} is not in {folder}: set LINKBOX_DATA to the folder that has it")
    with lzma.open(folder / FILE, "rt", newline="") as text:
        rows = list(csv.reader(text))
    column = [i for i, name in enumerate(rows[0]) if name.startswith("active_power")]
    values = np.full((len(rows) - 1, 36), np.nan, dtype=np.float32)
    values[:, : len(column)] = [[float(row[i]) if row[i] else np.nan for i in column] for row in rows[1:]]
    first = datetime.fromisoformat(rows[1][0]).astimezone(UTC)
    return first - timedelta(seconds=STEP_S), values.reshape(-1, 12, 3)


def score(
    history: NDArray[np.float32], model: ForecastModel, start: datetime, half: int
) -> tuple[dict[float, float], dict[float, float]]:
    """Pinball relative to persistence, and coverage of the 0.95 quantile, by horizon, over the second half."""
    dt_s = np.full(history.shape[1:], STEP_S, dtype=np.float32)
    state = forecast.start(history.shape[1], model, start)
    issued: list[NDArray[np.float32]] = []
    for k in range(len(history)):
        at = start + timedelta(seconds=STEP_S * (k + 1))
        state = forecast.observe(state, model, history[k], dt_s=dt_s, at=at)
        if k >= half:
            ahead = forecast.predict(state, model, history[k], at=at)
            issued.append(np.stack([ahead.quantile(p) for p in LEVELS]))
    ratio, cover = {}, {}
    for h, horizon_s in enumerate(HORIZONS_S):
        lag = int(horizon_s / STEP_S)
        ours = np.array(issued)[:-lag, :, h]
        last, outcome = history[half:-lag], history[half + lag :]
        own = np.quantile(np.nan_to_num(history[lag:half] - history[: half - lag]), LEVELS, axis=0).astype(np.float32)
        known = np.isfinite(outcome) & np.isfinite(last)
        loss = sum(pinball(outcome[known], ours[:, q][known], p) for q, p in enumerate(LEVELS))
        base = sum(pinball(outcome[known], (last + own[q])[known], p) for q, p in enumerate(LEVELS))
        ratio[horizon_s], cover[horizon_s] = loss / base, float(np.mean(outcome[known] <= ours[:, 3][known]))
    return ratio, cover


def main() -> None:
    """Fit, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    start, history = load()
    half = len(history) // 2
    shape = untrained(HORIZONS_S, LEVELS, eta=ETA, grain_a=0.0)
    places = np.arange(36).reshape(12, 3) < 34
    filled = np.where(places, history, history[:, :1, :1])[:half]  # the two empty places repeat the first series
    model = fit(replay(filled, shape, start, step_s=STEP_S, skip=96), shape, source="first half of the 34 series")
    ratio, cover = score(history, model, start, half)
    results = []
    for horizon_s in HORIZONS_S:
        minutes = f"{horizon_s / 60:.0f}min"
        results.append({"name": f"pinball_ratio_{minutes}", "value": ratio[horizon_s], "unit": "1", "floor": None})
        results.append({"name": f"coverage_95_{minutes}", "value": cover[horizon_s], "unit": "1", "floor": None})
    if arguments.json:
        print(json.dumps({"bench": "forecast", "results": results}))
        return
    for row in results:
        print(f"{row['name']:24} {row['value']:.4f}")


if __name__ == "__main__":
    main()
