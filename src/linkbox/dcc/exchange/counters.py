"""Originator counters that never repeat, across crashes and processes: blocks taken from one high-water mark.

A store keeps one number per originator EUI-64, the high-water mark. A process reserves a block, commits the new mark,
and only then uses the block; what it did not use before a crash is lost, never used again. Counters rise within a
process; between processes their blocks interleave, so one process must own all critical commands to a device (a device
refuses a counter that is not above its last, reference dcc.md section 5.10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from linkbox.base.time import require_utc
from linkbox.dcc.errors import LocalProtocolError

COUNTER_MAX = 2**64 - 1


class BlockUsedUp(LocalProtocolError):
    """All counters of a block have been given out: reserve another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterBlock:
    """The counters from ``next`` up to, not including, ``end`` are still to be used."""

    next: int
    end: int

    def take(self) -> tuple[int, CounterBlock]:
        """One counter, and the block without it; raise BlockUsedUp."""
        if self.next >= self.end:
            raise BlockUsedUp("counter block", f"is used up at {self.end}")
        return self.next, replace(self, next=self.next + 1)

    @property
    def left(self) -> int:
        """How many counters are left."""
        return self.end - self.next


def reserve(high_water: int, *, count: int, at: datetime) -> tuple[CounterBlock, int]:
    """A block of ``count`` counters above ``high_water``, and the new mark, to be committed before the block is used.

    The block starts at the milliseconds since 1970 where that is more: so counters stay above those of a store that was
    lost, as long as fewer than 1,000 a second were used. Raise LocalProtocolError when the counters are used up.
    """
    if count < 1:
        raise LocalProtocolError(f"block of {count} counters", "must have one at least")
    first = max(high_water + 1, int(require_utc(at).timestamp() * 1000), 1)
    if first + count - 1 > COUNTER_MAX:
        raise LocalProtocolError("originator counter", f"must stay within 1..{COUNTER_MAX}")
    return CounterBlock(next=first, end=first + count), first + count - 1
