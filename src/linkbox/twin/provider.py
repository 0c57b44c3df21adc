"""A simulated flexibility provider: what it answers to a call, when, and which of its chargers it then holds down.

It knows nothing of Linkbox's market: a FlexRequest goes in, a ProviderAnswer comes out, both plain values. The same
seed and request give the same answer, in whatever order requests come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

import numpy as np

from linkbox.base.time import require_utc
from linkbox.twin.vehicles import Bools


class Behaviour(StrEnum):
    """How a provider meets a call."""

    DELIVERS = "delivers"
    REJECTS = "rejects"
    SILENT = "silent"
    DOES_NOT_DELIVER = "does-not-deliver"
    DELIVERS_PART = "delivers-part"
    LATE = "late"
    ANSWERS_TWICE = "answers-twice"
    OVER_OFFERS = "over-offers"
    REVOKES = "revokes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderOptions:
    """``subscribed`` are the homes whose chargers the provider can hold, in its order of preference.

    ``behaviour`` None draws one per request with ``weights`` (in the order of Behaviour). Answers come ``answer_s``
    after the request, holds begin ``deliver_s`` after the answer, both drawn evenly in the range. ``part`` is the share
    of its holds that a provider makes which delivers only in part, ``more`` what one that over-offers promises, as a
    multiple of the request.
    """

    subscribed: tuple[int, ...]
    behaviour: Behaviour | None = None
    weights: tuple[float, ...] = (0.4, 0.2, 0.15, 0.1, 0.15, 0.0, 0.0, 0.0, 0.0)
    answer_s: tuple[float, float] = (15.0, 90.0)
    deliver_s: tuple[float, float] = (30.0, 150.0)
    part: float = 0.5
    more: float = 1.5
    amps_per_charger: float = 32.0

    def __post_init__(self) -> None:
        if len(self.weights) != len(Behaviour) or min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError(f"weights needs {len(Behaviour)} shares of 0 or more: {self.weights!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexRequest:
    """A call: reduce by ``amps`` on each phase from as soon as possible until ``until``. ``request_id`` is any text; a
    late provider answers after ``expires``."""

    request_id: str
    at: datetime
    until: datetime
    amps: tuple[float, float, float]
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The provider keeps one home's charger down in ``[start, end)``."""

    home: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """What comes of a call.

    ``answered_at`` None is silence; ``accepted_amps`` (per phase) is what the provider promises, ``holds`` what it
    does. ``again_at`` is when it answers a second time, ``revoked_at`` when it takes its offer back. ``behaviour`` is
    the truth, which a controller never sees.
    """

    request_id: str
    answered_at: datetime | None
    accepted: bool
    accepted_amps: tuple[float, float, float]
    holds: tuple[Hold, ...]
    behaviour: Behaviour
    again_at: datetime | None = None
    revoked_at: datetime | None = None


def answer(
    request: FlexRequest,
    options: ProviderOptions,
    *,
    home_phase: Sequence[int],
    seed: int,
    drawing: Bools | None = None,
) -> ProviderAnswer:
    """What the provider does with a call; ``home_phase`` gives the phase (0, 1, 2) of every home.

    ``drawing`` (homes,) is what the provider's own chargers tell it: it holds only such as draw now. Without it, it
    takes its chargers in order of preference as if all of them drew. On each phase it holds as many as make up the
    request, as far as it has them.
    """
    require_utc(request.at)
    rng = _keyed(seed, request.request_id)
    drawn = list(Behaviour)[int(rng.choice(len(Behaviour), p=np.array(options.weights) / sum(options.weights)))]
    behaviour = options.behaviour or drawn
    began = request.expires if behaviour is Behaviour.LATE and request.expires is not None else request.at
    answered_at = began + timedelta(seconds=round(float(rng.uniform(*options.answer_s)), 3))
    delivers_at = answered_at + timedelta(seconds=round(float(rng.uniform(*options.deliver_s)), 3))
    if behaviour in (Behaviour.SILENT, Behaviour.REJECTS):
        return ProviderAnswer(
            request_id=request.request_id,
            answered_at=None if behaviour is Behaviour.SILENT else answered_at,
            accepted=False,
            accepted_amps=(0.0, 0.0, 0.0),
            holds=(),
            behaviour=behaviour,
        )
    able = [home for home in options.subscribed if drawing is None or drawing[home]]
    chosen = [
        _first_needed([h for h in able if home_phase[h] == p], request.amps[p] / options.amps_per_charger)
        for p in range(3)
    ]
    promised = [min(len(homes) * options.amps_per_charger, request.amps[p]) for p, homes in enumerate(chosen)]
    if behaviour is Behaviour.OVER_OFFERS:
        promised = [amps * options.more for amps in promised]
    none = (Behaviour.DOES_NOT_DELIVER, Behaviour.REVOKES)
    share = options.part if behaviour is Behaviour.DELIVERS_PART else 0.0 if behaviour in none else 1.0
    soon = answered_at + timedelta(seconds=10)
    held = [home for homes in chosen for home in homes[: int(len(homes) * share)]]
    return ProviderAnswer(
        request_id=request.request_id,
        answered_at=answered_at,
        accepted=True,
        accepted_amps=(promised[0], promised[1], promised[2]),
        holds=tuple(Hold(home=h, start=delivers_at, end=request.until) for h in held if delivers_at < request.until),
        behaviour=behaviour,
        again_at=soon if behaviour is Behaviour.ANSWERS_TWICE else None,
        revoked_at=soon if behaviour is Behaviour.REVOKES else None,
    )


def held_at(holds: tuple[Hold, ...], at: datetime, homes: int) -> Bools:
    """(homes,) True where a hold covers ``at``: what Street.step takes as provider_hold."""
    mask = np.zeros(homes, dtype=np.bool_)
    for hold in holds:
        if hold.start <= at < hold.end:
            mask[hold.home] = True
    return mask


def _first_needed(homes: list[int], needed: float) -> list[int]:
    """As many of the homes as are needed, the last one whole."""
    return homes[: max(ceil(needed), 0)]


def _keyed(seed: int, request_id: str) -> np.random.Generator:
    """A generator of its own for each request."""
    digest = hashlib.sha256(f"{seed}/{request_id}".encode()).digest()
    return np.random.default_rng(list(digest[:16]))
