"""One control minute of a whole fleet: readings in, states advanced in place, and the few feeders that must be judged.

The kernel advances and sifts all series in one pass; the feeders that it lets through, those that were graded before
and those with an intervention are then judged by ``risk``, as a single street is, with reasons in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import minute_run
from linkbox.grid.columns import FleetColumns, Rows
from linkbox.grid.fleet import WINDOW_S
from linkbox.grid.forecast import LATEST_S
from linkbox.grid.hot import HotState, seconds
from linkbox.grid.hot_rows import rows_of
from linkbox.grid.minute_tables import Series, Tables, bank_rows, tables_of
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.profile import BIN_S, DAY_WEIGHT, slot_of, weights_around
from linkbox.grid.risk import RiskAssessment, judge
from linkbox.grid.thermal import Floats

Floats32 = NDArray[np.float32]

RUN = 256
"""Feeders that are worked on at once: their scratch stays in the nearest caches."""

_PARTS, _MANY_RUNS = 4, 64
_PHASES = 3
_WINDOW = int(WINDOW_S)
_NOTHING = np.zeros(0, dtype=np.float32)
_BINS = 6


Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What the kernel found: ``flags`` (feeders,) of ``minute_run.LOOK`` and ``BLIND``; ``nearness`` (feeders,) how
    near fuse or cable come to their limit within the horizon at the upper forecast, 1 = reached (never too low)."""

    at: datetime
    flags: NDArray[np.uint8]
    nearness: Floats32

    @property
    def look(self) -> NDArray[np.bool_]:
        """Which feeders may be at risk."""
        return np.asarray(self.flags & minute_run.LOOK > 0)

    @property
    def blind(self) -> NDArray[np.bool_]:
        """Which feeders have a phase that was not read for long."""
        return np.asarray(self.flags & minute_run.BLIND > 0)


class ControlMinute:
    """A fleet's minutes under one policy: tables worked out once, states given and changed in place."""

    def __init__(
        self, columns: FleetColumns, policy: RiskPolicy | None = None, *, workers: int = 1, spread: Spread = map
    ) -> None:
        """``spread`` runs the parts of a minute, by default one after the other; the ``map`` of a thread pool with
        ``workers`` threads runs them at once, for the kernel does not hold the interpreter. Same results, either way.

        Raises ValueError for a horizon that the fleet's forecast model does not have.
        """
        self.columns, self.policy = columns, policy or RiskPolicy()
        self._tables: Tables = tables_of(columns, self.policy, window_s=WINDOW_S)
        self._banks = bank_rows(columns, window_s=WINDOW_S, horizon_s=self.policy.horizon_s)
        self._bank_kind = columns.bank_type
        runs = columns.runs(RUN)
        scratch = (minute_run.scratch_rows(len(columns.model.horizons_s)), _PHASES * RUN)
        parts = np.array_split(runs, _shares(len(runs), workers))
        self._parts = [(part, np.zeros(scratch, dtype=np.float32)) for part in parts]
        self._workers, self._spread = workers, spread

    def observe(
        self,
        state: HotState,
        *,
        current_a: Floats32,
        bank_current_a: Floats32,
        at: datetime,
        held_a: Floats32 | None = None,
        ambient_degc: float | None = None,
    ) -> Sifted:
        """Take in the readings of the minute that ended at ``at`` and sift the fleet. ``state`` is changed in place.

        ``current_a`` (feeders, 3) and ``bank_current_a`` (banks, 3) float32, NaN where nothing was read; ``held_a``
        (feeders, 3) is load that is held down. Raises ValueError for wrong shapes, a time that is no whole second, or
        one that is not after the state's.
        """
        n, now = len(self.columns), seconds(at)
        _check_shape("current_a", current_a, (n, 3))
        _check_shape("bank_current_a", bank_current_a, (len(self._bank_kind), 3))
        if at <= state.at and (state.y == state.y).any():
            raise ValueError(f"readings of {at.isoformat()} do not come after those before, at {state.at.isoformat()}")
        if held_a is not None:
            _check_shape("held_a", held_a, (n, 3))
        if ambient_degc is not None:
            state.ambient_degc = ambient_degc
        self._turn_page(state, at)
        clock = np.array([now, _WINDOW, int(self.policy.blind_after_s)])
        room = self._heat_banks(state, bank_current_a, clock)
        flags, nearness = np.empty(n, dtype=np.uint8), np.empty(n, dtype=np.float32)
        shared = (
            clock,
            _flat(current_a),
            _NOTHING if held_a is None else _flat(held_a),
            Series.of(state),
            self._tables,
            self._open_forecasts(state, at),
            *_profile_around(state, at, self.columns.model.starts_s, self.columns.model.horizons_s),
            self.columns.bank,
            room,
            flags,
            nearness,
        )
        list(self._spread(lambda part: minute_run.run_minute(*part, *shared), self._parts))
        state.at = at
        return Sifted(at=at, flags=flags, nearness=nearness)

    def judge(
        self,
        state: HotState,
        sifted: Sifted,
        *,
        intervening: Rows | None = None,
        held_a: Floats32 | None = None,
        returning_a: Floats | None = None,
    ) -> tuple[Rows, tuple[RiskAssessment, ...]]:
        """Judge the feeders that were let through, graded before or have an intervention: their rows, and how.

        ``intervening`` are rows; ``held_a`` and ``returning_a`` (feeders, 3) as for ``risk.assess``. Feeders that are
        not among the rows are normal, or blind as ``sifted.blind`` says. The grades are remembered in ``state``.
        """
        acting = np.zeros(len(self.columns), dtype=np.bool_)
        acting[[] if intervening is None else intervening] = True
        rows = np.flatnonzero(sifted.look | (state.grade > 0) | acting)
        held = None if held_a is None else held_a[rows].astype(np.float64)
        assessments, grades = judge(
            rows_of(state, self.columns, rows, held_a=held),
            self.columns.fleet(rows),
            policy=self.policy,
            returning_a=np.zeros((len(rows), 3)) if returning_a is None else returning_a[rows],
            at=sifted.at,
            intervening=acting[rows],
            before=state.grade[rows],
        )
        state.grade[rows] = grades
        return rows, assessments

    def _turn_page(self, state: HotState, at: datetime) -> None:
        """Close the profile's bin when the quarter of an hour is over."""
        slot = slot_of(at - timedelta(seconds=1))
        if slot == state.slot:
            return
        old = state.bins[state.slot]
        if old is None and state.profile_count.any():
            old = np.full(len(state.y), np.nan, dtype=np.float32)
        if old is not None:
            given = (old, state.profile_sum, state.profile_count, np.float32(DAY_WEIGHT))
            self._over(len(old), minute_run.close_bin, given)
            state.bins[state.slot] = old
        state.slot = slot

    def _heat_banks(self, state: HotState, y: Floats32, clock: NDArray[np.int64]) -> Floats32:
        room = np.empty(len(self._bank_kind), dtype=np.float32)
        given = (
            clock,
            np.ascontiguousarray(y),
            state.bank,
            state.bank_y,
            state.bank_seen,
            self._bank_kind,
            self._banks,
            np.float32(state.ambient_degc),
            np.float32(self.policy.action_level - 1e-3),
            room,
        )
        self._over(len(room), minute_run.heat_banks, given)
        return room

    def _over(self, size: int, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
        """Do ``work`` over rows 0 to ``size``, in parts."""
        edges = np.linspace(0, size, _shares(size // RUN, self._workers) + 1).astype(np.int64)
        list(self._spread(lambda k: work(edges[k], edges[k + 1], *given), range(len(edges) - 1)))

    def _open_forecasts(self, state: HotState, at: datetime) -> Floats32:
        """(horizons, 5): gathering, verified now, renewed now, seconds that must be covered, size of a move."""
        model, now_s = self.columns.model, at.timestamp()
        f = np.zeros((len(model.horizons_s), 5), dtype=np.float32)
        for h, (first_s, last_s) in enumerate(zip(model.starts_s, model.horizons_s, strict=True)):
            age_s = now_s - state.open_since_s[h]
            gathering = first_s < age_s <= last_s + LATEST_S
            f[h] = (
                gathering,
                gathering and age_s >= last_s,
                not age_s < last_s,
                0.8 * (last_s - first_s),
                model.move(h),
            )
            if not age_s < last_s:
                state.open_since_s[h] = now_s
        return f


def _profile_around(
    state: HotState, at: datetime, starts_s: Sequence[float], horizons_s: Sequence[float]
) -> tuple[tuple[Floats32, ...], Floats32, NDArray[np.bool_]]:
    """The bins that the forecast needs, their weights and which are used, for now and each horizon.

    A moment whose bins are not all there has no bin in use at all; with nothing known the first row says so.
    """
    moments = [(-WINDOW_S, 0.0), *zip(starts_s, horizons_s, strict=True)]
    wanted = [weights_around(at, a, b) for a, b in moments]
    slots = list(dict.fromkeys(slot for weights in wanted for slot in weights))
    at_hand = [slot for slot in slots if state.bins[slot] is not None]
    weights = np.zeros((len(moments), max(len(at_hand), 1)), dtype=np.float32)
    use = np.zeros(weights.shape, dtype=np.bool_)
    for row, parts in enumerate(wanted):
        for slot, weight in parts.items():
            if set(parts) <= set(at_hand):
                weights[row, at_hand.index(slot)], use[row, at_hand.index(slot)] = weight, True
    bins = [b for slot in at_hand if (b := state.bins[slot]) is not None]
    most = _BINS + max(0, ceil((horizons_s[-1] - 1800.0) / BIN_S))  # as many at all times: each number is compiled for
    padded = (bins + [_NOTHING] * most)[: max(most, len(bins))]
    return tuple(padded), weights, use


def _shares(runs: int, workers: int) -> int:
    """Into how many parts the runs are divided: several for a thread, so that one which other programs hold up does not
    hold up the rest; as many as there are threads where parts would be too small to be worth it."""
    return workers if workers == 1 or runs < _MANY_RUNS * workers else _PARTS * workers


def _check_shape(name: str, values: Floats32, shape: tuple[int, int]) -> None:
    if values.shape != shape or values.dtype != np.float32:
        raise ValueError(f"{name} must be float32 {shape}, not {values.dtype} {values.shape}")


def _flat(values: Floats32) -> Floats32:
    return np.ascontiguousarray(values).ravel()
