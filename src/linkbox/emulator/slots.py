"""One load control slot of an ESME: follows its calendar, or an ad-hoc command until that ends.

Source: reference dcc.md section 7.1. The state after expiry, the meaning of a duration of 0 and the precedence of the
boost button are not in the material; here a slot returns to its calendar, 0 ends at once, and see ``boost``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkbox.base.statetable import StateTable


class SlotMode(StrEnum):
    """Who decides over the slot's switch."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Mode of one slot, and for a held one when it ends. ``calendar_closed`` is what the calendar demands."""

    mode: SlotMode = SlotMode.CALENDAR
    until: datetime | None = None
    calendar_closed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a meter tells a polling switch: contact closed or open, until when, and what comes after that."""

    closed: bool
    until: datetime | None
    then_closed: bool


def command(slot: Slot, event: SlotEvent, *, duration_min: int, at: datetime) -> Slot:
    """The slot after a command that arrived at ``at``; a new command replaces the earlier one."""
    mode = SLOT_TABLE.next(settle(slot, at).mode, event)
    until = None if mode is SlotMode.CALENDAR else at + timedelta(minutes=duration_min)
    return settle(Slot(mode=mode, until=until, calendar_closed=slot.calendar_closed), at)


def settle(slot: Slot, at: datetime) -> Slot:
    """The slot at ``at``: back under its calendar if its command has ended by then."""
    if slot.until is None or at < slot.until:
        return slot
    return Slot(mode=SLOT_TABLE.next(slot.mode, SlotEvent.EXPIRED), calendar_closed=slot.calendar_closed)


def instruction(slot: Slot, at: datetime) -> Instruction:
    """What the meter tells a switch that polls at ``at``."""
    now = settle(slot, at)
    if now.mode is SlotMode.CALENDAR:
        return Instruction(closed=now.calendar_closed, until=None, then_closed=now.calendar_closed)
    return Instruction(closed=now.mode is SlotMode.HELD_ON, until=now.until, then_closed=now.calendar_closed)
