"""Columns of readings are checked as one reading after the other would be, whatever comes in a batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.telemetry import (
    NEVER_MS,
    UNKNOWN,
    Quality,
    QualityPolicy,
    ReadingBatch,
    Screened,
    Tracks,
    joined,
    named,
    no_tracks,
    nothing,
    readings,
    screen,
    tracks_from_bytes,
    tracks_to_bytes,
)

START_MS = 1_700_000_000_000
MINUTE_MS = 60_000
NAN = float("nan")


def batch(
    *rows: tuple[int, float, tuple[float, float, float]], delay_s: float = 0.0, window_s: float = 60.0
) -> ReadingBatch:
    """Rows of (feeder, minutes after the start, currents), received ``delay_s`` after the newest of them."""
    at = np.array([START_MS + round(m * MINUTE_MS) for _, m, _ in rows], dtype=np.int64)
    return readings(
        feeder=np.array([f for f, _, _ in rows], dtype=np.int32),
        at_ms=at,
        current_a=np.array([a for _, _, a in rows], dtype=np.float64).reshape(len(rows), 3),
        window_s=window_s,
        received_ms=int(at.max()) + round(1000 * delay_s),
    )


def minute_by_minute(
    amps: list[tuple[float, float, float]], *, delays_s: list[float] | None = None, policy: QualityPolicy | None = None
) -> list[tuple[Quality, ...]]:
    """The flags of feeder 0's readings, one a minute, each screened by itself."""
    tracks = no_tracks(1)
    found = []
    for k, values in enumerate(amps):
        screened = screen(batch((0, k, values), delay_s=delays_s[k] if delays_s else 0.0), tracks, policy=policy)
        tracks = screened.tracks
        found.append(named(int(screened.flags[0])))
    return found


def test_a_million_duplicates_are_counted_and_leave_one_reading() -> None:
    n = 1_000_001
    flood = readings(
        feeder=np.zeros(n, dtype=np.int32),
        at_ms=np.full(n, START_MS),
        current_a=np.broadcast_to([10.0, 20.0, 30.0], (n, 3)),
    )
    screened = screen(flood, no_tracks(3))
    assert screened.counts == {Quality.DUPLICATE: 1_000_000}
    np.testing.assert_array_equal(screened.accepted, [0])
    np.testing.assert_array_equal(screened.tracks.at_ms, [START_MS, NEVER_MS, NEVER_MS])


def test_a_million_readings_of_unknown_feeders_are_counted_and_change_nothing() -> None:
    n = 1_000_000
    flood = readings(
        feeder=np.full(n, UNKNOWN, dtype=np.int32),
        at_ms=np.full(n, START_MS),
        current_a=np.broadcast_to([10.0, 20.0, 30.0], (n, 3)),
    )
    before = no_tracks(2)
    screened = screen(flood, before)
    assert screened.counts == {Quality.UNKNOWN_FEEDER: n}
    assert tracks_to_bytes(screened.tracks) == tracks_to_bytes(before)


def test_nothing_is_screened_to_nothing() -> None:
    screened = screen(nothing(), no_tracks(2))
    assert not screened.counts
    assert len(screened.accepted) == 0


@pytest.mark.parametrize(
    ("amps", "flag"),
    [
        ((float("inf"), 1.0, 1.0), Quality.NOT_FINITE),
        ((float("-inf"), 1.0, 1.0), Quality.NOT_FINITE),
        ((NAN, 1.0, 1.0), Quality.MISSING_PHASE),
        ((10_001.0, 1.0, 1.0), Quality.IMPOSSIBLE),
        ((-1.0, 1.0, 1.0), Quality.SIGN_REVERSED),
    ],
)
def test_each_flaw_of_a_value_has_its_own_flag(amps: tuple[float, float, float], flag: Quality) -> None:
    screened = screen(batch((0, 0, amps)), no_tracks(1))
    assert screened.counts == {flag: 1}
    assert len(screened.accepted) == (0 if flag.refuses else 1)


def test_a_missing_phase_never_becomes_a_number() -> None:
    screened = screen(batch((0, 0, (NAN, 1.0, 1.0))), no_tracks(1))
    np.testing.assert_array_equal(np.isnan(screened.tracks.current_a[0]), [True, False, False])


def test_a_window_that_is_no_length_of_time_refuses_the_reading() -> None:
    for window_s, flag in (
        (-60.0, Quality.IMPOSSIBLE),
        (1e9, Quality.IMPOSSIBLE),
        (NAN, Quality.NOT_FINITE),
        (float("inf"), Quality.NOT_FINITE),
    ):
        assert screen(batch((0, 0, (1.0, 1.0, 1.0)), window_s=window_s), no_tracks(1)).counts == {flag: 1}


def test_a_value_by_exception_makes_no_gap_however_long_it_was_silent() -> None:
    first = screen(batch((0, 0, (1.0, 1.0, 1.0)), window_s=0.0), no_tracks(1))
    assert not screen(batch((0, 600, (2.0, 1.0, 1.0)), window_s=0.0), first.tracks).counts


def test_ten_minute_means_every_ten_minutes_make_no_gap_and_one_that_is_missing_does() -> None:
    tracks = no_tracks(1)
    counts = []
    for minute in (0, 10, 20, 40):
        screened = screen(batch((0, minute, (float(minute), 1.0, 1.0)), window_s=600.0), tracks)
        tracks = screened.tracks
        counts.append(screened.counts)
    assert counts == [{}, {}, {}, {Quality.GAP: 1}]


def test_a_clock_that_is_ahead_by_less_than_the_tolerance_is_told_after_five_readings() -> None:
    amps = [(float(k), 1.0, 1.0) for k in range(6)]
    found = minute_by_minute(amps, delays_s=[-10.0] * 6)
    assert found == [()] * 4 + [(Quality.CLOCK_SKEWED,)] * 2


def test_a_clock_that_is_an_hour_ahead_is_told_beside_the_refusals() -> None:
    found = minute_by_minute([(float(k), 1.0, 1.0) for k in range(6)], delays_s=[-3600.0] * 6)
    assert found == [(Quality.FUTURE,)] * 4 + [(Quality.FUTURE, Quality.CLOCK_SKEWED)] * 2


def test_a_clock_that_is_behind_shows_in_the_quickest_delivery_and_a_slow_one_alone_does_not() -> None:
    amps = [(float(k), 1.0, 1.0) for k in range(12)]
    behind = minute_by_minute(amps, delays_s=[90.0 + (k % 3) for k in range(12)])
    sometimes = minute_by_minute(amps, delays_s=[90.0 if k % 6 else 1.0 for k in range(12)])
    assert behind[-1] == (Quality.CLOCK_SKEWED,)
    assert sometimes == [()] * 12


def uneven(k: int) -> tuple[float, float, float]:
    """An uneven feeder whose phases wander by up to a tenth."""
    wander = 0.05 * np.sin([k, 2.0 * k, 3.0 * k])
    return tuple(np.array([150.0, 90.0, 40.0]) * (1.0 + wander))  # type: ignore[return-value]  # three numbers


def test_two_phases_that_change_places_are_told_after_ten_readings_for_as_long_as_it_lasts() -> None:
    swapped = [(a, c, b) for a, b, c in map(uneven, range(60, 90))]
    found = minute_by_minute([*map(uneven, range(60)), *swapped, *map(uneven, range(90, 95))])
    assert found[:69] == [()] * 69
    assert found[69:90] == [(Quality.PHASE_SWAPPED,)] * 21
    assert found[90:] == [()] * 5


def test_load_that_comes_to_one_phase_is_no_swap() -> None:
    steps = [(a, b, c + 32.0 * (k // 20)) for k, (a, b, c) in enumerate(map(uneven, range(160)))]
    assert set(minute_by_minute(steps)) == {()}


def test_a_new_order_that_lasts_is_taken_for_the_right_one() -> None:
    policy = QualityPolicy(swapped_adopt=20)
    swapped = [(c, b, a) for a, b, c in map(uneven, range(60, 120))]
    found = minute_by_minute([*map(uneven, range(60)), *swapped], policy=policy)
    assert found[60 + 10] == (Quality.PHASE_SWAPPED,)
    assert found[60 + 20 :] == [()] * 40


amps = st.sampled_from([0.0, 1.0, 2.0, 300.0, -4.0, 20_000.0, NAN, float("inf")])
rows = st.tuples(st.integers(-1, 3), st.integers(-4, 6), st.tuples(amps, amps, amps))


@given(st.lists(rows, min_size=1, max_size=40), st.integers(1, 39))
def test_one_batch_is_judged_as_its_readings_one_by_one(
    listed: list[tuple[int, float, tuple[float, float, float]]], cut: int
) -> None:
    """But for clock and phases, which are judged once an intake."""
    plain = QualityPolicy(stuck_after=3, clock_after=1000, swapped_after=1000)
    whole = batch(*listed)

    def in_parts(*edges: int) -> tuple[list[int], Tracks]:
        tracks, flags = no_tracks(3), []
        for start, end in zip((0, *edges), (*edges, len(listed)), strict=True):
            screened = screen(whole.take(slice(start, end)), tracks, policy=plain)
            tracks, flags = screened.tracks, flags + screened.flags.tolist()
        return flags, tracks

    flags, tracks = in_parts()
    singly, tracks_singly = in_parts(*range(1, len(listed)))
    halves, _ = in_parts(min(cut, len(listed)))
    assert flags == singly == halves
    for name in ("at_ms", "current_a", "window_s", "repeats"):
        np.testing.assert_array_equal(getattr(tracks, name), getattr(tracks_singly, name))


@given(st.lists(rows, min_size=1, max_size=40))
def test_only_what_a_feeder_can_carry_is_accepted_and_never_twice_for_one_time(
    listed: list[tuple[int, float, tuple[float, float, float]]],
) -> None:
    whole = batch(*listed)
    screened: Screened = screen(whole, no_tracks(3))
    kept = whole.take(screened.accepted)
    values = kept.current_a[~np.isnan(kept.current_a)]
    assert ((values >= 0.0) & (values <= 10_000.0)).all()
    assert ((kept.feeder >= 0) & (kept.feeder < 3)).all()
    assert len({(f, t) for f, t in zip(kept.feeder.tolist(), kept.at_ms.tolist(), strict=True)}) == len(kept)
    assert sum(len(named(int(f))) for f in screened.flags) == sum(screened.counts.values())


def test_feeders_do_not_see_each_other() -> None:
    both = joined([batch((0, 0, (1.0, 1.0, 1.0)), (1, 0, (1.0, 1.0, 1.0))), batch((1, -1, (2.0, 2.0, 2.0)))])
    screened = screen(both, no_tracks(2))
    assert [named(int(f)) for f in screened.flags] == [(), (), (Quality.OUT_OF_ORDER,)]


def test_tracks_come_back_bit_for_bit_and_altered_ones_do_not() -> None:
    tracks = screen(batch((0, 0, (1.0, NAN, 3.0)), (2, 1, (1.0, 2.0, 3.0))), no_tracks(4)).tracks
    stored = tracks_to_bytes(tracks)
    assert tracks_to_bytes(tracks_from_bytes(stored, 4)) == stored
    with pytest.raises(SnapshotMismatch):
        tracks_from_bytes(stored, 5)
    for damaged in (stored[:-1], b"", stored[:40] + b"x" + stored[41:]):
        with pytest.raises(SnapshotMismatch):
            tracks_from_bytes(damaged, 4)
