"""Fit the two-state fuse model to its four published points, by Newton's method, and print the rows of fuses.py.

python scripts/fit_fuses.py
"""

from __future__ import annotations

import numpy as np

from linkbox.grid.fuses import CURVE_POINTS_A

GUESS = (1.35, 0.16, 25.0, 7500.0)


def state(
    current_a: np.ndarray, after_s: np.ndarray, row: tuple[float, float, float, float], rated_a: float
) -> np.ndarray:
    """The fuse's state from cold."""
    ratio, share, element_s, body_s = row
    m = (current_a / (ratio * rated_a)) ** 2
    return m * (share * -np.expm1(-after_s / element_s) + (1 - share) * -np.expm1(-after_s / body_s))


def decode(u: np.ndarray) -> tuple[float, float, float, float]:
    """Free variables to a row: all positive, the share within (0, 1)."""
    return float(np.exp(u[0])), float(1 / (1 + np.exp(-u[1]))), float(np.exp(u[2])), float(np.exp(u[3]))


def fit(rated_a: float, points: np.ndarray) -> tuple[float, float, float, float]:
    """The row that melts at each (current, time) of ``points`` exactly."""
    u = np.log([GUESS[0], GUESS[1] / (1 - GUESS[1]), GUESS[2], GUESS[3]])
    for _ in range(200):
        here = np.log(state(points[:, 0], points[:, 1], decode(u), rated_a))
        slopes = [
            (np.log(state(points[:, 0], points[:, 1], decode(u + d), rated_a)) - here) / 1e-6 for d in 1e-6 * np.eye(4)
        ]
        step = np.linalg.solve(np.array(slopes).T, -here)
        u = u + step * min(1.0, 0.3 / float(np.abs(step).max()))
        if np.abs(step).max() < 1e-12:
            break
    return decode(u)


if __name__ == "__main__":
    for rated, curve in CURVE_POINTS_A.items():
        print(f"{rated}: ({', '.join(f'{v:.7g}' for v in fit(float(rated), np.array(curve)))}),")
