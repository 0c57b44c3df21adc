"""Flexibility contracts with Ancillary Services Providers: who can lower which feeder's current, when, how fast."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TypeAlias

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId

Amps3: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityWindow:
    """Times of day ``[start, end)`` in UTC, on the weekdays on which the window begins (Monday is 0).

    Where ``end`` is not after ``start`` the window runs past midnight; equal times mean the whole day.
    """

    start: time
    end: time
    weekdays: frozenset[int] = frozenset(range(7))

    def covers(self, at: datetime) -> bool:
        """Whether the window is open at ``at``."""
        utc = at.astimezone(UTC)
        now = utc.time()
        if self.start < self.end:
            return self.start <= now < self.end and utc.weekday() in self.weekdays
        begun_today = now >= self.start and utc.weekday() in self.weekdays
        begun_yesterday = now < self.end and (utc.weekday() - 1) % 7 in self.weekdays
        return begun_today or begun_yesterday


ALWAYS = AvailabilityWindow(start=time(0), end=time(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One contract. ``feeder_ids`` are its congestion points; ``capacity_a`` is what it can shed, A per phase.

    ``answer_within_s`` and ``deliver_within_s`` are what the provider has promised: seconds from the FlexRequest to its
    answer, and from its answer to the current being down.
    """

    contract_id: str
    provider: str
    feeder_ids: frozenset[FeederId]
    capacity_a: Amps3
    answer_within_s: float
    deliver_within_s: float
    price_gbp_per_kwh: float = 0.0
    windows: tuple[AvailabilityWindow, ...] = (ALWAYS,)

    def __post_init__(self) -> None:
        amounts: dict[str, float] = {
            "capacity_a": min(self.capacity_a),
            "answer_within_s": self.answer_within_s,
            "deliver_within_s": self.deliver_within_s,
            "price_gbp_per_kwh": self.price_gbp_per_kwh,
        }
        issues = [
            Issue(where=name, value=str(value), rule="must be finite and not below 0")
            for name, value in amounts.items()
            if not 0.0 <= value < math.inf
        ]
        if not any(self.capacity_a):
            issues.append(Issue(where="capacity_a", value=str(self.capacity_a), rule="must be above 0 on some phase"))
        if not self.feeder_ids:
            issues.append(Issue(where="feeder_ids", value="", rule="must name a feeder"))
        if issues:
            raise InvalidInput(f"contract {self.contract_id}", issues)

    def available(self, at: datetime) -> bool:
        """Whether the contract may be called on at ``at``."""
        return any(window.covers(at) for window in self.windows)


def check_contracts(contracts: Iterable[Contract], known_feeders: Iterable[FeederId]) -> tuple[Issue, ...]:
    """What is wrong with a set of contracts: identifiers used twice, feeders that nobody watches."""
    known, seen = set(known_feeders), set[str]()
    issues: list[Issue] = []
    for contract in contracts:
        if contract.contract_id in seen:
            issues.append(Issue(where="contract_id", value=contract.contract_id, rule="must be used once only"))
        seen.add(contract.contract_id)
        issues += [
            Issue(where=f"contract {contract.contract_id}", value=feeder, rule="is not a feeder that is watched")
            for feeder in sorted(contract.feeder_ids - known)
        ]
    return tuple(issues)
