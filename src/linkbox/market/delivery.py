"""Did the market do it? Answers against deadlines; delivery as the feeder's own current shows it, not as claimed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from linkbox.base.time import format_utc, require_utc
from linkbox.market.calloff import CallOff, FlexRequest, ShortfallReason
from linkbox.market.contracts import Amps3

#: Of what was ordered, the part that must show on the feeder: the other load moves by itself too.
DELIVERED_FRACTION = 0.9
_TOLERANCE_A = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A provider's FlexOffer to a request: it will shed ``current_a`` (None: all that was asked)."""

    contract_id: str
    at: datetime
    current_a: Amps3 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A provider will not."""

    contract_id: str
    at: datetime
    reason: str = ""


Answer: TypeAlias = Accepted | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The feeder's current as it was measured at ``at``; NaN where a phase was not."""

    at: datetime
    current_a: Amps3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Nothing can be said before ``until``, unless something new arrives."""

    until: datetime
    why: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The current fell by what was required."""

    at: datetime
    reduction_a: Amps3
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """The last resort may begin at ``at``, for ``missing_a``."""

    at: datetime
    reason: ShortfallReason
    missing_a: Amps3
    why: str
    notes: tuple[str, ...] = ()


Judgement: TypeAlias = Pending | Delivered | Shortfall


def judge(
    call: CallOff,
    answers: Sequence[Answer],
    measured: Measured | None,
    *,
    at: datetime,
    delivered_fraction: float = DELIVERED_FRACTION,
) -> Judgement:
    """Judge a call-off at ``at`` on the answers so far and the latest measurement.

    A provider's first answer before its request's expiry counts; later, repeated and unknown ones change nothing and
    are told in ``notes``. Delivery needs an acceptance and a measurement made after it. A shortfall that can be seen
    before a deadline is declared at once, for what is then missing; the orders that were accepted stand.
    """
    require_utc(at)
    valid, notes = _sift(call, [a for a in answers if a.at <= at])
    accepted = [a.at for a in valid.values() if isinstance(a, Accepted)]
    reduction = _reduction(call, measured, min(accepted, default=None))
    if reduction is not None and _covers(reduction, call.required_a, delivered_fraction):
        return Delivered(at=at, reduction_a=reduction, notes=notes)
    silent = [r for r in call.requests if r.contract_id not in valid]
    missing = tuple(
        u + sum(_lost(r, valid.get(r.contract_id), at)[p] for r in call.requests)
        for p, u in enumerate(call.uncovered_a)
    )
    if any(m > _TOLERANCE_A for m in missing):
        reason, why = _failure(call, valid, silent, at)
        return Shortfall(at=at, reason=reason, missing_a=(missing[0], missing[1], missing[2]), why=why, notes=notes)
    if at >= call.delivery_deadline:
        return _not_delivered(call, reduction, at, notes)
    waiting = [r.expiration_at for r in silent]
    if waiting:
        until = min(*waiting, call.delivery_deadline) if waiting else call.delivery_deadline
        return Pending(
            until=until, why=f"{len(waiting)} of {len(call.requests)} providers have not answered", notes=notes
        )
    return Pending(until=call.delivery_deadline, why="accepted; the current is not down yet", notes=notes)


def _sift(call: CallOff, answers: Sequence[Answer]) -> tuple[dict[str, Answer], tuple[str, ...]]:
    """The answer that counts for each request, and what is to be said about the others."""
    requests = {r.contract_id: r for r in call.requests}
    valid: dict[str, Answer] = {}
    notes: list[str] = []
    for answer in sorted(answers, key=lambda a: a.at):
        request = requests.get(answer.contract_id)
        if request is None:
            notes.append(f"answer for contract {answer.contract_id}, which was not asked")
        elif answer.at > request.expiration_at:
            notes.append(f"{request.provider} answered at {format_utc(answer.at)}, after its deadline")
        elif answer.contract_id in valid:
            notes.append(f"{request.provider} answered again at {format_utc(answer.at)}; the first answer counts")
        else:
            valid[answer.contract_id] = answer
            if isinstance(answer, Accepted) and answer.current_a is not None:
                notes += _odd_offer(request, answer.current_a)
    return valid, tuple(notes)


def _odd_offer(request: FlexRequest, offered_a: Amps3) -> list[str]:
    if any(o > r + _TOLERANCE_A for o, r in zip(offered_a, request.current_a, strict=True)):
        return [
            f"{request.provider} offered {offered_a} A, more than the {request.current_a} A asked; the rest is not used"
        ]
    if not all(0.0 <= o < math.inf for o in offered_a):
        return [f"{request.provider} offered {offered_a} A; what is not a positive number counts as 0"]
    return []


def _reduction(call: CallOff, measured: Measured | None, accepted_at: datetime | None) -> Amps3 | None:
    """How far the current is below the baseline; None without a complete measurement from after an acceptance."""
    if measured is None or accepted_at is None or measured.at <= accepted_at:
        return None
    if not all(map(math.isfinite, measured.current_a)):
        return None
    a, b, c = (base - now for base, now in zip(call.baseline_a, measured.current_a, strict=True))
    return (a, b, c)


def _covers(reduction_a: Amps3, required_a: Amps3, fraction: float) -> bool:
    return all(got >= need * fraction - _TOLERANCE_A for got, need in zip(reduction_a, required_a, strict=True) if need)


def _lost(request: FlexRequest, answer: Answer | None, at: datetime) -> Amps3:
    """What of a request will not come: all of it once rejected or expired, the rest of a smaller offer."""
    match answer:
        case Rejected():
            return request.current_a
        case None:
            return request.current_a if at >= request.expiration_at else (0.0, 0.0, 0.0)
        case Accepted(current_a=None):
            return (0.0, 0.0, 0.0)
        case Accepted(current_a=offered):
            a, b, c = (_rest(r, o) for r, o in zip(request.current_a, offered or (0.0, 0.0, 0.0), strict=True))
            return (a, b, c)


def _rest(asked_a: float, offered_a: float) -> float:
    return max(0.0, asked_a - (offered_a if 0.0 <= offered_a < math.inf else 0.0))


def _failure(
    call: CallOff, valid: dict[str, Answer], silent: Sequence[FlexRequest], at: datetime
) -> tuple[ShortfallReason, str]:
    rejections = {i: a for i, a in valid.items() if isinstance(a, Rejected)}
    providers = {r.contract_id: r.provider for r in call.requests}
    if rejections:
        said = "; ".join(f"{providers[i]} rejected{': ' + a.reason if a.reason else ''}" for i, a in rejections.items())
        return ShortfallReason.REJECTED, said
    expired = [r for r in silent if at >= r.expiration_at]
    if expired:
        names = ", ".join(f"{r.provider} by {format_utc(r.expiration_at)}" for r in expired)
        return ShortfallReason.NO_ANSWER, f"no answer from {names}"
    return (
        ShortfallReason.NOT_ENOUGH_CAPACITY,
        "what the contracts hold or the providers offered is less than is required",
    )


def _not_delivered(call: CallOff, reduction: Amps3 | None, at: datetime, notes: tuple[str, ...]) -> Shortfall:
    got = reduction or (0.0, 0.0, 0.0)
    a, b, c = (max(0.0, need - max(0.0, g)) for need, g in zip(call.required_a, got, strict=True))
    seen = "the feeder was not measured" if reduction is None else f"the feeder's current fell by {_amps(got)} A only"
    why = f"accepted, but by {format_utc(call.delivery_deadline)} {seen}; {_amps(call.required_a)} A were required"
    return Shortfall(at=at, reason=ShortfallReason.NOT_DELIVERED, missing_a=(a, b, c), why=why, notes=notes)


def _amps(values: Amps3) -> str:
    return "/".join(f"{v:.1f}" for v in values)
