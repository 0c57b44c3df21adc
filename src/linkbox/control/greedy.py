"""The fallback where exact covering would take too long: greedy by amperes per cost, then tidied by swaps.

Never better than the exact answer; on the reference's instances within a few percent of it (section 6.2). A plan that
was made this way says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from linkbox.control.cover import TOLERANCE_A, Cover, Item, cover_of

_Array = npt.NDArray[np.float64]


def greedy_cover(need_a: Sequence[float], items: Sequence[Item]) -> Cover:
    """A set from which no charger can be left out, and in which none can be swapped for a cheaper one."""
    if not items:
        return cover_of(need_a, items, ())
    need = np.asarray(need_a, dtype=np.float64)
    relief = np.array([i.relief_a for i in items], dtype=np.float64)
    weight = np.array([i.weight for i in items], dtype=np.float64)
    chosen = _pick(need, relief, weight, np.array([i.tie for i in items]))
    chosen = _without_redundant(need, relief, weight, chosen)
    return cover_of(need_a, items, _swapped(need, relief, weight, chosen))


def _pick(need: _Array, relief: _Array, weight: _Array, tie: npt.NDArray[np.int64]) -> list[int]:
    left = need.copy()
    rest = np.ones(len(weight), dtype=bool)
    chosen: list[int] = []
    # By lot among equals: the first of the best is taken.
    order = np.lexsort((np.arange(len(weight)), tie))
    while rest.any() and (left > TOLERANCE_A).any():
        use = np.minimum(relief, np.maximum(left, 0.0)).sum(axis=1) * rest
        best = int(order[np.argmax((use / weight)[order])])
        if use[best] <= TOLERANCE_A:
            break
        rest[best] = False
        chosen.append(best)
        left -= relief[best]
    return chosen


def _without_redundant(need: _Array, relief: _Array, weight: _Array, chosen: list[int]) -> list[int]:
    kept = list(chosen)
    total = relief[kept].sum(axis=0)
    for i in sorted(chosen, key=lambda i: (-weight[i], i)):
        if _short(need, total - relief[i]) <= _short(need, total) + TOLERANCE_A:
            kept.remove(i)
            total = relief[kept].sum(axis=0)
    return kept


def _swapped(need: _Array, relief: _Array, weight: _Array, chosen: list[int]) -> list[int]:
    kept, improved = list(chosen), True
    while improved:
        improved = False
        total = relief[kept].sum(axis=0)
        worst_short = _short(need, total) + TOLERANCE_A
        for i in sorted(kept, key=lambda i: (-weight[i], i)):
            cheaper = np.flatnonzero(weight < weight[i])
            cheaper = cheaper[~np.isin(cheaper, kept)]
            short = np.maximum(need - (total - relief[i] + relief[cheaper]), 0.0).sum(axis=1)
            able = cheaper[short <= worst_short]
            if able.size:
                swap = int(able[np.argmin(weight[able])])
                kept = _without_redundant(need, relief, weight, [swap if k == i else k for k in kept])
                improved = True
                break
    return kept


def _short(need: _Array, shed: _Array) -> float:
    return float(np.maximum(need - shed, 0.0).sum())
