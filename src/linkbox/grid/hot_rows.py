"""Between the columns of a whole fleet and the state of a few feeders, both ways and without loss but of rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.columns import FleetColumns, Rows
from linkbox.grid.fleet import WINDOW_S, FleetState, frozen
from linkbox.grid.forecast import ForecastState
from linkbox.grid.hot import EPOCH, NEVER, HotState, initial
from linkbox.grid.profile import Profile
from linkbox.grid.thermal import Floats

_EPOCH_S = EPOCH.timestamp()


def rows_of(state: HotState, columns: FleetColumns, rows: Rows, *, held_a: Floats | None = None) -> FleetState:
    """The state of some feeders as ``risk.assess`` takes it, in the order of ``rows``.

    ``held_a`` (rows, 3) is the load that is held down on them.
    """
    series = (3 * rows[:, None] + np.arange(3)).ravel()
    shape, bank = (len(rows), 3), columns.bank[rows]

    def picked(values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(values[..., series]).reshape(*values.shape[:-1], *shape)

    return frozen(
        FleetState(
            at=state.at,
            fuse=picked(state.fuse).astype(np.float64),
            cable=picked(state.cable).astype(np.float64),
            transformer=state.bank[:, bank].astype(np.float64),
            current_a=picked(state.y).astype(np.float64),
            seen_s=_since_1970(picked(state.seen)),
            transformer_current_a=state.bank_y[bank].astype(np.float64),
            transformer_seen_s=_since_1970(state.bank_seen[bank]),
            held_a=np.zeros(shape) if held_a is None else np.array(held_a, dtype=np.float64),
            ambient_degc=np.full(len(rows), state.ambient_degc),
            forecast=ForecastState(
                ema=picked(state.ema),
                level=picked(state.level),
                observed_s=_observed_s(picked(state.seen), picked(state.first)),
                profile=Profile(
                    feeders=len(rows),
                    bins=tuple(None if b is None else picked(b) for b in state.bins),
                    slot=state.slot,
                    sum=picked(state.profile_sum),
                    count=picked(state.profile_count).astype(np.float32),
                ),
                z=picked(state.z),
                open_since_s=state.open_since_s.copy(),
                open_centre=picked(state.open_centre),
                open_sigma=picked(state.open_sigma),
                open_sum=picked(state.open_sum),
                open_weight_s=picked(state.open_weight).astype(np.float32),
            ),
            neutral=np.full((len(state.cable), len(rows), 1), np.nan),  # the columns do not follow the neutral
            neutral_seen_s=np.full(len(rows), np.nan),
        )
    )


def hot_of(state: FleetState, columns: FleetColumns) -> HotState:
    """The columns of a state that is at hand as ``FleetState``, in its order; each bank as its first feeder has it."""
    hot, ahead = initial(columns, state.at), state.forecast
    first = np.zeros(len(columns.bank_type), dtype=np.intp)
    first[columns.bank[::-1]] = np.arange(len(columns))[::-1]

    def flat(values: NDArray[Any], kind: Any = np.float32) -> NDArray[Any]:
        return np.array(values.reshape(*values.shape[:-2], -1), dtype=kind)

    hot.fuse, hot.cable, hot.y = flat(state.fuse), flat(state.cable), flat(state.current_a)
    hot.seen, hot.bank_seen = (
        _since_epoch(flat(state.seen_s, np.float64)),
        _since_epoch(state.transformer_seen_s[first]),
    )
    hot.first = _first(hot.seen, flat(ahead.observed_s, np.float64))
    hot.ema, hot.level, hot.z = flat(ahead.ema), flat(ahead.level), flat(ahead.z)
    hot.open_since_s = ahead.open_since_s.copy()
    hot.open_centre, hot.open_sigma = flat(ahead.open_centre), flat(ahead.open_sigma)
    hot.open_sum, hot.open_weight = flat(ahead.open_sum), flat(ahead.open_weight_s, np.uint16)
    hot.profile_sum, hot.profile_count = flat(ahead.profile.sum), flat(ahead.profile.count, np.uint16)
    hot.slot, hot.bins = ahead.profile.slot, [None if b is None else flat(b) for b in ahead.profile.bins]
    hot.bank = state.transformer[:, first].astype(np.float32)
    hot.bank_y = state.transformer_current_a[first].astype(np.float32)
    hot.ambient_degc = float(state.ambient_degc[0]) if len(columns) else hot.ambient_degc
    return hot


def _since_1970(seen: NDArray[np.int32]) -> Floats:
    return np.where(seen == NEVER, np.nan, seen + _EPOCH_S)


def _since_epoch(seen_s: Floats) -> NDArray[np.int32]:
    known = np.isfinite(seen_s)
    return np.where(known, np.where(known, seen_s, 0.0) - _EPOCH_S, NEVER).astype(np.int32)


def _observed_s(seen: NDArray[np.int32], first: NDArray[np.int32]) -> NDArray[np.float32]:
    """How long a series has been followed: from its first window on."""
    return np.where(first == NEVER, 0.0, seen.astype(np.int64) - first + WINDOW_S).astype(np.float32)


def _first(seen: NDArray[np.int32], observed_s: Floats) -> NDArray[np.int32]:
    return np.where(seen == NEVER, NEVER, seen - (observed_s - WINDOW_S)).astype(np.int32)
