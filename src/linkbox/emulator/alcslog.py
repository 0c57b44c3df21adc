"""The ALCS event log of a meter: at most 100 rows, oldest overwritten. Source: reference dcc.md section 5.6, ECS35."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

LENGTH = 100
SWITCH_ON, SWITCH_OFF, TO_CALENDAR, FROM_SWITCH = 0x11, 0x12, 0x20, 0x00


class LogOutcome(IntEnum):
    """The outcome column of a row."""

    NOT_KNOWN = 0
    SUCCESS = 1
    FAILURE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AlcsLogRow:
    """One row: when, which switch, what, with what outcome, under which HAN command id (0 for a wired switch)."""

    at: datetime
    index: int
    action: int
    outcome: LogOutcome
    han_command_id: int


@dataclass(frozen=True, slots=True)
class AlcsLog:
    """The rows, oldest first."""

    rows: tuple[AlcsLogRow, ...] = ()

    def with_row(self, row: AlcsLogRow) -> AlcsLog:
        """The log after one more row."""
        return AlcsLog((*self.rows, row)[-LENGTH:])

    def between(self, start: datetime, end: datetime) -> tuple[AlcsLogRow, ...]:
        """The rows from ``start`` to ``end``, both included."""
        return tuple(row for row in self.rows if start <= row.at <= end)
