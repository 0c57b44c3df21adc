"""A fleet's state taken apart by rows, for workers that share it, and put together again, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.columns import FleetColumns, Rows
from linkbox.grid.hot import HotState, initial

_BY_SERIES = (
    "fuse", "cable", "y", "seen", "first", "ema", "level", "z", "open_centre", "open_sigma", "open_sum", "open_weight",
    "profile_sum", "profile_count",
)  # fmt: skip
_PHASES = 3


def part_of(state: HotState, columns: FleetColumns, rows: Rows) -> HotState:
    """The state of ``columns.take(rows)``: copies, with the transformers that these feeders hang on."""
    series, banks = _series(rows), np.unique(columns.bank[rows])
    own: dict[str, Any] = {name: np.ascontiguousarray(getattr(state, name)[..., series]) for name in _BY_SERIES}
    return replace(
        state,
        **own,
        open_since_s=state.open_since_s.copy(),
        bins=[None if b is None else b[series] for b in state.bins],
        bank=np.ascontiguousarray(state.bank[:, banks]),
        bank_y=state.bank_y[banks],
        bank_seen=state.bank_seen[banks],
        grade=state.grade[rows],
    )


def joined(columns: FleetColumns, parts: Sequence[Rows], states: Sequence[HotState]) -> HotState:
    """The state of the whole, from those of all ``parts`` at one moment.

    Raises ValueError for states of different moments, or parts that are not the whole.
    """
    if len({(s.at, s.slot) for s in states}) != 1 or sum(map(len, parts)) != len(columns):
        raise ValueError("the parts of a fleet must be of one moment, and make up the whole")
    whole = initial(columns, states[0].at, ambient_degc=states[0].ambient_degc)
    whole.slot, whole.open_since_s = states[0].slot, states[0].open_since_s.copy()
    for rows, state in zip(parts, states, strict=True):
        series, banks = _series(rows), np.unique(columns.bank[rows])
        for name in _BY_SERIES:
            getattr(whole, name)[..., series] = getattr(state, name)
        whole.bank[:, banks], whole.bank_y[banks], whole.bank_seen[banks] = state.bank, state.bank_y, state.bank_seen
        whole.grade[rows] = state.grade
        for slot, values in enumerate(state.bins):
            if values is not None:
                _bin(whole, slot)[series] = values
    return whole


def _bin(whole: HotState, slot: int) -> NDArray[np.float32]:
    """A bin of the whole: what a part has not gathered yet is not known."""
    found = whole.bins[slot]
    if found is None:
        found = whole.bins[slot] = np.full(len(whole.y), np.nan, dtype=np.float32)
    return found


def _series(rows: Rows) -> Rows:
    return (_PHASES * rows[:, None] + np.arange(_PHASES)).ravel()
