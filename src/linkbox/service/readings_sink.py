"""Readings by MQTT or in batches straight to the controller: committed, with what follows, before the answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from linkbox.base.errors import Issue, LinkboxError
from linkbox.base.identifiers import FeederId
from linkbox.base.time import Clock
from linkbox.grid.telemetry import FeederIndex, Reading, ReadingBatch, milliseconds
from linkbox.operation.ingest import Answer, Busy, Decoders, Format, Refused, Taken
from linkbox.service.doors import Arrivals

RETRY_AFTER_S = 1.0
MOST_READINGS = 5_000
"""Of watched feeders, in one message: each is committed with what follows from it, while everybody else waits."""


class ReadingsSink:
    """A Sink over the front door. ``counts`` holds, per source, messages, readings, refused and busy."""

    def __init__(self, arrivals: Arrivals, feeders: tuple[FeederId, ...], decoders: Decoders, clock: Clock) -> None:
        self._arrivals, self._feeders, self._decoders, self._clock = arrivals, feeders, decoders, clock
        self._index = FeederIndex(feeders)
        self.counts: dict[str, Counter[str]] = {}

    def take(self, source: str, form: Format, body: bytes) -> Answer:
        """See Sink: Busy where the store can not take it now."""
        decoder = self._decoders.get(form)
        if decoder is None:
            rule = "this installation can not read that format"
            return self._refused(source, (Issue(where="message", value=form.value, rule=rule),))
        decoded = decoder(body, self._index, milliseconds(self._clock.now()))
        return self._refused(source, decoded) if isinstance(decoded, tuple) else self.take_readings(source, decoded)

    def take_readings(self, source: str, batch: ReadingBatch) -> Answer:
        """See Sink."""
        rows = np.flatnonzero(batch.feeder >= 0).tolist()
        if len(rows) > MOST_READINGS:
            rule = f"a message must have at most {MOST_READINGS} readings of feeders that are watched"
            return self._refused(source, (Issue(where="message", value=f"{len(rows)} readings", rule=rule),))
        known = [self._reading(batch, row) for row in rows]
        try:
            refused = self._arrivals.receive_readings(known) if known else []
        except LinkboxError:
            self.count(source, "busy")
            return Busy(retry_after_s=RETRY_AFTER_S)
        self.count(source, "messages")
        self.count(source, "readings", len(batch))
        self.count(source, "refused", sum(why is not None for why in refused) + len(batch) - len(known))
        return Taken(readings=len(batch))

    def count(self, source: str, what: str, number: int = 1) -> None:
        """See Sink."""
        self.counts.setdefault(source, Counter())[what] += number

    async def room(self) -> None:
        """See Sink: the store may be back after a moment."""
        await asyncio.sleep(RETRY_AFTER_S)

    def _refused(self, source: str, issues: tuple[Issue, ...]) -> Refused:
        self.count(source, "malformed")
        return Refused(issues=issues)

    def _reading(self, batch: ReadingBatch, row: int) -> Reading:
        a, b, c = (float(v) for v in batch.current_a[row])
        bank = batch.transformer_current_a[row]
        x, y, z = (float(v) for v in bank)
        return Reading(
            feeder_id=self._feeders[int(batch.feeder[row])],
            at=datetime.fromtimestamp(int(batch.at_ms[row]) / 1000.0, UTC),
            current_a=(a, b, c),
            transformer_current_a=(x, y, z) if np.isfinite(bank).any() else None,
            window_s=float(batch.window_s[row]),
        )
