"""The fleet's state: exact over gaps and splits, nothing made of nothing, read-only."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid import thermal
from linkbox.grid.fleet import DEFAULT_PRELOAD, Fleet, initial_state, observe
from linkbox.grid.thermal import FuseParameters
from tests.grid.samples import MINUTE, START, feeder, run

NAN = np.full((1, 3), np.nan)


def test_fleet_refuses_the_same_feeder_twice() -> None:
    with pytest.raises(ValueError, match="different ids"):
        Fleet.of([feeder("A"), feeder("A")])


def test_fleet_watches_the_pessimistic_fuse() -> None:
    fleet = Fleet.of([feeder(fuse=200), feeder("F2", fuse=400)])
    np.testing.assert_array_equal(fleet.fuse.melt_current_a, [[250.0], [500.0]])


def test_initial_state_is_steady_at_the_preload() -> None:
    fleet = Fleet.of([feeder()])
    state = initial_state(fleet, START, preload_a=100.0, ambient_degc=5.0)
    later = run(state, fleet, [100.0, 100.0, 100.0], 60)
    np.testing.assert_allclose(later.fuse, state.fuse, rtol=1e-9)
    np.testing.assert_allclose(later.cable, state.cable, rtol=1e-9)
    np.testing.assert_allclose(later.transformer, state.transformer, rtol=1e-9)


def test_without_a_preload_the_start_is_not_cold() -> None:
    fleet = Fleet.of([feeder()])
    fraction = initial_state(fleet, START).fuse.sum(axis=0)
    np.testing.assert_allclose(fraction, DEFAULT_PRELOAD**2)


def test_one_minute_of_the_fleet_is_one_step_of_each_asset() -> None:
    fleet = Fleet.of([feeder()])
    before = initial_state(fleet, START, preload_a=50.0)
    y = np.array([[10.0, 120.0, 230.0]])
    after = observe(before, fleet, current_a=y, transformer_current_a=2 * y, at=START + MINUTE)
    fuse = FuseParameters.of([feeder().fuse.pessimistic()])
    np.testing.assert_allclose(after.fuse, thermal.fuse_step(before.fuse, y, fuse, 60.0))
    oil, winding = thermal.load_per_unit(2 * y, fleet.transformer)
    expected = thermal.transformer_step(
        before.transformer, oil, winding, fleet.transformer, ambient_degc=10.0, dt_s=60.0
    )
    np.testing.assert_allclose(after.transformer, expected)


def test_a_missing_reading_leaves_the_state_and_makes_it_older() -> None:
    fleet = Fleet.of([feeder()])
    before = run(initial_state(fleet, START), fleet, [50.0, 60.0, 70.0], 3)
    y = np.array([[50.0, np.nan, 70.0]])
    after = observe(before, fleet, current_a=y, transformer_current_a=NAN, at=before.at + MINUTE)
    np.testing.assert_array_equal(after.fuse[:, 0, 1], before.fuse[:, 0, 1])
    np.testing.assert_array_equal(after.cable[:, 0, 1], before.cable[:, 0, 1])
    np.testing.assert_array_equal(after.transformer, before.transformer)
    assert after.current_a[0, 1] == 60.0
    np.testing.assert_array_equal(after.age_s(after.at), [[0.0, 60.0, 0.0]])


def test_a_gap_is_filled_with_the_larger_current_beside_it_and_its_true_length() -> None:
    fleet = Fleet.of([feeder()])
    first = run(initial_state(fleet, START), fleet, [200.0, 200.0, 200.0], 1)
    y = np.array([[100.0, 100.0, 300.0]])
    gap = observe(first, fleet, current_a=y, transformer_current_a=y, at=first.at + timedelta(minutes=5))
    filled = thermal.fuse_step(first.fuse, np.maximum(y, 200.0), fleet.fuse, 240.0)
    np.testing.assert_allclose(gap.fuse, thermal.fuse_step(filled, y, fleet.fuse, 60.0))


def test_nothing_read_yet_is_not_a_number_and_infinitely_old() -> None:
    state = initial_state(Fleet.of([feeder()]), START)
    assert np.isnan(state.current_a).all()
    assert np.isinf(state.age_s(START)).all()


def test_time_must_go_on() -> None:
    fleet = Fleet.of([feeder()])
    state = run(initial_state(fleet, START), fleet, [1.0, 2.0, 3.0], 5)
    with pytest.raises(ValueError, match="do not come after"):
        observe(state, fleet, current_a=np.ones((1, 3)), transformer_current_a=NAN, at=state.at)
    with pytest.raises(ValueError, match="do not come after"):
        observe(state, fleet, current_a=NAN, transformer_current_a=NAN, at=state.at - MINUTE)


def test_feeders_that_report_one_after_the_other_end_where_they_do_together() -> None:
    fleet = Fleet.of([feeder("A"), feeder("B", fuse=315)])
    y = np.array([[50.0, 60.0, 70.0], [150.0, 160.0, 170.0]])
    together = run(initial_state(fleet, START), fleet, y, 12)
    apart = initial_state(fleet, START)
    for k in range(12):
        for row in range(2):
            one = np.where(np.arange(2)[:, None] == row, y, np.nan)
            apart = observe(apart, fleet, current_a=one, transformer_current_a=one, at=START + (k + 1) * MINUTE)
    np.testing.assert_allclose(apart.fuse, together.fuse)
    np.testing.assert_allclose(apart.cable, together.cable)
    np.testing.assert_allclose(apart.transformer, together.transformer)
    np.testing.assert_array_equal(apart.forecast.ema, together.forecast.ema)


def test_published_arrays_can_not_be_written() -> None:
    fleet = Fleet.of([feeder()])
    state = run(initial_state(fleet, START), fleet, [1.0, 2.0, 3.0], 1)
    for array in (state.fuse, state.cable, state.current_a, state.forecast.z, state.forecast.ema):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_held_load_counts_as_demand_in_the_forecast_but_heats_nothing() -> None:
    fleet = Fleet.of([feeder()])
    start, y = initial_state(fleet, START), np.full((1, 3), 100.0)
    held = observe(start, fleet, current_a=y, transformer_current_a=y, at=START + MINUTE, held_a=np.full((1, 3), 64.0))
    free = observe(start, fleet, current_a=y, transformer_current_a=y, at=START + MINUTE)
    np.testing.assert_array_equal(held.fuse, free.fuse)
    np.testing.assert_allclose(held.forecast.ema, 164.0)


@given(seed=st.integers(0, 1000))
def test_permuting_the_feeders_permutes_the_state(seed: int) -> None:
    rng = np.random.default_rng(seed)
    models = [feeder("A", fuse=100), feeder("B", fuse=315), feeder("C", cable="4c_.1"), feeder("D", kva=1000)]
    order = rng.permutation(4)
    y = rng.uniform(0, 400, (4, 3))
    straight_fleet, mixed_fleet = Fleet.of(models), Fleet.of([models[i] for i in order])
    straight = run(initial_state(straight_fleet, START), straight_fleet, y, 3, bank_a=2 * y)
    mixed = run(initial_state(mixed_fleet, START), mixed_fleet, y[order], 3, bank_a=2 * y[order])
    np.testing.assert_array_equal(mixed.fuse, straight.fuse[:, order])
    np.testing.assert_array_equal(mixed.cable, straight.cable[:, order])
    np.testing.assert_array_equal(mixed.transformer, straight.transformer[:, order])
    np.testing.assert_array_equal(mixed.forecast.ema, straight.forecast.ema[:, order])
