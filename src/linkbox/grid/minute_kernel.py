"""The control minute, compiled: heat, averages and verification of one run of feeders, in place.

Every function works on the series of one run, whose fuse and cable are of one type, so that all gains are scalars and
each loop is one that vectorises. All arithmetic is float32. A series is *regular* when it was read now and one window
before; *irregular* when after a gap or for the first time: then it is done alone, with its true time; else *missing*.
The formulas are those of ``thermal`` and ``forecast``, where their sources stand; ``minute`` prepares the scalars.
"""

from __future__ import annotations

from math import expm1
from typing import Any

import numpy as np
from numba import njit

from linkbox.grid.cables import CABLE_TAU_S
from linkbox.grid.forecast import EMA_TAU_S, LEVEL_TAU_S
from linkbox.grid.hot import NEVER

compiled: Any = njit(cache=True, nogil=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
"""Fused multiply-add is allowed, and the sign of zero is not kept; NaN and infinity are."""

ZERO, ONE, INF, NAN = np.float32(0.0), np.float32(1.0), np.float32(np.inf), np.float32(np.nan)
NEVER_SEEN = int(NEVER)
CABLE_TAU = np.array(CABLE_TAU_S)
EMA_TAU = np.array(EMA_TAU_S)
LEVEL_TAU = LEVEL_TAU_S


@compiled
def classify(y_in, seen, now, window, regular, mask):
    """Put regular readings into ``regular`` with 1 into ``mask``, 0 and 0 for the others; return how many are irregular
    and how many missing."""
    before, read, usual = np.int32(now - window), 0, 0
    for i in range(regular.size):
        amps = y_in[i] if abs(y_in[i]) < INF else NAN
        amps = amps if seen[i] == before else NAN
        regular[i] = amps if amps == amps else ZERO
        mask[i] = ONE if amps == amps else ZERO
    for i in range(regular.size):
        read += abs(y_in[i]) < INF
        usual += mask[i] > ZERO
    return read - usual, regular.size - read


@compiled
def heat_fuse(x1, x2, amps, mask, fuse):
    """One window of both terms of a fuse: 1/melt^2, element's share, body's share, gain of each."""
    melt, share, rest, g1, g2 = fuse[0], fuse[1], fuse[2], fuse[3], fuse[4]
    for i in range(amps.size):
        final = amps[i] * amps[i] * melt
        x1[i] += (share * final - x1[i]) * (g1 * mask[i])
        x2[i] += (rest * final - x2[i]) * (g2 * mask[i])


@compiled
def heat_cable(c0, c1, c2, c3, c4, amps, mask, cable, gain):
    """One window of the five rises; ``cable``: five shares, losses per A^2 at ground temperature, and per K."""
    s0, s1, s2, s3, s4, at_ground, per_k = cable[0], cable[1], cable[2], cable[3], cable[4], cable[5], cable[6]
    g0, g1, g2, g3, g4 = gain[0], gain[1], gain[2], gain[3], gain[4]
    for i in range(amps.size):
        x0, x1, x2, x3, x4, on = c0[i], c1[i], c2[i], c3[i], c4[i], mask[i]
        final = amps[i] * amps[i] * (at_ground + per_k * (x0 + x1 + x2 + x3 + x4))
        c0[i] = x0 + (s0 * final - x0) * (g0 * on)
        c1[i] = x1 + (s1 * final - x1) * (g1 * on)
        c2[i] = x2 + (s2 * final - x2) * (g2 * on)
        c3[i] = x3 + (s3 * final - x3) * (g3 * on)
        c4[i] = x4 + (s4 * final - x4) * (g4 * on)


@compiled
def average(e0, e1, e2, e3, demand, mask, gain):
    """One window of the four averages."""
    g0, g1, g2, g3 = gain[0], gain[1], gain[2], gain[3]
    for i in range(demand.size):
        v, on = demand[i], mask[i]
        e0[i] += (v - e0[i]) * (g0 * on)
        e1[i] += (v - e1[i]) * (g1 * on)
        e2[i] += (v - e2[i]) * (g2 * on)
        e3[i] += (v - e3[i]) * (g3 * on)


@compiled
def remember(level, first, demand, mask, now, window, gain):
    """The mean level of regular series: a plain mean at first, later with the gain of a day."""
    start, window_f = np.int32(now), np.float32(window)
    for i in range(level.size):
        elapsed = np.float32(start - first[i]) + window_f
        share = max(gain, window_f / elapsed)
        level[i] += (demand[i] - level[i]) * (share * mask[i])


@compiled
def keep(y, seen, regular, mask, now, all_regular):
    """The last reading of regular series, and its time."""
    at = np.int32(now)
    if all_regular:
        for i in range(y.size):
            y[i] = regular[i]
        for i in range(y.size):
            seen[i] = at
        return
    for i in range(y.size):
        old, before = y[i], seen[i]
        y[i] = regular[i] if mask[i] > ZERO else old
        seen[i] = at if mask[i] > ZERO else before


@compiled
def gather(total, weight, demand, mask, window):
    """Add one window to a sum and its weight, where regular."""
    window_f = np.float32(window)
    for i in range(total.size):
        total[i] += demand[i] * (window_f * mask[i])
    for i in range(total.size):
        weight[i] += np.uint16(np.int32(mask[i] * window_f))


@compiled
def verify(z, centre, sigma, total, weight, levels, needed, step, outcome, floor):
    """Move the quantiles (levels, series) of a forecast whose interval is complete; they never cross.

    ``outcome`` and ``floor`` are scratch; ``needed`` the seconds that must be covered.
    """
    n = centre.size
    for i in range(n):
        covered = np.float32(weight[i])
        mean = total[i] / covered
        outcome[i] = mean if (covered >= needed) & (abs(centre[i]) < INF) else NAN
        floor[i] = -INF
    for q in range(levels.size):
        zq, level = z[q], levels[q]
        for i in range(n):
            old, reached = zq[i], outcome[i]
            hit = ONE if reached <= centre[i] + old * sigma[i] else ZERO
            low = max(floor[i], old + step * (level - hit))
            floor[i] = low
            zq[i] = low if reached == reached else old


@compiled
def approach(dt, tau):
    """As ``thermal.approach``, in float64 until it is rounded."""
    return np.float32(-expm1(-dt / tau))


@compiled
def heat_one(x, c, i, amps, dt, fuse, cable):
    """Fuse and cable of series ``i`` by any time; ``fuse[5:7]`` are the time constants."""
    m = amps * amps * fuse[0]
    x[0, i] += (fuse[1] * m - x[0, i]) * approach(dt, float(fuse[5]))
    x[1, i] += (fuse[2] * m - x[1, i]) * approach(dt, float(fuse[6]))
    rise = c[0, i] + c[1, i] + c[2, i] + c[3, i] + c[4, i]
    final = amps * amps * (cable[5] + cable[6] * rise)
    for k in range(5):
        c[k, i] += (cable[k] * final - c[k, i]) * approach(dt, CABLE_TAU[k])


@compiled
def irregular_one(x, c, e, level, y, seen, first, total, count, i, amps, held, now, window, fuse, cable):
    """A reading after a gap, or the first: the gap is filled with the larger current beside it. Returns its time."""
    never = seen[i] == NEVER_SEEN
    dt = window if never else int(now) - int(seen[i])
    demand = amps + held
    if dt > window:
        heat_one(x, c, i, max(amps, y[i]), float(dt - window), fuse, cable)
    heat_one(x, c, i, amps, float(min(dt, window)), fuse, cable)
    for k in range(4):
        e[k, i] = demand if never else e[k, i] + (demand - e[k, i]) * approach(float(dt), EMA_TAU[k])
    if never:
        first[i], level[i] = now, demand
    else:
        share = max(-expm1(-dt / LEVEL_TAU), dt / float(int(now) - int(first[i]) + window))
        level[i] += (demand - level[i]) * np.float32(share)
    y[i], seen[i] = amps, now
    total[i] += demand
    count[i] += np.uint16(1)
    return dt
