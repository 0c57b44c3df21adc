"""Fitting the pooled forecast model to history: replay, ridge on deviations, quantiles of what is left.

All series are fitted together. The history is replayed through the same recursions that run in service, so what is
fitted is what will be used.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import forecast
from linkbox.grid.forecast import Floats32, ForecastModel, ForecastState

RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Moments of a replayed history. ``inputs`` (moments, 5, series, 3): y and the averages; ``now`` (moments, series,
    3) and ``then`` (moments, horizons, series, 3) the profile; ``target`` and ``sigma`` (moments, horizons, series, 3),
    ``level`` (moments, series, 3)."""

    inputs: Floats32
    now: Floats32
    then: Floats32
    target: Floats32
    sigma: Floats32
    level: Floats32


def untrained(
    horizons_s: tuple[float, ...],
    levels: tuple[float, ...],
    *,
    eta: float,
    grain_a: float,
    window_s: float = 60.0,
    spread_power: float = 0.0,
    source: str = "untrained",
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
        window_s=window_s,
        spread_power=spread_power,
    )


def replay(
    history: Floats32, model: ForecastModel, start: datetime, *, step_s: float, skip: int = 0, every: int = 1
) -> Samples:
    """Run (moments, series, 3) of readings ``step_s`` apart, the first ending ``step_s`` after ``start``.

    The first ``skip`` moments only warm up; of the others every ``every``-th is kept. Raises ValueError for horizons
    that are not multiples of the step.
    """
    targets = outcomes(history, model, step_s=step_s)
    dt_s = np.full(history.shape[1:], step_s, dtype=np.float32)
    state = forecast.start(history.shape[1], model, start)
    kept: list[Moment] = []
    rows: list[int] = []
    for k in range(len(targets)):
        at = start + timedelta(seconds=step_s * (k + 1))
        state = forecast.observe(state, model, history[k], dt_s=dt_s, at=at)
        if k >= skip and not k % every:
            kept.append(moment(state, model, history[k], at=at))
            rows.append(k)
    return samples_of(kept, targets[rows])


def outcomes(history: Floats32, model: ForecastModel, *, step_s: float) -> Floats32:
    """(moments, horizons, series, 3): the mean over each horizon's interval after each moment, for all moments whose
    longest interval lies within the history. Raises ValueError for horizons that are not multiples of the step."""
    ends = [h / step_s for h in (0.0, *model.horizons_s)]
    if any(e != int(e) for e in ends):
        raise ValueError(f"horizons {model.horizons_s} are not multiples of the step of {step_s:g} s")
    bounds = [int(e) for e in ends]
    moments = len(history) - bounds[-1]
    summed = np.concatenate([np.zeros((1, *history.shape[1:])), np.cumsum(history, axis=0, dtype=np.float64)])
    means = [
        (summed[1 + b : 1 + b + moments] - summed[1 + a : 1 + a + moments]) / (b - a)
        for a, b in itertools.pairwise(bounds)
    ]
    return np.stack(means, axis=1).astype(np.float32)


Moment: TypeAlias = tuple[Floats32, Floats32, Floats32, Floats32, Floats32]
"""Inputs, profile now, profile then, sigma and level of one moment, as in Samples."""


def moment(state: ForecastState, model: ForecastModel, current_a: Floats32, *, at: datetime) -> Moment:
    """What the forecast of ``at`` was made of."""
    ahead = forecast.predict(state, model, current_a, at=at)
    spans = zip(model.starts_s, model.horizons_s, strict=True)
    return (
        np.stack([current_a, *state.ema]),
        state.profile.around(at, -model.window_s, 0.0),
        np.stack([state.profile.around(at, a, b) for a, b in spans]),
        np.broadcast_to(ahead.sigma, ahead.centre.shape),
        np.maximum(state.level, np.float32(forecast.LEVEL_FLOOR_A)),
    )


def samples_of(moments: Sequence[Moment], targets: Floats32) -> Samples:
    """Moments, with what came after each (moments, horizons, series, 3)."""
    inputs, now, then, sigma, level = (np.array(c, dtype=np.float32) for c in zip(*moments, strict=True))
    return Samples(inputs=inputs, now=now, then=then, target=targets, sigma=sigma, level=level)


def deviations(samples: Samples, kind: int, h: int) -> tuple[Floats32, Floats32, NDArray[np.bool_]]:
    """(rows, 5) inputs and (rows,) targets of horizon ``h``, both less their base, and the mask that they come from.

    Kind 0 takes the moments whose profile is known, with the profile as base; kind 1 all, with the longest average. A
    moment with an input, a size of noise or an outcome that is no number is in neither.
    """
    whole = np.isfinite(samples.target[:, h]) & np.isfinite(samples.inputs).all(axis=1)
    whole &= np.isfinite(samples.sigma[:, h]) & np.isfinite(samples.level)
    known = np.isfinite(samples.now) & np.isfinite(samples.then[:, h])
    mask = whole & known if kind == 0 else whole
    base = samples.now if kind == 0 else samples.inputs[:, -1]
    then = samples.then[:, h] if kind == 0 else samples.inputs[:, -1]
    inputs = np.moveaxis(samples.inputs, 1, -1)[mask] - base[mask][:, None]
    return inputs, samples.target[:, h][mask] - then[mask], np.asarray(mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equations:
    """The normal equations of every kind and horizon, which add up day by day: ``gram`` (2, horizons, 5, 5), ``cross``
    (2, horizons, 5), ``rows`` (2, horizons) how many samples are in them. All that a nightly refit must keep."""

    gram: NDArray[np.float64]
    cross: NDArray[np.float64]
    rows: NDArray[np.float64]

    @classmethod
    def of(cls, samples: Samples) -> Equations:
        """Those of some samples, each scaled by its level."""
        horizons, terms = samples.target.shape[1], samples.inputs.shape[1]
        gram, cross = np.zeros((2, horizons, terms, terms)), np.zeros((2, horizons, terms))
        rows = np.zeros((2, horizons))
        for kind, h in itertools.product(range(2), range(horizons)):
            inputs, target, mask = deviations(samples, kind, h)
            level = samples.level[mask]
            a, b = (inputs / level[:, None]).astype(np.float64), (target / level).astype(np.float64)
            gram[kind, h], cross[kind, h], rows[kind, h] = a.T @ a, a.T @ b, len(b)
        return cls(gram=gram, cross=cross, rows=rows)

    def plus(self, others: Equations, *, kept: float = 1.0) -> Equations:
        """Both together; ``kept`` is the weight of what is here already, to let old seasons fade."""
        return Equations(
            gram=kept * self.gram + others.gram,
            cross=kept * self.cross + others.cross,
            rows=kept * self.rows + others.rows,
        )

    def coefficients(self, before: Floats32) -> Floats32:
        """(2, horizons, 5) of the ridge on deviations; those of ``before`` where there are no samples."""
        found = before.copy()
        for kind, h in itertools.product(range(2), range(before.shape[1])):
            if (n := self.rows[kind, h]) > 0.0:
                gram = self.gram[kind, h] / n + RIDGE * np.eye(before.shape[2])
                found[kind, h] = np.linalg.solve(gram, self.cross[kind, h] / n)
        return found


def fit(samples: Samples, shape: ForecastModel, *, source: str) -> ForecastModel:
    """The model of that shape with coefficients and start quantiles fitted to the samples."""
    coefficients, start_z = Equations.of(samples).coefficients(shape.coefficients), shape.start_z.copy()
    for kind, h in itertools.product(range(2), range(len(shape.horizons_s))):
        inputs, target, mask = deviations(samples, kind, h)
        left = (target - inputs @ coefficients[kind, h]) / samples.sigma[:, h][mask]
        start_z[kind, h] = np.quantile(left, shape.levels)
    return replace(shape, coefficients=coefficients, start_z=start_z, source=source)


def refit(
    model: ForecastModel, equations: Equations, day: Samples, *, kept: float = 1.0
) -> tuple[ForecastModel, Equations]:
    """What a night does: the day that is over goes into the equations, and the coefficients are solved anew.

    Start quantiles stay: they are for feeders that come new, and those that are watched track their own. The state of
    the forecasts goes on as it is.
    """
    together = equations.plus(Equations.of(day), kept=kept)
    return replace(model, coefficients=together.coefficients(model.coefficients)), together


def pinball(outcome: Floats32, quantile: Floats32, probability: float) -> float:
    """The mean pinball loss of a quantile forecast."""
    miss = outcome - quantile
    return float(np.mean(np.maximum(probability * miss, (probability - 1.0) * miss)))
