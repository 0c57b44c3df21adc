"""Randomness by key: a draw depends on the seed and on what it is for, never on how many were drawn before.

So the order in which requests arrive does not change anything, and the same seed gives the same history.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()
_STEPS = 2**53


@dataclass(frozen=True, slots=True)
class Draws:
    """A family of draws under one seed."""

    seed: int

    def uniform(self, *key: object) -> float:
        """A number in the open interval (0, 1) for this key; the parts of the key are compared by their text."""
        text = "\x1f".join([str(self.seed), *map(str, key)])
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return ((int.from_bytes(digest) >> 11) + 0.5) / _STEPS

    def normal(self, *key: object) -> float:
        """A standard normal number for this key."""
        return _NORMAL.inv_cdf(self.uniform(*key))

    def happens(self, probability: float, *key: object) -> bool:
        """Whether an event of this probability happens, for this key."""
        return probability > 0.0 and self.uniform(*key) < probability

    def between(self, low: float, high: float, *key: object) -> float:
        """A number between ``low`` and ``high``, equally likely everywhere."""
        return low + (high - low) * self.uniform(*key)
