"""Household demand keeps to the aggregates that it is calibrated to."""

from __future__ import annotations

import numpy as np
import pytest

from linkbox.twin.households import household_demand_w
from linkbox.twin.occupancy import active_persons


@pytest.fixture(scope="module")
def day() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """1500 homes over one day from local midnight, W."""
    return household_demand_w(1500, start_minute=0, minutes=1440, rng=np.random.default_rng(7))


def test_a_home_takes_11_to_13_kwh_on_a_winter_weekday_on_average(day: np.ndarray) -> None:
    """0.45 to 0.55 kW: a GB home of 3.3 to 4 MWh a year in winter; the CREST model gives 0.54 kW."""
    assert 450 <= day.mean() <= 550


def test_the_evening_peak_after_diversity_is_0_9_to_1_5_kw_between_17_and_20(day: np.ndarray) -> None:
    half_hours = day.mean(axis=0).reshape(48, 30).mean(axis=1)
    assert 900 <= half_hours.max() <= 1500
    assert 17 * 2 <= half_hours.argmax() < 20 * 2


def test_nights_are_quiet(day: np.ndarray) -> None:
    assert day[:, 2 * 60 : 5 * 60].mean() < 0.5 * day.mean()


def test_homes_differ_and_one_home_is_spiky(day: np.ndarray) -> None:
    """A single home's 1-minute peak is many times its mean, that of 100 homes together about three times."""
    energy = day.mean(axis=1)
    assert np.quantile(energy, 0.9) > 2 * np.quantile(energy, 0.1)
    alone = np.median(day.max(axis=1) / energy)
    together = day[:100].sum(axis=0)
    assert alone > 7
    assert 2 < together.max() / together.mean() < 4


def test_demand_is_never_negative_and_never_beyond_a_100_a_supply(day: np.ndarray) -> None:
    assert day.min() >= 0
    assert day.max() < 100 * 240


def test_the_same_generator_state_gives_the_same_demand() -> None:
    first, second = (
        household_demand_w(20, start_minute=600, minutes=300, rng=np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_a_window_over_midnight_has_the_night_where_it_belongs() -> None:
    window = household_demand_w(400, start_minute=17 * 60, minutes=14 * 60, rng=np.random.default_rng(5)).mean(axis=0)
    assert window.shape == (840,)
    assert window[:120].mean() > 3 * window[9 * 60 : 11 * 60].mean()  # 17-19 h against 2-4 h


def test_people_are_awake_at_seven_in_the_evening_and_asleep_at_four() -> None:
    active, size = active_persons(2000, start_minute=0, minutes=1440, rng=np.random.default_rng(1))
    assert active.min() >= 0
    assert np.all(active <= size[:, None])
    assert (active[:, 19 * 60] > 0).mean() > 0.8
    assert (active[:, 4 * 60] > 0).mean() < 0.1
    assert size.mean() == pytest.approx(0.30 * 1 + 0.35 * 2 + 0.16 * 3 + 0.19 * 4, rel=0.05)
