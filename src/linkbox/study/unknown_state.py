"""What it costs not to know who draws: how many customers are commanded, with and without closing the loop.

One phase, chargers of 32 A of which nobody knows which draw, and a need of so many of them (network reference 6.4).
*Known*: exactly those needed. *Open loop*: as many as make it 95 % sure. *Closed loop*: as many as are expected to
do, then the drop is measured, beliefs follow it (``control.drawing``), and the rest is topped up; a batch whose drop
shows that nobody in it drew is freed. *With habits*: the same where each charger has its own habit
(``control.habits``), learned from earlier evenings.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import Phase
from linkbox.control.drawing import Belief, learn
from linkbox.control.habits import Habit

#: (chargers, probability that one draws, how many are needed) of the reference.
CASES = ((15, 0.35, 2), (40, 0.35, 5), (40, 0.15, 3))
_AMPS, _NOISE_A, _SURE = 32.0, 4.0, 0.95
_AT = time(19)
_EVENINGS = 30
_SHOWN_IDLE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """Means over all runs: customers commanded, how many of them were freed at once, minutes until it sufficed."""

    chargers: int
    probability: float
    need: int
    open_loop: int
    closed_loop: float
    freed: float
    minutes: float
    with_habits: float


def open_loop(chargers: int, probability: float, need: int) -> int:
    """The least number of which ``need`` draw with 95 %; all where no number is enough."""
    for n in range(need, chargers + 1):
        short = sum(math.comb(n, k) * probability**k * (1 - probability) ** (n - k) for k in range(need))
        if 1 - short >= _SURE:
            return n
    return chargers


def compare(chargers: int, probability: float, need: int, *, runs: int, seed: int) -> Commanded:
    """All ways on random evenings; those on which fewer than ``need`` draw are left out, since none can do it then."""
    rng = random.Random(f"{seed}/{chargers}/{probability}/{need}")
    plain = [_evening([probability] * chargers, [probability] * chargers, need, rng) for _ in range(runs)]
    learned = [_evening_with_habits(chargers, probability, need, rng) for _ in range(runs)]
    return Commanded(
        chargers=chargers,
        probability=probability,
        need=need,
        open_loop=open_loop(chargers, probability, need),
        closed_loop=sum(c for c, _, _ in plain) / runs,
        freed=sum(f for _, f, _ in plain) / runs,
        minutes=sum(m for _, _, m in plain) / runs,
        with_habits=sum(c for c, _, _ in learned) / runs,
    )


def _evening(truly: Sequence[float], believed: Sequence[float], need: int, rng: random.Random) -> tuple[int, int, int]:
    draws = [rng.random() < p for p in truly]
    while sum(draws) < need:
        draws = [rng.random() < p for p in truly]
    return closed_loop(_beliefs(believed), draws, need, rng)


def _evening_with_habits(chargers: int, probability: float, need: int, rng: random.Random) -> tuple[int, int, int]:
    """Own probabilities differ much: some cars are at home every evening, some hardly ever; on average the same."""
    own = [rng.betavariate(probability, 1 - probability) for _ in range(chargers)]
    while sum(p > 0.1 for p in own) < need + 1:
        own = [rng.betavariate(probability, 1 - probability) for _ in range(chargers)]
    return _evening(own, [_habit(p, rng).probability(_AT, probability) for p in own], need, rng)


def closed_loop(
    beliefs: Sequence[Belief], draws: Sequence[bool], need: int, rng: random.Random
) -> tuple[int, int, int]:
    """How many were commanded, how many of them freed at once as idle, and in how many minutes it sufficed."""
    waiting = sorted(range(len(beliefs)), key=lambda n: -beliefs[n].probability)
    commanded = freed = minutes = 0
    measured_a = 0.0
    while waiting and measured_a < need * _AMPS - _AMPS / 2:
        batch: list[int] = []
        expected_a = 0.0
        while waiting and (not batch or expected_a < need * _AMPS - measured_a):
            batch.append(waiting.pop(0))
            expected_a += _AMPS * beliefs[batch[-1]].probability
        drop_a = _AMPS * sum(draws[n] for n in batch) + rng.gauss(0.0, _NOISE_A)
        after = learn([beliefs[n] for n in batch], (drop_a, math.nan, math.nan), sigma_a=_NOISE_A)
        freed += sum(b.probability < _SHOWN_IDLE for b in after)
        measured_a += drop_a
        commanded += len(batch)
        minutes += 1
    return commanded, freed, minutes


def _beliefs(probabilities: Sequence[float]) -> list[Belief]:
    first = Belief.of(Mpan.from_core("150000000000"), _AMPS, 0.5, Phase.L1)
    return [replace(first, probability=min(0.995, max(0.005, p))) for p in probabilities]


def _habit(own: float, rng: random.Random) -> Habit:
    """After a month in which one evening in two told something of this charger, mostly rightly."""
    habit = Habit()
    for _ in range(_EVENINGS):
        if rng.random() < 0.5:
            drew = rng.random() < own
            habit = habit.after(_AT, rng.uniform(0.8, 1.0) if drew else rng.uniform(0.0, 0.2))
    return habit
