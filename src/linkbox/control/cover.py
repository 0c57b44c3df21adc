"""The cheapest set of chargers that sheds what is needed on every phase: exact, by prefix enumeration.

Chargers that shed the same amperes on the same phases are interchangeable but for their weight, so an optimal set
takes from each such group its cheapest members: a prefix. Groups that touch one phase only are combined, phase by
phase, into a frontier of (amperes, cost) pairs of which none is beaten by another; groups that touch several phases
(three-phase chargers; a charger whose phase is not known) couple the phases and are enumerated by their counts. This is
exact for any amperes. It is fast where groups are few: nominal currents of 16 and 32 A with a common probability of
drawing give two groups on each phase and two that couple. Where every charger is its own group the frontier may grow;
beyond the two bounds below the answer is None and the caller falls back, saying so.
Source: lv-network reference, sections 6.1 and 6.2.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from math import prod
from typing import TypeAlias

Amps3: TypeAlias = tuple[float, float, float]
TOLERANCE_A = 1e-6
_MAX_FRONTIER = 3_000
_MAX_COMBINATIONS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One charger as the cover sees it: what it sheds (A per row, >= 0), what it costs (> 0), how ties break.

    A row is a phase; where several feeders are covered at once, a phase of one of them.
    """

    relief_a: tuple[float, ...]
    weight: float
    tie: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Indices of the chosen items, their cost, and what stays uncovered (A per row)."""

    chosen: tuple[int, ...]
    cost: float
    shortfall_a: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    relief_a: Amps3
    members: tuple[int, ...]
    prefix_cost: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Point:
    amps: float
    cost: float
    counts: tuple[int, ...]


def cheapest_cover(need_a: Amps3, items: Sequence[Item]) -> Cover | None:
    """The set with the least total shortfall and, among those, the least cost; None where that is too much work.

    Items that shed nothing where something is needed are never chosen.
    """
    groups = _groups(need_a, items)
    single = [[g for g in groups if _only_phase(g.relief_a) == p] for p in range(3)]
    coupled = [g for g in groups if _only_phase(g.relief_a) is None]
    if prod(len(g.members) + 1 for g in coupled) > _MAX_COMBINATIONS:
        return None
    frontiers = []
    for p in range(3):
        frontier = _frontier(single[p], p, need_a[p])
        if frontier is None:
            return None
        frontiers.append(frontier)
    counts, points = _best(need_a, coupled, frontiers)
    chosen = [i for g, n in zip(coupled, counts, strict=True) for i in g.members[:n]]
    for p, point in enumerate(points):
        chosen += [i for g, n in zip(single[p], point.counts, strict=True) for i in g.members[:n]]
    return cover_of(need_a, items, chosen)


def cover_of(need_a: Sequence[float], items: Sequence[Item], chosen: Iterable[int]) -> Cover:
    """What a given set costs, and what it leaves uncovered."""
    indices = tuple(sorted(chosen))
    left = [need - sum(items[i].relief_a[row] for i in indices) for row, need in enumerate(need_a)]
    short = tuple(0.0 if a <= TOLERANCE_A else a for a in left)
    return Cover(chosen=indices, cost=sum(items[i].weight for i in indices), shortfall_a=short)


def _groups(need_a: Amps3, items: Sequence[Item]) -> list[_Group]:
    members: dict[Amps3, list[int]] = {}
    for index, item in enumerate(items):
        # What is shed where nothing is needed plays no part, so a three-phase charger may count as single-phase.
        a, b, c = (round(r, 9) if n > TOLERANCE_A else 0.0 for r, n in zip(item.relief_a, need_a, strict=True))
        if a > 0 or b > 0 or c > 0:
            members.setdefault((a, b, c), []).append(index)
    groups = []
    for relief, indices in sorted(members.items()):
        ordered = sorted(indices, key=lambda i: (items[i].weight, items[i].tie))
        costs = accumulate((items[i].weight for i in ordered), initial=0.0)
        groups.append(_Group(relief, tuple(ordered), tuple(costs)))
    return groups


def _only_phase(relief_a: Sequence[float]) -> int | None:
    touched = [p for p in range(3) if relief_a[p] > 0]
    return touched[0] if len(touched) == 1 else None


def _frontier(groups: Sequence[_Group], phase: int, need_a: float) -> list[_Point] | None:
    """Undominated combinations of prefixes on one phase, by rising amperes and cost; None beyond the bound."""
    points = [_Point(0.0, 0.0, ())]
    for group in groups:
        unit = group.relief_a[phase]
        grown = [
            _Point(p.amps + n * unit, p.cost + cost, (*p.counts, n))
            for p in points
            for n, cost in enumerate(group.prefix_cost)
            if n == 0 or p.amps + (n - 1) * unit < need_a - TOLERANCE_A
        ]
        points = _undominated(grown, need_a)
        if len(points) > _MAX_FRONTIER:
            return None
    return points


def _undominated(points: list[_Point], need_a: float) -> list[_Point]:
    points.sort(key=lambda p: (p.cost, -p.amps))
    kept: list[_Point] = []
    for point in points:
        if not kept or (point.amps > kept[-1].amps and kept[-1].amps < need_a - TOLERANCE_A):
            kept.append(point)
    return kept


def _best(
    need_a: Amps3, coupled: Sequence[_Group], frontiers: Sequence[list[_Point]]
) -> tuple[tuple[int, ...], tuple[_Point, ...]]:
    """Counts of the coupled groups and a frontier point for each phase, least (shortfall, cost)."""
    amps = [[p.amps for p in frontier] for frontier in frontiers]
    best: tuple[float, float] = (float("inf"), float("inf"))
    answer: tuple[tuple[int, ...], tuple[_Point, ...]] = ((), ())
    for counts in product(*(range(len(g.members) + 1) for g in coupled)):
        cost = sum(g.prefix_cost[n] for g, n in zip(coupled, counts, strict=True))
        if best[0] == 0.0 and cost >= best[1]:
            continue
        points, short = [], 0.0
        for p in range(3):
            left = need_a[p] - sum(g.relief_a[p] * n for g, n in zip(coupled, counts, strict=True))
            point = frontiers[p][min(bisect_left(amps[p], left - TOLERANCE_A), len(amps[p]) - 1)]
            points.append(point)
            cost += point.cost
            short += left - point.amps if left - point.amps > TOLERANCE_A else 0.0
        if (round(short, 6), cost) < best:
            best, answer = (round(short, 6), cost), (counts, tuple(points))
    return answer
