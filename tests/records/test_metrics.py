"""Operational metrics of service requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.records.metrics import EmptySample, RoundTrip, by_region, by_srv, measure, percentile

SENT = datetime(2026, 1, 13, 20, 0, tzinfo=UTC)


def trip(srv: str, seconds: float | None, failure: str | None = None, region: str = "North") -> RoundTrip:
    done = None if seconds is None else SENT + timedelta(seconds=seconds)
    return RoundTrip(srv=srv, sent_at=SENT, completed_at=done, failure=failure, region=region)


@pytest.mark.parametrize(
    ("percent", "expected"),
    # The textbook example of the nearest-rank method: 15, 20, 35, 40, 50.
    [(5, 15), (30, 20), (40, 20), (50, 35), (100, 50)],
)
def test_percentiles_are_nearest_rank(percent: int, expected: float) -> None:
    assert percentile([15, 20, 35, 40, 50], percent) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_measured_value_that_enough_values_do_not_exceed(values: list[float], percent: int) -> None:
    found = percentile(sorted(values), percent)
    assert found in values
    assert sum(v <= found for v in values) * 100 >= percent * len(values)
    assert sum(v < found for v in values) * 100 < percent * len(values)


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_a_percentile_of_nothing_is_refused(values: list[float], percent: int) -> None:
    with pytest.raises(EmptySample):
        percentile(values, percent)


def test_figures_count_failures_by_code_and_unanswered_requests_against_the_target() -> None:
    trips = [trip("7.6", 5), trip("7.6", 29.9), trip("7.6", 31), trip("7.6", 8, "E21"), trip("7.6", None, "timed out")]
    found = measure(trips)
    assert (found.count, found.failed, found.unanswered) == (5, 2, 1)
    assert (found.p50_s, found.p95_s, found.max_s) == (8.0, 31.0, 31.0)
    assert found.within_target == pytest.approx(2 / 5)
    assert found.failures == {"E21": 1, "timed out": 1}


def test_no_requests_have_no_figures() -> None:
    found = measure([])
    assert (found.count, found.p50_s, found.max_s, found.within_target) == (0, None, None, None)


def test_figures_come_by_srv_in_numeric_order_and_by_region() -> None:
    trips = [trip("7.10", 4), trip("7.9", 5, region="South"), trip("6.14.2", 6), trip("7.9", 7)]
    assert list(by_srv(trips)) == ["6.14.2", "7.9", "7.10"]
    assert by_srv(trips)["7.9"].count == 2
    assert {region: m.count for region, m in by_region(trips).items()} == {"North": 3, "South": 1}


@given(st.lists(st.tuples(st.sampled_from(["7.6", "7.7", "7.8"]), st.none() | st.floats(0, 100))))
def test_figures_by_srv_add_up_to_those_of_all(rows: list[tuple[str, float | None]]) -> None:
    trips = [trip(srv, seconds) for srv, seconds in rows]
    parts = by_srv(trips).values()
    assert sum(m.count for m in parts) == measure(trips).count
    assert sum(m.unanswered for m in parts) == measure(trips).unanswered
    assert max((m.max_s for m in parts if m.max_s is not None), default=None) == measure(trips).max_s
