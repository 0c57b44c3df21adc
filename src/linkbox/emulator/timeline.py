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


class _Crowd:
    """The events of one moment that has more than one, in the order of their texts."""

    __slots__ = ("_events", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._events: dict[str, Event] = {}

    def add(self, event: Event) -> None:
        text = repr(event)
        if text not in self._events:
            self._events[text] = event
            heapq.heappush(self._texts, text)

    def take(self) -> Event:
        return self._events.pop(heapq.heappop(self._texts))

    def __bool__(self) -> bool:
        return bool(self._texts)


class Timeline:
    """A queue of events. Those of one moment come in an order that does not depend on when they were entered.

    That order is the one of their texts, which are only written where a moment has more than one event.
    """

    __slots__ = ("_events", "_moments")

    def __init__(self) -> None:
        self._moments: list[datetime] = []
        self._events: dict[datetime, Event | _Crowd] = {}

    def enter(self, at: datetime, event: Event) -> None:
        """Let ``event`` happen at ``at``. The same event at the same time happens once."""
        known = self._events.get(at)
        if known is None:
            self._events[at] = event
            heapq.heappush(self._moments, at)
        elif isinstance(known, _Crowd):
            known.add(event)
        else:
            crowd = self._events[at] = _Crowd()
            crowd.add(known)
            crowd.add(event)

    def next_at(self) -> datetime | None:
        """When the next event happens; None if none is planned."""
        return self._moments[0] if self._moments else None

    def until(self, at: datetime) -> Iterator[tuple[datetime, Event]]:
        """Take the events up to and including ``at``, also those entered while this runs."""
        while self._moments and self._moments[0] <= at:
            moment = self._moments[0]
            yield moment, self._take(moment)

    def _take(self, moment: datetime) -> Event:
        """Take out the first event of the earliest moment, and the moment with its last one."""
        found = self._events[moment]
        if isinstance(found, _Crowd):
            event = found.take()
            if found:
                return event
            found = event
        del self._events[moment]
        heapq.heappop(self._moments)
        return found
