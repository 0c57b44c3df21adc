"""Calling off flexibility: what is asked of whom, and until when an answer and an effect are of use.

The last resort needs some time of its own (signing, the DCC, the device, a reading that shows the effect). What is left
of the time to limit after that is the market's. Names follow the USEF Flex Trading Protocol.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import FeederId
from linkbox.base.time import require_utc
from linkbox.market.contracts import Amps3, Contract


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
    """What one provider is asked: to lower the current at a congestion point by ``current_a`` in ``[start, end)``.

    ``expiration_at`` is the last moment at which an answer counts.
    """

    event_id: str
    contract_id: str
    provider: str
    congestion_point: FeederId
    current_a: Amps3
    start: datetime
    end: datetime
    expiration_at: datetime


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
) -> CallOff | NoCover:
    """Ask the providers that cover the feeder, cheapest first, for what is required on each phase.

    An answer is of use within the contract's own time and while the last resort still has its own; a contract whose
    delivery would take longer than the market has is not asked. ``time_to_limit_s`` may be infinite. Raises MarketError
    for a requirement that is negative, not finite, or zero on all phases.
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
    end = at + timedelta(seconds=duration_s)
    requests, uncovered = _share_out(feeder_id, required_a, fast, slack_s, event_id, at, end)
    asked = [c for c in fast if c.contract_id in {r.contract_id for r in requests}]
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
        end=end,
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


def _share_out(
    feeder_id: FeederId,
    required_a: Amps3,
    contracts: Sequence[Contract],
    slack_s: float,
    event_id: str,
    at: datetime,
    end: datetime,
) -> tuple[tuple[FlexRequest, ...], Amps3]:
    left = required_a
    requests: list[FlexRequest] = []
    for contract in sorted(contracts, key=lambda c: (c.price_gbp_per_kwh, c.answer_within_s, c.contract_id)):
        a, b, c = (min(n, cap) for n, cap in zip(left, contract.capacity_a, strict=True))
        if not (a or b or c):
            continue
        requests.append(
            FlexRequest(
                event_id=event_id,
                contract_id=contract.contract_id,
                provider=contract.provider,
                congestion_point=feeder_id,
                current_a=(a, b, c),
                start=at,
                end=end,
                expiration_at=at + timedelta(seconds=min(contract.answer_within_s, slack_s)),
            )
        )
        left = (left[0] - a, left[1] - b, left[2] - c)
    return tuple(requests), left
