"""Did the market do it? Answers against deadlines; delivery as the feeder's own current shows it, not as claimed.

Delivered is what the current is below the counterfactual (``market.counterfactual``): what it would be, by its own
trend, without the market. A delivery is a drop within a minute or two, so the trend is followed as far as it goes: from
each reading since the acceptance, and the one that shows the drop most surely counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from linkbox.base.time import format_utc, require_utc
from linkbox.market.calloff import CallOff, FlexRequest, ShortfallReason
from linkbox.market.contracts import Amps3
from linkbox.market.counterfactual import Counterfactual, Measured, follow

#: Of what was required, the part that must show on the feeder: the other load moves by itself too.
DELIVERED_FRACTION = 0.9
#: And the part that must show surely, one standard deviation below what shows.
SURE_FRACTION = 0.5
_TOLERANCE_A = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A provider's FlexOffer to a request: it will shed ``current_a`` (None: all that was asked).

    ``offer_id`` is the MessageID of the offer."""

    request_id: str
    at: datetime
    current_a: float | None = None
    offer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A provider will not, or takes back what it had accepted."""

    request_id: str
    at: datetime
    reason: str = ""


Answer: TypeAlias = Accepted | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the feeder shows at ``at``: it is ``reduction_a`` below ``expected_a``, give or take ``sigma_a``."""

    at: datetime
    expected_a: Amps3
    measured_a: Amps3
    reduction_a: Amps3
    sigma_a: Amps3

    def __str__(self) -> str:
        return f"{_amps(self.reduction_a)} A (give or take {_amps(self.sigma_a)} A)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Nothing can be said before ``until``, unless something new arrives."""

    until: datetime
    why: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The current is below what it would have been by what was required."""

    at: datetime
    effect: Effect
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """The last resort may begin at ``at``, for ``missing_a``."""

    at: datetime
    reason: ShortfallReason
    missing_a: Amps3
    why: str
    effect: Effect | None = None
    notes: tuple[str, ...] = ()


Judgement: TypeAlias = Pending | Delivered | Shortfall


def judge(
    call: CallOff,
    answers: Sequence[Answer],
    readings: Sequence[Measured],
    *,
    at: datetime,
    delivered_fraction: float = DELIVERED_FRACTION,
) -> Judgement:
    """Judge a call-off at ``at`` on the answers so far and the feeder's readings, from some minutes before the call on.

    A provider's first answer before its request's expiry counts; later, repeated and unknown ones change nothing and
    are told in ``notes``. Delivery needs an acceptance and a measurement made after it. A shortfall that can be seen
    before a deadline is declared at once, for what is then missing; the orders that were accepted stand.
    """
    require_utc(at)
    valid, notes = _sift(call, [a for a in answers if a.at <= at])
    accepted = [a.at for a in valid.values() if isinstance(a, Accepted)]
    seen = _effect(call, [r for r in readings if r.at <= at], min(accepted, default=None))
    if seen is not None and _covers(seen, call.required_a, delivered_fraction):
        return Delivered(at=at, effect=seen, notes=notes)
    silent = [r for r in call.requests if r.request_id not in valid]
    missing = _missing(call, valid, at)
    if any(m > _TOLERANCE_A for m in missing):
        reason, why = _failure(call, valid, silent, at)
        return Shortfall(at=at, reason=reason, missing_a=missing, why=why, effect=seen, notes=notes)
    if at >= call.delivery_deadline:
        return _not_delivered(call, seen, at, notes)
    waiting = [r.expiration_at for r in silent]
    if waiting:
        why = f"{len(waiting)} of {len(call.requests)} requests have no answer"
        return Pending(until=min(*waiting, call.delivery_deadline), why=why, notes=notes)
    return Pending(until=call.delivery_deadline, why="accepted; the current is not down yet", notes=notes)


def _sift(call: CallOff, answers: Sequence[Answer]) -> tuple[dict[str, Answer], tuple[str, ...]]:
    """The answer that counts for each request, and what is to be said about the others."""
    requests = {r.request_id: r for r in call.requests}
    valid: dict[str, Answer] = {}
    notes: list[str] = []
    for answer in sorted(answers, key=lambda a: a.at):
        request = requests.get(answer.request_id)
        before = valid.get(answer.request_id)
        if request is None:
            notes.append(f"answer to request {answer.request_id}, which was not asked")
        elif isinstance(before, Accepted) and isinstance(answer, Rejected):
            valid[answer.request_id] = answer
            notes.append(f"{request.provider} took its acceptance back at {format_utc(answer.at)}")
        elif answer.at > request.expiration_at:
            notes.append(f"{request.provider} answered at {format_utc(answer.at)}, after its deadline")
        elif before is not None:
            notes.append(f"{request.provider} answered again at {format_utc(answer.at)}; the first answer counts")
        else:
            valid[answer.request_id] = answer
            if isinstance(answer, Accepted) and answer.current_a is not None:
                notes += _odd_offer(request, answer.current_a)
    return valid, tuple(notes)


def _odd_offer(request: FlexRequest, offered_a: float) -> list[str]:
    if not 0.0 <= offered_a < math.inf:
        return [f"{request.provider} offered {offered_a} A; what is not a positive number counts as 0"]
    if offered_a > request.current_a + _TOLERANCE_A:
        more = f"{offered_a:.1f} A, more than the {request.current_a:.1f} A asked"
        return [f"{request.provider} offered {more}; the rest is not used"]
    return []


def _effect(call: CallOff, readings: Sequence[Measured], accepted_at: datetime | None) -> Effect | None:
    """What the latest reading shows, against the trend that shows it most surely; None without a complete one from
    after an acceptance."""
    if accepted_at is None:
        return None
    after = sorted((r for r in readings if r.at > accepted_at), key=lambda r: r.at)
    if not after or not after[-1].complete:
        return None
    at_call = Measured(at=call.at, current_a=call.baseline_a)
    trends = [follow(readings, before=until, at_call=at_call) for until in (accepted_at, *(r.at for r in after[:-1]))]
    return max((effect_of(trend, after[-1]) for trend in trends), key=lambda effect: _sure_share(effect, call))


def _sure_share(effect: Effect, call: CallOff) -> float:
    """Which part of what is required shows surely, on the phase that has the least of it."""
    return min((effect.reduction_a[p] - effect.sigma_a[p]) / need for p, need in enumerate(call.required_a) if need)


def effect_of(without: Counterfactual, seen: Measured) -> Effect:
    """What a complete reading shows against the counterfactual."""
    expected = without.expected_a(seen.at)
    a, b, c = (e - m for e, m in zip(expected, seen.current_a, strict=True))
    return Effect(
        at=seen.at,
        expected_a=expected,
        measured_a=seen.current_a,
        reduction_a=(a, b, c),
        sigma_a=without.sigma_a(seen.at),
    )


def _covers(effect: Effect, required_a: Amps3, fraction: float) -> bool:
    return all(
        effect.reduction_a[p] >= need * fraction - _TOLERANCE_A
        and effect.reduction_a[p] - effect.sigma_a[p] >= need * SURE_FRACTION - _TOLERANCE_A
        for p, need in enumerate(required_a)
        if need
    )


def _missing(call: CallOff, valid: dict[str, Answer], at: datetime) -> Amps3:
    """What will not come, A per phase. Requests of different days follow one another: the worse day counts."""
    days: dict[tuple[int, datetime], float] = {}
    for request in call.requests:
        key = (request.phase, request.start)
        days[key] = days.get(key, 0.0) + _lost(request, valid.get(request.request_id), at)
    a, b, c = (
        uncovered + max((lost for (p, _), lost in days.items() if p == phase), default=0.0)
        for phase, uncovered in enumerate(call.uncovered_a)
    )
    return (a, b, c)


def _lost(request: FlexRequest, answer: Answer | None, at: datetime) -> float:
    """What of a request will not come: all of it once rejected or expired, the rest of a smaller offer."""
    match answer:
        case Rejected():
            return request.current_a
        case None:
            return request.current_a if at >= request.expiration_at else 0.0
        case Accepted(current_a=None):
            return 0.0
        case Accepted(current_a=offered):
            return max(0.0, request.current_a - useful_a(offered or 0.0, request))


def useful_a(offered_a: float, request: FlexRequest) -> float:
    """What of an offer is of use: never more than was asked, and nothing for what is no amount."""
    return min(offered_a, request.current_a) if 0.0 <= offered_a < math.inf else 0.0


def _failure(
    call: CallOff, valid: dict[str, Answer], silent: Sequence[FlexRequest], at: datetime
) -> tuple[ShortfallReason, str]:
    by_id = {r.request_id: r for r in call.requests}
    rejections = {
        f"{by_id[i].provider} rejected{': ' + a.reason if a.reason else ''}": None
        for i, a in valid.items()
        if isinstance(a, Rejected)
    }
    if rejections:
        return ShortfallReason.REJECTED, "; ".join(rejections)
    expired = {f"{r.provider} by {format_utc(r.expiration_at)}": None for r in silent if at >= r.expiration_at}
    if expired:
        return ShortfallReason.NO_ANSWER, f"no answer from {', '.join(expired)}"
    return (
        ShortfallReason.NOT_ENOUGH_CAPACITY,
        "what the contracts hold or the providers offered is less than is required",
    )


def _not_delivered(call: CallOff, seen: Effect | None, at: datetime, notes: tuple[str, ...]) -> Shortfall:
    got = (0.0, 0.0, 0.0) if seen is None else seen.reduction_a
    a, b, c = (max(0.0, need - max(0.0, g)) for need, g in zip(call.required_a, got, strict=True))
    found = "the feeder was not measured" if seen is None else f"the feeder shows {seen} less than expected"
    why = f"accepted, but by {format_utc(call.delivery_deadline)} {found}; {_amps(call.required_a)} A were required"
    return Shortfall(
        at=at, reason=ShortfallReason.NOT_DELIVERED, missing_a=(a, b, c), why=why, effect=seen, notes=notes
    )


def _amps(values: Amps3) -> str:
    return "/".join(f"{v:.1f}" for v in values)
