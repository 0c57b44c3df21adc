"""Flexibility contracts with Ancillary Services Providers: who can lower which feeder's current, when, how fast."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import combinations
from typing import TypeAlias
from zoneinfo import ZoneInfo

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId

Amps3: TypeAlias = tuple[float, float, float]

NO_DOMAIN = ""
"""Of a contract whose provider is not reached by UFTP."""

_DAY_S = 86400.0
_WEEK_S = 7 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityWindow:
    """Times of day ``[start, end)`` on the clock of ``zone``, on the weekdays on which the window begins (Monday is 0).

    Where ``end`` is not after ``start`` the window runs past midnight; equal times mean the whole day. It follows the
    local clock: the hour that is left out in spring is in no window, the one that comes twice in autumn is in it twice.
    """

    start: time
    end: time
    weekdays: frozenset[int] = frozenset(range(7))
    zone: str = "UTC"

    def covers(self, at: datetime) -> bool:
        """Whether the window is open at ``at``."""
        local = at.astimezone(UTC if self.zone == "UTC" else ZoneInfo(self.zone))
        now = local.time()
        if self.start < self.end:
            return self.start <= now < self.end and local.weekday() in self.weekdays
        begun_today = now >= self.start and local.weekday() in self.weekdays
        begun_yesterday = now < self.end and (local.weekday() - 1) % 7 in self.weekdays
        return begun_today or begun_yesterday

    def spans(self) -> Iterator[tuple[float, float]]:
        """Its weekly ``[start, end)`` in seconds of the local week; one past the week's end comes back at its start."""
        for weekday in sorted(self.weekdays):
            begin = weekday * _DAY_S + _seconds(self.start)
            end = weekday * _DAY_S + _seconds(self.end) + (0.0 if self.start < self.end else _DAY_S)
            yield begin, min(end, _WEEK_S)
            if end > _WEEK_S:
                yield 0.0, end - _WEEK_S


def _seconds(at: time) -> float:
    return at.hour * 3600.0 + at.minute * 60.0 + at.second


ALWAYS = AvailabilityWindow(start=time(0), end=time(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract. ``feeder_ids`` are its congestion points; ``capacity_a`` is what it can shed, A per phase, and
    ``total_a`` the most over all phases together (None: no such limit).

    ``answer_within_s`` and ``deliver_within_s`` are what the provider has promised: seconds from the FlexRequest to its
    answer, and from its answer to the current being down. ``minimum_run_s`` is the shortest time it is called for,
    ``valid_from`` and ``valid_until`` the first and last day of the contract; ``domain`` the provider's UFTP domain.
    """

    contract_id: str
    provider: str
    feeder_ids: frozenset[FeederId]
    capacity_a: Amps3
    answer_within_s: float
    deliver_within_s: float
    price_gbp_per_kwh: float = 0.0
    windows: tuple[AvailabilityWindow, ...] = (ALWAYS,)
    total_a: float | None = None
    minimum_run_s: float = 0.0
    valid_from: date | None = None
    valid_until: date | None = None
    domain: str = NO_DOMAIN

    def __post_init__(self) -> None:
        issues = [*self._amounts_out_of_range(), *self._missing()]
        if issues:
            raise InvalidInput(f"contract {self.contract_id}", issues)

    def _amounts_out_of_range(self) -> Iterator[Issue]:
        amounts: dict[str, float] = {
            "capacity_a": min(self.capacity_a) if all(map(math.isfinite, self.capacity_a)) else math.nan,
            "answer_within_s": self.answer_within_s,
            "deliver_within_s": self.deliver_within_s,
            "price_gbp_per_kwh": self.price_gbp_per_kwh,
            "minimum_run_s": self.minimum_run_s,
        }
        for name, value in amounts.items():
            if not 0.0 <= value < math.inf:
                yield Issue(where=name, value=str(getattr(self, name)), rule="must be finite and not below 0")

    def _missing(self) -> Iterator[Issue]:
        if not any(self.capacity_a):
            yield Issue(where="capacity_a", value=str(self.capacity_a), rule="must be above 0 on some phase")
        if self.total_a is not None and not 0.0 < self.total_a < math.inf:
            yield Issue(where="total_a", value=str(self.total_a), rule="must be finite and above 0")
        if not self.feeder_ids:
            yield Issue(where="feeder_ids", value="", rule="must name a feeder")
        if not self.windows:
            yield Issue(where="windows", value="", rule="must have a window")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            yield Issue(where="valid_until", value=str(self.valid_until), rule="must not be before valid_from")

    def available(self, at: datetime) -> bool:
        """Whether the contract may be called on at ``at``."""
        return any(w.covers(at) and self._in_force(at.astimezone(ZoneInfo(w.zone)).date()) for w in self.windows)

    def _in_force(self, day: date) -> bool:
        return (self.valid_from or date.min) <= day <= (self.valid_until or date.max)


def check_contracts(contracts: Iterable[Contract], known_feeders: Iterable[FeederId]) -> tuple[Issue, ...]:
    """What is wrong with a set of contracts: identifiers used twice, feeders that nobody watches, and the same
    provider's capacity sold twice for one feeder at one time."""
    every, known, seen = list(contracts), set(known_feeders), set[str]()
    issues: list[Issue] = []
    for contract in every:
        if contract.contract_id in seen:
            issues.append(Issue(where="contract_id", value=contract.contract_id, rule="must be used once only"))
        seen.add(contract.contract_id)
        issues += [
            Issue(where=f"contract {contract.contract_id}", value=feeder, rule="is not a feeder that is watched")
            for feeder in sorted(contract.feeder_ids - known)
        ]
    for one, other in combinations(every, 2):
        issues += _overlap(one, other)
    return tuple(issues)


def _overlap(one: Contract, other: Contract) -> Iterator[Issue]:
    shared = sorted(one.feeder_ids & other.feeder_ids)
    same = (one.domain or one.provider) == (other.domain or other.provider) and one.contract_id != other.contract_id
    days = (one.valid_from or date.min) <= (other.valid_until or date.max)
    days = days and (other.valid_from or date.min) <= (one.valid_until or date.max)
    if same and shared and days and _meet(one.windows, other.windows):
        rule = f"overlaps contract {one.contract_id} of the same provider: its capacity would be counted twice"
        yield Issue(where=f"contract {other.contract_id}", value=", ".join(shared), rule=rule)


def _meet(one: Iterable[AvailabilityWindow], other: Iterable[AvailabilityWindow]) -> bool:
    """Whether two sets of weekly windows have a moment in common, on the local clock (zones are taken as equal)."""
    first = [span for window in one for span in window.spans()]
    second = [span for window in other for span in window.spans()]
    return any(a < d and c < b for a, b in first for c, d in second)
