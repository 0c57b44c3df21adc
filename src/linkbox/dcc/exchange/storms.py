"""Alert storms: how many alerts there were, not how many messages. Source: reference dcc.md section 8.3.

The DSP suppresses repeats of one alert of one device and then sends one message with a count. Assumed: a sequence id
names an episode of a device and rises by one from episode to episode; the count is what that message stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from linkbox.base.identifiers import Eui64

QUIET = timedelta(minutes=10)
"""A storm is over when an alert has not come for so long."""
LOUD = 5
"""So many alerts of one kind without a quiet time make a storm."""


class News(StrEnum):
    """Whether an alert is worth telling."""

    FIRST = "first"
    REPEATED = "repeated"
    STORM_BEGINS = "storm begins"
    IN_STORM = "in storm"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCount:
    """The alerts of one code from one device: ``total`` with suppressed ones, ``run`` those since it was quiet."""

    total: int
    run: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBook:
    """Counts by device and code; per device the newest sequence id, and how many ids were never seen."""

    counts: Mapping[tuple[Eui64, int], AlertCount] = field(default_factory=lambda: MappingProxyType({}))
    newest_sequence: Mapping[Eui64, int] = field(default_factory=lambda: MappingProxyType({}))
    missing_sequences: Mapping[Eui64, int] = field(default_factory=lambda: MappingProxyType({}))


def take_alert(
    book: AlertBook,
    device: Eui64,
    code: int,
    *,
    at: datetime,
    sequence_id: int | None = None,
    count: int | None = None,
) -> tuple[AlertBook, News]:
    """Count an alert that was verified and is not a repeated delivery; ``count`` is its ThrottledAlertCount."""
    key, stands_for = (device, code), 1 if count is None else max(1, count)
    before = book.counts.get(key)
    quiet = before is None or at - before.last_at > QUIET
    run = stands_for if before is None or quiet else before.run + stands_for
    total = stands_for + (0 if before is None else before.total)
    after = AlertCount(total=total, run=run, last_at=at)
    counted = replace(book, counts=MappingProxyType({**book.counts, key: after}))
    news = _news(0 if before is None or quiet else before.run, run)
    return (counted if sequence_id is None else _sequence(counted, device, sequence_id)), news


def _news(run_before: int, run: int) -> News:
    if run >= LOUD:
        return News.STORM_BEGINS if run_before < LOUD else News.IN_STORM
    return News.FIRST if run_before == 0 else News.REPEATED


def _sequence(book: AlertBook, device: Eui64, sequence_id: int) -> AlertBook:
    """Ids between the newest and this one are missing, until one of them comes late."""
    newest = book.newest_sequence.get(device)
    missing = book.missing_sequences.get(device, 0)
    if newest is None or sequence_id > newest:
        missing += 0 if newest is None else sequence_id - newest - 1
        newest = sequence_id
    elif sequence_id < newest:
        missing = max(0, missing - 1)
    return replace(
        book,
        newest_sequence=MappingProxyType({**book.newest_sequence, device: newest}),
        missing_sequences=MappingProxyType({**book.missing_sequences, device: missing}),
    )
