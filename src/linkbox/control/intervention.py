"""The intervention: one overload on one feeder, from its detection until everybody is free again.

The table below is the whole of its behaviour over time; what to do in each state is decided by the
operation with the planning, release and market modules, and every step is recorded in ``history``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.statetable import StateTable
from linkbox.base.time import format_utc, parse_utc, require_utc


class InterventionState(StrEnum):
    """Where an intervention stands."""

    DETECTED = "detected"
    MARKET_CALLED = "market_called"
    PLANNED = "planned"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    COMMANDING = "commanding"
    HOLDING = "holding"
    ROTATING = "rotating"
    RELEASING = "releasing"
    CLOSED = "closed"
    ABORTED = "aborted"


class InterventionEvent(StrEnum):
    """What may happen to an intervention."""

    CALL_OFF_SENT = "call_off_sent"
    NO_COVER = "no_cover"
    SHORTFALL = "shortfall"
    RISK_GONE = "risk_gone"
    PLAN_NEEDS_AUTHORISATION = "plan_needs_authorisation"
    AUTHORISED = "authorised"
    AUTHORISATION_REFUSED = "authorisation_refused"
    NOTHING_TO_COMMAND = "nothing_to_command"
    ALL_ANSWERED = "all_answered"
    MORE_NEEDED = "more_needed"
    HEADROOM = "headroom"
    ALL_FREE = "all_free"
    STOP = "stop"
    TIME_OUT = "time_out"
    ERROR = "error"


_S, _E = InterventionState, InterventionEvent

WAITING = frozenset(
    {
        _S.MARKET_CALLED,
        _S.PLANNED,
        _S.AWAITING_AUTHORISATION,
        _S.COMMANDING,
        _S.HOLDING,
        _S.ROTATING,
        _S.RELEASING,
    }
)

TABLE = StateTable(
    name="intervention",
    initial=_S.DETECTED,
    rows={
        _S.DETECTED: {
            _E.CALL_OFF_SENT: _S.MARKET_CALLED,
            _E.NO_COVER: _S.PLANNED,
            _E.RISK_GONE: _S.CLOSED,
            _E.STOP: _S.ABORTED,
        },
        # A market that delivers keeps the intervention here until the risk is gone.
        _S.MARKET_CALLED: {
            _E.SHORTFALL: _S.PLANNED,
            _E.RISK_GONE: _S.CLOSED,
            _E.TIME_OUT: _S.PLANNED,
            _E.ERROR: _S.PLANNED,
            _E.STOP: _S.ABORTED,
        },
        # A risk that stands although nothing has to go yet waits here. A plan that can not be made is an error: the
        # feeder is watched on as in holding, and planned for again with its next reading.
        _S.PLANNED: {
            _E.PLAN_NEEDS_AUTHORISATION: _S.AWAITING_AUTHORISATION,
            _E.AUTHORISED: _S.COMMANDING,
            _E.NOTHING_TO_COMMAND: _S.HOLDING,
            _E.RISK_GONE: _S.CLOSED,
            _E.TIME_OUT: _S.CLOSED,
            _E.ERROR: _S.HOLDING,
            _E.STOP: _S.ABORTED,
        },
        # Nobody's silence is a yes: no load is switched, people are called by name, and a fresh plan is put to them.
        _S.AWAITING_AUTHORISATION: {
            _E.AUTHORISED: _S.COMMANDING,
            _E.AUTHORISATION_REFUSED: _S.ABORTED,
            _E.RISK_GONE: _S.CLOSED,
            _E.TIME_OUT: _S.PLANNED,
            _E.ERROR: _S.PLANNED,
            _E.STOP: _S.ABORTED,
        },
        _S.COMMANDING: {
            _E.ALL_ANSWERED: _S.HOLDING,
            _E.TIME_OUT: _S.HOLDING,
            _E.ERROR: _S.HOLDING,
            _E.STOP: _S.RELEASING,
        },
        _S.HOLDING: {
            _E.MORE_NEEDED: _S.ROTATING,
            _E.HEADROOM: _S.RELEASING,
            _E.RISK_GONE: _S.RELEASING,
            _E.TIME_OUT: _S.RELEASING,
            _E.ERROR: _S.RELEASING,
            _E.STOP: _S.RELEASING,
        },
        _S.ROTATING: {
            _E.ALL_ANSWERED: _S.HOLDING,
            _E.TIME_OUT: _S.HOLDING,
            _E.ERROR: _S.HOLDING,
            _E.STOP: _S.RELEASING,
        },
        # An error while releasing changes nothing: every hold ends by itself at the device.
        _S.RELEASING: {
            _E.MORE_NEEDED: _S.ROTATING,
            _E.ALL_FREE: _S.CLOSED,
            _E.TIME_OUT: _S.RELEASING,
            _E.ERROR: _S.RELEASING,
            _E.STOP: _S.RELEASING,
        },
        _S.CLOSED: {},
        _S.ABORTED: {},
    },
    waiting=WAITING,
    must_handle=frozenset({_E.TIME_OUT, _E.ERROR}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of an intervention's story."""

    at: datetime
    event: str
    state: InterventionState
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """One intervention as a value. ``deadline_at`` is when the state that it waits in times out.

    ``request`` is a plan that waits for people's approval (authorisation.AuthorisationRequest as a record);
    ``approved_before`` whether people have approved one already, ``no_more`` why nothing new may be planned.
    ``joined`` are further risks on the feeder since it was opened, ``dead_phases`` those that lost their supply;
    ``escalated_for`` names each kind of reason that people were called for. ``batch`` are the last holds that were
    commanded together: ``before_a`` the feeder's current then, ``commands`` their ids, ``learned`` whether the drop
    after them has been taken in."""

    id: str
    feeder_id: FeederId
    opened_at: datetime
    limiting_asset: str
    limiting_phase: str | None
    time_to_limit_s: float
    baseline_a: tuple[float, float, float]
    required_a: tuple[float, float, float]
    state: InterventionState = InterventionState.DETECTED
    since: datetime
    calm_since: datetime | None = None
    deadline_at: datetime | None = None
    closed_at: datetime | None = None
    call_off: Mapping[str, Any] | None = None
    answers: tuple[Mapping[str, Any], ...] = ()
    market_outcome: str | None = None
    market_decided_at: datetime | None = None
    authorisation: str | None = None
    request: Mapping[str, Any] | None = None
    approved_before: bool = False
    no_more: str | None = None
    joined: tuple[str, ...] = ()
    dead_phases: tuple[str, ...] = ()
    escalated_for: tuple[str, ...] = ()
    first_command_at: datetime | None = None
    reduction_seen_at: datetime | None = None
    last_switch_at: datetime | None = None
    shortfall_a: tuple[float, float, float] = (0.0, 0.0, 0.0)
    escalated: bool = False
    batch: Mapping[str, Any] | None = None
    history: tuple[Step, ...] = ()

    @property
    def wake_at(self) -> datetime | None:
        """When something has to be decided though nothing arrives: its state times out, or a request for approval."""
        expires = None if self.request is None else parse_utc(self.request["expires_at"])
        return min((at for at in (self.deadline_at, expires) if at is not None), default=None)

    @property
    def open(self) -> bool:
        """Whether anything is still to be done."""
        return self.state not in TABLE.final

    def apply(
        self, event: InterventionEvent, at: datetime, why: str, *, deadline_at: datetime | None = None
    ) -> Intervention:
        """The intervention after ``event``; raise ImpossibleEvent where the table has no such row."""
        state = TABLE.next(self.state, event)
        step = Step(at=require_utc(at), event=event, state=state, why=why)
        return replace(
            self,
            state=state,
            since=at if state is not self.state else self.since,
            deadline_at=deadline_at,
            closed_at=at if state in TABLE.final else None,
            history=(*self.history, step),
        )

    def note(self, at: datetime, why: str) -> Intervention:
        """The same intervention with one more line in its story."""
        return replace(self, history=(*self.history, Step(at=at, event="note", state=self.state, why=why)))

    def to_record(self) -> dict[str, Any]:
        """Plain JSON values, from which from_record gives the same intervention."""
        record: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in _TIMES:
            record[name] = None if record[name] is None else format_utc(record[name])
        for name in _TRIPLES:
            record[name] = list(record[name])
        for name in _TEXTS:
            record[name] = list(record[name])
        record["request"] = None if self.request is None else dict(self.request)
        record["answers"] = [dict(answer) for answer in self.answers]
        record["batch"] = None if self.batch is None else dict(self.batch)
        record["call_off"] = None if self.call_off is None else dict(self.call_off)
        record["time_to_limit_s"] = None if self.time_to_limit_s == float("inf") else self.time_to_limit_s
        record["history"] = [[format_utc(s.at), s.event, s.state.value, s.why] for s in self.history]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Intervention:
        """The inverse of to_record."""
        values = dict(record)
        for name in _TIMES:
            values[name] = None if values[name] is None else parse_utc(values[name])
        for name in (*_TRIPLES, *_TEXTS):
            values[name] = tuple(values.get(name, ()))
        limit = values["time_to_limit_s"]
        values["time_to_limit_s"] = float("inf") if limit is None else limit
        values["answers"] = tuple(values["answers"])
        values["feeder_id"] = FeederId(values["feeder_id"])
        values["state"] = InterventionState(values["state"])
        values["history"] = tuple(
            Step(at=parse_utc(at), event=event, state=InterventionState(state), why=why)
            for at, event, state, why in values["history"]
        )
        return cls(**values)


_TIMES = (
    "opened_at",
    "since",
    "deadline_at",
    "closed_at",
    "market_decided_at",
    "first_command_at",
    "reduction_seen_at",
    "last_switch_at",
    "calm_since",
)
_TRIPLES = ("baseline_a", "required_a", "shortfall_a")
_TEXTS = ("joined", "dead_phases", "escalated_for")
