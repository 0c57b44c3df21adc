"""One time base: amperes times seconds are kept, and nothing is known more finely than it was measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.telemetry import ReadingBatch, readings
from linkbox.grid.telemetry.timebase import Aligned, to_base

START_MS = 1_700_000_040_000


def means(*rows: tuple[float, float, float], feeder: int = 0) -> ReadingBatch:
    """Rows of (end in minutes after the start, window in s, A on all phases)."""
    return readings(
        feeder=np.full(len(rows), feeder, dtype=np.int32),
        at_ms=np.array([START_MS + round(m * 60_000) for m, _, _ in rows], dtype=np.int64),
        window_s=np.array([w for _, w, _ in rows], dtype=np.float64),
        current_a=np.array([[a] * 3 for _, _, a in rows], dtype=np.float64),
    )


def base(batch: ReadingBatch, steps: int = 10, **options: float) -> Aligned:
    return to_base(batch, feeders=1, start_ms=START_MS, steps=steps, **options)


def test_a_minute_that_is_aligned_is_itself() -> None:
    aligned = base(means((1.0, 60.0, 10.0), (2.0, 60.0, 20.0)), steps=3)
    np.testing.assert_array_equal(aligned.mean_a[0, :, 0], [10.0, 20.0, np.nan])
    np.testing.assert_array_equal(aligned.covered_s[0, :, 0], [60.0, 60.0, 0.0])
    np.testing.assert_array_equal(aligned.resolution_s[0], [60.0, 60.0, 0.0])


def test_a_mean_over_ten_minutes_is_that_mean_in_each_and_is_marked_as_coarse() -> None:
    aligned = base(means((10.0, 600.0, 42.0)))
    np.testing.assert_array_equal(aligned.mean_a[0, :, 0], [42.0] * 10)
    np.testing.assert_array_equal(aligned.resolution_s[0], [600.0] * 10)


def test_a_minute_off_the_base_is_shared_by_two_periods() -> None:
    """60 s of 10 A that end 15 s into the third minute: 45 s in the second, 15 s in the third."""
    aligned = base(means((2.25, 60.0, 10.0)), steps=3)
    np.testing.assert_allclose(aligned.covered_s[0, :, 0], [0.0, 45.0, 15.0])
    np.testing.assert_array_equal(aligned.mean_a[0, :, 0], [np.nan, 10.0, 10.0])


def test_a_value_by_exception_stands_until_the_next_and_not_for_ever() -> None:
    """10 A from 0 min, 40 A from 1.5 min; held for 3 minutes at most, so until 4.5 min."""
    aligned = base(means((0.0, 0.0, 10.0), (1.5, 0.0, 40.0)), steps=6, hold_s=180.0)
    np.testing.assert_allclose(aligned.mean_a[0, :, 0], [10.0, 25.0, 40.0, 40.0, 40.0, np.nan])
    np.testing.assert_allclose(aligned.covered_s[0, :, 0], [60.0, 60.0, 60.0, 60.0, 30.0, 0.0])
    np.testing.assert_allclose(aligned.held_s, aligned.covered_s)


def test_a_missing_phase_stays_missing_on_the_base() -> None:
    one = readings(
        feeder=np.zeros(1, dtype=np.int32),
        at_ms=np.array([START_MS + 60_000]),
        current_a=np.array([[1.0, np.nan, 0.0]]),
    )
    aligned = to_base(one, feeders=1, start_ms=START_MS, steps=1)
    np.testing.assert_array_equal(aligned.mean_a[0, 0], [1.0, np.nan, 0.0])


def test_a_base_that_is_none_is_refused() -> None:
    for options in ({"base_s": 0.0}, {"steps": 0}, {"base_s": float("nan")}):
        with pytest.raises(ValueError, match="base"):
            base(means((1.0, 60.0, 1.0)), **options)  # type: ignore[arg-type]  # as a careless caller would


@given(
    lengths=st.lists(st.sampled_from([5.0, 60.0, 300.0, 600.0, 1800.0]), min_size=1, max_size=12),
    amps=st.lists(st.floats(0.0, 1000.0), min_size=12, max_size=12),
    offset_s=st.integers(0, 1800),
    base_s=st.sampled_from([60.0, 300.0, 600.0, 1800.0]),
)
def test_ampere_seconds_are_kept_whatever_the_windows(
    lengths: list[float], amps: list[float], offset_s: int, base_s: float
) -> None:
    ends = offset_s + np.cumsum(lengths)
    batch = means(*[(e / 60.0, w, a) for e, w, a in zip(ends, lengths, amps, strict=False)])
    steps = int(ends[-1] // base_s) + 1
    aligned = base(batch, steps=steps, base_s=base_s)
    kept = (np.nan_to_num(aligned.mean_a) * aligned.covered_s).sum(axis=1)[0]
    np.testing.assert_allclose(kept, [np.dot(lengths, amps[: len(lengths)])] * 3, rtol=1e-9, atol=1e-9)
    assert (aligned.covered_s <= base_s + 1e-9).all()
    mean = aligned.mean_a[np.isfinite(aligned.mean_a)]
    assert ((mean >= min(amps[: len(lengths)]) - 1e-9) & (mean <= max(amps[: len(lengths)]) + 1e-9)).all()


@given(st.permutations(range(6)))
def test_the_order_of_the_readings_does_not_matter(order: list[int]) -> None:
    rows = [(1.0, 60.0, 10.0), (2.5, 60.0, 20.0), (3.0, 0.0, 7.0), (4.0, 0.0, 9.0), (10.0, 300.0, 5.0), (9.0, 0.0, 1.0)]
    shuffled = base(means(*[rows[k] for k in order]))
    np.testing.assert_allclose(shuffled.mean_a, base(means(*rows)).mean_a)
