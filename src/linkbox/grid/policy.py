"""When a feeder is at risk: the levels, times and probabilities that the operator sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """Levels are fractions of the way to an asset's limit (1 = melts, or at its limit temperature).

    A feeder is to be *watched* when its upper forecast brings an asset to ``action_level`` within ``horizon_s``. It is
    *at risk* when more current is forecast than may flow for ``allow_s`` without passing ``hold_level``, and an asset
    stands at ``action_level`` already or gets to ``hold_level`` within the horizon. It is *imminent* when the limit is
    at most ``imminent_s`` away. Leaving a state takes more than the reverse of entering it: ``release_level`` for
    the watch, ``release_ratio`` of the allowable current for the risk, 1.5 times the time for the imminence.
    """

    action_level: float = 0.8
    release_level: float = 0.7
    hold_level: float = 0.95
    horizon_s: float = 1800.0
    allow_s: float = 3600.0
    probability: float = 0.95
    imminent_s: float = 900.0
    blind_after_s: float = 300.0
    release_ratio: float = 0.95
    min_reduction_a: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError for levels out of order or a probability that is none."""
        if not 0.0 < self.release_level < self.action_level < self.hold_level < 1.0:
            raise ValueError("levels must satisfy 0 < release < action < hold < 1")
        if not 0.5 <= self.probability < 1.0:
            raise ValueError(f"probability must be within [0.5, 1): {self.probability}")
        if not 0.0 < self.release_ratio <= 1.0:
            raise ValueError(f"release ratio must be within (0, 1]: {self.release_ratio}")
        if min(self.horizon_s, self.allow_s, self.imminent_s, self.blind_after_s) <= 0.0:
            raise ValueError("all times must be positive")
