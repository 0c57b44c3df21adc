"""What will happen in the emulated world, in the order of virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.duis import ServiceResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandArrives:
    """A command reaches the communications hub of its device. ``sent_at`` is when the DSP sent it."""

    request_id: RequestId
    data: bytes = field(repr=False)
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPolls:
    """The HCALCS of the home with this meter polls it."""

    esme: Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterWakes:
    """A meter has something to do by itself: a calendar takes effect, a limit ends."""

    esme: Eui64


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceJoins:
    """``device`` tries to join its home network; ``request_id`` is that of the 8.11 that opened it."""

    esme: Eui64
    device: Eui64
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class StormAlert:
    """A meter that storms sends its next alert; ``until`` and ``interval_s`` say for how long and how often."""

    esme: Eui64
    until: datetime
    interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWindowEnds:
    """The DSP tells how many alerts of this code from this device it has suppressed."""

    device: Eui64
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDue:
    """The DSP sends a message to the user. ``spoilt`` says that its XML signature is not to verify."""

    response: ServiceResponse
    request_id: RequestId | None
    spoilt: bool = False
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DspGivesUp:
    """The DSP has waited long enough for a device; ``code`` is what it then tells the user."""

    request_id: RequestId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnds:
    """Anomaly detection lets a held command go."""

    request_id: RequestId


FieldEvent: TypeAlias = (
    CommandArrives | SwitchPolls | MeterWakes | DeviceJoins | DspGivesUp | QuarantineEnds | StormAlert | AlertWindowEnds
)
Event: TypeAlias = FieldEvent | AnswerDue


class Timeline:
    """A queue of events. Those of one moment come in an order that does not depend on when they were entered."""

    __slots__ = ("_entered", "_queue")

    def __init__(self) -> None:
        self._queue: list[tuple[datetime, str, Event]] = []
        self._entered: set[tuple[datetime, str]] = set()

    def enter(self, at: datetime, event: Event) -> None:
        """Let ``event`` happen at ``at``. The same event at the same time happens once."""
        key = (at, repr(event))
        if key not in self._entered:
            self._entered.add(key)
            heapq.heappush(self._queue, (*key, event))

    def next_at(self) -> datetime | None:
        """When the next event happens; None if none is planned."""
        return self._queue[0][0] if self._queue else None

    def until(self, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """Take the events up to and including ``at``, also those entered while this runs."""
        while self._queue and self._queue[0][0] <= at:
            moment, key, event = heapq.heappop(self._queue)
            self._entered.discard((moment, key))
            yield moment, event
