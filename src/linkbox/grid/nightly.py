"""What a night does with the forecast: learn from the day, and change nothing that is not better on a day not seen.

Each night a *candidate* is solved from the normal equations of all days so far, and kept. The next night it is scored
on the day that has passed since, which it has not seen, beside the coefficients in use; only if it is no worse, in
pinball loss and in coverage, it takes their place. Both are scored with start quantiles of the same day, so that it is
the coefficients that are compared. Decision 0042.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from math import isfinite

import numpy as np

from linkbox.grid.forecast import Floats32, ForecastModel
from linkbox.grid.profile import british_local
from linkbox.grid.refit import Equations, Samples, deviations

COVERED = 0.95
"""The level whose coverage is guarded; the nearest that a model has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitPolicy:
    """``at`` is the local time of the night's work, None for never; ``feeders`` are sampled every ``every_min``.

    ``kept`` is the weight of what was learned before when a day is added; a day with fewer than ``least_rows`` samples
    of a horizon decides nothing. Coverage may be farther from COVERED by ``slack`` without counting as worse: one day
    says no more of it than that.
    """

    at: time | None = time(3, 30)
    feeders: int = 100
    every_min: int = 10
    kept: float = 0.97
    least_rows: int = 500
    slack: float = 0.01

    def __post_init__(self) -> None:
        """Raise ValueError for a sample of nothing or a weight that is none."""
        if self.feeders < 1 or self.every_min < 1 or self.least_rows < 1:
            raise ValueError("feeders, every_min and least_rows must be 1 and more")
        if not (0.0 <= self.kept <= 1.0 and 0.0 <= self.slack < 1.0):
            raise ValueError("kept must be within 0..1, slack within 0..1 and under 1")

    def night_of(self, now: datetime) -> int:
        """The number of the local day whose night's work was last due at ``now``: it is due when the number has risen.

        A local time that a clock change skips is due when the clock has passed it; one that comes twice is due with the
        first, for the number falls back between them and rises to the same again."""
        local = british_local(now)
        if self.at is None:
            return 0
        return local.date().toordinal() - (local.time() < self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a night did, and why. ``loss_ratio`` is the candidate's pinball loss over that of the coefficients in use,
    on a day that neither has seen; ``coverage_before`` and ``coverage_after`` those farthest from COVERED of any
    horizon; NaN where nothing could be scored. ``rows``: samples of the day, of the horizon that has the fewest."""

    at: datetime
    accepted: bool
    reason: str
    rows: int
    loss_ratio: float
    coverage_before: float
    coverage_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What goes on from night to night: the model in use; the candidate, and the coefficients in use with start
    quantiles of the same day, None before the first day; the normal equations of all days."""

    model: ForecastModel
    candidate: ForecastModel | None
    reference: ForecastModel | None
    equations: Equations

    @classmethod
    def nothing(cls, model: ForecastModel) -> Learned:
        """Before the first night."""
        horizons, terms = model.coefficients.shape[1:]
        equations = Equations(
            gram=np.zeros((2, horizons, terms, terms)),
            cross=np.zeros((2, horizons, terms)),
            rows=np.zeros((2, horizons)),
        )
        return cls(model=model, candidate=None, reference=None, equations=equations)


def night(learned: Learned, day: Samples, policy: RefitPolicy, *, at: datetime) -> tuple[Learned, Verdict]:
    """The night after ``day``: the old candidate is judged on it, and a new one is made with it.

    Samples with anything that is not a number are left out. A day with too few samples changes nothing at all.
    """
    rows = min(_rows(day, h) for h in range(day.target.shape[1])) if len(day.now) else 0
    if rows < policy.least_rows:
        reason = f"kept: {rows} samples of the day, {policy.least_rows} are needed"
        return learned, _verdict(at, reason, rows)
    model, verdict = _judged(learned, day, policy, at, rows)
    equations = learned.equations.plus(Equations.of(day), kept=policy.kept)
    fresh = replace(model, coefficients=equations.coefficients(model.coefficients))
    return (
        Learned(
            model=model,
            candidate=with_quantiles_of(fresh, day),
            reference=with_quantiles_of(model, day),
            equations=equations,
        ),
        verdict,
    )


def _judged(
    learned: Learned, day: Samples, policy: RefitPolicy, at: datetime, rows: int
) -> tuple[ForecastModel, Verdict]:
    """The model to go on with: the candidate's coefficients, if it is no worse on this day."""
    if learned.candidate is None or learned.reference is None:
        return learned.model, _verdict(at, "kept: the first day, there is nothing to compare yet", rows)
    if not np.isfinite(learned.candidate.coefficients).all():
        return learned.model, _verdict(at, "kept: the candidate has coefficients that are no numbers", rows)
    before, after = score(learned.reference, day), score(learned.candidate, day)
    ratio = float(np.mean([a / b for (a, _), (b, _) in zip(after, before, strict=True)]))
    old, new = (max((c for _, c in found), key=lambda c: abs(c - COVERED)) for found in (before, after))
    allowed = abs(old - COVERED) + policy.slack
    said = f"loss {ratio:.3f} of before, coverage {old:.3f} before and {new:.3f} after, on a day not seen"
    good = isfinite(ratio) and ratio <= 1.0 and abs(new - COVERED) <= allowed
    verdict = Verdict(
        at=at,
        accepted=good,
        reason=f"{'accepted' if good else 'kept: the candidate is worse'}: {said}",
        rows=rows,
        loss_ratio=ratio,
        coverage_before=old,
        coverage_after=new,
    )
    if not good:
        return learned.model, verdict
    taken = learned.candidate
    return replace(learned.model, coefficients=taken.coefficients, start_z=taken.start_z, source=_source(at)), verdict


def _source(at: datetime) -> str:
    return f"refitted at {at.isoformat()} from this fleet's own readings"


def _verdict(at: datetime, reason: str, rows: int) -> Verdict:
    nan = float("nan")
    return Verdict(
        at=at, accepted=False, reason=reason, rows=rows, loss_ratio=nan, coverage_before=nan, coverage_after=nan
    )


def _rows(day: Samples, h: int) -> int:
    """Samples of a horizon that have everything without a profile; with one they are some of these."""
    return int(deviations(day, 1, h)[2].sum())


def with_quantiles_of(model: ForecastModel, day: Samples) -> ForecastModel:
    """The same coefficients, with start quantiles from what they leave of this day; as before where it has none."""
    start_z = model.start_z.copy()
    for kind in range(2):
        for h in range(len(model.horizons_s)):
            inputs, target, mask = deviations(day, kind, h)
            if mask.any():
                left = (target - inputs @ model.coefficients[kind, h]) / day.sigma[:, h][mask]
                start_z[kind, h] = np.quantile(left, model.levels)
    return replace(model, start_z=start_z)


def score(model: ForecastModel, day: Samples) -> list[tuple[float, float]]:
    """Of each horizon the mean pinball loss over the levels, and the coverage of the level nearest COVERED; as in
    service with the profile where it is known, else without. NaN for a horizon without a sample."""
    return [_score_of(model, day, h) for h in range(len(model.horizons_s))]


def _score_of(model: ForecastModel, day: Samples, h: int) -> tuple[float, float]:
    losses: list[Floats32] = []
    covered: list[Floats32] = []
    guarded = int(np.argmin([abs(level - COVERED) for level in model.levels]))
    with_profile = deviations(day, 0, h)[2]
    for kind in range(2):
        inputs, target, mask = deviations(day, kind, h)
        chosen = np.ones(len(target), dtype=np.bool_) if kind == 0 else ~with_profile[mask]
        outcome, sigma = target[chosen], day.sigma[:, h][mask][chosen]
        centre = inputs[chosen] @ model.coefficients[kind, h]
        for place, level in enumerate(model.levels):
            miss = outcome - (centre + model.start_z[kind, h, place] * sigma)
            losses.append(np.maximum(level * miss, (level - 1.0) * miss))
            if place == guarded:
                covered.append((miss <= 0.0).astype(np.float32))
    every, inside = np.concatenate(losses), np.concatenate(covered)
    return (float(every.mean()), float(inside.mean())) if len(inside) else (float("nan"), float("nan"))
