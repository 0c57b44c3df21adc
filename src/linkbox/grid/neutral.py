"""The neutral of a four-wire feeder: its current from three magnitudes, and how far the phases must fall to spare it.

Monitors give the magnitude of each phase current and seldom its angle. Here the voltages stand 120 degrees apart and
all three phases have one power factor; then

    N = sqrt(a^2 + b^2 + c^2 - ab - bc - ca),

never more than the largest phase current, and 0 in balance. Where the power factors differ, each current may be turned
by up to half the difference of their angles, and the neutral carries at most ``2 sin(turn / 2) (a + b + c)`` more
(``turn_rad``). Harmonics of the third order, which add up in the neutral, are not seen by a monitor of magnitudes.

Currents are (..., 3) in A rms; one phase that is not known makes the neutral NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.thermal import Floats

_LOW_OR_HIGH: NDArray[np.bool_] = np.array([[bool(k >> p & 1) for p in range(3)] for k in range(8)])


def neutral_current_a(current_a: Floats, *, turn_rad: float = 0.0) -> Floats:
    """(...,): the neutral's current; with ``turn_rad`` the most that it can be, each phase turned by up to that."""
    known = np.where(np.isfinite(current_a), current_a, np.nan)
    a, b, c = known[..., 0], known[..., 1], known[..., 2]
    straight = np.sqrt(np.maximum(((a - b) ** 2 + (b - c) ** 2 + (c - a) ** 2) / 2.0, 0.0))
    return np.asarray(straight + 2.0 * np.sin(turn_rad / 2.0) * (a + b + c))


def worst_unbalance(low_a: Floats, high_a: Floats) -> Floats:
    """(..., 3): which phases stand high and which low where the neutral carries the most.

    The square of the neutral's current is convex in each phase's, so the most is at a corner of the box between
    ``low_a`` and ``high_a`` (..., 3).
    """
    corners = np.where(_LOW_OR_HIGH.reshape(8, *(1,) * (low_a.ndim - 1), 3), high_a, low_a)
    worst = np.argmax(np.nan_to_num(neutral_current_a(corners), nan=-1.0), axis=0)
    return np.asarray(np.take_along_axis(corners, worst[None, ..., None], axis=0)[0])


def phase_cap_a(current_a: Floats, neutral_a: Floats) -> Floats:
    """(..., 3): what each phase may carry so that the neutral carries ``neutral_a`` (...,) at most.

    One cap for all that stand above it, since only lowering the highest phases relieves the neutral; infinite for the
    others. The highest phase always has one: where the neutral has room it may rise to it. Closed form: with x >= y the
    two lower phases, t^2 - (x + y) t + x^2 + y^2 - xy = N^2 while t >= x, else t = y + N.
    """
    low, middle, high = (np.sort(current_a, axis=-1)[..., k] for k in range(3))
    n = np.maximum(neutral_a, 0.0)
    gap = middle - low
    alone = (middle + low + np.sqrt(np.maximum(4.0 * n**2 - 3.0 * gap**2, 0.0))) / 2.0
    cap = np.where(n >= gap, alone, low + n)
    bound = (current_a > cap[..., None]) | (current_a >= high[..., None])
    return np.asarray(np.where(bound, cap[..., None], np.where(np.isnan(current_a), np.nan, np.inf)))
