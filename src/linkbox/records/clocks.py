"""The clocks of NF10: a feeder that is used consistently must get a permanent solution in time.

Use is consistent where there was at least one event with the last resort in each of two consecutive British civil
months; the first of them is the first month of consistent use. From its end six months run to a market-led solution
or the decision to reinforce; from the decision twelve to do it. Use beyond a clock needs an override, with a reason
and two names, for a time. All of it is a fold over what happened: nothing is kept but the facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.statetable import StateTable
from linkbox.records.civil_time import british_time

DECIDE_WITHIN_MONTHS, BUILD_WITHIN_MONTHS = 6, 12
WARN_DAYS = (60, 30, 7)


class ClockState(StrEnum):
    """Where a feeder's clock stands."""

    NOT_RUNNING = "not_running"
    DECIDING = "deciding"
    DECISION_OVERDUE = "decision_overdue"
    DECISION_OVERRIDDEN = "decision_overridden"
    BUILDING = "building"
    WORKS_OVERDUE = "works_overdue"
    WORKS_OVERRIDDEN = "works_overridden"
    SOLVED = "solved"


class ClockEvent(StrEnum):
    """What moves it."""

    CONSISTENT_USE = "consistent_use"
    MARKET_SOLUTION = "market_solution"
    DECIDED_TO_REINFORCE = "decided_to_reinforce"
    REINFORCED = "reinforced"
    TIME_OUT = "time_out"
    OVERRIDE = "override"


_S, _E = ClockState, ClockEvent
_DECIDED = {_E.MARKET_SOLUTION: _S.SOLVED, _E.DECIDED_TO_REINFORCE: _S.BUILDING}
_DONE = {_E.MARKET_SOLUTION: _S.SOLVED, _E.REINFORCED: _S.SOLVED}

TABLE = StateTable(
    name="clock",
    initial=_S.NOT_RUNNING,
    rows={
        _S.NOT_RUNNING: {_E.CONSISTENT_USE: _S.DECIDING},
        _S.DECIDING: {**_DECIDED, _E.TIME_OUT: _S.DECISION_OVERDUE},
        # An override does not stop the clock: it permits use for a while, and when it ends the clock is overdue again.
        _S.DECISION_OVERDUE: {**_DECIDED, _E.OVERRIDE: _S.DECISION_OVERRIDDEN, _E.TIME_OUT: _S.DECISION_OVERDUE},
        _S.DECISION_OVERRIDDEN: {**_DECIDED, _E.OVERRIDE: _S.DECISION_OVERRIDDEN, _E.TIME_OUT: _S.DECISION_OVERDUE},
        _S.BUILDING: {**_DONE, _E.TIME_OUT: _S.WORKS_OVERDUE},
        _S.WORKS_OVERDUE: {**_DONE, _E.OVERRIDE: _S.WORKS_OVERRIDDEN, _E.TIME_OUT: _S.WORKS_OVERDUE},
        _S.WORKS_OVERRIDDEN: {**_DONE, _E.OVERRIDE: _S.WORKS_OVERRIDDEN, _E.TIME_OUT: _S.WORKS_OVERDUE},
        # A feeder that is used consistently again after its solution starts anew.
        _S.SOLVED: {_E.CONSISTENT_USE: _S.DECIDING},
    },
    waiting=frozenset(
        {
            *(_S.DECIDING, _S.DECISION_OVERDUE, _S.DECISION_OVERRIDDEN),
            *(_S.BUILDING, _S.WORKS_OVERDUE, _S.WORKS_OVERRIDDEN),
        }
    ),
    must_handle=frozenset({_E.TIME_OUT, _E.MARKET_SOLUTION}),
)
_OVERDUE = frozenset({_S.DECISION_OVERDUE, _S.WORKS_OVERDUE})
_OVERRIDDEN = frozenset({_S.DECISION_OVERRIDDEN, _S.WORKS_OVERRIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What people decided about a feeder on a day. An override has two names, a reason and an end."""

    feeder_id: str
    event: ClockEvent
    on: date
    by: tuple[str, ...]
    reason: str
    until: date | None = None

    def __post_init__(self) -> None:
        """Raise InvalidInput with everything that a decision lacks."""
        override = self.event is _E.OVERRIDE
        names = {" ".join(name.split()).casefold() for name in self.by if name.strip()}
        checks = (
            (
                self.event not in (_E.CONSISTENT_USE, _E.TIME_OUT),
                "event",
                self.event.value,
                "must be a person's decision",
            ),
            (bool(self.reason.strip()), "reason", self.reason, "must be given"),
            (len(names) >= (2 if override else 1), "by", ", ".join(self.by), "an override needs two different names"),
            (
                not override or (self.until or date.min) > self.on,
                "until",
                str(self.until),
                "must be later than the day",
            ),
        )
        issues = [Issue(where=where, value=value, rule=rule) for good, where, value, rule in checks if not good]
        if issues:
            raise InvalidInput("decision about a clock", issues)

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values; ``from_record`` is the inverse."""
        return {
            "feeder": self.feeder_id,
            "event": self.event.value,
            "on": self.on.isoformat(),
            "by": list(self.by),
            "reason": self.reason,
            "until": None if self.until is None else self.until.isoformat(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Decision:
        """Raise KeyError or ValueError for a record that is none."""
        return cls(
            feeder_id=record["feeder"],
            event=ClockEvent(record["event"]),
            on=date.fromisoformat(record["on"]),
            by=tuple(record["by"]),
            reason=record["reason"],
            until=None if record["until"] is None else date.fromisoformat(record["until"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """A feeder's clock on a day. ``due`` is the first day on which it is overdue (or an override is over); ``warning``
    the nearest of 60, 30 and 7 days that has begun; ``used_beyond`` the events after it ran out without an override."""

    feeder_id: str
    state: ClockState
    first_month: str | None
    due: date | None
    days_left: int | None
    warning: int | None
    used_beyond: int
    limits_reached: int

    @property
    def overdue(self) -> bool:
        """Whether it has run out, and no override is in force."""
        return self.state in _OVERDUE

    @property
    def due_day(self) -> str | None:
        """``due`` as text."""
        return None if self.due is None else self.due.isoformat()

    @property
    def words(self) -> str:
        """What is asked of the distributor, in a sentence or two."""
        asked = {
            _S.NOT_RUNNING: "",
            _S.DECIDING: "find a market-led solution or decide to reinforce",
            _S.DECISION_OVERDUE: "OVERDUE: decide; further use needs an override with a reason and two names",
            _S.DECISION_OVERRIDDEN: "used under an override: decide before it ends",
            _S.BUILDING: "finish the reinforcement",
            _S.WORKS_OVERDUE: "OVERDUE: finish; further use needs an override with a reason and two names",
            _S.WORKS_OVERRIDDEN: "used under an override: finish before it ends",
            _S.SOLVED: "",
        }[self.state]
        parts = [asked] if asked else []
        if self.warning is not None:
            parts.append(f"{self.days_left} days left")
        if self.used_beyond:
            parts.append(f"used {self.used_beyond} times beyond the clock WITHOUT AN OVERRIDE")
        if self.limits_reached:
            parts.append(
                f"limits reached in {self.limits_reached} events (NF11, NF12): hasten the solution, use mobile "
                "generation or storage meanwhile"
            )
        return "; ".join(parts)


@dataclass(slots=True)
class _Fold:
    state: ClockState = ClockState.NOT_RUNNING
    first_month: str | None = None
    due: date | None = None
    used_beyond: int = 0

    def time_passes(self, day: date) -> None:
        if self.due is not None and self.due <= day and self.state not in _OVERDUE:
            self.state = TABLE.next(self.state, _E.TIME_OUT)

    def used(self, month: date) -> None:
        if self.state in (_S.NOT_RUNNING, _S.SOLVED):
            self.state = TABLE.next(self.state, _E.CONSISTENT_USE)
            self.first_month = f"{month:%Y-%m}"
            self.due = _months_later(month, 1 + DECIDE_WITHIN_MONTHS)

    def decided(self, decision: Decision) -> None:
        if decision.event not in TABLE.rows[self.state]:
            return  # a decision that this clock does not ask for: it stays on record
        self.state = TABLE.next(self.state, decision.event)
        if self.state is _S.BUILDING:
            self.due = _months_later(decision.on, BUILD_WITHIN_MONTHS)
        elif self.state in _OVERRIDDEN:
            self.due = decision.until
        elif self.state is _S.SOLVED:
            self.due = self.first_month = None


def read_clock(
    feeder_id: str, used: Iterable[datetime], decisions: Iterable[Decision], *, on: date, limits_reached: int = 0
) -> ClockReading:
    """The clock of one feeder on a day. ``used`` are the openings of its events with the last resort, in UTC."""
    days = sorted(day for at in used if (day := british_time(at).date()) <= on)
    steps: list[tuple[date, int, Any]] = [(day, 1, None) for day in days]
    steps += [(d.on, 0, d) for d in decisions if d.feeder_id == feeder_id and d.on <= on]
    fold, months = _Fold(), set[date]()
    for day, _, decision in sorted(steps, key=lambda step: step[:2]):
        fold.time_passes(day)
        if decision is not None:
            fold.decided(decision)
            months = months if fold.state is not _S.SOLVED else set()
            continue
        month = day.replace(day=1)
        before = (month - timedelta(days=1)).replace(day=1)
        months.add(month)
        if before in months:
            fold.used(before)
            fold.time_passes(day)
        fold.used_beyond += fold.state in _OVERDUE
    fold.time_passes(on)
    left = None if fold.due is None else (fold.due - on).days
    return ClockReading(
        feeder_id=feeder_id,
        state=fold.state,
        first_month=fold.first_month,
        due=fold.due,
        days_left=left,
        warning=None if left is None or left <= 0 else min((d for d in WARN_DAYS if left <= d), default=None),
        used_beyond=fold.used_beyond,
        limits_reached=limits_reached,
    )


def read_clocks(
    used: Mapping[str, Sequence[datetime]], decisions: Sequence[Decision], limits: Mapping[str, int], *, on: date
) -> tuple[ClockReading, ...]:
    """The clocks of all feeders with a use or a decision, the most urgent first."""
    feeders = sorted({*used, *limits, *(d.feeder_id for d in decisions)})
    mine: dict[str, list[Decision]] = {feeder: [] for feeder in feeders}
    for decision in decisions:
        mine[decision.feeder_id].append(decision)
    readings = [read_clock(f, used.get(f, ()), mine[f], on=on, limits_reached=limits.get(f, 0)) for f in feeders]
    return tuple(sorted(readings, key=lambda r: (r.due is None, r.due or date.max, r.feeder_id)))


def _months_later(day: date, months: int) -> date:
    """The same day so many months later, or the first of the month after where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
