"""Operational metrics of service requests: counts, failures by code, round-trip percentiles against the target.

Percentiles are nearest-rank: the p-th percentile of n values is the one at rank ceil(p * n / 100) in rising order, so
it is always a value that was measured, and "p95 is 18 s" means that at least 95 % took 18 s or less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkbox.records.canonical import RecordsError

TARGET_ROUND_TRIP_S = 30.0
"""Target response time of an on-demand service request (SECMP0046 NF9, business requirement 1)."""


class EmptySample(RecordsError, ValueError):
    """A percentile of nothing was asked for, or one outside 1..100."""

    def __init__(self, percent: int, count: int) -> None:
        self.percent, self.count = percent, count
        super().__init__(f"no {percent}th percentile of {count} value(s): needs 1..100 and at least one value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """One service request: sent, and what came of it.

    ``completed_at`` is when its verified final answer (or refusal) was there; None if none came. ``failure`` is None
    for success, else a code of the DUIS (``E21``) or one of our own words (``timed out``).
    """

    srv: str
    sent_at: datetime
    completed_at: datetime | None
    failure: str | None = None
    region: str = ""
    hub: str = ""

    @property
    def duration_s(self) -> float | None:
        """From sending to the final answer; None if none came."""
        return None if self.completed_at is None else (self.completed_at - self.sent_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetrics:
    """The figures of one set of service requests. Times are those of the requests that got an answer.

    ``within_target`` is the share of *all* requests, answered or not, that succeeded within the target: a request
    that was never answered counts against it, though it has no round trip.
    """

    count: int
    failed: int
    unanswered: int
    p50_s: float | None
    p95_s: float | None
    max_s: float | None
    within_target: float | None
    failures: Mapping[str, int]


def percentile(rising: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile of values in rising order; EmptySample for none, or a percent outside 1..100."""
    if not rising or not 1 <= percent <= 100:
        raise EmptySample(percent, len(rising))
    rank = -(-percent * len(rising) // 100)
    return rising[rank - 1]


def measure(trips: Iterable[RoundTrip], *, target_s: float = TARGET_ROUND_TRIP_S) -> RequestMetrics:
    """The figures of all ``trips`` together."""
    trips = list(trips)
    times = sorted(d for trip in trips if (d := trip.duration_s) is not None)
    good = sum(1 for t in trips if t.failure is None and (d := t.duration_s) is not None and d <= target_s)
    failures = Counter(trip.failure for trip in trips if trip.failure is not None)
    return RequestMetrics(
        count=len(trips),
        failed=failures.total(),
        unanswered=len(trips) - len(times),
        p50_s=percentile(times, 50) if times else None,
        p95_s=percentile(times, 95) if times else None,
        max_s=times[-1] if times else None,
        within_target=good / len(trips) if trips else None,
        failures=dict(sorted(failures.items())),
    )


def by_srv(trips: Iterable[RoundTrip], *, target_s: float = TARGET_ROUND_TRIP_S) -> dict[str, RequestMetrics]:
    """The figures for each service reference variant, in the order of their numbers."""
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        groups[trip.srv].append(trip)
    return {srv: measure(groups[srv], target_s=target_s) for srv in sorted(groups, key=_srv_order)}


def by_region(trips: Iterable[RoundTrip], *, target_s: float = TARGET_ROUND_TRIP_S) -> dict[str, RequestMetrics]:
    """The figures for each region of the communications service provider."""
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        groups[trip.region].append(trip)
    return {region: measure(groups[region], target_s=target_s) for region in sorted(groups)}


def by_hub(trips: Iterable[RoundTrip], *, target_s: float = TARGET_ROUND_TRIP_S) -> dict[str, RequestMetrics]:
    """The figures for each type of communications hub."""
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        groups[trip.hub].append(trip)
    return {hub: measure(groups[hub], target_s=target_s) for hub in sorted(groups)}


def _srv_order(srv: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in srv.split("."))
