"""British civil time for letters to people: UTC everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from linkbox.base.time import require_utc


def is_summer_time(at: datetime) -> bool:
    """Whether British Summer Time is in force at ``at`` (UTC).

    From 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October: Summer Time Order 2002,
    in force since 1998. Computed here, so that no zone database has to be present or up to date.
    """
    require_utc(at)
    return _last_sunday_1am(at.year, 3) <= at < _last_sunday_1am(at.year, 10)


def british_time(at: datetime) -> datetime:
    """Wall-clock time in Great Britain at ``at`` (UTC), without a zone: to be shown, never to be computed with."""
    return (at + timedelta(hours=1) if is_summer_time(at) else at).replace(tzinfo=None)


def clock_words(at: datetime) -> str:
    """``2:14 am``, ``12 noon``, ``12 midnight``."""
    local = british_time(at)
    if local.minute == 0 and local.hour in (0, 12):
        return "12 noon" if local.hour == 12 else "12 midnight"
    hour = local.hour % 12 or 12
    return f"{hour}{f':{local.minute:02d}' if local.minute else ''} {'am' if local.hour < 12 else 'pm'}"


def day_words(at: datetime) -> str:
    """``Wednesday 14 January``."""
    local = british_time(at)
    return f"{local:%A} {local.day} {local:%B}"


def span_words(start: datetime, end: datetime) -> str:
    """``2:14 am to 3 am on Wednesday 14 January``; the day is said twice where the span crosses midnight."""
    if british_time(start).date() == british_time(end).date():
        return f"{clock_words(start)} to {clock_words(end)} on {day_words(start)}"
    return f"{clock_words(start)} on {day_words(start)} to {clock_words(end)} on {day_words(end)}"


def minutes_words(duration: timedelta) -> str:
    """``30 minutes``, ``1 hour``, ``1 hour 30 minutes``, rounded up to the minute."""
    minutes = -(-duration // timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((hours, "hour"), (minutes, "minute")) if n]
    return " ".join(parts) or "0 minutes"


def _last_sunday_1am(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def month_of(at: datetime) -> str:
    """The British civil month in which ``at`` lies: ``2026-01``. Reports go by it."""
    return f"{british_time(at):%Y-%m}"


def day_of(at: datetime) -> str:
    """The British civil day in which ``at`` lies: ``2026-01-13``. Suppliers' daily files go by it."""
    return f"{british_time(at):%Y-%m-%d}"
