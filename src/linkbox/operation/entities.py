"""What the operation keeps: load control commands, and the places that it may send them to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from linkbox.base.identifiers import Mpan
from linkbox.base.phases import PHASES, Phase
from linkbox.base.statetable import StateTable
from linkbox.base.time import format_utc, parse_utc
from linkbox.operation.ports import Row


class CommandKind(StrEnum):
    """What a command asks of the device."""

    HOLD = "hold"  # SRV 7.6, 7.13 or 7.16, as the device is: off or down for a time
    RESET = "reset"  # SRV 7.8, 7.13 or 7.16: back to the calendar at once
    READ = "read"  # SRV 7.7 or 7.14: labels
    BOOST_READ = "boost_read"  # SRV 7.11: which slots the boost button switches
    BOOST_OFF = "boost_off"  # SRV 7.10: take the charger off the boost button
    BOOST_ON = "boost_on"  # SRV 7.9: put it back


class CommandState(StrEnum):
    """Where a command stands. CONFIRMED means that the device itself said so, under its signature."""

    QUEUED = "queued"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ENDED = "ended"


class CommandEvent(StrEnum):
    """What may happen to a command."""

    DEVICE_CONFIRMED = "device_confirmed"
    NOT_DONE = "not_done"
    TIME_OUT = "time_out"
    OVER = "over"


_S, _E = CommandState, CommandEvent

Triple = tuple[float, float, float]

COMMAND_TABLE = StateTable(
    name="command",
    initial=_S.QUEUED,
    rows={
        _S.QUEUED: {_E.DEVICE_CONFIRMED: _S.CONFIRMED, _E.NOT_DONE: _S.REFUSED, _E.TIME_OUT: _S.UNKNOWN},
        # A hold that the device confirmed lasts until it expires or is released.
        _S.CONFIRMED: {_E.OVER: _S.ENDED, _E.TIME_OUT: _S.ENDED, _E.NOT_DONE: _S.ENDED},
        # Nothing is known: the device may hold the charger until the commanded time is over.
        _S.UNKNOWN: {
            _E.DEVICE_CONFIRMED: _S.CONFIRMED,
            _E.OVER: _S.ENDED,
            _E.TIME_OUT: _S.ENDED,
            _E.NOT_DONE: _S.REFUSED,
        },
        _S.REFUSED: {},
        _S.ENDED: {},
    },
    waiting=frozenset({_S.QUEUED, _S.CONFIRMED, _S.UNKNOWN}),
    must_handle=frozenset({_E.TIME_OUT, _E.NOT_DONE}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A load control command: MPAN, start, threshold, duration (catalogue D5), and why it was given.

    ``threshold_a`` is the current that the charger may still draw: 0 for an on/off switch. ``target`` is the
    hold that a reset ends. ``ended_by`` is ``expiry``, ``release`` or ``unknown``. ``unwanted`` says why somebody wants
    a hold ended: it is, as soon as that can be done. ``renews``: the charger was held when it was decided.
    ``srv`` is the service that carries it, ``level_fraction`` what a hold leaves of the rating, ``shed_a`` what it
    takes away if the charger draws, ``until`` its end where the command itself names it (7.13, 7.16).

    ``phase`` is None where nobody knows it: ``phase_share`` is then the probability of each, as it was believed when
    the command was decided. ``expected_a`` is what it is expected to take away on all phases together."""

    id: str
    intervention_id: str
    kind: CommandKind
    mpan: Mpan
    phase: Phase | None
    start: datetime
    duration_s: int
    threshold_a: float
    expected_a: float
    reason: str
    request_id: str
    target: str | None = None
    renews: bool = False
    srv: str = ""
    level_fraction: float = 0.0
    shed_a: float = 0.0
    until: datetime | None = None
    state: CommandState = CommandState.QUEUED
    decided_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: str | None = None
    unwanted: str | None = None
    phase_share: Triple | None = None

    @property
    def share(self) -> Triple:
        """Where its current shows: the probability of each phase."""
        if self.phase is None:
            return self.phase_share or (1 / 3, 1 / 3, 1 / 3)
        return (float(self.phase == 0), float(self.phase == 1), float(self.phase == 2))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that it may touch."""
        return PHASES if self.phase is None else (self.phase,)

    @property
    def phase_name(self) -> str:
        """For people and files."""
        return "unknown" if self.phase is None else self.phase.name

    @property
    def end(self) -> datetime:
        """When the device gives the supply back by itself."""
        if self.until is not None:
            return self.until
        return (self.answered_at or self.start) + timedelta(seconds=self.duration_s)

    @property
    def weight(self) -> float:
        """The fraction of full off, as the ledger counts it."""
        return round(1.0 - self.level_fraction, 6)

    @property
    def holding(self) -> bool:
        """Whether the charger is held, or may be."""
        return self.kind is CommandKind.HOLD and self.state not in COMMAND_TABLE.final

    @property
    def confirmed(self) -> bool:
        """Whether the device itself said that it holds, or held, the charger."""
        held = self.state is CommandState.CONFIRMED or (self.state is CommandState.ENDED and self.ended_by != "unknown")
        return self.kind is CommandKind.HOLD and held

    def apply(self, event: CommandEvent, at: datetime, outcome: str) -> Command:
        """The command after ``event``; raise ImpossibleEvent where the table has no such row."""
        state = COMMAND_TABLE.next(self.state, event)
        answered = at if state in {_S.CONFIRMED, _S.REFUSED} and self.answered_at is None else self.answered_at
        return replace(self, state=state, answered_at=answered, outcome=outcome)

    def to_row(self) -> Row:
        """As the store keeps it."""
        body: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name not in {"id", "state"}}
        for name in _TIMES:
            body[name] = None if body[name] is None else format_utc(body[name])
        body["kind"], body["phase"] = self.kind.value, None if self.phase is None else int(self.phase)
        body["phase_share"] = None if self.phase_share is None else list(self.phase_share)
        return Row(key=self.id, state=self.state.value, owner=self.intervention_id, body=body)

    @classmethod
    def from_row(cls, row: Row) -> Command:
        """The inverse of to_row."""
        values: dict[str, Any] = dict(row.body)
        for name in _TIMES:
            values[name] = None if values.get(name) is None else parse_utc(values[name])
        values["kind"] = CommandKind(values["kind"])
        values["phase"] = None if values["phase"] is None else Phase(values["phase"])
        values["phase_share"] = tuple(values["phase_share"]) if values.get("phase_share") else None
        values["mpan"] = Mpan(values["mpan"])
        return cls(id=row.key, state=CommandState(row.state), **values)


_TIMES = ("start", "decided_at", "answered_at", "ended_at", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerPoint:
    """One charger behind a switch that Linkbox may be permitted to use.

    ``phase`` is None where nobody knows it, until drops have shown it. ``reduced_fraction`` is what *deactivated*
    leaves it of its rating: 0 where that is off (catalogue C6). ``floor_a``: below this it stops, and may not start
    again (IEC 61851-1)."""

    mpan: Mpan
    phase: Phase | None
    rated_a: float
    supplier: str
    channel: str
    reduced_fraction: float = 0.0
    floor_a: float = 6.0


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON values: times as text, tuples as lists, enumerations by their value."""
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return format_utc(value)
        case StrEnum():
            return value.value
        case Phase():
            return value.name
        case float():
            return round(value, 3) if math.isfinite(value) else None
        case Mapping():
            return plain(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
