"""The cheapest choice of holds and levels over any number of rows of need, and how it was found.

A row is one phase of one feeder, or of the transformer above. An option is a charger: on each row it sheds its share of
the amperes that its level takes away. Three ways, in this order: prefix enumeration where every option has one level
and there are three rows; CP-SAT for all else; greedy with swaps where that fails. The answer says which it was, and
what no choice could cost less than.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from linkbox.control.charger import burden
from linkbox.control.cover import TOLERANCE_A, Item, cheapest_cover
from linkbox.control.greedy import greedy_cover
from linkbox.control.options import Option
from linkbox.control.solver import solve

__all__ = ["Choice", "PlanMethod", "choose", "greedy_choice", "of_levels", "targets"]


class PlanMethod(StrEnum):
    """How a plan was found. PREFIX_ENUMERATION and CP_SAT are proved to be the minimum; the others are not."""

    PREFIX_ENUMERATION = "prefix-enumeration"
    CP_SAT = "cp-sat"
    CP_SAT_UNPROVED = "cp-sat-unproved"
    GREEDY_SWAP = "greedy-swap"

    @property
    def exact(self) -> bool:
        """Whether no other choice can cost less."""
        return self in {PlanMethod.PREFIX_ENUMERATION, PlanMethod.CP_SAT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """``levels``: by option, the percent of its rating that it is left, or None where it is not chosen.

    ``bound`` is what no choice with as little shortfall can cost less than; the cost itself where the method is exact.
    """

    levels: tuple[float | None, ...]
    cost: float
    bound: float
    shortfall_a: tuple[float, ...]
    method: PlanMethod


def choose(need_a: Sequence[float], options: Sequence[Option], *, effort: float) -> Choice:
    """The choice with the least shortfall on every row and, among those, the least burden.

    ``effort`` bounds the solver's work in its own deterministic seconds; 0 does without it.
    """
    if all(o.levels.single for o in options) and len(need_a) == 3:
        cover = cheapest_cover((need_a[0], need_a[1], need_a[2]), _items(options))
        if cover is not None:
            taken = set(cover.chosen)
            return of_levels(
                need_a,
                options,
                [o.levels.deepest if n in taken else None for n, o in enumerate(options)],
                PlanMethod.PREFIX_ENUMERATION,
            )
    fallback = greedy_choice(need_a, options)
    if effort <= 0.0:
        return fallback
    solved = solve(targets(need_a, options), options, hint=fallback.levels, effort=effort)
    bound = max(fallback.bound, solved.bound)
    if solved.levels is None:
        return of_levels(need_a, options, fallback.levels, PlanMethod.GREEDY_SWAP, bound)
    method = PlanMethod.CP_SAT if solved.proved else PlanMethod.CP_SAT_UNPROVED
    found = of_levels(need_a, options, solved.levels, method, None if solved.proved else bound)
    worse = not solved.proved and found.cost > fallback.cost
    return of_levels(need_a, options, fallback.levels, PlanMethod.GREEDY_SWAP, bound) if worse else found


def of_levels(
    need_a: Sequence[float],
    options: Sequence[Option],
    levels: Sequence[float | None],
    method: PlanMethod,
    bound: float | None = None,
) -> Choice:
    """The choice that leaves each option its level: what it costs, and what it leaves uncovered."""
    chosen = [(o, level) for o, level in zip(options, levels, strict=True) if level is not None]
    cost = math.fsum(burden(o.weight, level) for o, level in chosen)
    reliefs = [o.relief_a(level) for o, level in chosen]
    left = [need - math.fsum(r[row] for r in reliefs) for row, need in enumerate(need_a)]
    return Choice(
        levels=tuple(levels),
        cost=cost,
        bound=cost if bound is None else min(bound, cost),
        shortfall_a=tuple(0.0 if a <= TOLERANCE_A else a for a in left),
        method=method,
    )


def targets(need_a: Sequence[float], options: Sequence[Option]) -> tuple[float, ...]:
    """What can be shed of the need: all of it, or what all options together shed where that is less.

    Nothing that an option sheds does harm, so taking all of them has the least shortfall on every row at once.
    """
    all_in = [o.relief_a(o.levels.deepest) for o in options]
    return tuple(min(need, math.fsum(r[row] for r in all_in)) for row, need in enumerate(need_a))


def _items(options: Sequence[Option]) -> list[Item]:
    return [
        Item(relief_a=o.relief_a(o.levels.deepest), weight=burden(o.weight, o.levels.deepest), tie=o.tie)
        for o in options
    ]


def greedy_choice(need_a: Sequence[float], options: Sequence[Option]) -> Choice:
    """Everyone chosen at the deepest level; then levels are raised, the dearest first, as far as nothing is missed."""
    items = _items(options)
    cover = greedy_cover(need_a, items)
    levels: list[float | None] = [None] * len(options)
    for n in cover.chosen:
        levels[n] = options[n].levels.deepest
    target = targets(need_a, options)
    spare = [-t for t in target]
    for n in cover.chosen:
        spare = [s + r for s, r in zip(spare, items[n].relief_a, strict=True)]
    for n in sorted(cover.chosen, key=lambda n: (-options[n].weight, options[n].tie)):
        levels[n] = _raised(options[n], spare, target)
        given_up = zip(items[n].relief_a, options[n].relief_a(levels[n] or 0.0), strict=True)
        spare = [s - (deep - now) for s, (deep, now) in zip(spare, given_up, strict=True)]
    return of_levels(need_a, options, levels, PlanMethod.GREEDY_SWAP, _bound(target, options))


def _raised(option: Option, spare: Sequence[float], target: Sequence[float]) -> float:
    """The highest level at which no row that needs this option goes short."""
    level = option.levels.deepest
    if option.levels.single:
        return level
    room = [s / share for s, share, t in zip(spare, option.share, target, strict=True) if share > 0 and t > TOLERANCE_A]
    give_back = max(0.0, min(room, default=math.inf)) * 100 / option.rated_a
    return min(option.levels.highest, level + math.floor(give_back + 1e-9))


def _bound(target: Sequence[float], options: Sequence[Option]) -> float:
    """A cost that no choice goes below: of each row alone, the cheapest amperes first, the last one in part."""
    worst = 0.0
    for row, need in enumerate(target):
        rates = []
        for o in options:
            relief = o.relief_a(o.levels.deepest)[row]
            if relief > 0:
                rates.append((_least_rate(o, row), relief))
        cost, left = 0.0, need
        for rate, relief in sorted(rates):
            taken = min(relief, max(0.0, left))
            cost, left = cost + rate * taken, left - taken
        worst = max(worst, cost)
    return worst


def _least_rate(option: Option, row: int) -> float:
    """The least cost per ampere of any of its levels. The cost is affine in what is shed, so an end of it is least."""
    ends = {option.levels.deepest, option.levels.highest}
    return min(burden(option.weight, level) / option.relief_a(level)[row] for level in ends)
