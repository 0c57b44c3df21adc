"""One slot of an ESME: what its switch or controller is to do now, and when that will change by itself.

Four things may decide: a command (7.5, 7.6), a period (7.13), the boost button, the calendar. The first of them that
has something to say rules; the order is a setting, since the precedence of the boost button is not in the material
(reference dcc.md section 7.2). A limit (7.16) then caps the level of a proportional controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkbox.base.statetable import StateTable
from linkbox.base.values import changed
from linkbox.dcc.gbcs.controlperiod import ControlPeriod
from linkbox.dcc.gbcs.levels import Direction

ON_PERCENT = 100
"""The level of a closed switch; every other level means open (reference 3.3)."""

CalendarPercent = Callable[[datetime], int]
"""What the calendar demands of the slot at a time, in percent."""


class SlotMode(StrEnum):
    """Whether an ad-hoc command holds the slot."""

    CALENDAR = "calendar"
    HELD_ON = "held on"
    HELD_OFF = "held off"


class SlotEvent(StrEnum):
    """What changes the mode."""

    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    RESET = "reset"
    EXPIRED = "expired"


_M, _E = SlotMode, SlotEvent
_COMMANDS = {_E.ACTIVATE: _M.HELD_ON, _E.DEACTIVATE: _M.HELD_OFF, _E.RESET: _M.CALENDAR}

SLOT_TABLE: StateTable[SlotMode, SlotEvent] = StateTable(
    name="load control slot",
    initial=SlotMode.CALENDAR,
    rows={
        _M.CALENDAR: _COMMANDS,
        _M.HELD_ON: {**_COMMANDS, _E.EXPIRED: _M.CALENDAR},
        _M.HELD_OFF: {**_COMMANDS, _E.EXPIRED: _M.CALENDAR},
    },
    waiting=frozenset({_M.HELD_ON, _M.HELD_OFF}),
    must_handle=frozenset({_E.EXPIRED, _E.RESET}),
)


class Control(StrEnum):
    """What may decide over a slot."""

    COMMAND = "command"
    PERIOD = "period"
    BOOST = "boost"


PRECEDENCE = (Control.COMMAND, Control.PERIOD, Control.BOOST)
"""Default order; the calendar always comes last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What was told to one slot: a held command until its end, one period, one limit, a boost until its end."""

    mode: SlotMode = SlotMode.CALENDAR
    until: datetime | None = None
    period: ControlPeriod | None = None
    limit: ControlPeriod | None = None
    boost_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a meter tells a polling switch: contact closed or open, until when, and what comes after that."""

    closed: bool
    until: datetime | None
    then_closed: bool


def command(slot: Slot, event: SlotEvent, *, duration_min: int, at: datetime) -> Slot:
    """The slot after a command that arrived at ``at``; a new command replaces the earlier one.

    A duration of 0 (its meaning is not in the material) ends at once.
    """
    mode = SLOT_TABLE.next(settle(slot, at).mode, event)
    until = None if mode is SlotMode.CALENDAR else at + timedelta(minutes=duration_min)
    after = changed(slot, mode=mode, until=until)
    if event is SlotEvent.RESET:
        after = changed(after, period=None)
    return settle(after, at)


def settle(slot: Slot, at: datetime) -> Slot:
    """The slot at ``at`` without what has ended by then."""
    if slot.until is not None and slot.until <= at:
        slot = changed(slot, mode=SLOT_TABLE.next(slot.mode, SlotEvent.EXPIRED), until=None)
    if slot.boost_until is not None and slot.boost_until <= at:
        slot = changed(slot, boost_until=None)
    if slot.period is not None and slot.period.end <= at:
        slot = changed(slot, period=None)
    if slot.limit is not None and slot.limit.end <= at:
        slot = changed(slot, limit=None)
    return slot


def output_percent(
    slot: Slot, at: datetime, *, calendar: CalendarPercent, precedence: tuple[Control, ...] = PRECEDENCE
) -> int:
    """The level towards the load at ``at``, 0..100; the limit is not applied (see ``limited``)."""
    deciders = {Control.COMMAND: _held, Control.PERIOD: _period, Control.BOOST: _boost}
    for control in precedence:
        percent = deciders[control](slot, at)
        if percent is not None:
            return percent
    return calendar(at)


def limited(percent: int, slot: Slot, at: datetime, direction: Direction = Direction.OUTPUT) -> int:
    """``percent`` under the limit in force at ``at`` in this direction."""
    limit = slot.limit
    if limit is None or limit.level.direction is not direction or not limit.start <= at < limit.end:
        return percent
    return min(percent, limit.level.level_percent)


def input_percent(slot: Slot, at: datetime) -> int:
    """The level from the load back at ``at``: 0 unless a period says otherwise."""
    period = slot.period
    if period is None or period.level.direction is not Direction.INPUT or not period.start <= at < period.end:
        return 0
    return limited(period.level.level_percent, slot, at, Direction.INPUT)


def next_change(slot: Slot, at: datetime, *, next_calendar: datetime | None = None) -> datetime | None:
    """When something that was told to the slot begins or ends next, after ``at``; None if nothing will."""
    return min((edge for edge in (*_edges(slot), next_calendar) if edge is not None and edge > at), default=None)


def instruction(
    slot: Slot,
    at: datetime,
    *,
    calendar: CalendarPercent,
    next_calendar: datetime | None = None,
    precedence: tuple[Control, ...] = PRECEDENCE,
) -> Instruction:
    """What the meter tells a switch that polls at ``at``."""
    closed = output_percent(slot, at, calendar=calendar, precedence=precedence) == ON_PERCENT
    until = next_change(slot, at, next_calendar=next_calendar)
    if until is None:
        return Instruction(closed=closed, until=None, then_closed=closed)
    then = output_percent(slot, until, calendar=calendar, precedence=precedence) == ON_PERCENT
    return Instruction(closed=closed, until=until, then_closed=then)


def _held(slot: Slot, at: datetime) -> int | None:
    if slot.until is None or slot.until <= at:
        return None
    return ON_PERCENT if slot.mode is SlotMode.HELD_ON else 0


def _period(slot: Slot, at: datetime) -> int | None:
    period = slot.period
    if period is None or period.level.direction is not Direction.OUTPUT or not period.start <= at < period.end:
        return None
    return period.level.level_percent


def _boost(slot: Slot, at: datetime) -> int | None:
    return None if slot.boost_until is None or slot.boost_until <= at else ON_PERCENT


def _edges(slot: Slot) -> Iterator[datetime | None]:
    yield slot.until
    yield slot.boost_until
    for period in (slot.period, slot.limit):
        if period is not None:
            yield period.start
            yield period.end
