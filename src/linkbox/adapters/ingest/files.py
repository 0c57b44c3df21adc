"""Readings from files, played back at a chosen speed: CSV, Parquet and Arrow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from linkbox.adapters.ingest.readings_csv import read_csv_file
from linkbox.base.errors import InvalidInput, Issue
from linkbox.grid.telemetry import FeederIndex, ReadingBatch, joined
from linkbox.operation.ingest import Busy, Decoded, Sink

Reader = Callable[[Path, FeederIndex], Decoded]
Paced = Callable[[int], None]

LONGEST_SILENCE = 1440
"""Steps without a reading that are played back; the rest of a longer silence is left out."""


def read_files(paths: list[Path], index: FeederIndex) -> ReadingBatch:
    """All readings of some files, in order of time; of equal times as the files have them.

    Raises InvalidInput with every issue of every file.
    """
    decoded = [read_file(path, index) for path in paths]
    issues = [issue for found in decoded if isinstance(found, tuple) for issue in found]
    if issues:
        raise InvalidInput("readings", issues)
    whole = joined([found for found in decoded if isinstance(found, ReadingBatch)])
    return whole.take(np.argsort(whole.at_ms, kind="stable"))


def read_file(path: Path, index: FeederIndex) -> Decoded:
    """The readings of one file, by the ending of its name."""
    reader = _readers().get(path.suffix.lower())
    if reader is None:
        rule = f"must end in {', '.join(sorted(_readers()))}"
        if path.suffix.lower() in (".parquet", ".arrow"):
            rule = "needs pyarrow: install the extra 'arrow'"
        return (Issue(where=str(path), value=path.suffix, rule=rule),)
    if not path.is_file():
        return (Issue(where=str(path), value=path.name, rule="file is missing"),)
    return reader(path, index)


def _readers() -> Mapping[str, Reader]:
    readers: dict[str, Reader] = {".csv": read_csv_file}
    try:
        from linkbox.adapters.ingest.readings_arrow import read_arrow_file, read_parquet_file
    except ImportError:
        return readers
    return readers | {".parquet": read_parquet_file, ".arrow": read_arrow_file, ".arrows": read_arrow_file}


class FileSource:
    """A Source that plays readings back by their own times, in steps of ``step_ms``.

    ``speed`` is seconds of the readings per second of the wall; 0: as fast as they are taken. Before a step's readings
    are handed over, ``begins`` is told the step's end, and after it ``ended``: there a simulated clock moves, and the
    control minute runs. ``pause`` and ``elapsed_s`` are the wall's clock.
    """

    name = "file"

    def __init__(
        self,
        readings: ReadingBatch,
        *,
        speed: float = 0.0,
        step_ms: int = 60_000,
        begins: Paced = lambda _: None,
        ended: Paced = lambda _: None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readings, self._speed, self._step_ms = readings, speed, step_ms
        self._begins, self._ended = begins, ended
        self._pause, self._elapsed_s = pause, elapsed_s

    @property
    def steps(self) -> int:
        """How many steps there are from the first reading to the last."""
        return sum(1 for _ in self._ends())

    async def run(self, sink: Sink) -> None:
        started = self._elapsed_s()
        for number, (end_ms, chunk) in enumerate(self._chunks(), start=1):
            self._begins(end_ms)
            if len(chunk):
                while isinstance(sink.take_readings(self.name, chunk), Busy):
                    await sink.room()
            self._ended(end_ms)
            due = started + number * self._step_ms / 1000.0 / self._speed if self._speed else 0.0
            await self._pause(max(due - self._elapsed_s(), 0.0))

    def _ends(self) -> Iterator[int]:
        """The ends of the steps: a reading of time t is of the step that ends at t or next after it. Of a silence only
        the first LONGEST_SILENCE steps are played."""
        busy = np.unique(-(-self._readings.at_ms // self._step_ms)).tolist()
        for step, following in zip(busy, [*busy[1:], None], strict=False):
            silent = 0 if following is None else min(following - step - 1, LONGEST_SILENCE)
            yield from (self._step_ms * k for k in range(step, step + 1 + silent))

    def _chunks(self) -> Iterator[tuple[int, ReadingBatch]]:
        start = 0
        for end_ms in self._ends():
            stop = int(np.searchsorted(self._readings.at_ms, end_ms, side="right"))
            yield end_ms, self._readings.take(slice(start, stop))
            start = stop
