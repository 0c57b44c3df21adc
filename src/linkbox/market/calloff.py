"""Calling off flexibility: what is asked of whom, and until when an answer and an effect are of use.

The last resort needs some time of its own (signing, the DCC, the device, a reading that shows the effect). What is left
of the time to limit after that is the market's. Names follow the USEF Flex Trading Protocol.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import FeederId
from linkbox.base.phases import PHASES, Phase
from linkbox.base.time import require_utc
from linkbox.market.contracts import Amps3, Contract
from linkbox.market.uftp import split_by_day

_LEAST_A = 1e-6


class MarketError(LinkboxError, ValueError):
    """A call-off was asked for with values that make no sense."""

    def __init__(self, what: str, value: object, rule: str) -> None:
        self.what, self.value, self.rule = what, value, rule
        super().__init__(f"{what} = {value!r}: {rule}")


class ShortfallReason(StrEnum):
    """Why the market did not do it (catalogue B2)."""

    NO_CONTRACT = "no_contract"
    NOT_ENOUGH_CAPACITY = "not_enough_capacity"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    NOT_DELIVERED = "not_delivered"
    TOO_SLOW = "too_slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexRequest:
    """What one provider is asked: to lower the current of one phase by ``current_a`` in ``[start, end)``.

    ``[start, end)`` lies in one local day, as a UFTP message does; a longer call is several requests. ``expiration_at``
    is the last moment at which an answer counts; ``deliver_within_s`` and the price are the contract's.
    """

    request_id: str
    event_id: str
    contract_id: str
    provider: str
    domain: str
    congestion_point: FeederId
    phase: Phase
    current_a: float
    start: datetime
    end: datetime
    expiration_at: datetime
    deliver_within_s: float
    price_gbp_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOff:
    """One event's call on the market. ``baseline_a`` is the feeder's current when it was made.

    ``uncovered_a`` is what the contracts can not cover; ``answer_deadline`` the latest expiry of its requests;
    ``delivery_deadline`` when the last resort must begin at the latest, if the current is not down.
    """

    event_id: str
    congestion_point: FeederId
    at: datetime
    required_a: Amps3
    uncovered_a: Amps3
    baseline_a: Amps3
    start: datetime
    end: datetime
    requests: tuple[FlexRequest, ...]
    answer_deadline: datetime
    delivery_deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCover:
    """Nobody can be asked: why, in one word and in words."""

    event_id: str
    congestion_point: FeederId
    at: datetime
    reason: ShortfallReason
    why: str


def call_off(
    feeder_id: FeederId,
    *,
    required_a: Amps3,
    time_to_limit_s: float,
    last_resort_needs_s: float,
    baseline_a: Amps3,
    contracts: Sequence[Contract],
    duration_s: float,
    event_id: str,
    at: datetime,
    zone: str = "UTC",
) -> CallOff | NoCover:
    """Ask the providers that cover the feeder, cheapest first, for what is required on each phase.

    An answer is of use within the contract's own time and while the last resort still has its own; a contract whose
    delivery would take longer than the market has is not asked. ``time_to_limit_s`` may be infinite. ``zone`` is the
    market's time zone: requests are split at its midnight. Raises MarketError for a requirement that is negative, not
    finite, or zero on all phases.
    """
    _check(required_a, time_to_limit_s, duration_s)
    slack_s = time_to_limit_s - last_resort_needs_s
    covering = [c for c in contracts if feeder_id in c.feeder_ids and _helps(c, required_a)]
    available = [c for c in covering if c.available(require_utc(at))]
    if not available:
        why = "no contract covers this feeder" if not covering else "no contract for this feeder is available now"
        return NoCover(
            event_id=event_id, congestion_point=feeder_id, at=at, reason=ShortfallReason.NO_CONTRACT, why=why
        )
    fast = [c for c in available if slack_s > 0 and c.deliver_within_s <= slack_s]
    if not fast:
        why = (
            f"{time_to_limit_s:.0f} s to the limit, of which the last resort needs {last_resort_needs_s:.0f} s; the "
            f"fastest contract delivers in {min(c.deliver_within_s for c in available):.0f} s"
        )
        return NoCover(event_id=event_id, congestion_point=feeder_id, at=at, reason=ShortfallReason.TOO_SLOW, why=why)
    shares, uncovered = _share_out(required_a, fast)
    requests = tuple(
        request
        for contract, share in shares
        for request in _requests(feeder_id, contract, share, slack_s, duration_s, event_id, at, zone)
    )
    asked = [contract for contract, _ in shares]
    answer_s = max(min(c.answer_within_s, slack_s) for c in asked)
    delivery_s = min(max(min(c.answer_within_s, slack_s) + c.deliver_within_s for c in asked), slack_s)
    return CallOff(
        event_id=event_id,
        congestion_point=feeder_id,
        at=at,
        required_a=required_a,
        uncovered_a=uncovered,
        baseline_a=baseline_a,
        start=at,
        end=max(r.end for r in requests),
        requests=requests,
        answer_deadline=at + timedelta(seconds=answer_s),
        delivery_deadline=at + timedelta(seconds=delivery_s),
    )


def _check(required_a: Amps3, time_to_limit_s: float, duration_s: float) -> None:
    if not all(0.0 <= a < math.inf for a in required_a) or not any(required_a):
        raise MarketError("required_a", required_a, "must be finite, none below 0, and above 0 on some phase")
    if not time_to_limit_s >= 0.0:
        raise MarketError("time_to_limit_s", time_to_limit_s, "must not be below 0")
    if not 0.0 < duration_s < math.inf:
        raise MarketError("duration_s", duration_s, "must be above 0")


def _helps(contract: Contract, required_a: Amps3) -> bool:
    return any(c > 0 and r > 0 for c, r in zip(contract.capacity_a, required_a, strict=True))


def _share_out(required_a: Amps3, contracts: Sequence[Contract]) -> tuple[tuple[tuple[Contract, Amps3], ...], Amps3]:
    """What each contract is asked for, cheapest first, and what is left."""
    left = required_a
    shares: list[tuple[Contract, Amps3]] = []
    for contract in sorted(contracts, key=lambda c: (c.price_gbp_per_kwh, c.answer_within_s, c.contract_id)):
        share = _share(left, contract)
        if any(share):
            shares.append((contract, share))
            left = (_rest(left[0], share[0]), _rest(left[1], share[1]), _rest(left[2], share[2]))
    return tuple(shares), left


def _rest(left_a: float, share_a: float) -> float:
    """What is left; nothing where it is less than can be asked for."""
    rest = left_a - share_a
    return rest if rest >= _LEAST_A else 0.0


def _share(left_a: Amps3, contract: Contract) -> Amps3:
    """What is left to ask for, as far as the contract goes: by phase, then evenly down to its total."""
    a, b, c = (min(n, cap) for n, cap in zip(left_a, contract.capacity_a, strict=True))
    total = a + b + c
    if contract.total_a is None or total <= contract.total_a:
        return (a, b, c)
    part = contract.total_a / total
    return (a * part, b * part, c * part)


def _requests(
    feeder_id: FeederId,
    contract: Contract,
    share_a: Amps3,
    slack_s: float,
    duration_s: float,
    event_id: str,
    at: datetime,
    zone: str,
) -> Iterator[FlexRequest]:
    end = at + timedelta(seconds=max(duration_s, contract.minimum_run_s))
    for phase in PHASES:
        if not share_a[phase]:
            continue
        for day, (since, until) in enumerate(split_by_day(at, end, zone), 1):
            yield FlexRequest(
                request_id=f"{event_id}/{contract.contract_id}/{phase.name}/{day}",
                event_id=event_id,
                contract_id=contract.contract_id,
                provider=contract.provider,
                domain=contract.domain,
                congestion_point=feeder_id,
                phase=phase,
                current_a=share_a[phase],
                start=since,
                end=until,
                expiration_at=at + timedelta(seconds=min(contract.answer_within_s, slack_s)),
                deliver_within_s=contract.deliver_within_s,
                price_gbp_per_kwh=contract.price_gbp_per_kwh,
            )
