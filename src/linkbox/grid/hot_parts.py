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
    banks = np.unique(columns.bank[rows])
    own: dict[str, Any] = {name: _taken(getattr(state, name), rows) for name in _BY_SERIES}
    return replace(
        state,
        **own,
        open_since_s=state.open_since_s.copy(),
        bins=[None if b is None else _taken(b, rows) for b in state.bins],
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
    whole = _blank(columns, states[0])
    for rows, state in zip(parts, states, strict=True):
        for name in _BY_SERIES:
            _put(getattr(whole, name), rows, getattr(state, name))
        banks = np.unique(columns.bank[rows])
        whole.bank[:, banks], whole.bank_y[banks], whole.bank_seen[banks] = state.bank, state.bank_y, state.bank_seen
        whole.grade[rows] = state.grade
        for slot, values in enumerate(state.bins):
            if values is not None:
                _put(_bin(whole, slot), rows, values)
    return whole


def _blank(columns: FleetColumns, like: HotState) -> HotState:
    """Columns of the whole, to be filled; a transformer that no feeder hangs on is as it was at the start."""
    m, b = _PHASES * len(columns), len(columns.bank_type)
    own: dict[str, Any] = {
        name: np.empty((*(column := getattr(like, name)).shape[:-1], m), dtype=column.dtype) for name in _BY_SERIES
    }
    bank, bank_y, bank_seen = np.empty((len(like.bank), b), dtype=np.float32), np.empty((b, 3), dtype=np.float32), None
    if len(np.unique(columns.bank)) < b:
        start = initial(columns, like.at, ambient_degc=like.ambient_degc)
        bank, bank_y, bank_seen = start.bank, start.bank_y, start.bank_seen
    return replace(
        like,
        **own,
        open_since_s=like.open_since_s.copy(),
        bins=[None] * len(like.bins),
        bank=bank,
        bank_y=bank_y,
        bank_seen=np.empty(b, dtype=np.int32) if bank_seen is None else bank_seen,
        grade=np.empty(len(columns), dtype=np.int8),
    )


def _taken(column: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Some feeders of a column whose last axis are the series; feeder by feeder, for three phases stand together."""
    found = np.empty((*column.shape[:-1], _PHASES * len(rows)), dtype=column.dtype)
    for one, all_ in zip(found.reshape(-1, len(rows), _PHASES), column.reshape(-1, column.shape[-1]), strict=True):
        np.take(all_.reshape(-1, _PHASES), rows, axis=0, out=one)
    return found


def _put(column: NDArray[Any], rows: Rows, values: NDArray[Any]) -> None:
    """The other way: ``values`` of some feeders into a column of all."""
    for all_, one in zip(column.reshape(-1, column.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True):
        all_.reshape(-1, _PHASES)[rows] = one.reshape(-1, _PHASES)


def _bin(whole: HotState, slot: int) -> NDArray[np.float32]:
    """A bin of the whole: what a part has not gathered yet is not known."""
    found = whole.bins[slot]
    if found is None:
        found = whole.bins[slot] = np.full(len(whole.y), np.nan, dtype=np.float32)
    return found
