"""The night's work: a candidate is used only if it was no worse on a day that it had not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from linkbox.grid.forecast import ForecastModel
from linkbox.grid.nightly import Learned, RefitPolicy, Verdict, night, score, with_quantiles_of
from linkbox.grid.refit import Samples, fit, replay, untrained
from tests.grid.samples import START

LEVELS = (0.5, 0.8, 0.95, 0.99)
SHAPE = untrained((900.0, 1800.0), LEVELS, eta=0.05, grain_a=0.0)
POLICY = RefitPolicy(least_rows=100)
AT = datetime(2026, 1, 14, 3, 30, tzinfo=UTC)


def a_day(seed: int, decay: float = 0.8, moments: int = 700) -> Samples:
    """A first-order autoregression around 100 A, as the forecast has seen it."""
    rng = np.random.default_rng(seed)
    values, deviation = [], np.zeros((4, 3))
    for _ in range(moments):
        deviation = decay * deviation + rng.normal(0.0, 5.0, (4, 3))
        values.append(100.0 + deviation)
    return replay(np.array(values, dtype=np.float32), SHAPE, START, step_s=900.0, skip=200)


def nights(model: ForecastModel, days: list[Samples], policy: RefitPolicy = POLICY) -> tuple[Learned, list[Verdict]]:
    learned, said = Learned.nothing(model), []
    for k, day in enumerate(days):
        learned, verdict = night(learned, day, policy, at=AT + timedelta(days=k))
        said.append(verdict)
    return learned, said


def test_the_first_night_only_learns_and_the_second_uses_what_was_better() -> None:
    learned, (first, second) = nights(SHAPE, [a_day(1), a_day(2)])
    assert not first.accepted
    assert "first day" in first.reason
    assert second.accepted, second.reason
    assert second.loss_ratio < 0.9
    assert second.coverage_after == pytest.approx(0.95, abs=0.02)
    decay = learned.model.coefficients[1][:, :3].sum(axis=1)  # of a sudden deviation, after one step and after two
    assert decay[0] == pytest.approx(0.8, abs=0.06)
    assert learned.model.source.startswith("refitted at 2026-01-15T03:30")


def test_what_is_used_was_fitted_before_the_day_that_it_was_scored_on() -> None:
    one, two = a_day(1), a_day(2)
    learned, _ = nights(SHAPE, [one, two])
    only_first = fit(one, SHAPE, source="first day")
    np.testing.assert_allclose(learned.model.coefficients, only_first.coefficients, atol=1e-6)
    np.testing.assert_allclose(learned.model.start_z, only_first.start_z, atol=1e-6)


def test_a_candidate_that_a_strange_day_made_is_not_used() -> None:
    good = fit(a_day(1), SHAPE, source="good")
    strange = a_day(3, decay=-0.7)
    learned, (_, second) = nights(good, [strange, a_day(4)])
    assert not second.accepted
    assert "worse" in second.reason
    assert second.loss_ratio > 1.0
    np.testing.assert_array_equal(learned.model.coefficients, good.coefficients)


def test_a_candidate_whose_coverage_is_worse_is_not_used_even_if_its_loss_is_lower() -> None:
    learned, _ = nights(SHAPE, [a_day(1)])
    assert learned.candidate is not None
    narrow = replace(learned.candidate, start_z=0.6 * learned.candidate.start_z)
    after, verdict = night(replace(learned, candidate=narrow), a_day(2), POLICY, at=AT)
    assert verdict.loss_ratio < 1.0
    assert not verdict.accepted
    assert verdict.coverage_after < 0.9
    np.testing.assert_array_equal(after.model.coefficients, SHAPE.coefficients)


def test_a_day_with_too_few_samples_changes_nothing_at_all() -> None:
    learned, _ = nights(SHAPE, [a_day(1)])
    few = Samples(**{name: getattr(a_day(2), name)[:5] for name in Samples.__slots__})
    after, verdict = night(learned, few, POLICY, at=AT)
    assert after is learned
    assert (verdict.rows, verdict.accepted) == (60, False)
    assert "60 samples of the day, 100 are needed" in verdict.reason
    nothing = Samples(**{name: getattr(few, name)[:0] for name in Samples.__slots__})
    assert night(learned, nothing, POLICY, at=AT)[1].rows == 0


@pytest.mark.parametrize("odd", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["inputs", "target", "sigma", "level"])
def test_what_is_no_number_is_left_out_and_spoils_nothing(odd: float, where: str) -> None:
    days = [a_day(1), a_day(2)]
    spoiled = []
    for day in days:
        values = getattr(day, where).copy()
        values[::3, ..., 1, :] = odd
        spoiled.append(replace(day, **{where: values}))
    learned, (_, second) = nights(SHAPE, spoiled)
    assert second.accepted
    assert np.isfinite(learned.model.coefficients).all()
    assert np.isfinite(learned.equations.gram).all()
    whole, _ = nights(SHAPE, days)
    np.testing.assert_allclose(learned.model.coefficients, whole.model.coefficients, atol=0.1)


def test_a_day_of_nothing_but_nan_is_a_day_without_samples() -> None:
    day = a_day(1)
    learned, verdict = night(
        Learned.nothing(SHAPE), replace(day, target=np.full_like(day.target, np.nan)), POLICY, at=AT
    )
    assert verdict.rows == 0
    assert learned.candidate is None


def test_a_candidate_of_no_numbers_is_never_used() -> None:
    learned, _ = nights(SHAPE, [a_day(1)])
    assert learned.candidate is not None
    broken = replace(learned.candidate, coefficients=np.full_like(SHAPE.coefficients, np.nan))
    after, verdict = night(replace(learned, candidate=broken), a_day(2), POLICY, at=AT)
    assert "no numbers" in verdict.reason
    np.testing.assert_array_equal(after.model.coefficients, SHAPE.coefficients)


def test_score_is_the_hand_calculation() -> None:
    # no coefficients, base 100 A: outcome 110 and quantiles at 100 + z with sigma 1; median 0, 0.8 at 20, others at 40
    one = np.full((1, 1, 3), 100.0, dtype=np.float32)
    day = Samples(
        inputs=np.full((1, 5, 1, 3), 100.0, dtype=np.float32),
        now=np.full_like(one, np.nan),
        then=np.full((1, 2, 1, 3), np.nan, dtype=np.float32),
        target=np.full((1, 2, 1, 3), 110.0, dtype=np.float32),
        sigma=np.ones((1, 2, 1, 3), dtype=np.float32),
        level=one,
    )
    z = np.broadcast_to(np.array([0.0, 20.0, 40.0, 40.0], dtype=np.float32), SHAPE.start_z.shape).copy()
    loss, covered = score(replace(SHAPE, start_z=z), day)[0]
    assert loss == pytest.approx((0.5 * 10 + 0.2 * 10 + 0.05 * 30 + 0.01 * 30) / 4)
    assert covered == 1.0
    assert with_quantiles_of(SHAPE, day).start_z[1, 0].tolist() == [10.0] * 4


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 1, 14, 3, 29, tzinfo=UTC), False),
        (datetime(2026, 1, 14, 3, 30, tzinfo=UTC), True),
        (datetime(2026, 7, 14, 2, 29, tzinfo=UTC), False),  # summer: 03:29 by the clock
        (datetime(2026, 7, 14, 2, 30, tzinfo=UTC), True),
    ],
)
def test_the_night_is_due_at_the_local_time(now: datetime, due: bool) -> None:
    assert (RefitPolicy().night_of(now) > RefitPolicy().night_of(now - timedelta(hours=4))) is due


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)])
def test_a_clock_change_neither_skips_a_night_nor_does_it_twice(day: datetime) -> None:
    policy = RefitPolicy(at=time(1, 30))  # skipped in March, twice in October
    numbers = [policy.night_of(day + timedelta(minutes=m)) for m in range(48 * 60)]
    rises = np.diff(np.maximum.accumulate(numbers))
    assert rises.max() == 1
    assert rises.sum() == 2


def test_never_is_never_due() -> None:
    policy = RefitPolicy(at=None)
    assert policy.night_of(AT) == policy.night_of(AT + timedelta(days=9))


@pytest.mark.parametrize("wrong", [{"feeders": 0}, {"every_min": 0}, {"kept": 1.5}, {"least_rows": 0}, {"slack": -1.0}])
def test_a_policy_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RefitPolicy(**wrong)


def test_a_candidate_whose_loss_is_higher_is_not_used_even_if_its_coverage_is_right() -> None:
    one = a_day(1)
    good = fit(one, SHAPE, source="good")
    learned, _ = nights(good, [one])
    idle = with_quantiles_of(SHAPE, one)  # no coefficients at all, but quantiles that fit what they leave
    after, verdict = night(replace(learned, candidate=idle), a_day(2), POLICY, at=AT)
    assert verdict.coverage_after == pytest.approx(0.95, abs=0.02)
    assert verdict.loss_ratio > 1.0
    assert not verdict.accepted
    np.testing.assert_array_equal(after.model.coefficients, good.coefficients)
