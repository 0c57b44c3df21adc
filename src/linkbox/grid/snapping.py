"""Joining what maps draw with gaps: ends of sections that lie within a tolerance of one another become one node.

Geographic records of low-voltage mains have gaps of millimetres to centimetres (lv-network reference 7.4).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def snap(points_m: Floats, tolerance_m: float) -> Integers:
    """(n,) a node number for each of the (n, 2) points; points joined by steps of at most ``tolerance_m`` share one.

    Nodes are numbered from 0 in order of their first point. Raises ValueError for a tolerance below 0 or points that
    are not finite.
    """
    if not tolerance_m >= 0.0 or not np.isfinite(points_m).all():
        raise ValueError(f"needs finite points and a tolerance of 0 or more: {tolerance_m!r}")
    parent = list(range(len(points_m)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in _close_pairs(points_m, tolerance_m):
        a, b = root(i), root(j)
        parent[max(a, b)] = min(a, b)
    roots = np.array([root(i) for i in range(len(parent))], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64).reshape(-1)


def nearest(points_m: Floats, to_m: Floats) -> tuple[Integers, Floats]:
    """For each of the (n, 2) points the position of the nearest of ``to_m`` (m, 2), and how far that is in m.

    Raises ValueError where there is nothing to be near to.
    """
    if len(to_m) == 0:
        raise ValueError("there is nothing to be near to")
    found = np.empty(len(points_m), dtype=np.int64)
    far = np.empty(len(points_m), dtype=np.float64)
    block = max(1, 4_000_000 // len(to_m))  # bounds the memory of the table of distances
    for start in range(0, len(points_m), block):
        part = slice(start, start + block)
        distance = np.hypot(points_m[part, None, 0] - to_m[None, :, 0], points_m[part, None, 1] - to_m[None, :, 1])
        found[part] = distance.argmin(axis=1)
        far[part] = distance.min(axis=1)
    return found, far


def _close_pairs(points_m: Floats, tolerance_m: float) -> list[tuple[int, int]]:
    """Pairs at most ``tolerance_m`` apart, found through a grid of squares of that size."""
    size = max(tolerance_m, 1e-9)
    cells: dict[tuple[int, int], list[int]] = {}
    pairs = []
    for i, (x, y) in enumerate(points_m.tolist()):
        column, row = int(x // size), int(y // size)
        around = ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        for j in (j for cell in around for j in cells.get(cell, ())):
            if np.hypot(x - points_m[j, 0], y - points_m[j, 1]) <= tolerance_m:
                pairs.append((i, j))
        cells.setdefault((column, row), []).append(i)
    return pairs
