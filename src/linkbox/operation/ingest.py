"""How readings come in: a source hands what it receives to a sink, and tells its sender only then that it was taken.

Formats are decoded by functions that the wiring gives, so that this room knows none of them. What a source does with an
answer is the source's own affair: MQTT acknowledges or waits, HTTP answers 204, 400 or 503, a file waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from linkbox.base.errors import Issue
from linkbox.grid.telemetry import FeederIndex, ReadingBatch


class Format(StrEnum):
    """What a message holds: one reading or a list of them as JSON; columns as JSON; columns as an Arrow stream."""

    READING = "reading"
    COLUMNS = "columns"
    ARROW = "arrow"


Decoded: TypeAlias = ReadingBatch | tuple[Issue, ...]
"""The readings, or everything that is wrong with the message. A decoder raises nothing for what a message says."""

Decoder: TypeAlias = Callable[[bytes, FeederIndex, int], Decoded]
"""The bytes, whose feeders, and when they were received (ms since 1970)."""

Decoders: TypeAlias = Mapping[Format, Decoder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The readings are ours now: the sender may forget them. ``shed``: older ones that had to go for them."""

    readings: int
    shed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The message can not be taken, now or later."""

    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """There is no room; the sender should come again after some time."""

    retry_after_s: float


Answer: TypeAlias = Taken | Refused | Busy


class Sink(Protocol):
    """What a source hands its readings to."""

    def take(self, source: str, form: Format, body: bytes) -> Answer:
        """One message in one of the formats."""

    def take_readings(self, source: str, batch: ReadingBatch) -> Answer:
        """Readings that are columns already, from a file."""

    def count(self, source: str, what: str, number: int = 1) -> None:
        """Count something that the source alone notices: a lost connection, a message that it had to shed."""

    async def room(self) -> None:
        """Return when there is room again."""


class Source(Protocol):
    """Where readings come from."""

    @property
    def name(self) -> str:
        """Under which it is counted."""

    async def run(self, sink: Sink) -> None:
        """Hand over what comes until there is no more, or until it is cancelled; come back after failures.

        Never tells a sender that a message was taken unless the sink said Taken, or Refused, and after Busy hands the
        same message over again or leaves it to the sender to do so.
        """
