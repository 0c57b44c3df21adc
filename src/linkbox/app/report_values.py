"""Reading the demo's result for the report: whatever is absent or null reads as None, never as a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from linkbox.base.time import parse_utc

Result: TypeAlias = Mapping[str, Any]
"""The demo's result, or a part of it, as read from JSON."""

PHASE_NAMES = ("L1", "L2", "L3")
UNKNOWN_VALUE = "\N{EN DASH}"
"""What stands where a value is not known."""
QUOTA_MIN = 120
"""At most the equivalent of 2 hours off in any 24 hours (NF11)."""
TARGET_S = 30
"""The target for the round trip of a service request (NF9, NF13)."""
RELIEF_TARGET_S = 300
"""From issuing a command to reduced charging: 5 minutes (NF13)."""


_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Runs:
    """The two runs of one evening; either may be absent."""

    without: Result | None
    with_: Result | None

    @classmethod
    def of(cls, result: Result) -> Runs:
        """The runs of a result; a run that is null or empty is absent."""
        return cls(result.get("without_control") or None, result.get("with_control") or None)

    def each(self) -> list[tuple[str, str, Result]]:
        """The runs that exist: key, label, run."""
        pairs = (("without", "Without control", self.without), ("with", "With control", self.with_))
        return [(key, label, run) for key, label, run in pairs if run is not None]


def number(value: object) -> float | None:
    """``value`` as a float; None where it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def per_phase(run: Result | None, *keys: str) -> list[list[float]] | None:
    """Three series of equal length, NaN where a value is missing; None where they are absent or not three."""
    value: Any = run
    for key in keys:
        value = (value or {}).get(key)
    if not isinstance(value, Sequence) or len(value) != 3 or not all(value):
        return None
    return [[_or_nan(item) for item in phase] for phase in value]


def one_series(run: Result | None, *keys: str) -> list[float] | None:
    """One series, NaN where a value is missing; None where it is absent or empty."""
    value: Any = run
    for key in keys:
        value = (value or {}).get(key)
    return [_or_nan(item) for item in value] if value else None


def times(run: Result | None) -> list[float] | None:
    """The times of a run's series, in hours."""
    at = ((run or {}).get("series") or {}).get("at")
    return [hours(parse_utc(item)) for item in at] if at else None


def when(text: object) -> datetime | None:
    """A time of the result; None where it is null."""
    return parse_utc(text) if isinstance(text, str) and text else None


def hours(at: datetime) -> float:
    """A time as hours since a fixed midnight, for the time axes."""
    return (at - _MIDNIGHT).total_seconds() / 3600


def clock(text: object) -> str:
    """``02:14`` from an ISO time, an en dash where there is none."""
    at = when(text)
    return f"{at:%H:%M}" if at else UNKNOWN_VALUE


def day(text: object) -> str:
    """``Tuesday 13 January 2026`` from an ISO time."""
    at = when(text)
    return f"{at:%A} {at.day} {at:%B %Y}" if at else ""


def figure(value: object, unit: str = "", digits: int = 0) -> str:
    """A number with thousands separated and its unit; an en dash where there is none."""
    amount = number(value)
    if amount is None:
        return UNKNOWN_VALUE
    return f"{amount:,.{digits}f}\N{NO-BREAK SPACE}{unit}".strip() if unit else f"{amount:,.{digits}f}"


def plural(count: float, one: str, many: str | None = None) -> str:
    """``1 charger``, ``2 chargers``."""
    return f"{count:,g} {one if count == 1 else many or one + 's'}"


def spelled(count: int) -> str:
    """A whole number at the start of a sentence: in words up to twelve."""
    words = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"]
    return words[count] if 0 <= count < len(words) else f"{count:,}"


def joined(words: Sequence[str]) -> str:
    """``L1``, ``L1 and L2``, ``L1, L2 and L3``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _or_nan(value: object) -> float:
    found = number(value)
    return math.nan if found is None else found
