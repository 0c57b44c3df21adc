"""Deliveries that wait to be taken: retried at least once within 300 s, then kept (reference dcc.md section 8.4).

Pure: times are arguments, sending is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from linkbox.emulator.dcc import Delivery

RETRY_AFTER_S = (5.0, 30.0, 120.0)
"""Waits between attempts; all of them lie within 300 s."""
KEPT_FOR = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A delivery, how often it was tried, and when to try next."""

    delivery: Delivery
    next_at: datetime
    attempts: int = 0


@dataclass(slots=True, kw_only=True)
class Postbox:
    """What is to be delivered, and what could not be."""

    waiting: list[Parcel] = field(default_factory=list)
    failed: list[Parcel] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        """A new message to deliver at its time."""
        self.waiting.append(Parcel(delivery=delivery, next_at=delivery.at))

    def due(self, at: datetime) -> list[Parcel]:
        """Take out what is to be sent now, in order of time; drop failed ones that are too old."""
        ready = sorted((p for p in self.waiting if p.next_at <= at), key=lambda p: (p.next_at, p.delivery.at))
        self.waiting = [p for p in self.waiting if p.next_at > at]
        self.failed = [p for p in self.failed if p.delivery.at + KEPT_FOR > at]
        return ready

    def refused(self, parcel: Parcel, at: datetime) -> None:
        """The user did not take it: try again later, or keep it as failed."""
        attempts = parcel.attempts + 1
        if attempts > len(RETRY_AFTER_S):
            self.failed.append(parcel)
            return
        later = at + timedelta(seconds=RETRY_AFTER_S[parcel.attempts])
        self.waiting.append(Parcel(delivery=parcel.delivery, next_at=later, attempts=attempts))

    def next_at(self) -> datetime | None:
        """When something is to be sent next; None if nothing waits."""
        return min((p.next_at for p in self.waiting), default=None)
