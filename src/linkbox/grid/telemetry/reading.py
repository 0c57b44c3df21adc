"""One reading at a time, as the controller of a single site takes them; checked by the same columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from linkbox.base.errors import Issue
from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc, require_utc
from linkbox.grid.telemetry.batch import UNKNOWN, ReadingBatch, readings
from linkbox.grid.telemetry.quality import Quality, QualityPolicy, named
from linkbox.grid.telemetry.screen import Screened, screen
from linkbox.grid.telemetry.tracks import Tracks, no_tracks
from linkbox.grid.thermal import Floats

Triple = tuple[float, float, float]
_NONE: Triple = (float("nan"),) * 3
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Mean phase currents of one feeder, A rms, over the ``window_s`` that ended at ``at``. NaN: that phase is missing.

    ``transformer_current_a`` are the phase currents of the transformer's LV side, where they are measured.
    """

    feeder_id: FeederId
    at: datetime
    current_a: Triple
    transformer_current_a: Triple | None = None
    window_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is remembered of one feeder's readings."""

    at: datetime
    current_a: Triple
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The accepted readings of one intake, in fleet order, and what was noticed.

    ``current_a`` and ``transformer_current_a`` (feeders, 3), NaN where nothing was accepted; ``counts`` per flag;
    ``issues`` one line per flagged reading; ``tracks`` go into the next intake.
    """

    at: datetime
    current_a: Floats
    transformer_current_a: Floats
    counts: Mapping[Quality, int]
    issues: tuple[Issue, ...]
    tracks: Mapping[FeederId, Track]


def accept(
    arrived: Iterable[Reading],
    *,
    feeders: Mapping[FeederId, int],
    tracks: Mapping[FeederId, Track],
    at: datetime,
    policy: QualityPolicy | None = None,
) -> Intake:
    """Check what arrived by ``at`` and bring it into fleet order; of several accepted for a feeder the newest counts.

    ``feeders`` gives the row of each id. Never raises for a bad reading: it is counted and listed. The flags that need
    a longer memory than a Track (clock, phases) are left to ``screen``.
    """
    listed = list(arrived)
    batch = _columns(listed, feeders, require_utc(at))
    screened = screen(batch, _remembered(feeders, tracks), policy=policy)
    flags = [named(bits) for bits in screened.flags.tolist()]
    current, bank = (np.full((len(feeders), 3), np.nan) for _ in range(2))
    for row in screened.accepted:
        measured = np.isfinite(batch.transformer_current_a[row]).any()
        current[batch.feeder[row]] = batch.current_a[row]
        if measured:
            bank[batch.feeder[row]] = batch.transformer_current_a[row]
    return Intake(
        at=at,
        current_a=current,
        transformer_current_a=bank,
        counts=dict(Counter(flag for found in flags for flag in found)),
        issues=tuple(_issue(r, flag) for r, found in zip(listed, flags, strict=True) for flag in found),
        tracks=_followed(tracks, listed, screened, feeders),
    )


def _columns(listed: list[Reading], feeders: Mapping[FeederId, int], at: datetime) -> ReadingBatch:
    n = len(listed)
    return readings(
        feeder=np.array([feeders.get(r.feeder_id, UNKNOWN) for r in listed], dtype=np.int32),
        at_ms=np.array([milliseconds(r.at) for r in listed], dtype=np.int64),
        window_s=np.array([r.window_s for r in listed], dtype=np.float64),
        current_a=np.array([r.current_a for r in listed], dtype=np.float64).reshape(n, 3),
        transformer_current_a=np.array([r.transformer_current_a or _NONE for r in listed], dtype=np.float64).reshape(
            n, 3
        ),
        received_ms=milliseconds(at),
    )


def _remembered(feeders: Mapping[FeederId, int], tracks: Mapping[FeederId, Track]) -> Tracks:
    none = no_tracks(len(feeders))
    at_ms, current, repeats = none.at_ms.copy(), none.current_a.copy(), none.repeats.copy()
    for feeder_id, track in tracks.items():
        if (row := feeders.get(feeder_id)) is not None:
            at_ms[row], current[row], repeats[row] = milliseconds(track.at), track.current_a, track.repeats
    return replace(none, at_ms=at_ms, current_a=current, repeats=repeats)


def _followed(
    tracks: Mapping[FeederId, Track], listed: list[Reading], screened: Screened, feeders: Mapping[FeederId, int]
) -> Mapping[FeederId, Track]:
    known = dict(tracks)
    for row in screened.newest.tolist():
        newest = listed[row]
        repeats = int(screened.tracks.repeats[feeders[newest.feeder_id]])
        known[newest.feeder_id] = Track(at=newest.at, current_a=newest.current_a, repeats=repeats)
    return known


def milliseconds(at: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return int((at - _EPOCH) // _MS)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _issue(reading: Reading, flag: Quality) -> Issue:
    where = f"feeder {reading.feeder_id} at {format_utc(reading.at)}"
    return Issue(where=where, value=", ".join(f"{a:g} A" for a in reading.current_a), rule=flag.rule)
