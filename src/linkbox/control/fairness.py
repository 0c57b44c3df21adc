"""How evenly the burden lies."""

from __future__ import annotations

import math
from collections.abc import Sequence


def jain_index(burdens: Sequence[float]) -> float:
    """Jain's fairness index of non-negative burdens: 1 where all are equal, 1/n where one bears everything.

    Nobody, or nobody with any burden, is fair: 1. Raises ValueError for a negative burden.
    Source: Jain, Chiu, Hawe, DEC-TR-301 (1984).
    """
    if any(b < 0 for b in burdens):
        raise ValueError("a burden can not be negative")
    largest = max(burdens, default=0.0)
    if largest == 0.0:
        return 1.0
    shares = [b / largest for b in burdens]  # the index does not depend on the unit; shares can not underflow
    return math.fsum(shares) ** 2 / (len(shares) * math.fsum(s * s for s in shares))
