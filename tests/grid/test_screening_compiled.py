"""The compiled checks give what the columns' checks give, bit for bit: flags, rows, counts, tracks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.grid.telemetry import (
    Quality,
    QualityPolicy,
    ReadingBatch,
    Screened,
    Tracks,
    no_tracks,
    nothing,
    readings,
    screen,
    tracks_to_bytes,
)
from linkbox.grid.telemetry.screen_compiled import CompiledScreen

START_MS = 1_700_000_000_000
NAN, INF = float("nan"), float("inf")
FEEDERS = 6


def assert_same(got: Screened, expected: Screened) -> None:
    for name in ("flags", "accepted", "newest"):
        np.testing.assert_array_equal(getattr(got, name), getattr(expected, name), err_msg=name)
        assert getattr(got, name).dtype == getattr(expected, name).dtype
    assert got.counts == expected.counts
    for field in fields(Tracks):
        a, b = getattr(got.tracks, field.name), getattr(expected.tracks, field.name)
        np.testing.assert_array_equal(a, b, err_msg=field.name)
        assert a.dtype == b.dtype
        assert not a.flags.writeable
    assert tracks_to_bytes(got.tracks) == tracks_to_bytes(expected.tracks)


amps = st.sampled_from(
    [0.0, -0.0, 1.0, 30.0, 90.0, 91.5, 300.0, 1e4, 10_000.1, 0.1, 1e-320, -4.0, -INF, INF, NAN, 1e300]
)
triple = st.tuples(amps, amps, amps)
row = st.tuples(
    st.sampled_from([*range(FEEDERS), -1, -7, FEEDERS, FEEDERS + 3]),  # feeders outside are unknown
    st.sampled_from([0, 0, 60_000, 60_000, 120_000, 180_000, 600_000, -60_000, 3_600_000, -(10**14), 10**14]),
    st.sampled_from([0.0, 60.0, 600.0, 86_400.0, 86_400.1, -1.0, NAN, INF, -INF]),
    triple,
    triple,
    st.sampled_from([-90_000, -20_000, -4_999, 0, 1_000, 59_999, 60_001, 120_000, 121_000, 10**13]),
)
usual = st.tuples(  # what a feeder mostly sends, so that tracks come to something
    st.integers(0, FEEDERS - 1),
    st.integers(0, 20).map(lambda k: 60_000 * k),
    st.sampled_from([0.0, 60.0]),
    st.sampled_from([(90.0, 30.0, 1.0), (30.0, 90.0, 1.0), (91.5, 30.0, 1.0)]),
    st.just((NAN, NAN, NAN)),
    st.sampled_from([1_000, -20_000, 90_000]),
)
policies = st.sampled_from(
    [
        QualityPolicy(),
        QualityPolicy(stuck_after=2, clock_after=2, swapped_after=1, swapped_adopt=3, swapped_min_a=0.5),
        QualityPolicy(impossible_a=INF, clock_leak_s=0.1, late_after_s=1e9, future_tolerance_s=1e9, swapped_memory=7),
    ]
)


def batch_of(rows: list[tuple[int, int, float, tuple[float, ...], tuple[float, ...], int]]) -> ReadingBatch:
    feeder, at, window, current, bank, delay = zip(*rows, strict=True)
    at_ms = START_MS + np.array(at, dtype=np.int64)
    return ReadingBatch(
        feeder=np.array(feeder, dtype=np.int32),
        at_ms=at_ms,
        window_s=np.array(window),
        current_a=np.array(current).reshape(-1, 3),
        transformer_current_a=np.array(bank).reshape(-1, 3),
        voltage_v=np.full((len(rows), 3), NAN),
        received_ms=at_ms + np.array(delay, dtype=np.int64),
    )


@settings(max_examples=300, deadline=None)
@given(
    batches=st.lists(st.lists(st.one_of(row, usual, usual), min_size=1, max_size=25), min_size=1, max_size=6),
    policy=policies,
    in_order=st.booleans(),
)
def test_whatever_comes_the_compiled_checks_say_what_the_columns_say(
    batches: list[list[tuple[int, int, float, tuple[float, ...], tuple[float, ...], int]]],
    policy: QualityPolicy,
    in_order: bool,
) -> None:
    compiled, tracks = CompiledScreen(), no_tracks(FEEDERS)
    for rows in batches:
        batch = batch_of(sorted(rows, key=lambda r: r[0]) if in_order else rows)
        expected = screen(batch, tracks, policy=policy)
        assert_same(compiled(batch, tracks, policy=policy), expected)
        tracks = expected.tracks


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), feeders=st.integers(1, 20_000), rows=st.integers(0, 40_000), shuffled=st.booleans())
def test_in_parts_on_threads_a_large_batch_comes_out_as_in_one(
    seed: int, feeders: int, rows: int, shuffled: bool
) -> None:
    rng = np.random.default_rng(seed)
    tracks = no_tracks(feeders)
    with ThreadPoolExecutor(2) as pool:
        compiled = CompiledScreen(workers=2, spread=pool.map)
        for k in range(2):
            feeder = rng.integers(-2, feeders + 2, rows).astype(np.int32)
            at_ms = START_MS + 60_000 * (k + rng.integers(0, 3, rows))
            batch = readings(
                feeder=feeder if shuffled else np.sort(feeder),
                at_ms=at_ms,
                current_a=rng.choice([1.0, 2.0, 200.0, -1.0, NAN, INF], (rows, 3), p=[0.4, 0.3, 0.2, 0.02, 0.05, 0.03]),
                received_ms=START_MS + 60_000 * (k + 1),
            )
            expected = screen(batch, tracks)
            assert_same(compiled(batch, tracks), expected)
            tracks = expected.tracks


def test_a_minute_of_each_feeder_once_in_any_order() -> None:
    n = 30_000
    rng = np.random.default_rng(1)
    tracks = no_tracks(n)
    with ThreadPoolExecutor(2) as pool:
        compiled = CompiledScreen(workers=2, spread=pool.map)
        for k in range(3):
            batch = readings(
                feeder=(np.arange(n) if k < 2 else rng.permutation(n)).astype(np.int32),
                at_ms=np.full(n, START_MS + k * 60_000, dtype=np.int64),
                current_a=rng.uniform(0.0, 200.0, (n, 3)),
                transformer_current_a=rng.uniform(0.0, 200.0, (n, 3)),
                received_ms=START_MS + k * 60_000 + 900,
            )
            got = compiled(batch, tracks)
            assert_same(got, screen(batch, tracks))
            assert len(got.accepted) == n
            tracks = got.tracks


def test_nothing_changes_nothing_and_no_fleet_knows_nobody() -> None:
    compiled = CompiledScreen()
    assert_same(compiled(nothing(), no_tracks(3)), screen(nothing(), no_tracks(3)))
    stray = batch_of([(0, 0, 60.0, (1.0, 1.0, 1.0), (NAN, NAN, NAN), 0)])
    got = compiled(stray, no_tracks(0))
    assert_same(got, screen(stray, no_tracks(0)))
    assert got.counts == {Quality.UNKNOWN_FEEDER: 1}


def test_a_million_duplicates_and_a_million_strangers_are_counted() -> None:
    n = 1_000_000
    for feeder, flag, count in ((0, Quality.DUPLICATE, n - 1), (-1, Quality.UNKNOWN_FEEDER, n)):
        flood = readings(
            feeder=np.full(n, feeder, dtype=np.int32),
            at_ms=np.full(n, START_MS),
            current_a=np.broadcast_to([10.0, 20.0, 30.0], (n, 3)),
        )
        assert CompiledScreen()(flood, no_tracks(2)).counts == {flag: count}


def test_what_is_given_is_not_changed() -> None:
    tracks = no_tracks(2)
    before = tracks_to_bytes(tracks)
    batch = batch_of([(1, 0, 60.0, (1.0, 2.0, 3.0), (NAN, NAN, NAN), 0)])
    got = CompiledScreen()(batch, tracks)
    assert tracks_to_bytes(tracks) == before != tracks_to_bytes(got.tracks)
    with pytest.raises(ValueError, match="read-only"):
        got.tracks.at_ms[0] = 0
