"""The daily profile: British local time, day types, and no value before a day was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.profile import DAY_WEIGHT, Profile, british_local, slot_of
from tests.grid.samples import MINUTE


@given(hours=st.integers(0, 40 * 365 * 24), minutes=st.integers(0, 59))
def test_local_time_is_that_of_the_zone_database(hours: int, minutes: int) -> None:
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=minutes)
    assert british_local(at).replace(tzinfo=None) == at.astimezone(ZoneInfo("Europe/London")).replace(tzinfo=None)


def test_summer_time_begins_and_ends_at_one_utc_on_the_last_sundays() -> None:
    assert british_local(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)).hour == 0
    assert british_local(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)).hour == 2
    assert british_local(datetime(2026, 10, 25, 0, 59, tzinfo=UTC)).hour == 1
    assert british_local(datetime(2026, 10, 25, 1, 0, tzinfo=UTC)).hour == 1


def test_saturday_has_bins_of_its_own() -> None:
    assert slot_of(datetime(2026, 1, 16, 0, 0, tzinfo=UTC)) == 0  # Friday
    assert slot_of(datetime(2026, 1, 17, 0, 0, tzinfo=UTC)) == 96  # Saturday
    assert slot_of(datetime(2026, 1, 18, 23, 59, tzinfo=UTC)) == 191  # Sunday


def day(profile: Profile, start: datetime, value: float) -> Profile:
    for k in range(1, 1441):
        profile = profile.observe(np.full((1, 3), value, dtype=np.float32), at=start + k * MINUTE)
    return profile


def test_a_new_day_moves_the_profile_by_its_weight() -> None:
    start = datetime(2026, 1, 12, 0, 0, tzinfo=UTC)
    profile = day(Profile.empty(1, start), start, 100.0)
    profile = day(profile, start + timedelta(days=1), 200.0)
    noon = start + timedelta(days=2, hours=12)
    np.testing.assert_allclose(profile.around(noon, 0.0, 1800.0), 100.0 + DAY_WEIGHT * 100.0, rtol=1e-6)


def test_bins_without_a_day_are_unknown_and_missing_readings_teach_nothing() -> None:
    start = datetime(2026, 1, 12, 0, 0, tzinfo=UTC)
    empty = Profile.empty(1, start)
    assert np.isnan(empty.around(start, 0.0, 900.0)).all()
    blind = day(empty, start, float("nan"))
    assert all(b is None for b in blind.bins)


def test_reading_that_ends_on_the_quarter_belongs_to_the_quarter_that_it_closes() -> None:
    start = datetime(2026, 1, 12, 0, 0, tzinfo=UTC)
    profile = Profile.empty(1, start)
    for k in range(1, 16):
        profile = profile.observe(np.full((1, 3), 60.0, dtype=np.float32), at=start + k * MINUTE)
    profile = profile.observe(np.full((1, 3), 10.0, dtype=np.float32), at=start + 16 * MINUTE)
    assert profile.bins[0] is not None
    np.testing.assert_array_equal(profile.bins[0], 60.0)
