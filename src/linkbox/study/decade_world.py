"""The other side of a simulated decade: chargers that keep the truth, customers who change their minds, and the judge.

Nothing here imports the ledger, the planning or the veto: what a device did is known from the device alone, in whole
seconds, and is held against the rules by an arithmetic of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: ``[begin, end)`` in seconds since the decade began, thousandths of full off, and whether the DCC was late with it.
Span: TypeAlias = tuple[int, int, int, bool]
DAY_S, MONTH_S = 86_400, 30 * 86_400
RULES = ((DAY_S, 120 * 60), (MONTH_S, 480 * 60))
LONGEST_S = 120 * 60


@dataclass(slots=True, kw_only=True)
class Device:
    """One charger behind its switch or controller. ``floor_a`` is 0 where deactivated means off."""

    rated_a: float
    proportional: bool
    reduced_fraction: float
    spans: list[Span] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    below_floor: int = 0

    def act(self, command: str, at_s: int, duration_s: int, level: float, *, late: bool) -> tuple[int, int] | None:
        """Carry out a command, once: a repeat is dropped, as meters do. A new hold replaces the one before it."""
        if command in self.done:
            return None
        self.done.add(command)
        self.stop(at_s)
        left_a = level * self.rated_a
        self.below_floor += left_a < 6.0 and (self.proportional or self.reduced_fraction > 0 or left_a > 0)
        self.spans.append((at_s, at_s + duration_s, round(1000 * (1 - level)), late))
        return at_s, at_s + duration_s

    def stop(self, at_s: int) -> int | None:
        """Give the supply back at once; when the hold ended, or None where there was none."""
        if not self.spans or self.spans[-1][1] <= at_s:
            return None
        begin, _, weight, late = self.spans[-1]
        self.spans[-1] = (begin, max(begin, at_s), weight, late)
        return at_s


@dataclass(slots=True, kw_only=True)
class Customer:
    """What is true of one customer, however it was recorded."""

    domestic: bool
    register: bool
    tenancy: str = "t0"
    agrees: bool = False
    reduced_only: bool = False
    objects_to: str | None = None

    def allows(self, intervention: str, level: float) -> bool:
        """Whether this customer's charger may be held for this intervention at this moment."""
        willing = self.agrees and self.objects_to != intervention and (level > 0 or not self.reduced_only)
        return self.domestic and not self.register and willing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge found. ``broken_by_us``: (charger, window in hours) over a quota without what the DCC let through
    late; ``broken_by_dcc``: over it only with that."""

    broken_by_us: tuple[tuple[int, int], ...]
    broken_by_dcc: tuple[int, ...]
    overlapping: int
    too_long: int
    below_floor: int
    worst_24h_s: float
    worst_30d_s: float


def judge(devices: list[Device]) -> Verdict:
    """Hold the truth of all devices against the rules."""
    ours, dcc = [], []
    worst = [0.0, 0.0]
    for n, device in enumerate(devices):
        mine = [s for s in device.spans if not s[3]]
        for k, (window_s, allowed_s) in enumerate(RULES):
            most = worst_s(mine, window_s)
            worst[k] = max(worst[k], most)
            if most > allowed_s:
                ours.append((n, window_s // 3600))
            elif len(mine) < len(device.spans) and worst_s(device.spans, window_s) > allowed_s:
                dcc.append(n)
    every = [s for d in devices for s in d.spans]
    return Verdict(
        broken_by_us=tuple(ours),
        broken_by_dcc=tuple(sorted(set(dcc))),
        overlapping=sum(a[1] > b[0] for d in devices for a, b in pairwise(d.spans)),
        too_long=sum(end - begin > LONGEST_S for begin, end, _, _ in every),
        below_floor=sum(d.below_floor for d in devices),
        worst_24h_s=worst[0],
        worst_30d_s=worst[1],
    )


def worst_s(spans: list[Span], window_s: int) -> float:
    """The most seconds of full off in any window of this length; spans are in order and do not overlap.

    Use in a sliding window bends only where an edge of the window meets an edge of a span, so those are looked at.
    """
    if not spans:
        return 0.0
    rows = np.array([s[:3] for s in spans], dtype=np.int64)
    begins, ends, weights = rows[:, 0], rows[:, 1], rows[:, 2]
    edges = np.concatenate([ends, begins + window_s])
    use = _until(edges, begins, ends, weights) - _until(edges - window_s, begins, ends, weights)
    return float(use.max()) / 1000


_Ints: TypeAlias = npt.NDArray[np.int64]


def _until(at: _Ints, begins: _Ints, ends: _Ints, weights: _Ints) -> _Ints:
    total = np.concatenate([[0], np.cumsum((ends - begins) * weights)])
    n = np.searchsorted(begins, at, side="right")
    last = np.maximum(n - 1, 0)
    beyond = np.where(n > 0, np.maximum(0, ends[last] - at) * weights[last], 0)
    used: _Ints = total[n] - beyond
    return used
