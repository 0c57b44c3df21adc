"""The ledger as columns: the same two questions, of a hundred thousand chargers at once.

How much of each quota is left, and for how long may each charger be held? The ledger answers one charger after another
in Python; a whole licence area every minute needs this. The intervals of all chargers stand in three arrays, each
charger's together; a compiled loop asks of each what ``windows.longest_addition_s`` asks. A test holds the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from linkbox.base.identifiers import Mpan
from linkbox.base.time import require_utc
from linkbox.control.ledger import Ledger, milli_of
from linkbox.control.windows import DAY_QUOTA_S, DAY_S, FULL_OFF_MILLI, MONTH_QUOTA_S, MONTH_S, Interval, flatten

_Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """What each charger has left at a moment, in the columns' order. Arrays are (chargers,), seconds.

    ``remaining_s`` is the longest hold that may start now (whole seconds); ``left_24h_s`` and ``left_30d_s`` what the
    windows that end now have left, of full off, below 0 where an overrun passed a quota.
    """

    remaining_s: _Ints
    left_24h_s: npt.NDArray[np.float64]
    left_30d_s: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerColumns:
    """The intervals of ``mpans``, charger ``n``'s at ``offsets[n]:offsets[n + 1]``, disjoint and in order."""

    mpans: tuple[Mpan, ...]
    offsets: _Ints
    starts: _Ints
    ends: _Ints
    weights: _Ints

    @classmethod
    def of(cls, ledger: Ledger, mpans: Sequence[Mpan]) -> LedgerColumns:
        """The columns of these chargers, as the ledger stands."""
        return cls._stacked(tuple(mpans), [_flat(ledger, mpan) for mpan in mpans])

    def updated(self, ledger: Ledger, changed: Iterable[Mpan]) -> LedgerColumns:
        """The columns after the ledger changed for a few chargers only. Those that are not among ``mpans`` are left."""
        wanted = set(changed)
        rows = [n for n, mpan in enumerate(self.mpans) if mpan in wanted]
        starts, ends, weights = [], [], []
        counts, begin = np.diff(self.offsets), 0
        for n in rows:
            flat = _flat(ledger, self.mpans[n])
            a, b = int(self.offsets[n]), int(self.offsets[n + 1])
            new = np.array(flat, dtype=np.int64).reshape(-1, 3)
            starts += [self.starts[begin:a], new[:, 0]]
            ends += [self.ends[begin:a], new[:, 1]]
            weights += [self.weights[begin:a], new[:, 2]]
            counts[n], begin = len(flat), b
        return LedgerColumns(
            mpans=self.mpans,
            offsets=np.concatenate([[0], np.cumsum(counts)]),
            starts=np.concatenate([*starts, self.starts[begin:]]),
            ends=np.concatenate([*ends, self.ends[begin:]]),
            weights=np.concatenate([*weights, self.weights[begin:]]),
        )

    @classmethod
    def _stacked(cls, mpans: tuple[Mpan, ...], flats: Sequence[tuple[Interval, ...]]) -> LedgerColumns:
        offsets = np.zeros(len(mpans) + 1, dtype=np.int64)
        np.cumsum([len(f) for f in flats], out=offsets[1:])
        rows = np.array([i for f in flats for i in f], dtype=np.int64).reshape(-1, 3)
        starts, ends, weights = (np.ascontiguousarray(rows[:, k]) for k in range(3))
        return cls(mpans=mpans, offsets=offsets, starts=starts, ends=ends, weights=weights)

    def balances(self, at: datetime, *, weight: float = 1.0) -> Balances:
        """What is left at ``at``, for holds of this fraction of full off. As ``Ledger.remaining_s`` and ``used_s``."""
        start_s = math.floor(require_utc(at).timestamp())
        remaining, day, month = _balances(self.offsets, self.starts, self.ends, self.weights, start_s, milli_of(weight))
        if at.microsecond:
            remaining = np.maximum(0, remaining - 1)
        return Balances(
            remaining_s=remaining,
            left_24h_s=DAY_QUOTA_S - day / FULL_OFF_MILLI,
            left_30d_s=MONTH_QUOTA_S - month / FULL_OFF_MILLI,
        )


def _flat(ledger: Ledger, mpan: Mpan) -> tuple[Interval, ...]:
    entries = ledger.entries_of(mpan)
    return flatten(e.interval for e in entries) if entries else ()


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba ships no types
def _balances(
    offsets: _Ints, starts: _Ints, ends: _Ints, weights: _Ints, start_s: int, weight: int
) -> tuple[_Ints, _Ints, _Ints]:
    chargers = len(offsets) - 1
    remaining = np.empty(chargers, dtype=np.int64)
    day, month = np.zeros(chargers, dtype=np.int64), np.zeros(chargers, dtype=np.int64)
    untouched = min(DAY_S, DAY_QUOTA_S * FULL_OFF_MILLI // weight, MONTH_QUOTA_S * FULL_OFF_MILLI // weight)
    for n in range(chargers):
        first, last = offsets[n], offsets[n + 1]
        while first < last and ends[first] <= start_s - MONTH_S:
            first += 1
        if first == last:
            remaining[n] = untouched
            continue
        s, e, w = starts[first:last], ends[first:last], weights[first:last]
        now = _until(s, e, w, start_s)
        day[n] = now - _until(s, e, w, start_s - DAY_S)
        month[n] = now - _until(s, e, w, start_s - MONTH_S)
        remaining[n] = _longest(s, e, w, start_s, weight)
    return remaining, day, month


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba ships no types
def _longest(s: _Ints, e: _Ints, w: _Ints, start_s: int, weight: int) -> int:
    """By bisection: a longer addition only ever adds use."""
    day = 0  # what ended a day before the addition begins is in none of the windows of a day that touch it
    while day < len(s) and e[day] <= start_s - DAY_S:
        day += 1
    ds, de, dw = s[day:], e[day:], w[day:]
    day_quota, month_quota = DAY_QUOTA_S * FULL_OFF_MILLI, MONTH_QUOTA_S * FULL_OFF_MILLI
    low, too_long = 0, DAY_S + 1
    middle = min(DAY_S, day_quota // weight)  # the longest, unless a part of it is held already: mostly the answer
    if e[-1] <= start_s:
        too_long = middle + 1
    while too_long - low > 1:
        end_s = start_s + middle
        if _fits(ds, de, dw, start_s, end_s, weight, DAY_S, day_quota) and _fits(
            s, e, w, start_s, end_s, weight, MONTH_S, month_quota
        ):
            low = middle
        else:
            too_long = middle
        middle = (low + too_long) // 2
    return low


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba ships no types
def _fits(s: _Ints, e: _Ints, w: _Ints, start_s: int, end_s: int, weight: int, window_s: int, quota_milli: int) -> bool:
    """Whether each window that touches the addition stays within its quota with the addition in it."""
    nearby = weight * (end_s - start_s)
    for k in range(len(s)):
        if e[k] > start_s - window_s:
            nearby += (e[k] - s[k]) * w[k]
    if nearby <= quota_milli:
        return True
    last = end_s + window_s
    # Use bends only where a window's edge passes an edge of use; those are the ends to look at.
    for k in range(-2, len(s)):
        for which in range(2):
            if k == -2:
                end = start_s if which == 0 else last
            elif k == -1:
                end = end_s if which == 0 else start_s + window_s
            else:
                end = e[k] if which == 0 else s[k] + window_s
            if start_s <= end <= last:
                use = _both(s, e, w, start_s, end_s, weight, end)
                use -= _both(s, e, w, start_s, end_s, weight, end - window_s)
                if use > quota_milli:
                    return False
    return True


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba ships no types
def _until(s: _Ints, e: _Ints, w: _Ints, at_s: int) -> int:
    """All use before ``at_s``."""
    total = 0
    for k in range(len(s)):
        if s[k] >= at_s:
            break
        total += (min(e[k], at_s) - s[k]) * w[k]
    return total


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]  # numba ships no types
def _both(s: _Ints, e: _Ints, w: _Ints, start_s: int, end_s: int, weight: int, at_s: int) -> int:
    """All use before ``at_s`` with the addition in it: where both are in force the higher weight counts."""
    total = weight * max(0, min(end_s, at_s) - start_s)
    for k in range(len(s)):
        if s[k] >= at_s:
            break
        until = min(e[k], at_s)
        total += (until - s[k]) * w[k]
        shared = min(until, end_s) - max(s[k], start_s)
        if shared > 0:
            total -= shared * min(w[k], weight)
    return total
