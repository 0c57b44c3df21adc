"""The forecast: exact averages, quantiles that track, and no number where nothing was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import exp
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid import forecast
from linkbox.grid.forecast import ForecastState
from linkbox.grid.forecast_model import ONE_MINUTE_MODEL as MODEL
from tests.grid.samples import MINUTE, START

DT_S = np.full((1, 3), 60.0, dtype=np.float32)


def follow(currents: list[np.ndarray]) -> ForecastState:
    state = forecast.start(1, MODEL, START)
    for k, y in enumerate(currents):
        state = forecast.observe(state, MODEL, y.astype(np.float32), dt_s=DT_S, at=START + (k + 1) * MINUTE)
    return state


def test_nothing_seen_gives_no_forecast() -> None:
    ahead = forecast.predict(forecast.start(1, MODEL, START), MODEL, np.full((1, 3), np.nan, np.float32), at=START)
    assert np.isnan(ahead.quantile(0.95)).all()


def test_steady_current_is_forecast_to_stay() -> None:
    y = np.full((1, 3), 80.0)
    state = follow([y] * 300)
    ahead = forecast.predict(state, MODEL, y.astype(np.float32), at=START + 300 * MINUTE)
    np.testing.assert_allclose(ahead.centre, 80.0, rtol=1e-4)


def test_averages_are_exact_exponentials() -> None:
    # first reading 100 A starts them all; ten minutes of 40 A: 40 + 60 exp(-10/5) in the five-minute average
    state = follow([np.full((1, 3), 100.0)] + [np.full((1, 3), 40.0)] * 10)
    for average, tau_min in zip(state.ema, (5, 15, 60, 240), strict=True):
        np.testing.assert_allclose(average, 40 + 60 * exp(-10 / tau_min), rtol=1e-5)


def test_a_missing_phase_keeps_its_memory_and_the_others_go_on() -> None:
    before = follow([np.full((1, 3), 50.0)] * 5)
    y = np.array([[70.0, np.nan, 70.0]], dtype=np.float32)
    after = forecast.observe(before, MODEL, y, dt_s=DT_S, at=START + 6 * MINUTE)
    np.testing.assert_array_equal(after.ema[:, 0, 1], before.ema[:, 0, 1])
    assert (after.ema[:, 0, 0] > before.ema[:, 0, 0]).all()


def test_upper_quantile_covers_noise_at_the_stated_rate_once_it_has_tracked() -> None:
    rng = np.random.default_rng(7)
    feeders, days = 40, 4
    model = replace(MODEL, eta=0.1)  # quicker than in service, so that the test is short
    state = forecast.start(feeders, model, START)
    dt_s = np.full((feeders, 3), 60.0, dtype=np.float32)
    inside: list[np.ndarray] = []
    issued: dict[int, np.ndarray] = {}
    for k in range(days * 1440):
        y = (100.0 + rng.gamma(2.0, 12.0, (feeders, 3))).astype(np.float32)
        at = START + (k + 1) * MINUTE
        state = forecast.observe(state, model, y, dt_s=dt_s, at=at)
        if k % 5 == 0:
            upper = forecast.predict(state, model, y, at=at).quantile(0.95)[0]
            issued[k] = upper
            window: list[np.ndarray] = []
        window.append(y)
        if k % 5 == 4 and k > days * 1440 / 2:
            # the interval (k-4, k+1] differs by one minute from the target; enough for a rate
            inside.append(np.mean(window[1:], axis=0) <= issued[k - 4])
    assert 0.92 <= float(np.mean(inside)) <= 0.99


def test_quantiles_never_cross() -> None:
    rng = np.random.default_rng(3)
    state = follow([rng.gamma(1.0, 60.0, (1, 3)) for _ in range(600)])
    assert (np.diff(state.z, axis=1) >= 0.0).all()
    ahead = forecast.predict(state, MODEL, np.full((1, 3), 60.0, np.float32), at=START + 600 * MINUTE)
    grid = [ahead.quantile(p) for p in (0.5, 0.6, 0.8, 0.9, 0.95, 0.97, 0.99, 0.999)]
    assert all((b >= a).all() for a, b in pairwise(grid))


def test_a_forecast_that_can_not_be_verified_moves_no_quantile() -> None:
    state = follow([np.full((1, 3), 50.0)] * 3)
    late = START + timedelta(hours=2)
    after = forecast.observe(state, MODEL, np.full((1, 3), 500.0, np.float32), dt_s=DT_S, at=late)
    np.testing.assert_array_equal(after.z, state.z)


def test_a_current_over_the_quantile_raises_it_and_one_under_it_lowers_it() -> None:
    steady = [np.full((1, 3), 50.0)] * 6
    high = follow([*steady, *[np.full((1, 3), 400.0)] * 6])
    low = follow([*steady, *[np.full((1, 3), 1.0)] * 6])
    start = forecast.start(1, MODEL, START)
    assert (high.z[0] > start.z[0]).all()
    assert (low.z[0, 1:] < start.z[0, 1:]).all()  # the median went up and down once each


@given(p=st.floats(0.001, 0.999))
def test_normal_score_is_the_inverse_of_the_normal_distribution(p: float) -> None:
    assert forecast.normal_score(p) == pytest.approx(NormalDist().inv_cdf(p), abs=5e-4)


def test_known_profile_is_used_for_the_coming_interval() -> None:
    """Two days with the same step at 18:00: on the third the forecast made at 17:45 expects it."""
    state = forecast.start(1, MODEL, START)
    at = START
    for _ in range(3 * 1440 + 45):
        at += MINUTE
        y = np.full((1, 3), 200.0 if at.hour >= 18 else 50.0, dtype=np.float32)
        state = forecast.observe(state, MODEL, y, dt_s=DT_S, at=at)
    ahead = forecast.predict(state, MODEL, y, at=at)
    assert (ahead.centre[3] > 120.0).all()
    assert (ahead.centre[0] < 70.0).all()


def test_the_shipped_model_looks_from_five_minutes_to_an_hour_ahead() -> None:
    assert MODEL.horizons_s == (300.0, 600.0, 900.0, 1800.0, 3600.0)


def test_upper_quantiles_are_wider_the_farther_they_look() -> None:
    widths = MODEL.start_z[:, :, 2] - MODEL.start_z[:, :, 0]
    assert (np.diff(widths, axis=1) > 0.0).all()


def test_a_model_that_is_cut_forecasts_the_same_as_far_as_it_goes() -> None:
    rng = np.random.default_rng(11)
    currents = [rng.gamma(2.0, 30.0, (1, 3)).astype(np.float32) for _ in range(200)]
    short = MODEL.until(1800.0)
    assert short.horizons_s == MODEL.horizons_s[:4]
    ends = []
    for model in (MODEL, short):
        state = forecast.start(1, model, START)
        for k, y in enumerate(currents):
            state = forecast.observe(state, model, y, dt_s=DT_S, at=START + (k + 1) * MINUTE)
        ends.append(forecast.predict(state, model, currents[-1], at=START + 200 * MINUTE).quantile(0.95))
    np.testing.assert_array_equal(ends[0][:4], ends[1])
    assert MODEL.until(7200.0) is MODEL
    assert short.identity != MODEL.identity


def test_a_model_can_not_be_cut_to_nothing() -> None:
    with pytest.raises(ValueError, match="before the first"):
        MODEL.until(60.0)
