"""Readings as they arrive, checked one by one; what passes becomes one minute of the whole fleet.

A reading that fails a check is dropped and counted; a phase without an accepted reading is missing (NaN), and after a
set time blind. No value is repaired, none is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

import numpy as np

from linkbox.base.errors import Issue
from linkbox.base.identifiers import FeederId
from linkbox.base.time import format_utc, require_utc
from linkbox.grid.thermal import Floats

Triple = tuple[float, float, float]


class Quality(StrEnum):
    """What is noticed about a reading. All but gap and stuck refuse it: a late one would pass for fresh."""

    UNKNOWN_FEEDER = "unknown-feeder"
    IMPOSSIBLE = "impossible"
    SIGN_REVERSED = "sign-reversed"
    FUTURE = "future"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out-of-order"
    LATE = "late"
    GAP = "gap"
    STUCK = "stuck"

    @property
    def refuses(self) -> bool:
        """Whether a reading with this flag is dropped."""
        return self not in (Quality.GAP, Quality.STUCK)


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
class QualityPolicy:
    """``impossible_a``: no LV feeder carries more without its fuse melting in a fraction of a second;
    ``stuck_after`` equal consecutive readings are flagged."""

    impossible_a: float = 10_000.0
    late_after_s: float = 120.0
    future_tolerance_s: float = 30.0
    stuck_after: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is remembered of one feeder's readings."""

    at: datetime
    current_a: Triple
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBatch:
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
    readings: Iterable[Reading],
    *,
    feeders: Mapping[FeederId, int],
    tracks: Mapping[FeederId, Track],
    at: datetime,
    policy: QualityPolicy | None = None,
) -> ReadingBatch:
    """Check what arrived by ``at`` and bring it into fleet order; of several accepted for a feeder the newest counts.

    ``feeders`` gives the row of each id. Never raises for a bad reading: it is counted and listed.
    """
    rules = policy or QualityPolicy()
    current = np.full((len(feeders), 3), np.nan)
    bank = np.full((len(feeders), 3), np.nan)
    known = dict(tracks)
    counts: Counter[Quality] = Counter()
    issues: list[Issue] = []
    for reading in readings:
        flags = check(reading, known.get(reading.feeder_id), reading.feeder_id in feeders, at=at, policy=rules)
        counts.update(flags)
        issues += [_issue(reading, flag) for flag in flags]
        if any(flag.refuses for flag in flags):
            continue
        known[reading.feeder_id] = _followed(known.get(reading.feeder_id), reading)
        row = feeders[reading.feeder_id]
        current[row] = reading.current_a
        if reading.transformer_current_a is not None:
            bank[row] = reading.transformer_current_a
    return ReadingBatch(
        at=require_utc(at),
        current_a=current,
        transformer_current_a=bank,
        counts=dict(counts),
        issues=tuple(issues),
        tracks=known,
    )


def check(
    reading: Reading, last: Track | None, known_feeder: bool, *, at: datetime, policy: QualityPolicy
) -> tuple[Quality, ...]:
    """What is to be said of one reading, given the last accepted one of its feeder. Empty: nothing."""
    if not known_feeder:
        return (Quality.UNKNOWN_FEEDER,)
    flags = [*_value_flags(reading, policy), *_time_flags(reading, last, at, policy)]
    if last is not None and last.repeats + 2 >= policy.stuck_after and _same(reading.current_a, last.current_a):
        flags.append(Quality.STUCK)
    return tuple(flags)


def _value_flags(reading: Reading, policy: QualityPolicy) -> list[Quality]:
    present = [a for a in (*reading.current_a, *(reading.transformer_current_a or ())) if a == a]  # NaN: missing
    flags = []
    if any(not isfinite(a) or abs(a) > policy.impossible_a for a in present):
        flags.append(Quality.IMPOSSIBLE)
    if any(a < 0.0 for a in present):
        flags.append(Quality.SIGN_REVERSED)
    return flags


def _time_flags(reading: Reading, last: Track | None, at: datetime, policy: QualityPolicy) -> list[Quality]:
    flags = []
    if reading.at > at + timedelta(seconds=policy.future_tolerance_s):
        flags.append(Quality.FUTURE)
    if reading.at < at - timedelta(seconds=policy.late_after_s):
        flags.append(Quality.LATE)
    if last is None:
        return flags
    if reading.at == last.at:
        flags.append(Quality.DUPLICATE)
    elif reading.at < last.at:
        flags.append(Quality.OUT_OF_ORDER)
    elif reading.at > last.at + timedelta(seconds=1.5 * reading.window_s):
        flags.append(Quality.GAP)
    return flags


def _same(a: Triple, b: Triple) -> bool:
    """Equal and not simply nothing: an unloaded feeder reads zero minute after minute."""
    return a == b and any(v > 0.0 for v in a)


def _followed(last: Track | None, reading: Reading) -> Track:
    repeats = last.repeats + 1 if last is not None and _same(reading.current_a, last.current_a) else 0
    return Track(at=reading.at, current_a=reading.current_a, repeats=repeats)


def _issue(reading: Reading, flag: Quality) -> Issue:
    where = f"feeder {reading.feeder_id} at {format_utc(reading.at)}"
    return Issue(where=where, value=", ".join(f"{a:g} A" for a in reading.current_a), rule=_RULES[flag])


_RULES: Mapping[Quality, str] = {
    Quality.UNKNOWN_FEEDER: "the feeder is not watched",
    Quality.IMPOSSIBLE: "a current must be finite and within what a low-voltage feeder can carry",
    Quality.SIGN_REVERSED: "consumption is positive; a negative current means a reversed sensor or export",
    Quality.FUTURE: "a reading can not be of the future",
    Quality.DUPLICATE: "a reading of that time was accepted already",
    Quality.OUT_OF_ORDER: "a newer reading was accepted already",
    Quality.GAP: "readings before it are missing",
    Quality.LATE: "it arrived later than readings should",
    Quality.STUCK: "the same values came too many times in a row",
}
