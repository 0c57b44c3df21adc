"""Uncertainty that follows the time of day, and what the wall clock does to the profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from linkbox.grid import forecast
from linkbox.grid.columns import FleetColumns
from linkbox.grid.fleet import Fleet, initial_state, observe
from linkbox.grid.forecast import ForecastModel, ForecastState
from linkbox.grid.minute_tables import tables_of
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.profile import slot_of
from linkbox.grid.refit import untrained
from linkbox.grid.snapshot import from_bytes, to_bytes
from tests.grid.samples import START, feeder

QUARTER = timedelta(minutes=15)
SHAPE = untrained((900.0, 1800.0), (0.5, 0.8, 0.95), eta=0.05, grain_a=0.0, window_s=900.0, spread_power=1.0)


def noisy_evenings(model: ForecastModel, days: int) -> ForecastState:
    """100 A all day; from 18:00 to 20:00 it is 60 A or 140 A, on alternate days."""
    state, dt_s = forecast.start(1, model, START), np.full((1, 3), 900.0, dtype=np.float32)
    for k in range(days * 96):
        at = START + (k + 1) * QUARTER
        evening = 18 <= (at - timedelta(seconds=1)).hour < 20
        y = np.full((1, 3), 100.0 + (40.0 if at.toordinal() % 2 else -40.0) * evening, dtype=np.float32)
        state = forecast.observe(state, model, y, dt_s=dt_s, at=at)
    return state


@pytest.mark.parametrize(("hour", "minute", "expected_a"), [(17, 45, True), (3, 0, False)])
def test_sigma_is_large_at_the_time_of_day_when_days_differ(hour: int, minute: int, expected_a: bool) -> None:
    state = noisy_evenings(SHAPE, 12)
    at = (START + timedelta(days=12)).replace(hour=hour, minute=minute)
    y = np.full((1, 3), 100.0, dtype=np.float32)
    followed = forecast.predict(state, SHAPE, y, at=at).sigma
    plain = forecast.predict(state, replace(SHAPE, spread_power=0.0), y, at=at).sigma
    # power 1: sigma is the usual distance, about 40 A, over SPREAD_SHARE; in the night, with no distance, its floor
    assert followed.shape == (2, 1, 3)
    if expected_a:
        assert (followed[1] * forecast.SPREAD_SHARE > 20.0).all()
    else:
        np.testing.assert_allclose(followed[1], 0.02 * plain, rtol=1e-5)


def test_without_a_known_spread_sigma_stays_as_it_is() -> None:
    state = noisy_evenings(SHAPE, 0)
    y, dt_s = np.full((1, 3), 100.0, dtype=np.float32), np.full((1, 3), 900.0, dtype=np.float32)
    state = forecast.observe(state, SHAPE, y, dt_s=dt_s, at=START + QUARTER)
    followed = forecast.predict(state, SHAPE, y, at=START + QUARTER).sigma
    plain = forecast.predict(state, replace(SHAPE, spread_power=0.0), y, at=START + QUARTER).sigma
    np.testing.assert_array_equal(followed, np.broadcast_to(plain, followed.shape))


def test_spreads_are_in_the_snapshot() -> None:
    fleet = Fleet.of([feeder()], model=SHAPE)
    state = initial_state(fleet, START)
    for k in range(3 * 96):
        y = np.full((1, 3), 100.0 + 10.0 * (k % 7))
        state = observe(state, fleet, current_a=y, transformer_current_a=y, at=START + (k + 1) * QUARTER)
    data = to_bytes(state, fleet)
    restored = from_bytes(fleet, data)
    assert any(s is not None for s in restored.forecast.profile.spreads)
    assert to_bytes(restored, fleet) == data


def test_the_compiled_minute_refuses_a_model_that_it_does_not_know() -> None:
    columns = FleetColumns.of(Fleet.of([feeder()], model=SHAPE))
    with pytest.raises(ValueError, match="without a profile of spreads"):
        tables_of(columns, RiskPolicy(), window_s=900.0)


def test_an_evening_stays_in_its_place_when_the_clocks_change() -> None:
    # British summer time ended on Sunday 25 October 2026: 18:00 on the wall is 17:00 UTC before and 18:00 UTC after
    before = slot_of(datetime(2026, 10, 23, 17, 0, tzinfo=UTC))
    after = slot_of(datetime(2026, 10, 26, 18, 0, tzinfo=UTC))
    assert before == after == 4 * 18
