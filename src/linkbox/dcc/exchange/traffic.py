"""Pacing: how many requests may go out when, and which first. Source: reference dcc.md section 8.2.

The rules of SECMP0067 are not published; allowances are settings. Switching and restoring go before reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import RequestId
from linkbox.dcc.exchange.commands import READ_SRVS


class Priority(IntEnum):
    """What goes first when not everything can go at once: lower numbers."""

    SWITCH = 0
    RESTORE = 1
    OTHER = 2
    READ = 3


_SWITCHING, _RESTORING = frozenset({"7.6", "7.13", "7.16", "7.10"}), frozenset({"7.5", "7.8", "7.9"})


def priority_of(srv: str) -> Priority:
    """The priority of a service reference variant."""
    if srv in _SWITCHING:
        return Priority.SWITCH
    if srv in _RESTORING:
        return Priority.RESTORE
    return Priority.READ if srv in READ_SRVS else Priority.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucket:
    """``tokens`` at the time ``at``; they grow by ``per_s`` a second up to ``burst``."""

    per_s: float
    burst: float
    tokens: float
    at: datetime

    def refilled(self, at: datetime) -> TokenBucket:
        """The bucket at ``at``; a time before its own changes nothing."""
        passed_s = max(0.0, (at - self.at).total_seconds())
        return replace(self, tokens=min(self.burst, self.tokens + passed_s * self.per_s), at=max(at, self.at))

    def taken(self) -> TokenBucket:
        """The bucket with one token less."""
        return replace(self, tokens=self.tokens - 1.0)

    def ready_at(self) -> datetime:
        """When there will be a whole token."""
        missing = max(0.0, 1.0 - self.tokens)
        return self.at + timedelta(seconds=missing / self.per_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """At most ``per_s`` requests a second on average, ``burst`` at once. Empty fields match every SRV and region."""

    name: str
    per_s: float
    burst: int
    srvs: frozenset[str] = frozenset()
    region: str = ""

    def __post_init__(self) -> None:
        if self.per_s <= 0.0 or self.burst < 1:
            rule = "needs per_s above 0 and a burst of 1 at least"
            value = f"{self.per_s}/s, burst {self.burst}"
            raise InvalidInput("allowance", [Issue(where=self.name, value=value, rule=rule)])

    def concerns(self, srv: str, region: str) -> bool:
        """Whether a request of this kind counts against the allowance."""
        return (not self.srvs or srv in self.srvs) and (not self.region or region == self.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request that could go out: since when it waits, and not before ``not_before`` (after a throttling answer)."""

    request_id: RequestId
    srv: str
    region: str
    since: datetime
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacer:
    """The allowances and their buckets, by name."""

    allowances: tuple[Allowance, ...]
    buckets: Mapping[str, TokenBucket] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Which requests may go now, in this order; the pacer after that; when to look again (None: nobody waits)."""

    requests: tuple[RequestId, ...]
    pacer: Pacer
    again_at: datetime | None


def admit(pacer: Pacer, waiting: Sequence[Waiting], *, at: datetime) -> Admission:
    """Let requests go as far as the allowances reach: by priority, then by how long they have waited.

    A request that its allowance holds back does not hold back others that fall under another one.
    """
    buckets = {allowance.name: _bucket(pacer, allowance, at) for allowance in pacer.allowances}
    admitted: list[RequestId] = []
    later: list[datetime] = []
    for request in sorted(waiting, key=lambda w: (priority_of(w.srv), w.since, w.request_id)):
        if request.not_before is not None and request.not_before > at:
            later.append(request.not_before)
            continue
        mine = [a.name for a in pacer.allowances if a.concerns(request.srv, request.region)]
        blocked = [buckets[name].ready_at() for name in mine if buckets[name].tokens < 1.0]
        if blocked:
            later.append(max(blocked))
            continue
        buckets.update({name: buckets[name].taken() for name in mine})
        admitted.append(request.request_id)
    return Admission(
        requests=tuple(admitted),
        pacer=replace(pacer, buckets=MappingProxyType(buckets)),
        again_at=min(later, default=None),
    )


def back_off_s(times_throttled: int, *, jitter: float, first_s: float = 2.0, longest_s: float = 60.0) -> float:
    """How long to wait after the DSP has answered ``times_throttled`` times that there is too much.

    Doubles each time; ``jitter`` (0..1, drawn by the caller) spreads requests over the upper half of the wait.
    """
    whole = min(first_s * 2.0 ** max(0, times_throttled - 1), longest_s)
    return whole * (0.5 + 0.5 * jitter)


def _bucket(pacer: Pacer, allowance: Allowance, at: datetime) -> TokenBucket:
    full = TokenBucket(per_s=allowance.per_s, burst=allowance.burst, tokens=allowance.burst, at=at)
    return pacer.buckets.get(allowance.name, full).refilled(at)
