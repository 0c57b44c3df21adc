"""How often one address may ask: a bucket of tokens each, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class RateLimit:
    """``burst`` requests at once, then ``per_minute``. Beyond ``remembered`` addresses the oldest are forgotten."""

    burst: int = 20
    per_minute: float = 20.0
    remembered: int = 10_000
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, address: str, at_s: float) -> bool:
        """Whether a request of ``address`` at ``at_s`` (seconds of a steady clock) is within the limit; it counts."""
        tokens, since_s = self._buckets.pop(address, (float(self.burst), at_s))
        tokens = min(float(self.burst), tokens + max(0.0, at_s - since_s) * self.per_minute / 60.0)
        allowed = tokens >= 1.0
        self._buckets[address] = (tokens - 1.0 if allowed else tokens, at_s)
        while len(self._buckets) > self.remembered:
            del self._buckets[next(iter(self._buckets))]
        return allowed
