"""Fitting the pooled forecast model to history: replay, ridge on deviations, quantiles of what is left.

All series are fitted together. The history is replayed through the same recursions that run in service, so what is
fitted is what will be used.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import forecast
from linkbox.grid.forecast import Floats32, ForecastModel

RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Moments of a replayed history. ``inputs`` (moments, 5, series, 3): y and the averages; ``now`` (moments, series,
    3) and ``then`` (moments, horizons, series, 3) the profile; ``target`` (moments, horizons, series, 3)."""

    inputs: Floats32
    now: Floats32
    then: Floats32
    target: Floats32
    sigma: Floats32
    level: Floats32


def untrained(
    horizons_s: tuple[float, ...], levels: tuple[float, ...], *, eta: float, grain_a: float, source: str = "untrained"
) -> ForecastModel:
    """A model of that shape whose coefficients are zero and whose quantiles are the normal distribution's."""
    scores = [forecast.normal_score(p) for p in levels]
    return ForecastModel(
        horizons_s=horizons_s,
        levels=levels,
        coefficients=np.zeros((2, len(horizons_s), 1 + len(forecast.EMA_TAU_S)), dtype=np.float32),
        start_z=np.broadcast_to(np.array(scores, dtype=np.float32), (2, len(horizons_s), len(levels))).copy(),
        eta=eta,
        grain_a=grain_a,
        source=source,
    )


def replay(
    history: Floats32, model: ForecastModel, start: datetime, *, step_s: float, skip: int = 0, every: int = 1
) -> Samples:
    """Run (moments, series, 3) of readings ``step_s`` apart, the first ending ``step_s`` after ``start``.

    The first ``skip`` moments only warm up; of the others every ``every``-th is kept. Raises ValueError for horizons
    that are not multiples of the step.
    """
    ends = [h / step_s for h in (0.0, *model.horizons_s)]
    if any(e != int(e) for e in ends):
        raise ValueError(f"horizons {model.horizons_s} are not multiples of the step of {step_s:g} s")
    bounds = [int(e) for e in ends]
    moments, series, _ = history.shape
    summed = np.concatenate([np.zeros((1, series, 3)), np.cumsum(history, axis=0, dtype=np.float64)])
    dt_s = np.full((series, 3), step_s, dtype=np.float32)
    state = forecast.start(series, model, start)
    kept: list[tuple[Floats32, ...]] = []
    for k in range(moments - bounds[-1]):
        at = start + timedelta(seconds=step_s * (k + 1))
        state = forecast.observe(state, model, history[k], dt_s=dt_s, at=at)
        if k < skip or k % every:
            continue
        intervals = zip(model.starts_s, model.horizons_s, strict=True)
        steps = itertools.pairwise(bounds)
        kept.append(
            (
                np.stack([history[k], *state.ema]),
                state.profile.around(at, 0.0, 0.0),
                np.stack([state.profile.around(at, a, b) for a, b in intervals]),
                np.stack([(summed[k + 1 + b] - summed[k + 1 + a]) / (b - a) for a, b in steps]).astype(np.float32),
                forecast.predict(state, model, history[k], at=at).sigma,
                np.maximum(state.level, np.float32(forecast.LEVEL_FLOOR_A)),
            )
        )
    columns = [np.array(c, dtype=np.float32) for c in zip(*kept, strict=True)]
    return Samples(
        inputs=columns[0], now=columns[1], then=columns[2], target=columns[3], sigma=columns[4], level=columns[5]
    )


def deviations(samples: Samples, kind: int, h: int) -> tuple[Floats32, Floats32, NDArray[np.bool_]]:
    """(rows, 5) inputs and (rows,) targets of horizon ``h``, both less their base, and the mask that they come from.

    Kind 0 takes the moments whose profile is known, with the profile as base; kind 1 all, with the longest average.
    """
    known = np.isfinite(samples.now) & np.isfinite(samples.then[:, h])
    mask = known if kind == 0 else np.isfinite(samples.target[:, h]) & np.isfinite(samples.inputs[:, 0])
    base = samples.now if kind == 0 else samples.inputs[:, -1]
    then = samples.then[:, h] if kind == 0 else samples.inputs[:, -1]
    inputs = np.moveaxis(samples.inputs - base[:, None], 1, -1)[mask]
    return inputs, (samples.target[:, h] - then)[mask], np.asarray(mask)


def fit(samples: Samples, shape: ForecastModel, *, source: str) -> ForecastModel:
    """The model of that shape with coefficients and start quantiles fitted to the samples."""
    coefficients, start_z = shape.coefficients.copy(), shape.start_z.copy()
    for kind in range(2):
        for h in range(len(shape.horizons_s)):
            inputs, target, mask = deviations(samples, kind, h)
            level = samples.level[mask]
            a, b = (inputs / level[:, None]).astype(np.float64), (target / level).astype(np.float64)
            gram = a.T @ a / len(a) + RIDGE * np.eye(a.shape[1])
            coefficients[kind, h] = np.linalg.solve(gram, a.T @ b / len(b))
            left = (target - inputs @ coefficients[kind, h]) / samples.sigma[mask]
            start_z[kind, h] = np.quantile(left, shape.levels)
    return replace(shape, coefficients=coefficients, start_z=start_z, source=source)


def pinball(outcome: Floats32, quantile: Floats32, probability: float) -> float:
    """The mean pinball loss of a quantile forecast."""
    miss = outcome - quantile
    return float(np.mean(np.maximum(probability * miss, (probability - 1.0) * miss)))
