"""The names of a fleet's feeders and their rows: names are looked up once, at the edge, and never again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.grid.telemetry.batch import UNKNOWN


class FeederIndex:
    """Feeder ids in fleet order. ``digest`` tells two fleets apart: 16 hex digits over all ids in their order."""

    __slots__ = ("_rows", "digest", "ids")

    def __init__(self, ids: Sequence[FeederId]) -> None:
        self.ids = tuple(ids)
        self._rows: dict[str, int] = {feeder_id: row for row, feeder_id in enumerate(self.ids)}
        if len(self._rows) != len(self.ids):
            raise ValueError("an index needs feeders with different ids")
        self.digest = hashlib.sha256("\n".join(self.ids).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, feeder_id: str) -> int:
        """The row of one feeder; UNKNOWN where it is not of the fleet."""
        return self._rows.get(feeder_id, UNKNOWN)

    def rows(self, feeder_ids: Iterable[str | None]) -> NDArray[np.int32]:
        """The rows of many; UNKNOWN where one is not of the fleet, or is None."""
        find = self._rows.get
        return np.array([find(name, UNKNOWN) if name is not None else UNKNOWN for name in feeder_ids], dtype=np.int32)
