"""Watching a fleet: what has come in since the last look is checked, heats the assets, and every feeder is judged.

A look takes some milliseconds and may be had every second, so that a reading need not wait for a minute to be over. A
reading counts for the time since the one before it. Where several of a feeder come at once, its time before is heated
with their mean square, which is what heats. A value by exception is taken to stand for ``hold_s``, and is given to the
fleet again each minute. No decision is made here: that is the controller's of the site.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import Clock
from linkbox.grid.errors import SnapshotMismatch
from linkbox.grid.nightly import Verdict
from linkbox.grid.risk import RiskAssessment
from linkbox.grid.snapshot import closed
from linkbox.grid.telemetry import (
    NEVER_MS,
    Quality,
    QualityPolicy,
    ReadingBatch,
    Screened,
    Tracks,
    milliseconds,
    no_tracks,
    screen,
    tracks_from_bytes,
    tracks_to_bytes,
)
from linkbox.grid.thermal import Floats
from linkbox.operation.fleet_judge import FleetJudge, Found
from linkbox.operation.ingest_queue import IngestQueue
from linkbox.operation.latency import Latencies
from linkbox.operation.night_work import NightWork

MAGIC = b"linkbox watch 1\n"
_LENGTH, _DIGEST = 8, 32
_NAMED = 20
_SECOND = timedelta(seconds=1)


class Check(Protocol):
    """As ``linkbox.grid.telemetry.screen``."""

    def __call__(self, batch: ReadingBatch, tracks: Tracks, *, policy: QualityPolicy | None = None) -> Screened:
        """The readings' flags, and what is remembered of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """``hold_s``: how long a value by exception stands; ``blind_after_s``: as the risk policy has it, here for the
    alarm of feeders that never sent anything."""

    quality: QualityPolicy = field(default_factory=QualityPolicy)
    hold_s: float = 900.0
    blind_after_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found. ``readings`` came in, ``accepted`` of them count, ``flags`` says what was noticed;
    ``assessments`` are the feeders that are not normal, worst first; ``newly_blind`` and ``seen_again`` name the first
    of each, with their number; ``blind`` counts all, ``unheard`` those that never sent a reading. ``night``: what the
    forecast's night work did, in the look after it was due."""

    at: datetime
    readings: int
    accepted: int
    flags: Mapping[Quality, int]
    states: Mapping[str, int]
    assessments: tuple[RiskAssessment, ...]
    blind: int
    unheard: int
    newly_blind: tuple[str, ...]
    newly_blind_count: int
    seen_again: tuple[str, ...]
    seen_again_count: int
    night: Verdict | None = None


class FleetWatch:
    """The fleet's state and the memory of its readings. One owner: the loop that calls ``look``."""

    def __init__(
        self,
        judge: FleetJudge,
        queue: IngestQueue,
        clock: Clock,
        *,
        policy: WatchPolicy | None = None,
        check: Check = screen,
        night: NightWork | None = None,
    ) -> None:
        """``check`` is ``screen``, or for a large fleet ``grid.telemetry.screen_compiled.CompiledScreen``. ``night`` is
        the same judge's night work; without it the forecast's coefficients stay what they are."""
        self._judge, self._queue, self._clock, self._policy = judge, queue, clock, policy or WatchPolicy()
        self._check, self._night = check, night
        n = len(judge.index)
        self._tracks = no_tracks(n)
        self._alarmed: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
        self._started_ms = milliseconds(clock.now())
        self.flagged: Counter[Quality] = Counter()
        self.accepted = 0
        self.reading_to_risk = Latencies()
        self.receipt_to_risk = Latencies()

    def look(self) -> Look | None:
        """Take what waits and judge the fleet; None where no whole second has passed since the last look."""
        at = self._clock.now().replace(microsecond=0)
        if at <= self._judge.at:
            return None
        batch = self._queue.drain()
        screened = self._check(batch, self._tracks, policy=self._policy.quality)
        self._tracks = screened.tracks
        self._feed(batch, screened, at)
        found = self._judge.judge()
        self.flagged.update(screened.counts)
        self.accepted += len(screened.accepted)
        self._measure(batch, screened)
        verdict = None if self._night is None else self._night.after_look(at)
        return replace(self._reported(at, batch, screened, found), night=verdict)

    @property
    def last_night(self) -> Verdict | None:
        """What the forecast's last night work did."""
        return None if self._night is None or not self._night.verdicts else self._night.verdicts[-1]

    def to_bytes(self) -> bytes:
        """Everything that the next look depends on, but what waits in the queue."""
        fleet, tracks = self._judge.to_bytes(), tracks_to_bytes(self._tracks)
        alarmed = np.packbits(self._alarmed).tobytes()
        night = b"" if self._night is None else self._night.to_bytes()
        facts = {"alarmed": len(alarmed), "fleet": len(fleet), "started_ms": self._started_ms, "tracks": len(tracks)}
        header = json.dumps(facts | {"night": len(night)}).encode()
        return closed(MAGIC, len(header).to_bytes(_LENGTH, "big"), header, alarmed, fleet, tracks, night)

    def restore(self, data: bytes) -> None:
        """Go on from what ``to_bytes`` gave. Raises SnapshotMismatch for altered bytes, or another fleet."""
        whole, digest = memoryview(data)[:-_DIGEST], data[-_DIGEST:]
        if not data.startswith(MAGIC) or hashlib.sha256(whole).digest() != digest:
            raise SnapshotMismatch("must start with its magic and end with its own SHA-256", digest.hex())
        start = len(MAGIC) + _LENGTH
        length = int.from_bytes(whole[len(MAGIC) : start], "big")
        header = json.loads(bytes(whole[start : (start := start + length)]))
        alarmed = whole[start : (start := start + header["alarmed"])]
        fleet = bytes(whole[start : (start := start + header["fleet"])])
        n = len(self._judge.index)
        tracks = tracks_from_bytes(bytes(whole[start : (start := start + header["tracks"])]), n)
        if self._night is not None and header.get("night", 0):
            self._night.restore(bytes(whole[start : start + header["night"]]))
        self._judge.restore(fleet)
        self._tracks, self._started_ms = tracks, header["started_ms"]
        self._alarmed = np.unpackbits(np.frombuffer(alarmed, dtype=np.uint8), count=n).astype(np.bool_)

    def _feed(self, batch: ReadingBatch, screened: Screened, at: datetime) -> None:
        n = len(self._judge.index)
        current, bank = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
        feeders = batch.feeder[screened.newest]
        current[feeders], bank[feeders] = batch.current_a[screened.newest], batch.transformer_current_a[screened.newest]
        if at.replace(second=0) > self._judge.at.replace(second=0):
            self._hold(current, at)
        if len(screened.accepted) > len(screened.newest):
            earlier = _mean_square_root(batch.take(screened.accepted), n)
            if at - _SECOND > self._judge.at:
                self._judge.take(earlier, np.full((n, 3), np.nan), at - _SECOND)
            else:
                current = np.where(np.isnan(earlier), current, np.fmax(current, earlier))
        self._judge.take(current, bank, at)

    def _hold(self, current: Floats, at: datetime) -> None:
        """Put in the values by exception that stand."""
        tracks = self._tracks
        age_ms = milliseconds(at) - np.where(tracks.at_ms == NEVER_MS, milliseconds(at), tracks.at_ms)
        stands = (tracks.at_ms != NEVER_MS) & (tracks.window_s == 0.0) & (age_ms <= 1000.0 * self._policy.hold_s)
        rows = np.flatnonzero(stands & np.isnan(current).all(axis=1))
        current[rows] = tracks.current_a[rows]

    def _measure(self, batch: ReadingBatch, screened: Screened) -> None:
        now = milliseconds(self._clock.now())
        self.reading_to_risk.add(now - batch.at_ms[screened.accepted])
        self.receipt_to_risk.add(now - batch.received_ms[screened.accepted])

    def _reported(self, at: datetime, batch: ReadingBatch, screened: Screened, found: Found) -> Look:
        unheard = self._tracks.at_ms == NEVER_MS
        patience_over = milliseconds(at) >= self._started_ms + 1000.0 * self._policy.blind_after_s
        due = found.blind & (~unheard | patience_over)
        newly, again = np.flatnonzero(due & ~self._alarmed), np.flatnonzero(self._alarmed & ~due)
        self._alarmed = due
        ids = self._judge.index.ids
        states = Counter(a.state.value for a in found.assessments)
        blind = int(found.blind.sum())
        states["blind"], states["normal"] = blind, len(ids) - blind - len(found.assessments)
        return Look(
            at=at,
            readings=len(batch),
            accepted=len(screened.accepted),
            flags=screened.counts,
            states=dict(states),
            assessments=tuple(sorted(found.assessments, key=_badness)),
            blind=blind,
            unheard=int(unheard.sum()),
            newly_blind=tuple(ids[row] for row in newly[:_NAMED]),
            newly_blind_count=len(newly),
            seen_again=tuple(ids[row] for row in again[:_NAMED]),
            seen_again_count=len(again),
        )


_WORST_FIRST = ("exceeded", "imminent", "at-risk", "watch")


def _badness(assessment: RiskAssessment) -> tuple[Any, ...]:
    return (
        _WORST_FIRST.index(assessment.state.value),
        assessment.time_to_limit_s,
        -max(assessment.required_reduction_a),
        assessment.feeder_id,
    )


def _mean_square_root(accepted: ReadingBatch, n: int) -> Floats:
    """(n, 3): of the feeders with several readings, the root of their mean square by time; NaN elsewhere."""
    seconds = np.maximum(accepted.window_s, 1.0)[:, None] * np.isfinite(accepted.current_a)
    total, time_s = np.zeros((n, 3)), np.zeros((n, 3))
    np.add.at(total, accepted.feeder, np.square(np.nan_to_num(accepted.current_a)) * seconds)
    np.add.at(time_s, accepted.feeder, seconds)
    several = np.bincount(accepted.feeder, minlength=n)[:, None] > 1
    return np.asarray(np.sqrt(np.where(several & (time_s > 0.0), total / np.maximum(time_s, 1e-9), np.nan)))
