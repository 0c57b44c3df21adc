"""The control minute, compiled: the forecast of one run of feeders, its projected states, and who must be looked at.

As ``minute_kernel``: one type a run, float32, loops that vectorise. The sieve errs on one side only: a feeder that
``risk.assess`` would grade above normal is never left out, a few that it would not are let through.
"""

from __future__ import annotations

import numpy as np

from linkbox.grid.forecast import LEVEL_FLOOR_A
from linkbox.grid.minute_kernel import NAN, ONE, ZERO, compiled

FLOOR = np.float32(LEVEL_FLOOR_A)
THIRD = np.float32(0.3)
TENTH = np.float32(0.1)
MARGIN = np.float32(1e-3)
"""How much nearer than its level a state may be in float32 and still be looked at."""


@compiled
def blend(bins, a, n, weights, use, out):
    """The profile around the moments asked for: ``out`` (moments, series) from bins (series,) with weights
    (moments, bins); NaN where a bin that is used is not known."""
    for t in range(use.shape[0]):
        row, known = out[t, :n], False
        for j in range(len(bins)):
            known |= j < use.shape[1] and use[t, j]
        for i in range(n):
            row[i] = ZERO if known else NAN
        for j in range(len(bins)):
            if j < use.shape[1] and use[t, j]:
                part, w = bins[j], weights[t, j]
                for i in range(n):
                    row[i] += part[a + i] * w


@compiled
def noise(e0, level, grain, sigma):
    """The size of what can not be foreseen: see ``forecast``."""
    for i in range(sigma.size):
        usual = max(level[i], FLOOR)
        block = grain if grain > ZERO else usual
        sigma[i] = np.sqrt(max(e0[i], THIRD * usual) * block)


@compiled
def centre_with_profile(y, e0, e1, e2, e3, now, then, known, recent, out):
    """The map on deviations from the profile where that is known, else from the longest average."""
    b0, b1, b2, b3, b4 = known[0], known[1], known[2], known[3], known[4]
    r0, r1, r2, r3 = recent[0], recent[1], recent[2], recent[3]
    for i in range(out.size):
        mu, long_run = now[i], e3[i]
        by_profile = (
            then[i]
            + b0 * (y[i] - mu)
            + b1 * (e0[i] - mu)
            + b2 * (e1[i] - mu)
            + b3 * (e2[i] - mu)
            + b4 * (long_run - mu)
        )
        by_recent = (
            long_run
            + r0 * (y[i] - long_run)
            + r1 * (e0[i] - long_run)
            + r2 * (e1[i] - long_run)
            + r3 * (e2[i] - long_run)
        )
        out[i] = by_profile if by_profile == by_profile else by_recent


@compiled
def centre_without(y, e0, e1, e2, e3, recent, out):
    """The map on deviations from the longest average."""
    r0, r1, r2, r3 = recent[0], recent[1], recent[2], recent[3]
    for i in range(out.size):
        long_run = e3[i]
        out[i] = (
            long_run
            + r0 * (y[i] - long_run)
            + r1 * (e0[i] - long_run)
            + r2 * (e1[i] - long_run)
            + r3 * (e2[i] - long_run)
        )


@compiled
def guard(y, e0, grain, out):
    """What the upper forecast never goes below: ``outlook._ramp_guard`` with nothing held."""
    for i in range(out.size):
        recent = e0[i] if e0[i] == e0[i] else ZERO
        climb = y[i] - recent - np.sqrt(max(recent, ZERO) * grain)
        out[i] = y[i] + climb if climb > ZERO else min(recent, y[i])


@compiled
def mixed(z_low, z_high, w_low, w_high, out):
    """A quantile between two that are tracked."""
    for i in range(out.size):
        out[i] = z_low[i] * w_low + z_high[i] * w_high


@compiled
def flowing(sigma, y):
    """Less noise where hardly anything flows: as ``outlook`` has it, with nothing held."""
    for i in range(sigma.size):
        share = y[i] / max(y[i], ONE)
        sigma[i] *= np.sqrt(min(max(share, TENTH), ONE))


@compiled
def upper_path(path, z, sigma, least):
    """From the centre to the upper forecast of one interval, in place: at least 0 and at least ``least``."""
    for i in range(path.size):
        path[i] = max(max(path[i] + z[i] * sigma[i], ZERO), least[i])


@compiled
def fuse_ahead(x1, x2, p0, p1, p2, p3, p4, row, nearness):
    """How near a fuse comes, now or at the end of the five stairs; ``row`` as ``minute_tables.fuse_ahead_row``."""
    d1, d2, w0, w1, w2, w3, w4 = row[0], row[1], row[2], row[3], row[4], row[5], row[6]
    for i in range(nearness.size):
        then = x1[i] * d1 + x2[i] * d2 + p0[i] * p0[i] * w0 + p1[i] * p1[i] * w1
        then += p2[i] * p2[i] * w2 + p3[i] * p3[i] * w3 + p4[i] * p4[i] * w4
        nearness[i] = max(x1[i] + x2[i], then)


@compiled
def cable_ahead(c0, c1, c2, c3, c4, p0, p1, p2, p3, p4, cable, d, w, nearness):
    """How near a cable comes, now or at the end of the five stairs.

    A rise is linear in the final values of the stairs before it, so the five terms need not be carried along: ``d``
    (5, 5) what is left of each term after each stair, ``w`` (5, 5) what each stair adds to the rise after another.
    """
    a, k, scale = cable[5], cable[6], ONE / cable[7]
    d00, d01, d02, d03, d04 = d[0, 0], d[0, 1], d[0, 2], d[0, 3], d[0, 4]
    d10, d11, d12, d13, d14 = d[1, 0], d[1, 1], d[1, 2], d[1, 3], d[1, 4]
    d20, d21, d22, d23, d24 = d[2, 0], d[2, 1], d[2, 2], d[2, 3], d[2, 4]
    d30, d31, d32, d33, d34 = d[3, 0], d[3, 1], d[3, 2], d[3, 3], d[3, 4]
    d40, d41, d42, d43, d44 = d[4, 0], d[4, 1], d[4, 2], d[4, 3], d[4, 4]
    w00, w10, w11, w20, w21, w22 = w[0, 0], w[1, 0], w[1, 1], w[2, 0], w[2, 1], w[2, 2]
    w30, w31, w32, w33 = w[3, 0], w[3, 1], w[3, 2], w[3, 3]
    w40, w41, w42, w43, w44 = w[4, 0], w[4, 1], w[4, 2], w[4, 3], w[4, 4]
    for i in range(nearness.size):
        x0, x1, x2, x3, x4 = c0[i], c1[i], c2[i], c3[i], c4[i]
        now = x0 + x1 + x2 + x3 + x4
        q0 = p0[i] * p0[i] * (a + k * now)
        q1 = p1[i] * p1[i] * (a + k * (x0 * d00 + x1 * d01 + x2 * d02 + x3 * d03 + x4 * d04 + q0 * w00))
        rise = x0 * d10 + x1 * d11 + x2 * d12 + x3 * d13 + x4 * d14 + q0 * w10 + q1 * w11
        q2 = p2[i] * p2[i] * (a + k * rise)
        rise = x0 * d20 + x1 * d21 + x2 * d22 + x3 * d23 + x4 * d24 + q0 * w20 + q1 * w21 + q2 * w22
        q3 = p3[i] * p3[i] * (a + k * rise)
        rise = x0 * d30 + x1 * d31 + x2 * d32 + x3 * d33 + x4 * d34 + q0 * w30 + q1 * w31 + q2 * w32 + q3 * w33
        q4 = p4[i] * p4[i] * (a + k * rise)
        rise = x0 * d40 + x1 * d41 + x2 * d42 + x3 * d43 + x4 * d44
        rise += q0 * w40 + q1 * w41 + q2 * w42 + q3 * w43 + q4 * w44
        nearness[i] = max(nearness[i], max(now, rise) * scale)


@compiled
def mean_square(p0, p1, p2, p3, p4, share, out):
    """Of the five stairs, by their lengths."""
    s0, s1, s2, s3, s4 = share[0], share[1], share[2], share[3], share[4]
    for i in range(out.size):
        out[i] = p0[i] * p0[i] * s0 + p1[i] * p1[i] * s1 + p2[i] * p2[i] * s2 + p3[i] * p3[i] * s3 + p4[i] * p4[i] * s4


@compiled
def highest(p0, p1, p2, p3, p4, y, out):
    """How far the highest stair stands above the present."""
    for i in range(out.size):
        out[i] = max(max(max(p0[i], p1[i]), max(p2[i], p3[i])), p4[i]) - y[i]


@compiled
def soon(x, c, square, fuse, cable, gain, nearness):
    """Raise ``nearness`` to 1 where the constant current of mean square ``square`` may bring fuse or cable to its limit
    within the imminent time: each term at the larger of its two ends. Rare, so one by one."""
    fused, heated, hits = (ONE - MARGIN) / fuse[0], cable[7] * (ONE - MARGIN) / cable[8], 0
    for i in range(square.size):
        hits += (square[i] >= fused) | (square[i] >= heated)
    if hits == 0:
        return
    for i in range(square.size):
        if square[i] >= fused or square[i] >= heated:
            m, final = square[i] * fuse[0], square[i] * cable[8]
            state = max(x[0, i], fuse[1] * m) + x[1, i] + max(ZERO, (fuse[2] * m - x[1, i]) * fuse[7])
            rise = ZERO
            for k in range(5):
                rise += c[k, i] + max(ZERO, (cable[k] * final - c[k, i]) * gain[k])
            if state >= ONE - MARGIN or rise >= cable[7] * (ONE - MARGIN):
                nearness[i] = max(nearness[i], ONE)
