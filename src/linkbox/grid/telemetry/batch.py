"""Readings as columns: what every decoder makes, whatever the format, and what the checks work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.thermal import Floats

UNKNOWN = -1
"""The row of a feeder that is not in the fleet."""

EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999: what a point in time can be."""

LONGEST_WINDOW_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBatch:
    """Mean currents of feeders, one reading a row.

    ``feeder`` (n,) int32, the row in the fleet or UNKNOWN; ``at_ms`` (n,) int64, the end of the averaging window in ms
    since 1970; ``window_s`` (n,), its length, 0 for a value reported by exception, which stands until the next one;
    ``current_a`` (n, 3) A rms, NaN where a phase is missing; ``transformer_current_a`` and ``voltage_v`` (n, 3), NaN
    where not measured; ``received_ms`` (n,) when it reached us. Arrays are read-only.
    """

    feeder: NDArray[np.int32]
    at_ms: NDArray[np.int64]
    window_s: Floats
    current_a: Floats
    transformer_current_a: Floats
    voltage_v: Floats
    received_ms: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raise ValueError for columns of different lengths, which no decoder may make."""
        n = len(self.feeder)
        triples = (self.current_a, self.transformer_current_a, self.voltage_v)
        if any(len(c) != n for c in (self.at_ms, self.window_s, self.received_ms)) or any(
            t.shape != (n, 3) for t in triples
        ):
            raise ValueError("the columns of a batch must have the same length")
        for column in (self.feeder, self.at_ms, self.window_s, *triples, self.received_ms):
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.feeder)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> ReadingBatch:
        """Some of the rows, in the order asked for."""
        return ReadingBatch(
            feeder=self.feeder[rows],
            at_ms=self.at_ms[rows],
            window_s=self.window_s[rows],
            current_a=self.current_a[rows],
            transformer_current_a=self.transformer_current_a[rows],
            voltage_v=self.voltage_v[rows],
            received_ms=self.received_ms[rows],
        )

    def arrived(self, received_ms: int) -> ReadingBatch:
        """The same readings, all received at one moment."""
        return replace(self, received_ms=np.full(len(self), received_ms, dtype=np.int64))


def readings(
    *,
    feeder: NDArray[np.int32],
    at_ms: NDArray[np.int64],
    current_a: Floats,
    window_s: Floats | float = 60.0,
    transformer_current_a: Floats | None = None,
    voltage_v: Floats | None = None,
    received_ms: int | None = None,
) -> ReadingBatch:
    """A batch whose optional columns may be left out; without ``received_ms``, each is received at its own time."""
    n = len(feeder)
    unknown = np.broadcast_to(np.float64(np.nan), (n, 3))
    received = at_ms.copy() if received_ms is None else np.full(n, received_ms, dtype=np.int64)
    return ReadingBatch(
        feeder=feeder,
        at_ms=at_ms,
        window_s=np.full(n, float(window_s)) if isinstance(window_s, int | float) else window_s,
        current_a=current_a,
        transformer_current_a=unknown if transformer_current_a is None else transformer_current_a,
        voltage_v=unknown if voltage_v is None else voltage_v,
        received_ms=received,
    )


def nothing() -> ReadingBatch:
    """A batch without a reading."""
    none = np.zeros((0, 3))
    return readings(feeder=np.zeros(0, dtype=np.int32), at_ms=np.zeros(0, dtype=np.int64), current_a=none)


def joined(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Several batches as one, in order of arrival."""
    if len(batches) == 1:
        return batches[0]
    if not batches:
        return nothing()
    return ReadingBatch(
        feeder=np.concatenate([b.feeder for b in batches]),
        at_ms=np.concatenate([b.at_ms for b in batches]),
        window_s=np.concatenate([b.window_s for b in batches]),
        current_a=np.concatenate([b.current_a for b in batches]),
        transformer_current_a=_stacked([b.transformer_current_a for b in batches]),
        voltage_v=_stacked([b.voltage_v for b in batches]),
        received_ms=np.concatenate([b.received_ms for b in batches]),
    )


def _stacked(columns: list[Floats]) -> Floats:
    """One after the other; what nobody measured stays one row in memory, however many readings there are."""
    if all(len(c) and c.strides[0] == 0 and np.isnan(c[0]).all() for c in columns):
        return np.broadcast_to(columns[0][:1], (sum(map(len, columns)), 3))
    return np.concatenate(columns)
