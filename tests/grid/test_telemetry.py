"""Every flaw of a reading is recognised, counted and listed; none stops the others."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.identifiers import FeederId
from linkbox.grid.telemetry import Intake, Quality, Reading, Track, accept
from tests.grid.samples import MINUTE, START

F1, F2 = FeederId("F1"), FeederId("F2")
ROWS = {F1: 0, F2: 1}
NAN = float("nan")


def reading(**changes: object) -> Reading:
    facts: dict[str, object] = {"feeder_id": F1, "at": START, "current_a": (10.0, 20.0, 30.0)}
    return Reading(**(facts | changes))  # type: ignore[arg-type]  # the tests vary one field at a time


def take(*readings: Reading, tracks: dict[FeederId, Track] | None = None, minutes: int = 0) -> Intake:
    return accept(readings, feeders=ROWS, tracks=tracks or {}, at=START + minutes * MINUTE)


def test_good_reading_lands_in_its_row_and_the_others_are_missing() -> None:
    batch = take(reading(transformer_current_a=(100.0, 110.0, 120.0)))
    np.testing.assert_array_equal(batch.current_a[0], [10.0, 20.0, 30.0])
    np.testing.assert_array_equal(batch.transformer_current_a[0], [100.0, 110.0, 120.0])
    assert np.isnan(batch.current_a[1]).all()
    assert not batch.counts
    assert not batch.issues


@pytest.mark.parametrize(
    ("bad", "flag"),
    [
        (reading(feeder_id=FeederId("nowhere")), Quality.UNKNOWN_FEEDER),
        (reading(current_a=(10.0, float("inf"), 30.0)), Quality.NOT_FINITE),
        (reading(current_a=(10.0, 5e5, 30.0)), Quality.IMPOSSIBLE),
        (reading(transformer_current_a=(10.0, -5e5, 30.0)), Quality.IMPOSSIBLE),
        (reading(current_a=(10.0, -20.0, 30.0)), Quality.SIGN_REVERSED),
        (reading(at=START + timedelta(minutes=2)), Quality.FUTURE),
        (reading(at=START - timedelta(minutes=5)), Quality.LATE),
    ],
)
def test_bad_reading_is_refused_counted_and_listed(bad: Reading, flag: Quality) -> None:
    batch = take(bad, reading(feeder_id=F2))
    assert batch.counts[flag] == 1
    assert str(bad.feeder_id) in batch.issues[0].where
    assert np.isnan(batch.current_a[0]).all()
    assert np.isfinite(batch.current_a[1]).all()


def test_second_reading_of_the_same_time_is_a_duplicate_and_an_older_one_is_out_of_order() -> None:
    older = reading(at=START - MINUTE, current_a=(1.0, 1.0, 1.0))
    batch = take(reading(), reading(current_a=(9.0, 9.0, 9.0)), older)
    assert batch.counts == {Quality.DUPLICATE: 1, Quality.OUT_OF_ORDER: 1}
    np.testing.assert_array_equal(batch.current_a[0], [10.0, 20.0, 30.0])


def test_a_gap_is_flagged_but_the_reading_counts() -> None:
    first = take(reading())
    batch = take(reading(at=START + 4 * MINUTE), tracks=dict(first.tracks), minutes=4)
    assert batch.counts == {Quality.GAP: 1}
    assert np.isfinite(batch.current_a[0]).all()


def test_the_tenth_equal_reading_in_a_row_is_stuck_but_zero_is_not() -> None:
    def last_flags(amps: tuple[float, float, float], count: int) -> list[Quality]:
        tracks: dict[FeederId, Track] = {}
        for k in range(count):
            batch = take(reading(at=START + k * MINUTE, current_a=amps), tracks=tracks, minutes=k)
            tracks = dict(batch.tracks)
        return list(batch.counts)

    assert last_flags((10.0, 20.0, 30.0), 9) == []
    assert last_flags((10.0, 20.0, 30.0), 10) == [Quality.STUCK]
    assert last_flags((0.0, 0.0, 0.0), 30) == []


def test_a_missing_phase_stays_missing() -> None:
    batch = take(reading(current_a=(10.0, NAN, 30.0)))
    np.testing.assert_array_equal(np.isnan(batch.current_a[0]), [False, True, False])
    assert batch.counts == {Quality.MISSING_PHASE: 1}


def test_a_flood_of_duplicates_is_counted_and_leaves_one_reading() -> None:
    batch = take(*[reading()] * 5000)
    assert batch.counts == {Quality.DUPLICATE: 4999}
    assert len(batch.tracks) == 1


@given(
    amps=st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 3),
    minutes=st.integers(-10_000, 10_000),
    name=st.sampled_from(["F1", "F2", "F3"]),
)
def test_whatever_arrives_only_possible_currents_pass(
    amps: tuple[float, float, float], minutes: int, name: str
) -> None:
    batch = take(reading(feeder_id=FeederId(name), current_a=amps, at=START + minutes * MINUTE))
    passed = batch.current_a[np.isfinite(batch.current_a)]
    assert ((passed >= 0.0) & (passed <= 10_000.0)).all()
    assert not np.isinf(batch.current_a).any()
