"""The state of a whole fleet as float32 columns: what one control minute reads and writes, and nothing else.

The same model as ``fleet.FleetState`` in other clothes: series (a phase of a feeder) flat, row ``3 * feeder + phase``;
a transformer once for all feeders of its substation; times as whole seconds; the profile as the bins that the store of
the shell gives. It is changed in place, as decision 0020 says: a copy of half a gigabyte each minute would cost more
than the minute. The errors against float64 are held in ``tests/grid/test_minute.py``.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import require_utc
from linkbox.grid import thermal
from linkbox.grid.columns import FleetColumns
from linkbox.grid.fleet import DEFAULT_AMBIENT_DEGC, DEFAULT_PRELOAD
from linkbox.grid.profile import BINS, slot_of
from linkbox.grid.thermal import CableParameters, Floats, FuseParameters, TransformerParameters

Floats32 = NDArray[np.float32]
Bins = MutableSequence[NDArray[np.float32] | None]

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
NEVER = np.int32(-(2**31))
"""The time of a reading that has not come."""

_PHASES = 3


def seconds(at: datetime) -> int:
    """Whole seconds since EPOCH. Raises ValueError for a time between two seconds: a fleet moves on by whole ones."""
    since = require_utc(at) - EPOCH
    if since.microseconds:
        raise ValueError(f"a fleet's minute is at a whole second: {at.isoformat()}")
    return since.days * 86400 + since.seconds


@dataclass(slots=True, kw_only=True)
class HotState:
    """Columns of n feeders, m = 3 n series and b banks; float32 unless said otherwise.

    ``fuse`` (2, m), ``cable`` (5, m); ``y`` (m,) last readings, NaN before the first; ``seen`` and ``first`` (m,) int32
    seconds since EPOCH or NEVER; ``ema`` (4, m), ``level`` (m,); ``z`` (horizons, levels, m); ``open_*`` (horizons, m),
    ``open_weight`` as uint16 seconds; ``profile_sum`` and ``profile_count`` (m,) uint16; ``bins`` 192 arrays (m,) or
    None; ``bank`` (3, b), ``bank_y`` (b, 3), ``bank_seen`` (b,) int32; ``grade`` (n,) int8,
    the risk that was judged last.
    """

    at: datetime
    fuse: Floats32
    cable: Floats32
    y: Floats32
    seen: NDArray[np.int32]
    first: NDArray[np.int32]
    ema: Floats32
    level: Floats32
    z: Floats32
    open_since_s: NDArray[np.float64]
    open_centre: Floats32
    open_sigma: Floats32
    open_sum: Floats32
    open_weight: NDArray[np.uint16]
    profile_sum: Floats32
    profile_count: NDArray[np.uint16]
    slot: int
    bins: Bins
    bank: Floats32
    bank_y: Floats32
    bank_seen: NDArray[np.int32]
    ambient_degc: float
    grade: NDArray[np.int8]

    @property
    def state_bytes(self) -> int:
        """What a minute needs in memory: every column, and the bins of the profile around the present."""
        own = sum(a.nbytes for f in fields(self) if isinstance(a := getattr(self, f.name), np.ndarray))
        return own + sum(b.nbytes for b in (self.bins[slot] for slot in self.near_slots) if b is not None)

    @property
    def near_slots(self) -> tuple[int, ...]:
        """The slots of the profile that a minute reads: from the quarter before to half an hour ahead, or with a fifth
        horizon, which is the hour, so far."""
        last = 5 if len(self.open_centre) > 4 else 3
        moments = (self.at + timedelta(minutes=15 * k) for k in range(-1, last))
        return tuple(dict.fromkeys(slot_of(moment) for moment in moments))


def initial(columns: FleetColumns, at: datetime, *, ambient_degc: float = DEFAULT_AMBIENT_DEGC) -> HotState:
    """The state after a long time at the default preload, as ``fleet.initial_state`` has it."""
    m, b = _PHASES * len(columns), len(columns.bank_type)
    horizons, levels = len(columns.model.horizons_s), len(columns.model.levels)
    fuse, cable, bank = _steady(columns, ambient_degc)
    return HotState(
        at=require_utc(at),
        fuse=fuse,
        cable=cable,
        y=_unknown(m),
        seen=np.full(m, NEVER),
        first=np.full(m, NEVER),
        ema=_unknown(4, m),
        level=_unknown(m),
        z=np.repeat(columns.model.start_z[1].astype(np.float32)[:, :, None], m, axis=2).reshape(horizons, levels, m),
        open_since_s=np.full(horizons, np.nan),
        open_centre=_unknown(horizons, m),
        open_sigma=_unknown(horizons, m),
        open_sum=np.zeros((horizons, m), dtype=np.float32),
        open_weight=np.zeros((horizons, m), dtype=np.uint16),
        profile_sum=np.zeros(m, dtype=np.float32),
        profile_count=np.zeros(m, dtype=np.uint16),
        slot=slot_of(at),
        bins=[None] * (2 * BINS),
        bank=bank,
        bank_y=_unknown(b, _PHASES),
        bank_seen=np.full(b, NEVER),
        ambient_degc=ambient_degc,
        grade=np.zeros(len(columns), dtype=np.int8),
    )


def _unknown(*shape: int) -> Floats32:
    return np.full(shape, np.nan, dtype=np.float32)


def _steady(columns: FleetColumns, ambient_degc: float) -> tuple[Floats32, Floats32, Floats32]:
    """Fuse, cable and banks at the default preload; worked out once for each pair of types."""
    pairs, of_pair = np.unique(
        np.stack([columns.fuse_type, columns.cable_type, columns.bank_type[columns.bank]]), axis=1, return_inverse=True
    )
    fuse = FuseParameters.of([columns.fuses[i].pessimistic() for i in pairs[0]])
    cable = CableParameters.of([columns.cables[i] for i in pairs[1]])
    transformer = TransformerParameters.of([columns.transformers[i] for i in pairs[2]])
    load = DEFAULT_PRELOAD * np.minimum(cable.rated_current_a, fuse.melt_current_a)
    pu = np.minimum(load[:, 0] / transformer.rated_current_a, 1.0)
    bank = thermal.transformer_steady(pu, pu, ambient_degc, transformer)
    first = np.zeros(len(columns.bank_type), dtype=np.intp)
    first[columns.bank[::-1]] = of_pair.ravel()[::-1]  # the first feeder of each bank has the last word
    series = np.repeat(of_pair.ravel(), _PHASES)
    return (
        _picked(thermal.fuse_steady(load, fuse)[:, :, 0], series),
        _picked(thermal.cable_steady(load, cable)[:, :, 0], series),
        _picked(bank, first),
    )


def _picked(values: Floats, rows: NDArray[np.intp]) -> Floats32:
    """Columns of a small table, each row of the result in one piece of memory."""
    return np.ascontiguousarray(values.astype(np.float32)[:, rows])
