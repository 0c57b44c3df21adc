"""How long things took, as counts in steps of ten milliseconds: quantiles of any number of them in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEP_MS = 10
_STEPS = 60_000


class Latencies:
    """Durations from 0 to ten minutes; longer ones count as ten minutes, negative ones as 0."""

    def __init__(self) -> None:
        self._counts = np.zeros(_STEPS + 1, dtype=np.int64)

    def add(self, durations_ms: NDArray[np.int64]) -> None:
        """Count some more."""
        places = np.clip(durations_ms // _STEP_MS, 0, _STEPS)
        self._counts += np.bincount(places, minlength=len(self._counts))

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self._counts.sum())

    def quantile_s(self, share: float) -> float | None:
        """The duration that ``share`` of them do not exceed, rounded up to a step; None where there is none."""
        if not self.count:
            return None
        place = int(np.searchsorted(np.cumsum(self._counts), share * self.count))
        return (min(place, _STEPS) + 1) * _STEP_MS / 1000.0
