"""Fitting: what generated the history is found again, and it beats the last value on a history not seen."""

from __future__ import annotations

import numpy as np
import pytest

from linkbox.grid.forecast import Floats32
from linkbox.grid.refit import Equations, Samples, deviations, fit, pinball, refit, replay, untrained
from tests.grid.samples import START

LEVELS = (0.5, 0.8, 0.95, 0.99)
SHAPE = untrained((900.0, 1800.0), LEVELS, eta=0.05, grain_a=0.0)


def wandering(seed: int, moments: int = 3000, series: int = 4) -> Floats32:
    """A first-order autoregression around 100 A: the next value is 0.8 of the present deviation, plus noise of 5 A."""
    rng = np.random.default_rng(seed)
    values, deviation = [], np.zeros((series, 3))
    for _ in range(moments):
        deviation = 0.8 * deviation + rng.normal(0.0, 5.0, (series, 3))
        values.append(100.0 + deviation)
    return np.array(values, dtype=np.float32)


def test_coefficients_of_an_autoregression_are_found_again() -> None:
    # without a profile the base is the 4-hour average; the sum of the coefficients on y, e5 and e15 is the decay of a
    # sudden deviation: 0.8 after one step, 0.64 after two
    samples = replay(wandering(1), SHAPE, START, step_s=900.0, skip=200)
    model = fit(samples, SHAPE, source="test")
    decay = model.coefficients[1][:, :3].sum(axis=1)
    assert decay[0] == pytest.approx(0.8, abs=0.06)
    assert decay[1] == pytest.approx(0.64, abs=0.06)


def test_fitted_model_beats_persistence_and_covers_on_a_history_that_it_has_not_seen() -> None:
    model = fit(replay(wandering(1), SHAPE, START, step_s=900.0, skip=200), SHAPE, source="test")
    fresh = replay(wandering(2), SHAPE, START, step_s=900.0, skip=200)
    inputs, target, mask = deviations(fresh, 1, 1)
    centre = inputs @ model.coefficients[1, 1]
    upper = centre + model.start_z[1, 1, 2] * fresh.sigma[:, 1][mask]
    assert pinball(target, centre, 0.5) < 0.97 * pinball(target, inputs[:, 0], 0.5)
    assert float(np.mean(target <= upper)) == pytest.approx(0.95, abs=0.01)


def test_targets_are_the_means_of_the_coming_intervals() -> None:
    history = np.arange(20, dtype=np.float32)[:, None, None] + np.zeros((20, 1, 3), dtype=np.float32)
    shape = untrained((1800.0, 3600.0), LEVELS, eta=0.05, grain_a=0.0)
    samples = replay(history, shape, START, step_s=900.0)
    # at moment 0 (value 0): the mean of values 1 and 2, then of values 3 and 4
    np.testing.assert_allclose(samples.target[0, :, 0, 0], [1.5, 3.5])


def test_horizons_between_two_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples"):
        replay(wandering(1, moments=10), SHAPE, START, step_s=600.0)


def test_pinball_loss_is_the_hand_calculation() -> None:
    # outcome 10: quantile 8 at 0.9 costs 0.9*2; quantile 13 costs 0.1*3
    outcome = np.array([10.0, 10.0], dtype=np.float32)
    assert pinball(outcome, np.array([8.0, 13.0], dtype=np.float32), 0.9) == pytest.approx((1.8 + 0.3) / 2)


def test_days_added_night_by_night_give_the_fit_of_all_days_at_once() -> None:
    samples = replay(wandering(1, moments=900), SHAPE, START, step_s=900.0, skip=200)
    half = len(samples.now) // 2
    first, second = (
        Samples(**{name: getattr(samples, name)[part] for name in Samples.__slots__})
        for part in (slice(None, half), slice(half, None))
    )
    whole = fit(samples, SHAPE, source="all")
    model, equations = refit(SHAPE, Equations.of(first), second)
    np.testing.assert_allclose(model.coefficients, whole.coefficients, atol=1e-5)
    np.testing.assert_array_equal(model.start_z, SHAPE.start_z)
    assert equations.rows.max() == Equations.of(samples).rows.max()


def test_a_night_without_a_day_changes_nothing() -> None:
    samples = replay(wandering(1, moments=400), SHAPE, START, step_s=900.0, skip=200)
    model = fit(samples, SHAPE, source="test")
    nothing = Samples(**{name: getattr(samples, name)[:0] for name in Samples.__slots__})
    again, _ = refit(model, Equations.of(samples), nothing)
    np.testing.assert_array_equal(again.coefficients, model.coefficients)
    fresh, _ = refit(model, Equations.of(nothing), nothing)
    np.testing.assert_array_equal(fresh.coefficients, model.coefficients)
