"""How long the WAN and the HAN take: log-normal, by region and hub, cut off below and above.

Nothing in the material gives a distribution; the 30 s target is all that is known. The defaults put the 95th percentile
of a whole round trip near 20 s, and are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, log
from types import MappingProxyType

from linkbox.base.errors import InvalidInput, Issue
from linkbox.emulator.draws import Draws

_NORMAL_95 = 1.6448536269514722


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A log-normal delay given by its median and 95th percentile, in seconds, kept within [minimum, maximum]."""

    median_s: float
    p95_s: float
    minimum_s: float = 0.05
    maximum_s: float = 300.0

    def __post_init__(self) -> None:
        if not 0.0 < self.minimum_s <= self.median_s <= self.p95_s <= self.maximum_s:
            value = f"{self.minimum_s}, {self.median_s}, {self.p95_s}, {self.maximum_s}"
            raise InvalidInput(
                "latency", [Issue(where="latency", value=value, rule="needs 0 < minimum <= median <= p95 <= maximum")]
            )

    def delay_s(self, draws: Draws, *key: object) -> float:
        """The delay for this key, to the millisecond."""
        drawn = self.median_s * exp(_spread(self.median_s, self.p95_s) * draws.normal("latency", *key))
        return round(min(max(drawn, self.minimum_s), self.maximum_s), 3)


@lru_cache(maxsize=64)
def _spread(median_s: float, p95_s: float) -> float:
    """The standard deviation of the logarithm."""
    return log(p95_s / median_s) / _NORMAL_95


DEFAULT_WAN: Mapping[str, Latency] = MappingProxyType(
    {
        "North": Latency(median_s=4.0, p95_s=14.0),  # long-range radio
        "Central": Latency(median_s=2.5, p95_s=9.0),
        "South": Latency(median_s=2.5, p95_s=9.0),
        "4G North": Latency(median_s=1.2, p95_s=4.0),
        "4G Central": Latency(median_s=1.2, p95_s=4.0),
        "4G South": Latency(median_s=1.2, p95_s=4.0),
    }
)
DEFAULT_HAN: Mapping[str, Latency] = MappingProxyType(
    {"single-band": Latency(median_s=0.4, p95_s=1.5), "dual-band": Latency(median_s=0.6, p95_s=2.5)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPlan:
    """Delay of one way through the WAN by region, and through the HAN by kind of hub."""

    wan: Mapping[str, Latency] = field(default_factory=lambda: DEFAULT_WAN)
    han: Mapping[str, Latency] = field(default_factory=lambda: DEFAULT_HAN)
    other_region: Latency = Latency(median_s=3.0, p95_s=12.0)

    def one_way_s(self, draws: Draws, *, region: str, hub: str, key: tuple[object, ...]) -> float:
        """From the DSP to the device or back, in seconds."""
        parts = [str(part) for part in key]
        wan = self.wan.get(region, self.other_region).delay_s(draws, "wan", *parts)
        return wan + self.han[hub].delay_s(draws, "han", *parts)
