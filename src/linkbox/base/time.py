"""All time comes from a Clock, is aware and is UTC. Periods are ``[start, end)``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from linkbox.base.errors import LinkboxError


class NaiveTime(LinkboxError, ValueError):
    """A point in time came without a zone, or in another zone than UTC."""

    def __init__(self, value: datetime) -> None:
        self.value = value
        super().__init__(f"time must be aware and in UTC: {value!r}")


class ClockWentBack(LinkboxError):
    """A manual clock was asked to move into the past."""

    def __init__(self, now: datetime, asked: datetime) -> None:
        self.now, self.asked = now, asked
        super().__init__(f"clock stands at {format_utc(now)} and can not go back to {format_utc(asked)}")


def require_utc(at: datetime) -> datetime:
    """Return ``at`` unchanged; raise NaiveTime unless it is aware and in UTC."""
    if at.tzinfo is not UTC and at.utcoffset() != timedelta(0):
        raise NaiveTime(at)
    return at


def format_utc(at: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as in every XML message, file and record: ``2026-01-13T00:30:00.000Z``."""
    if at.tzinfo is not UTC:
        require_utc(at)
    day = f"{at.year:04}-{at.month:02}-{at.day:02}"  # by hand: half the time of isoformat, and it is asked everywhere
    return f"{day}T{at.hour:02}:{at.minute:02}:{at.second:02}.{at.microsecond // 1000:03}Z"


def parse_utc(text: str) -> datetime:
    """The inverse of format_utc; accepts any ISO 8601 text with an offset. Raise ValueError otherwise."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise NaiveTime(at)
    return at.astimezone(UTC)


class Clock(Protocol):
    """Where every part of Linkbox gets the time from."""

    def now(self) -> datetime:
        """The present, aware, UTC, never going back."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; simulations and tests run under it."""

    def __init__(self, at: datetime) -> None:
        self._now = require_utc(at)

    def now(self) -> datetime:
        return self._now

    def move_to(self, at: datetime) -> None:
        """Set the clock to ``at``; raise ClockWentBack for a time before now."""
        if require_utc(at) < self._now:
            raise ClockWentBack(self._now, at)
        self._now = at

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.move_to(self._now + by)
