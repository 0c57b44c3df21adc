"""The checks of ``screen``, compiled: one pass over the readings, feeder by feeder.

Arithmetic is that of the columns bit for bit: no fused multiply-add, the same order of every sum, float32 where a track
is float32. Readings come by feeder, those of one in order of arrival; a block of them goes through all checks before
the next. Several threads may each take other feeders.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from linkbox.grid.telemetry.batch import LONGEST_WINDOW_S
from linkbox.grid.telemetry.quality import REFUSING, Quality
from linkbox.grid.telemetry.tracks import NEVER_MS

exact: Any = njit(cache=True, nogil=True, error_model="numpy")

KINDS = len(Quality)
_REFUSING = int(REFUSING)
_UNKNOWN, _IMPOSSIBLE, _REVERSED = (
    int(Quality.UNKNOWN_FEEDER.bit),
    int(Quality.IMPOSSIBLE.bit),
    int(Quality.SIGN_REVERSED.bit),
)
_FUTURE, _LATE, _DUPLICATE, _OLD = (
    int(Quality.FUTURE.bit),
    int(Quality.LATE.bit),
    int(Quality.DUPLICATE.bit),
    int(Quality.OUT_OF_ORDER.bit),
)
_GAP, _STUCK, _SWAPPED, _SKEWED = (
    int(Quality.GAP.bit),
    int(Quality.STUCK.bit),
    int(Quality.PHASE_SWAPPED.bit),
    int(Quality.CLOCK_SKEWED.bit),
)
_NOT_FINITE, _MISSING = int(Quality.NOT_FINITE.bit), int(Quality.MISSING_PHASE.bit)
_WRONG_VALUE = _UNKNOWN | _IMPOSSIBLE | _REVERSED | _NOT_FINITE
_NEVER, _LONGEST, _MOST = int(NEVER_MS), float(LONGEST_WINDOW_S), 255
INF, ZERO = float("inf"), np.float32(0.0)

BLOCK = 2048
"""Readings that are worked on at once: they and their feeders' memory stay in the nearest caches."""


class Rules(NamedTuple):
    """The numbers of ``QualityPolicy``, times in ms where they are compared with times."""

    impossible_a: float
    late_ms: float
    future_ms: float
    stuck_after: int
    clock_after: int
    clock_ahead_s: float
    clock_behind_s: float
    clock_leak_s: np.float32
    swapped_after: int
    swapped_ratio: float
    swapped_least: float
    swapped_memory: float
    swapped_adopt: int


class Rows(NamedTuple):
    """The columns of a batch; ``bank_step`` 0 where all rows of ``bank`` are the first."""

    feeder: Any
    at_ms: Any
    window_s: Any
    amps: Any
    bank: Any
    bank_step: int
    received_ms: Any


class Memory(NamedTuple):
    """The columns of ``Tracks``."""

    at_ms: Any
    current_a: Any
    window_s: Any
    repeats: Any
    delay_s: Any
    delays: Any
    usual_a: Any
    swaps: Any


@exact
def is_ascending(feeder):
    """Whether the readings come by feeder already."""
    falls = 0
    for i in range(1, len(feeder)):
        falls += feeder[i] < feeder[i - 1]
    return falls == 0


@exact
def by_feeder(feeder, n):
    """The rows by feeder, those of one in order of arrival; unknown feeders before and after all others."""
    starts = np.zeros(n + 3, dtype=np.int64)
    for f in feeder:
        starts[min(max(f, -1), n) + 2] += 1
    for k in range(1, n + 3):
        starts[k] += starts[k - 1]
    order = np.empty(len(feeder), dtype=np.int64)
    for i in range(len(feeder)):
        k = min(max(feeder[i], -1), n) + 1
        order[starts[k]] = i
        starts[k] += 1
    return order


@exact
def screen_part(part, order, rows, old, new, rules, flags, newest, counts):
    """Check the readings ``part[0]`` to ``part[1]`` (as ``order`` has them) of the feeders ``part[2]`` to ``part[3]``.

    Writes ``flags`` by row, the last accepted row of each feeder into ``newest`` from ``part[0]`` on, how often each
    flag was set into ``counts``, and the memory of these feeders into ``new``. Returns how many feeders it accepted.
    """
    _copy(old, new, part[2], part[3])
    p, end, kept = part[0], part[1], part[0]
    while p < end:
        stop = _whole_runs(rows.feeder, order, min(p + BLOCK, end), end)
        by_value(p, stop, order, rows, len(old.at_ms), rules, flags)
        of_clocks(p, stop, order, rows, new, rules, flags)
        accepted = in_time(p, stop, order, rows, new, rules, flags, newest[kept:])
        of_phases(newest[kept : kept + accepted], rows, new, rules, flags)
        tally(p, stop, order, flags, counts)
        p, kept = stop, kept + accepted
    return kept - part[0]


@exact
def _copy(old, new, lo, hi):
    new.at_ms[lo:hi] = old.at_ms[lo:hi]
    new.current_a[lo:hi] = old.current_a[lo:hi]
    new.window_s[lo:hi] = old.window_s[lo:hi]
    new.repeats[lo:hi] = old.repeats[lo:hi]
    new.delay_s[lo:hi] = old.delay_s[lo:hi]
    new.delays[lo:hi] = old.delays[lo:hi]
    new.usual_a[lo:hi] = old.usual_a[lo:hi]
    new.swaps[lo:hi] = old.swaps[lo:hi]


@exact
def _whole_runs(feeder, order, stop, end):
    """The end of a block, put off until the feeder changes."""
    while stop < end and feeder[_row(order, stop)] == feeder[_row(order, stop - 1)]:
        stop += 1
    return stop


@exact
def _row(order, p):
    return order[p] if len(order) else p


@exact
def by_value(p, stop, order, rows, feeders, rules, flags):
    """What each reading says by itself."""
    feeder, at_ms, window_s, amps, bank = rows.feeder, rows.at_ms, rows.window_s, rows.amps, rows.bank
    step, received_ms, most = rows.bank_step, rows.received_ms, rules.impossible_a
    future_ms, late_ms = -rules.future_ms, rules.late_ms
    for q in range(p, stop):
        i = _row(order, q)
        f, k, w = feeder[i], i * step, window_s[i]
        found = _UNKNOWN if f < 0 or f >= feeders else 0
        if found == 0:
            a0, a1, a2, b0, b1, b2 = amps[i, 0], amps[i, 1], amps[i, 2], bank[k, 0], bank[k, 1], bank[k, 2]
            s0, s1, s2, s3, s4, s5 = abs(a0), abs(a1), abs(a2), abs(b0), abs(b1), abs(b2)
            endless = _endless(s0) | _endless(s1) | _endless(s2) | _endless(s3) | _endless(s4) | _endless(s5)
            over = _over(s0, most) | _over(s1, most) | _over(s2, most)
            over |= _over(s3, most) | _over(s4, most) | _over(s5, most)
            back = (a0 < 0.0) | (a1 < 0.0) | (a2 < 0.0) | (b0 < 0.0) | (b1 < 0.0) | (b2 < 0.0)
            below = (a0 == -INF) | (a1 == -INF) | (a2 == -INF) | (b0 == -INF) | (b1 == -INF) | (b2 == -INF)
            length = abs(w) < INF
            found |= _NOT_FINITE * (endless | (not length))
            found |= _IMPOSSIBLE * (over | (length & ((w < 0.0) | (w > _LONGEST))))
            found |= _REVERSED * (back & (not below))
            found |= _MISSING * ((a0 != a0) | (a1 != a1) | (a2 != a2))
        if f >= 0:
            delay_ms = float(received_ms[i]) - float(at_ms[i])  # the difference of two wild times may not overflow
            found |= _FUTURE * (delay_ms < future_ms) | _LATE * (delay_ms > late_ms)
        flags[i] = found


@exact
def _endless(size):
    return size == INF


@exact
def _over(size, most):
    return (size > most) & (size < INF)


@exact
def of_clocks(p, stop, order, rows, new, rules, flags):
    """What all readings of a feeder say of its monitor's clock."""
    feeder, at_ms, received_ms, delay_s, delays = rows.feeder, rows.at_ms, rows.received_ms, new.delay_s, new.delays
    ahead, behind, after, leak = -rules.clock_ahead_s, rules.clock_behind_s, rules.clock_after, rules.clock_leak_s
    while p < stop:
        f, begin, seen, shortest = feeder[_row(order, p)], p, 0, INF
        while p < stop and feeder[_row(order, p)] == f:
            i = _row(order, p)
            if flags[i] & _WRONG_VALUE == 0:
                seen += 1
                shortest = min(shortest, (float(received_ms[i]) - float(at_ms[i])) / 1000.0)
            p += 1
        if seen == 0:
            continue
        shortest = min(shortest, np.float64(np.float32(delay_s[f] + leak)))
        count = min(np.int64(delays[f]) + seen, _MOST)
        delay_s[f], delays[f] = shortest, count
        if count >= after and (shortest < ahead or shortest > behind):
            for q in range(begin, p):
                i = _row(order, q)
                flags[i] |= np.uint16(_SKEWED * (flags[i] & _WRONG_VALUE == 0))


@exact
def in_time(p, stop, order, rows, new, rules, flags, newest):
    """Each reading against those before it; the last accepted of each feeder into ``newest``. Returns how many."""
    feeder, at_ms, window_s, amps = rows.feeder, rows.at_ms, rows.window_s, rows.amps
    last_ms, last_a, repeats, lengths, stuck_after = (
        new.at_ms, new.current_a, new.repeats, new.window_s, rules.stuck_after,
    )  # fmt: skip
    kept, before_f = 0, np.int64(-1)
    for q in range(p, stop):
        i = _row(order, q)
        found = np.int64(flags[i])
        if found & _REFUSING:
            continue
        f, at = np.int64(feeder[i]), at_ms[i]
        before = last_ms[f]
        if at <= before:
            flags[i] = found | (_DUPLICATE if at == before else _OLD)
            continue
        window_ms = 1000.0 * window_s[i]
        if before != _NEVER and window_ms > 0.0 and float(at) - float(before) > 1.5 * window_ms:
            found |= _GAP
        n0, n1, n2 = np.float32(amps[i, 0]), np.float32(amps[i, 1]), np.float32(amps[i, 2])
        alike = _same(n0, last_a[f, 0]) & _same(n1, last_a[f, 1]) & _same(n2, last_a[f, 2])
        again = repeats[f] + 1 if alike & ((n0 > ZERO) | (n1 > ZERO) | (n2 > ZERO)) else 0
        if again + 1 >= stuck_after:
            found |= _STUCK
        flags[i] = found
        last_ms[f], repeats[f], lengths[f] = at, again, window_s[i]
        last_a[f, 0], last_a[f, 1], last_a[f, 2] = n0, n1, n2
        kept += f != before_f
        newest[kept - 1], before_f = i, f
    return kept


@exact
def _same(now, then):
    return (now == then) | ((now != now) & (then != then))


@exact
def of_phases(newest, rows, new, rules, flags):
    """Follow the usual currents; flag where the phases have been in another order for long enough."""
    feeder, amps, usual_a, counts = rows.feeder, rows.amps, new.usual_a, new.swaps
    ratio, least, memory = rules.swapped_ratio, rules.swapped_least, rules.swapped_memory
    adopt, after = rules.swapped_adopt, rules.swapped_after
    for i in newest:
        f, n0, n1, n2 = feeder[i], amps[i, 0], amps[i, 1], amps[i, 2]
        u0, u1, u2 = np.float64(usual_a[f, 0]), np.float64(usual_a[f, 1]), np.float64(usual_a[f, 2])
        as_is = _apart(n0, n1, n2, u0, u1, u2)
        suspect, swaps = False, 0
        if as_is > least:
            other = min(_apart(n0, n2, n1, u0, u1, u2), _apart(n1, n0, n2, u0, u1, u2))  # NaN of one is NaN of all
            other = min(other, min(_apart(n1, n2, n0, u0, u1, u2), _apart(n2, n0, n1, u0, u1, u2)))
            suspect = min(other, _apart(n2, n1, n0, u0, u1, u2)) < ratio * as_is
        if suspect:
            swaps = counts[f] + 1
        anew = swaps >= adopt
        stands = suspect and not anew
        usual_a[f, 0] = _moved(u0, n0, stands, anew, memory)
        usual_a[f, 1] = _moved(u1, n1, stands, anew, memory)
        usual_a[f, 2] = _moved(u2, n2, stands, anew, memory)
        counts[f] = 0 if anew else swaps
        if swaps >= after and not anew:
            flags[i] |= np.uint16(_SWAPPED)


@exact
def _apart(n0, n1, n2, u0, u1, u2):
    d0, d1, d2 = n0 - u0, n1 - u1, n2 - u2
    return d0 * d0 + d1 * d1 + d2 * d2


@exact
def _moved(usual, now, stands, anew, memory):
    if now != now or stands:
        return usual
    return now if usual != usual or anew else usual + (now - usual) / memory


@exact
def tally(p, stop, order, flags, counts):
    """How often each flag was set."""
    for q in range(p, stop):
        bits, k = np.int64(flags[_row(order, q)]), 0
        while bits:
            counts[k] += bits & 1
            bits >>= 1
            k += 1
