"""The control minute, compiled: one pass over all runs, and the transformers before it.

``Series`` and ``Tables`` say what the columns are. A run works in scratch rows that stay in the nearest caches: 0 the
regular readings, 1 the demand, later how far the highest stair is above the present, 2 sigma, 3 the floor of the upper
forecast, 4 the mean square, 5 the nearness, 6 spare, 7 the mask, 8 to 12 the stairs of the upper forecast, of which
those beyond the horizon are 0; from 13 on the profile now and at each horizon; the last seven states that are late.
"""

from __future__ import annotations

import numpy as np

from linkbox.grid import minute_ahead as ahead
from linkbox.grid import minute_kernel as kernel
from linkbox.grid.minute_kernel import INF, NEVER_SEEN, ONE, ZERO, compiled

LOOK, BLIND = 1, 2
"""What a minute says of a feeder: it may be at risk and must be judged; a phase of it has not been read for long."""

_PATH, _PROFILE, _LATE = 8, 13, 7
_classify, _heat_fuse, _heat_cable, _average = kernel.classify, kernel.heat_fuse, kernel.heat_cable, kernel.average
_remember, _keep, _gather, _verify = kernel.remember, kernel.keep, kernel.gather, kernel.verify
_irregular_one = kernel.irregular_one
_blend, _noise, _guard, _flowing, _mixed = ahead.blend, ahead.noise, ahead.guard, ahead.flowing, ahead.mixed
_with_profile, _without, _upper = ahead.centre_with_profile, ahead.centre_without, ahead.upper_path
_fuse_ahead, _cable_ahead, _soon = ahead.fuse_ahead, ahead.cable_ahead, ahead.soon
_mean_square, _highest = ahead.mean_square, ahead.highest


@compiled
def run_minute(runs, w, clock, y_in, held, s, t, f, bins, weights, use, bank, room, flags, nearness):
    """Advance the series of some runs by one window and sift them; several threads may each take other runs.

    ``w`` scratch of this thread, (``scratch_rows``, series of the longest run) of zeros; ``clock`` now, window, age
    from which a phase is blind (s); ``f`` (horizons, 5) of each open forecast: gathering, verified, renewed, seconds to
    be covered, size of a move; ``bins``, ``weights`` and ``use`` the profile; ``room`` A that each bank may take; out
    come ``flags`` and ``nearness`` by feeder.
    """
    for r in range(len(runs)):
        a, b, kinds = 3 * runs[r, 0], 3 * runs[r, 1], (runs[r, 2], runs[r, 3])
        missing = _heat(a, b, clock, y_in, held, s, t, f, kinds, w)
        _track(a, b, s, t, f, w)
        _forecast(a, b, missing, held, y_in, s, t, f, bins, weights, use, w)
        _project(a, b, clock, missing, s, t, kinds, w)
        _flag(a, b, clock, missing, s, t, bank, room, w, flags, nearness)


def scratch_rows(horizons: int) -> int:
    """How many rows of scratch a thread needs."""
    return _PROFILE + 1 + horizons + _LATE


@compiled
def _heat(a, b, clock, y_in, held, s, t, f, kinds, w):
    """Heat what was read, and take it into averages, level and profile. Returns how many were not read."""
    n, now, window, fuse, cable = b - a, clock[0], clock[1], t.fuse[kinds[0]], t.cable[kinds[1]]
    regular, demand, mask = w[0, :n], w[1, :n], w[7, :n]
    irregular, missing = _classify(y_in[a:b], s.seen[a:b], now, window, regular, mask)
    if len(held):
        for i in range(n):
            demand[i] = regular[i] + held[a + i]
    else:
        demand = regular
    c, e = s.cable, s.ema
    _heat_fuse(s.fuse[0, a:b], s.fuse[1, a:b], regular, mask, fuse)
    _heat_cable(c[0, a:b], c[1, a:b], c[2, a:b], c[3, a:b], c[4, a:b], regular, mask, cable, t.cable_gain)
    _average(e[0, a:b], e[1, a:b], e[2, a:b], e[3, a:b], demand, mask, t.ema_gain)
    _remember(s.level[a:b], s.first[a:b], demand, mask, now, window, t.level_gain)
    _keep(s.y[a:b], s.seen[a:b], regular, mask, now, irregular + missing == 0)
    _gather(s.profile_sum[a:b], s.profile_count[a:b], demand, mask, 1)
    for h in range(f.shape[0]):
        if f[h, 0] > ZERO:
            _gather(s.open_sum[h, a:b], s.open_weight[h, a:b], demand, mask, window)
    if irregular:
        _irregular(a, b, clock, y_in, held, s, f, fuse, cable, mask)
    return missing


@compiled
def _irregular(a, b, clock, y_in, held, s, f, fuse, cable, mask):
    """Readings after a gap and first readings, one by one."""
    x, c, e, level, y = s.fuse[:, a:b], s.cable[:, a:b], s.ema[:, a:b], s.level[a:b], s.y[a:b]
    seen, first, total, count = s.seen[a:b], s.first[a:b], s.profile_sum[a:b], s.profile_count[a:b]
    now, window = clock[0], clock[1]
    for i in range(b - a):
        amps = y_in[a + i]
        if abs(amps) < INF and mask[i] == ZERO:
            more = held[a + i] if len(held) else ZERO
            dt = _irregular_one(x, c, e, level, y, seen, first, total, count, i, amps, more, now, window, fuse, cable)
            for h in range(f.shape[0]):
                if f[h, 0] > ZERO:
                    s.open_sum[h, a + i] += (amps + more) * np.float32(dt)
                    s.open_weight[h, a + i] = np.uint16(min(65535, int(s.open_weight[h, a + i]) + dt))


@compiled
def _track(a, b, s, t, f, w):
    """Verify the forecasts whose interval is complete."""
    n = b - a
    for h in range(f.shape[0]):
        if f[h, 1] > ZERO:
            centre, sigma, total, weight = (
                s.open_centre[h, a:b],
                s.open_sigma[h, a:b],
                s.open_sum[h, a:b],
                s.open_weight[h, a:b],
            )
            _verify(s.z[h, :, a:b], centre, sigma, total, weight, t.levels, f[h, 3], f[h, 4], w[2, :n], w[3, :n])


@compiled
def _forecast(a, b, missing, held, y_in, s, t, f, bins, weights, use, w):
    """Open new forecasts, and put the stairs of the upper one into ``w``."""
    n, y, e0, e1, e2, e3 = b - a, s.y[a:b], s.ema[0, a:b], s.ema[1, a:b], s.ema[2, a:b], s.ema[3, a:b]
    sigma, least, spare, profile, mu = w[2, :n], w[3, :n], w[6, :n], use[0].any(), w[_PROFILE, :n]
    _noise(e0, s.level[a:b], t.grain, sigma)
    _guard(y, e0, t.grain, least)
    if profile:
        _blend(bins, a, n, weights, use, w[_PROFILE:])
    for h in range(f.shape[0]):
        if f[h, 2] > ZERO:
            _open(a, b, h, missing, held, y_in, s, t, profile, w)
    _flowing(sigma, y)
    for h in range(t.stairs):
        path = w[_PATH + h, :n]
        if profile:
            _with_profile(y, e0, e1, e2, e3, mu, w[_PROFILE + 1 + h, :n], t.known[h], t.recent[h], path)
        else:
            _without(y, e0, e1, e2, e3, t.recent[h], path)
        z_high = s.z[h, t.below + 1, a:b]
        if t.weight_below != ZERO:
            _mixed(s.z[h, t.below, a:b], z_high, t.weight_below, t.weight_above, spare)
            _upper(path, spare, sigma, least)
        else:
            _upper(path, z_high, sigma, least)


@compiled
def _open(a, b, h, missing, held, y_in, s, t, profile, w):
    """A new forecast of horizon ``h``; a series that was not read now starts from its shortest average."""
    n, now, centre = b - a, w[6, : b - a], s.open_centre[h, a:b]
    for i in range(n):
        now[i] = s.y[a + i]
    if len(held):
        for i in range(n):
            now[i] += held[a + i]
    if missing:
        for i in range(n):
            now[i] = now[i] if abs(y_in[a + i]) < INF else s.ema[0, a + i]
    e0, e1, e2, e3 = s.ema[0, a:b], s.ema[1, a:b], s.ema[2, a:b], s.ema[3, a:b]
    if profile:
        _with_profile(now, e0, e1, e2, e3, w[_PROFILE, :n], w[_PROFILE + 1 + h, :n], t.known[h], t.recent[h], centre)
    else:
        _without(now, e0, e1, e2, e3, t.recent[h], centre)
    sigma, total, weight = s.open_sigma[h, a:b], s.open_sum[h, a:b], s.open_weight[h, a:b]
    for i in range(n):
        sigma[i] = w[2, i]
        total[i] = ZERO
    for i in range(n):
        weight[i] = np.uint16(0)


@compiled
def _project(a, b, clock, missing, s, t, kinds, w):
    """How near fuse and cable come on the upper forecast, and how far that rises."""
    n, c, near, fuse, cable = b - a, s.cable, w[5, : b - a], t.fuse[kinds[0]], t.cable[kinds[1]]
    p0, p1, p2, p3, p4 = w[8, :n], w[9, :n], w[10, :n], w[11, :n], w[12, :n]
    c0, c1, c2, c3, c4 = c[0, a:b], c[1, a:b], c[2, a:b], c[3, a:b], c[4, a:b]
    left, added = t.cable_left, t.cable_added[kinds[1]]
    _fuse_ahead(s.fuse[0, a:b], s.fuse[1, a:b], p0, p1, p2, p3, p4, t.fuse_ahead[kinds[0]], near)
    _cable_ahead(c0, c1, c2, c3, c4, p0, p1, p2, p3, p4, cable, left, added, near)
    _mean_square(p0, p1, p2, p3, p4, t.share, w[4, :n])
    _highest(p0, p1, p2, p3, p4, s.y[a:b], w[1, :n])
    _soon(s.fuse[:, a:b], s.cable[:, a:b], w[4, :n], fuse, cable, t.soon_cable, near)
    if missing:
        _late(a, b, clock, s, t, kinds, w)


@compiled
def _late(a, b, clock, s, t, kinds, w):
    """A state that is some minutes old is first brought up to date, at the upper forecast: a copy of it, in scratch."""
    n, fuse, cable, gain, fuse_gain = b - a, t.fuse[kinds[0]], t.cable[kinds[1]], t.late_cable, t.late_fuse[kinds[0]]
    x, c, near, seen = w[-7:-5, :n], w[-5:, :n], w[6, :n], s.seen[a:b]
    p0, p1, p2, p3, p4 = w[8, :n], w[9, :n], w[10, :n], w[11, :n], w[12, :n]
    x[:], c[:] = s.fuse[:, a:b], s.cable[:, a:b]
    longest = len(gain) - 1
    _warm(x, c, p0, seen, clock[0], clock[2], longest, fuse, cable, gain, fuse_gain)
    for later in range(clock[0] - longest, clock[0] - clock[2], -longest):  # more than the table holds: again
        _warm(x, c, p0, seen, later, clock[2] - (clock[0] - later), longest, fuse, cable, gain, fuse_gain)
    _fuse_ahead(x[0], x[1], p0, p1, p2, p3, p4, t.fuse_ahead[kinds[0]], near)
    _cable_ahead(c[0], c[1], c[2], c[3], c[4], p0, p1, p2, p3, p4, cable, t.cable_left, t.cable_added[kinds[1]], near)
    for i in range(n):
        w[5, i] = max(w[5, i], near[i])


@compiled
def _warm(x, c, amps, seen, now, stale, longest, fuse, cable, gain, fuse_gain):
    """Bring states up to ``now``, by at most ``longest`` seconds; those older than ``stale`` stay as they are."""
    x0, x1, c0, c1, c2, c3, c4 = x[0], x[1], c[0], c[1], c[2], c[3], c[4]
    for i in range(amps.size):
        age = now - seen[i]
        k = min(age, longest) if 0 < age <= stale else 0  # the gain of no time is 0
        square, rise = amps[i] * amps[i], c0[i] + c1[i] + c2[i] + c3[i] + c4[i]
        melt, final = square * fuse[0], square * (cable[5] + cable[6] * rise)
        x0[i] += (fuse[1] * melt - x0[i]) * fuse_gain[k, 0]
        x1[i] += (fuse[2] * melt - x1[i]) * fuse_gain[k, 1]
        c0[i] += (cable[0] * final - c0[i]) * gain[k, 0]
        c1[i] += (cable[1] * final - c1[i]) * gain[k, 1]
        c2[i] += (cable[2] * final - c2[i]) * gain[k, 2]
        c3[i] += (cable[3] * final - c3[i]) * gain[k, 3]
        c4[i] += (cable[4] * final - c4[i]) * gain[k, 4]


@compiled
def _flag(a, b, clock, missing, s, t, bank, room, w, flags, nearness):
    """Three phases into one word. Only where something was not read can a phase be blind."""
    near, above, level = w[5], w[1], t.action_level
    if missing:
        for j in range(b - a):
            seen = s.seen[a + j]
            if seen == NEVER_SEEN or clock[0] - seen > clock[2]:
                near[j], above[j] = -ONE, -INF
    for row in range(a // 3, b // 3):
        j = 3 * row - a
        worst = max(max(near[j], near[j + 1]), near[j + 2])
        look = (worst >= level) | (max(max(above[j], above[j + 1]), above[j + 2]) > room[bank[row]])
        blind = min(min(near[j], near[j + 1]), near[j + 2]) < ZERO
        flags[row] = np.uint8(look) * LOOK + np.uint8(blind) * BLIND
        nearness[row] = max(worst, ZERO)


@compiled
def close_bin(lo, hi, old, total, count, weight):
    """Fold the gathered mean of some series into a bin of the profile, in place, and start anew."""
    for i in range(lo, hi):
        usual, mean = old[i], total[i] / np.float32(count[i])
        moved = usual + weight * (mean - usual)
        moved = moved if usual == usual else mean
        old[i] = moved if count[i] > 0 else usual
        total[i] = ZERO
    for i in range(lo, hi):
        count[i] = np.uint16(0)


@compiled
def heat_banks(lo, hi, clock, y_in, terms, y, seen, kind, p, ambient, level, room):
    """Advance some transformers by one window, and say how many A more a phase of each may take before a feeder on it
    must be looked at: up to the rating, if at the rating nothing would get near its limit within the horizon."""
    now, window, stale, t0, t1, t2 = clock[0], clock[1], clock[2], terms[0], terms[1], terms[2]
    before = np.int32(now - window)
    for i in range(lo, hi):
        row, l1, l2, l3 = p[kind[i]], y_in[i, 0], y_in[i, 1], y_in[i, 2]
        rated, rise, gradient, k21 = row[0], row[1], row[2], row[3]
        x0, x1, x2, at = t0[i], t1[i], t2[i], seen[i]
        if abs(l1) < INF and abs(l2) < INF and abs(l3) < INF:
            g0, g1, g2 = row[10], row[11], row[12]
            if at != before and at != NEVER_SEEN:  # after a gap, which is filled with the larger current beside it
                dt = now - at
                if dt > window:
                    m1, m2, m3 = _larger(l1, y[i, 0]), _larger(l2, y[i, 1]), _larger(l3, y[i, 2])
                    oil, hot = _final(m1, m2, m3, rated, rise, gradient, row[4], row[5], row[6])
                    gap = np.float32(dt - window)
                    x0 += (ambient + oil - x0) * _lag(gap, row[7])
                    x1 += (k21 * hot - x1) * _lag(gap, row[8])
                    x2 += ((k21 - ONE) * hot - x2) * _lag(gap, row[9])
                last = np.float32(min(dt, window))
                g0, g1, g2 = _lag(last, row[7]), _lag(last, row[8]), _lag(last, row[9])
            oil, hot = _final(l1, l2, l3, rated, rise, gradient, row[4], row[5], row[6])
            x0 += (ambient + oil - x0) * g0
            x1 += (k21 * hot - x1) * g1
            x2 += ((k21 - ONE) * hot - x2) * g2
            t0[i], t1[i], t2[i] = x0, x1, x2
            y[i, 0], y[i, 1], y[i, 2], at = l1, l2, l3, np.int32(now)
            seen[i] = at
        else:
            l1, l2, l3 = y[i, 0], y[i, 1], y[i, 2]
        room[i] = INF
        if at != NEVER_SEEN and now - at <= stale:
            oil = x0 + max(ZERO, ambient + rise - x0) * row[13]
            hot = oil + max(x1, k21 * gradient)
            cool = oil - ambient < level * (row[14] - ambient) and hot - ambient < level * (row[15] - ambient)
            room[i] = rated - max(l1, l2, l3) if cool else -INF


@compiled
def _larger(now, before):
    return before if before > now else now


@compiled
def _lag(dt, tau):
    return -np.expm1(-dt / tau)


@compiled
def _final(y1, y2, y3, rated, rise, gradient, ratio, oil_exponent, winding_exponent):
    """Where oil, and hot spot over it, would end under a load: rises in K."""
    oil = np.sqrt((y1 * y1 + y2 * y2 + y3 * y3) / np.float32(3.0)) / rated
    top = rise * ((ONE + ratio * oil * oil) / (ONE + ratio)) ** oil_exponent
    return top, gradient * (max(y1, y2, y3) / rated) ** winding_exponent
