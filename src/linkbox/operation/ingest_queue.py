"""The one queue between the sources and the control minute: bounded, and honest about what did not fit."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping

from linkbox.base.errors import Issue
from linkbox.base.time import Clock
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, joined, milliseconds
from linkbox.operation.ingest import Answer, Busy, Decoders, Format, Refused, Taken

RETRY_AFTER_S = 1.0
MAX_BATCHES = 100_000
"""Messages in the queue: a flood of single readings may not fill memory with their frames either."""


class IngestQueue:
    """A Sink. Not for several threads: one event loop owns it.

    ``max_readings`` bounds what waits. When it is full, a *slow* queue says Busy, and a *shedding* one lets the oldest
    readings go, counted. ``counts`` holds, per source, messages, readings, malformed, busy, shed, and what the sources
    count themselves.
    """

    def __init__(
        self, index: FeederIndex, decoders: Decoders, clock: Clock, *, max_readings: int, sheds: bool = False
    ) -> None:
        if max_readings < 1:
            raise ValueError(f"a queue must hold at least one reading: {max_readings}")
        self._index, self._decoders, self._clock = index, decoders, clock
        self._max, self._sheds = max_readings, sheds
        self._batches: deque[tuple[str, ReadingBatch]] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self.waiting = 0
        self.counts: dict[str, Counter[str]] = {}

    def take(self, source: str, form: Format, body: bytes) -> Answer:
        if self._full(1) and not self._sheds:
            return self._busy(source)
        decoder = self._decoders.get(form)
        if decoder is None:
            rule = "this installation can not read that format"
            return self._refused(source, (Issue(where="message", value=form.value, rule=rule),))
        decoded = decoder(body, self._index, milliseconds(self._clock.now()))
        if isinstance(decoded, tuple):
            return self._refused(source, decoded)
        return self._enqueue(source, decoded)

    def take_readings(self, source: str, batch: ReadingBatch) -> Answer:
        return self._enqueue(source, batch)

    def count(self, source: str, what: str, number: int = 1) -> None:
        self.counts.setdefault(source, Counter())[what] += number

    async def room(self) -> None:
        await self._room.wait()

    def drain(self) -> ReadingBatch:
        """All that waits, in order of arrival; the queue is empty after it."""
        batch = joined([batch for _, batch in self._batches])
        self._batches.clear()
        self.waiting = 0
        self._room.set()
        return batch

    def counted(self) -> Mapping[str, Mapping[str, int]]:
        """A copy of the counters."""
        return {source: dict(counts) for source, counts in self.counts.items()}

    def _enqueue(self, source: str, batch: ReadingBatch) -> Answer:
        if len(batch) > self._max:
            rule = f"a message must have at most {self._max} readings"
            return self._refused(source, (Issue(where="message", value=f"{len(batch)} readings", rule=rule),))
        if self._full(len(batch)) and not self._sheds:
            return self._busy(source)
        shed = 0
        while self._batches and self._full(len(batch)):
            shed += self._shed_oldest()
        self._batches.append((source, batch))
        self.waiting += len(batch)
        self.count(source, "messages")
        self.count(source, "readings", len(batch))
        if self._full(1):
            self._room.clear()
        return Taken(readings=len(batch), shed=shed)

    def _full(self, more: int) -> bool:
        return self.waiting + more > self._max or len(self._batches) >= MAX_BATCHES

    def _shed_oldest(self) -> int:
        source, oldest = self._batches.popleft()
        self.waiting -= len(oldest)
        self.count(source, "shed", len(oldest))
        return len(oldest)

    def _busy(self, source: str) -> Busy:
        self.count(source, "busy")
        self._room.clear()
        return Busy(retry_after_s=RETRY_AFTER_S)

    def _refused(self, source: str, issues: tuple[Issue, ...]) -> Refused:
        self.count(source, "malformed")
        return Refused(issues=issues)
