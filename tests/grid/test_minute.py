"""A fleet's compiled minute is the same model as the reference: states, forecasts, who is at risk, and why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.grid import hot_snapshot, minute_tables
from linkbox.grid.columns import FleetColumns, partition
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.hot import HotState, initial
from linkbox.grid.hot_rows import hot_of, rows_of
from linkbox.grid.minute import ControlMinute, _profile_around
from linkbox.grid.risk import RiskAssessment, RiskPolicy, RiskState, assess
from tests.grid.samples import MINUTE, START, feeder

POLICY = RiskPolicy()
CABLES = ("4c_.1", "3c_95_SAC_XC", "3c_185_SAC_XC")


def fleet_of(n: int) -> Fleet:
    """Feeders with transformers of their own, for the reference keeps one for each feeder."""
    names = [feeder(f"F{i}", fuse=(200, 315, 400)[i % 3], cable=CABLES[i % 2], kva=(315, 500)[i % 2]) for i in range(n)]
    return Fleet.of([replace(f, substation=f"S{i}") for i, f in enumerate(names)])


def readings(rng: np.random.Generator, n: int, mean_a: np.ndarray, missing: float) -> tuple[np.ndarray, np.ndarray]:
    y = (mean_a * rng.gamma(9.0, 1.0 / 9.0, (n, 3))).astype(np.float32)
    bank = (2.0 * y).astype(np.float32)
    y[rng.random((n, 3)) < missing] = np.nan
    bank[rng.random(n) < missing] = np.nan
    return y, bank


class Both:
    """The reference and the columns, fed the same."""

    def __init__(self, n: int, *, policy: RiskPolicy = POLICY) -> None:
        self.fleet, self.policy = fleet_of(n), policy
        self.columns = FleetColumns.of(self.fleet)
        self.minute = ControlMinute(self.columns, policy)
        self.state = initial_state(self.fleet, START)
        self.hot = initial(self.columns, START)
        self.before: tuple[RiskAssessment, ...] | None = None

    def step(self, y: np.ndarray, bank: np.ndarray, *, minutes: int = 1, held: np.ndarray | None = None) -> None:
        at = self.state.at + minutes * MINUTE
        self.state = observe(
            self.state,
            self.fleet,
            current_a=y.astype(np.float64),
            transformer_current_a=bank.astype(np.float64),
            at=at,
            held_a=None if held is None else held.astype(np.float64),
        )
        self.sifted = self.minute.observe(self.hot, current_a=y, bank_current_a=bank, at=at, held_a=held)

    def judged(self) -> tuple[tuple[RiskAssessment, ...], dict[int, RiskAssessment]]:
        """By the reference all, by the columns those that were looked at; both with their own memory."""
        nothing = np.zeros((len(self.fleet), 3))
        self.before = assess(
            self.state, self.fleet, policy=self.policy, returning_a=nothing, at=self.state.at, previous=self.before
        )
        rows, found = self.minute.judge(self.hot, self.sifted)
        return self.before, dict(zip(rows.tolist(), found, strict=True))


def assert_same(hot: HotState, columns: FleetColumns, state: FleetState) -> None:
    """The tolerances are what float32 costs: two millionths of a melt, a thousandth of a kelvin, some mA."""
    got = rows_of(hot, columns, np.arange(len(columns)))
    np.testing.assert_allclose(got.fuse, state.fuse, atol=2e-6)
    np.testing.assert_allclose(got.cable, state.cable, atol=1e-3)
    np.testing.assert_allclose(got.transformer, state.transformer, atol=1e-3)
    for name in ("current_a", "seen_s", "transformer_current_a", "transformer_seen_s"):
        np.testing.assert_array_equal(getattr(got, name), getattr(state, name))
    for name in ("ema", "level", "open_centre", "open_sigma"):
        np.testing.assert_allclose(
            getattr(got.forecast, name), getattr(state.forecast, name), rtol=2e-5, atol=5e-3, err_msg=name
        )
    np.testing.assert_array_equal(got.forecast.observed_s, state.forecast.observed_s)
    np.testing.assert_array_equal(got.forecast.open_weight_s, state.forecast.open_weight_s)
    np.testing.assert_allclose(got.forecast.open_sum, state.forecast.open_sum, rtol=1e-5)
    np.testing.assert_allclose(got.forecast.z, state.forecast.z, atol=1e-5)
    for mine, theirs in zip(got.forecast.profile.bins, state.forecast.profile.bins, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_two_hours_with_gaps_end_where_the_reference_does() -> None:
    both, rng, n = Both(12), np.random.default_rng(4), 12
    load = np.linspace(30.0, 190.0, n)[:, None]
    for k in range(120):
        y, bank = readings(rng, n, load, missing=0.05)
        if 60 <= k < 68:
            y[3], bank[4] = np.nan, np.nan
        both.step(y, bank, minutes=4 if k == 90 else 1)
    assert_same(both.hot, both.columns, both.state)


def test_a_day_and_a_half_leaves_the_same_profile_and_uses_it() -> None:
    both, rng, n = Both(3), np.random.default_rng(5), 3
    for k in range(36 * 12):
        y, bank = readings(rng, n, np.full((n, 1), 60.0 + 40.0 * np.sin(k / 46.0)), missing=0.0)
        both.step(y, bank, minutes=5)
    assert sum(b is not None for b in both.hot.bins) > 90
    assert_same(both.hot, both.columns, both.state)


def test_load_that_is_held_down_counts_as_demand_as_in_the_reference() -> None:
    both, rng, n = Both(4), np.random.default_rng(6), 4
    held = np.zeros((n, 3), dtype=np.float32)
    held[1] = 64.0
    for _ in range(40):
        y, bank = readings(rng, n, np.full((n, 1), 90.0), missing=0.1)
        both.step(y, bank, held=held)
    assert_same(both.hot, both.columns, both.state)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), load=st.floats(0.5, 1.9), missing=st.sampled_from([0.0, 0.02, 0.3]))
def test_the_sieve_lets_nobody_through_unseen_and_the_judgement_is_the_references(
    seed: int, load: float, missing: float
) -> None:
    both, rng, n = Both(30), np.random.default_rng(seed), 30
    mean = load * rng.uniform(40.0, 260.0, (n, 1))
    for k in range(45):
        y, bank = readings(rng, n, mean * (1.0 if k < 25 else rng.uniform(0.6, 1.4)), missing)
        both.step(y, bank)
        if k % 5 == 4:
            reference, looked = both.judged()
            for row, expected in enumerate(reference):
                if row not in looked:
                    assert expected.state in (RiskState.NORMAL, RiskState.BLIND), expected.reason
                    assert both.sifted.blind[row] == (expected.state is RiskState.BLIND)
                    continue
                assert looked[row].state is expected.state
                np.testing.assert_allclose(looked[row].allowable_current_a, expected.allowable_current_a, atol=0.05)
                np.testing.assert_allclose(looked[row].required_reduction_a, expected.required_reduction_a, atol=0.1)


@pytest.mark.parametrize("longest_s", [100, 3600])
def test_states_that_are_late_are_brought_on_before_they_are_sifted_in_one_step_or_several(
    monkeypatch: pytest.MonkeyPatch, longest_s: int
) -> None:
    """Feeders that fall silent on the way to a limit pass it by the clock alone."""
    monkeypatch.setattr(minute_tables, "LONGEST_AGE_S", longest_s)
    n, rng = 90, np.random.default_rng(11)
    both = Both(n, policy=RiskPolicy(blind_after_s=1500.0))
    mean, passed, before = np.repeat(np.linspace(90.0, 400.0, 30), 3)[:, None], set[int](), set[int]()
    for k in range(60):
        y, bank = readings(rng, n, mean * (0.3 if k < 30 else 1.0), missing=0.1)
        if 33 <= k < 56:
            y[:], bank[:] = np.nan, np.nan
        both.step(y, bank)
        reference, looked = both.judged()
        for row, expected in enumerate(reference):
            if row in looked:
                assert looked[row].state is expected.state
            else:
                assert expected.state in (RiskState.NORMAL, RiskState.BLIND), expected.reason
        graded = {row for row, a in enumerate(reference) if a.state not in (RiskState.NORMAL, RiskState.BLIND)}
        before = graded if k < 33 else before
        passed |= graded - before if k < 56 else set()
    assert len(passed) >= 3


def test_few_are_looked_at_where_few_are_loaded() -> None:
    both, rng, n = Both(200), np.random.default_rng(8), 200
    mean = np.full((n, 1), 50.0)
    mean[7] = 290.0
    for _ in range(40):
        both.step(*readings(rng, n, mean, missing=0.0))
    assert np.flatnonzero(both.sifted.look).tolist() == [7]


def test_feeders_in_parts_on_several_threads_give_what_the_whole_gives_bit_for_bit() -> None:
    columns, rng, n = FleetColumns.of(fleet_of(40)), np.random.default_rng(3), 40
    columns = replace(columns, bank=(np.arange(n) // 3).astype(np.int32))
    parts = partition(columns, 3)
    whole, split = initial(columns, START), [initial(columns.take(rows), START) for rows in parts]
    minute, minutes = ControlMinute(columns), [ControlMinute(columns.take(rows)) for rows in parts]
    with ThreadPoolExecutor(2) as pool:
        threaded, shared = initial(columns, START), ControlMinute(columns, workers=2, spread=pool.map)
        for k in range(20):
            y, _ = readings(rng, n, np.full((n, 1), 150.0), missing=0.05)
            bank = rng.uniform(100.0, 400.0, (len(columns.bank_type), 3)).astype(np.float32)
            at = START + (k + 1) * MINUTE
            sifted = minute.observe(whole, current_a=y, bank_current_a=bank, at=at)
            shared.observe(threaded, current_a=y, bank_current_a=bank, at=at)
            for rows, part, state in zip(parts, minutes, split, strict=True):
                banks = np.unique(columns.bank[rows])
                own = part.observe(state, current_a=y[rows], bank_current_a=bank[banks], at=at)
                np.testing.assert_array_equal(own.flags, sifted.flags[rows])
    assert hot_snapshot.to_bytes(threaded, columns) == hot_snapshot.to_bytes(whole, columns)
    for rows, state in zip(parts, split, strict=True):
        series = (3 * rows[:, None] + np.arange(3)).ravel()
        for name in ("fuse", "cable", "y", "seen", "ema", "level", "z", "open_centre", "open_sum", "open_weight"):
            np.testing.assert_array_equal(getattr(state, name), getattr(whole, name)[..., series], err_msg=name)
        np.testing.assert_array_equal(state.bank, whole.bank[:, np.unique(columns.bank[rows])])


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=40), workers=st.integers(1, 8))
def test_every_substation_is_whole_in_one_part_and_the_parts_are_even(sizes: list[int], workers: int) -> None:
    bank = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    columns = replace(
        FleetColumns.of(fleet_of(1)),
        ids=[f"F{i}" for i in range(len(bank))],
        fuse_type=np.zeros(len(bank), dtype=np.int16),
        cable_type=np.zeros(len(bank), dtype=np.int16),
        bank=bank,
        bank_type=np.zeros(len(sizes), dtype=np.int16),
        substations=[f"S{i // 2}" for i in range(len(sizes))],  # two transformers to a substation
    )
    parts = partition(columns, workers)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(bank)))
    owners = [{int(b) // 2 for b in columns.bank[rows]} for rows in parts]
    assert sum(len(o) for o in owners) == len(set().union(*owners))
    assert max(map(len, parts)) - min(map(len, parts)) <= 18  # the largest substation


def test_the_order_of_the_feeders_does_not_matter() -> None:
    columns, rng, n = FleetColumns.of(fleet_of(30)), np.random.default_rng(9), 30
    order = columns.sorted_rows()
    mixed = columns.take(order)
    straight, other = initial(columns, START), initial(mixed, START)
    for k in range(12):
        y, bank = readings(rng, n, np.full((n, 1), 170.0), missing=0.05)
        at = START + (k + 1) * MINUTE
        a = ControlMinute(columns).observe(straight, current_a=y, bank_current_a=bank, at=at)
        banks = bank[np.unique(columns.bank[order])]
        b = ControlMinute(mixed).observe(other, current_a=y[order], bank_current_a=banks, at=at)
        np.testing.assert_array_equal(b.flags, a.flags[order])
        np.testing.assert_array_equal(b.nearness, a.nearness[order])


def test_snapshot_restores_every_bit_and_life_goes_on_the_same() -> None:
    both, rng = Both(5), np.random.default_rng(1)
    for _ in range(50):
        both.step(*readings(rng, 5, np.full((5, 1), 120.0), missing=0.1))
    data = hot_snapshot.to_bytes(both.hot, both.columns)
    restored = hot_snapshot.from_bytes(both.columns, data)
    assert hot_snapshot.to_bytes(restored, both.columns) == data
    y, bank = readings(rng, 5, np.full((5, 1), 120.0), missing=0.1)
    for state in (both.hot, restored):
        both.minute.observe(state, current_a=y, bank_current_a=bank, at=START + 51 * MINUTE)
    assert hot_snapshot.to_bytes(restored, both.columns) == hot_snapshot.to_bytes(both.hot, both.columns)
    with pytest.raises(SnapshotMismatch, match="must be of the fleet"):
        hot_snapshot.from_bytes(FleetColumns.of(fleet_of(4)), data)


def test_columns_of_a_state_give_it_back() -> None:
    both, rng = Both(5), np.random.default_rng(2)
    for _ in range(40):
        both.step(*readings(rng, 5, np.full((5, 1), 120.0), missing=0.1))
    assert_same(hot_of(both.state, both.columns), both.columns, both.state)


def test_nothing_becomes_a_number_where_nothing_was_read() -> None:
    both, rng = Both(3), np.random.default_rng(2)
    for _ in range(20):
        y, bank = readings(rng, 3, np.full((3, 1), 120.0), missing=0.0)
        y[1], y[2, 0] = np.nan, np.inf
        both.step(y, bank)
    lost = [3, 4, 5, 6]
    for name in ("y", "ema", "level", "open_centre", "open_sigma"):
        assert np.isnan(getattr(both.hot, name)[..., lost]).all(), name
    np.testing.assert_array_equal(both.hot.fuse[:, lost], initial(both.columns, START).fuse[:, lost])
    np.testing.assert_array_equal(both.sifted.blind, [False, True, True])


def test_wrong_shapes_times_and_horizons_are_refused() -> None:
    both = Both(2)
    good = np.ones((2, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="current_a must be float32"):
        both.minute.observe(both.hot, current_a=good[:1], bank_current_a=good, at=START + MINUTE)
    with pytest.raises(ValueError, match="whole second"):
        both.minute.observe(both.hot, current_a=good, bank_current_a=good, at=START + timedelta(milliseconds=1))
    both.step(good, good)
    with pytest.raises(ValueError, match="do not come after"):
        both.minute.observe(both.hot, current_a=good, bank_current_a=good, at=START + MINUTE)
    with pytest.raises(ValueError, match="horizon"):
        ControlMinute(both.columns, RiskPolicy(horizon_s=1000.0))


@pytest.mark.parametrize(("horizon_s", "bins"), [(1800.0, 6), (3600.0, 8)])
def test_as_many_bins_of_the_profile_are_handed_over_at_all_times_for_each_number_is_compiled_for(
    horizon_s: float, bins: int
) -> None:
    columns = FleetColumns.of(fleet_of(1))
    model = columns.model.until(horizon_s)
    state = initial(replace(columns, model=model), START)
    state.bins = [np.zeros(3, dtype=np.float32) for _ in state.bins]
    times = (START + k * MINUTE for k in range(1440))
    around = [_profile_around(state, at, model.starts_s, model.horizons_s) for at in times]
    assert {len(handed) for handed, _, _ in around} == {bins}
    assert all(use.shape[1] <= bins for _, _, use in around)
    assert len(state.near_slots) >= (4 if horizon_s == 1800.0 else 6)
