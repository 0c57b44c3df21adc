"""The fallback where exact covering would take too long: greedy by amperes per cost, then tidied by swaps.

Never better than the exact answer; on the reference's instances within a few percent of it (section 6.2). A plan that
was made this way says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from linkbox.control.cover import TOLERANCE_A, Amps3, Cover, Item, cover_of


def greedy_cover(need_a: Amps3, items: Sequence[Item]) -> Cover:
    """A set from which no charger can be left out, and in which none can be swapped for a cheaper one."""
    chosen = _pick(need_a, items)
    chosen = _without_redundant(need_a, items, chosen)
    return cover_of(need_a, items, _swapped(need_a, items, chosen))


def _pick(need_a: Amps3, items: Sequence[Item]) -> list[int]:
    left = list(need_a)
    chosen: list[int] = []
    rest = set(range(len(items)))
    while rest and any(a > TOLERANCE_A for a in left):
        use = {i: sum(min(items[i].relief_a[p], max(0.0, left[p])) for p in range(3)) for i in rest}
        best = max(rest, key=lambda i: (use[i] / items[i].weight, -items[i].tie, -i))
        if use[best] <= TOLERANCE_A:
            break
        rest.remove(best)
        chosen.append(best)
        left = [left[p] - items[best].relief_a[p] for p in range(3)]
    return chosen


def _without_redundant(need_a: Amps3, items: Sequence[Item], chosen: list[int]) -> list[int]:
    kept = list(chosen)
    for i in sorted(chosen, key=lambda i: (-items[i].weight, items[i].tie)):
        without = [k for k in kept if k != i]
        if _short(need_a, items, without) <= _short(need_a, items, kept) + TOLERANCE_A:
            kept = without
    return kept


def _swapped(need_a: Amps3, items: Sequence[Item], chosen: list[int]) -> list[int]:
    kept = list(chosen)
    improved = True
    while improved:
        improved = False
        for i in sorted(kept, key=lambda i: -items[i].weight):
            better = [k for k in range(len(items)) if k not in kept and items[k].weight < items[i].weight]
            for k in sorted(better, key=lambda k: items[k].weight):
                swapped = [k if x == i else x for x in kept]
                if _short(need_a, items, swapped) <= _short(need_a, items, kept) + TOLERANCE_A:
                    kept, improved = _without_redundant(need_a, items, swapped), True
                    break
            if improved:
                break
    return kept


def _short(need_a: Amps3, items: Sequence[Item], chosen: Sequence[int]) -> float:
    return sum(max(0.0, need_a[p] - sum(items[i].relief_a[p] for i in chosen)) for p in range(3))
