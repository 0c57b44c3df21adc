"""How good plans are: prefix enumeration against CP-SAT, and what simpler rules cost above the minimum.

Two programmes that share no code must find the same least burden on every nominal instance; greedy with swaps and plain
rotation (who has borne least goes first) are measured against it.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from linkbox.base.phases import PHASES
from linkbox.control.candidates import lots
from linkbox.control.choice import Choice, PlanMethod, choose, greedy_choice, of_levels, targets
from linkbox.control.options import Option
from linkbox.control.planning import Charger, option_of
from linkbox.control.solver import solve
from linkbox.study.instances import AT, Amps3, instance, permits

HOMES = (10, 36, 100, 250)
#: Two answers are equal when their costs are: the solver counts in 1e-8, and its lots add up to 1e-6 of a burden each.
_EQUAL = 1e-3
_EFFORT = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One instance. Costs are burdens; times are milliseconds of this process."""

    homes: int
    share: float
    exact: float
    solver: float
    greedy: float
    rotation: float
    same_shortfall: bool
    exact_ms: float
    solver_ms: float

    @property
    def equal(self) -> bool:
        """Whether the two exact ways agree."""
        return self.same_shortfall and abs(self.exact - self.solver) <= _EQUAL

    @property
    def fallback_honest(self) -> bool:
        """Whether greedy is not better than the minimum."""
        return self.greedy >= self.exact - _EQUAL


def comparisons(count: int, seed: int, done: Callable[[], object]) -> Iterator[Compared]:
    """``count`` random nominal instances, homes and need in turn; ``done`` is called after each."""
    issued = permits(max(HOMES))
    for n in range(count):
        rng = random.Random(f"{seed}/{n}")
        homes, share = HOMES[n % len(HOMES)], 0.1 + 0.1 * (n // len(HOMES) % 9)
        need, chargers = instance(homes, rng, issued, share=share)
        yield compare(homes, share, need, chargers)
        done()


def compare(homes: int, share: float, need: Amps3, chargers: Sequence[Charger]) -> Compared:
    """All four ways on one instance of single-level chargers."""
    lot = lots(AT)
    options = [option_of(c, c.share, lot(c.mpan)) for c in chargers]
    exact, exact_ms = _timed(lambda: choose(need, options, effort=0.0))
    if exact.method is not PlanMethod.PREFIX_ENUMERATION:
        raise RuntimeError(f"prefix enumeration gave up on {len(options)} nominal chargers")
    greedy = greedy_choice(need, options)
    nothing: list[float | None] = [None] * len(options)
    solved, solver_ms = _timed(lambda: solve(targets(need, options), options, hint=nothing, effort=_EFFORT))
    if solved.levels is None or not solved.proved:
        raise RuntimeError(f"CP-SAT proved no minimum for {len(options)} nominal chargers")
    by_solver = of_levels(need, options, solved.levels, PlanMethod.CP_SAT)
    return Compared(
        homes=homes,
        share=share,
        exact=exact.cost,
        solver=by_solver.cost,
        greedy=greedy.cost,
        rotation=rotation(need, options).cost,
        same_shortfall=all(abs(a - b) < 1e-5 for a, b in zip(exact.shortfall_a, by_solver.shortfall_a, strict=True)),
        exact_ms=exact_ms,
        solver_ms=solver_ms,
    )


def rotation(need: Amps3, options: Sequence[Option]) -> Choice:
    """The simplest fair rule: who has borne least goes first, where it helps at all, until it suffices."""
    left = list(need)
    levels: list[float | None] = [None] * len(options)
    for n in sorted(range(len(options)), key=lambda n: (options[n].weight, options[n].tie)):
        relief = options[n].relief_a(options[n].levels.deepest)
        if any(left[p] > 1e-6 and relief[p] > 0 for p in PHASES):
            levels[n] = options[n].levels.deepest
            left = [a - r for a, r in zip(left, relief, strict=True)]
    return of_levels(need, options, levels, PlanMethod.GREEDY_SWAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Cost relative to the minimum of all instances with one number of homes, or one need."""

    key: float
    instances: int
    greedy_mean: float
    greedy_worst: float
    greedy_exact: float
    rotation_mean: float
    rotation_worst: float
    exact_ms: float
    solver_ms: float


def curve(found: Sequence[Compared], key: Callable[[Compared], float]) -> list[Curve]:
    """One point for each value of ``key``, in order; instances in which nobody is needed are left out."""
    groups: dict[float, list[Compared]] = {}
    for c in found:
        if c.exact > 0:
            groups.setdefault(round(key(c), 6), []).append(c)
    return [_point(at, groups[at]) for at in sorted(groups)]


def _point(key: float, found: Sequence[Compared]) -> Curve:
    greedy, rotated = [c.greedy / c.exact for c in found], [c.rotation / c.exact for c in found]
    return Curve(
        key=key,
        instances=len(found),
        greedy_mean=statistics.fmean(greedy),
        greedy_worst=max(greedy),
        greedy_exact=sum(r <= 1 + 1e-9 for r in greedy) / len(found),
        rotation_mean=statistics.fmean(rotated),
        rotation_worst=max(rotated),
        exact_ms=statistics.median(c.exact_ms for c in found),
        solver_ms=statistics.median(c.solver_ms for c in found),
    )


T = TypeVar("T")


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.process_time()
    answer = work()
    return answer, (time.process_time() - begin) * 1e3
