"""An emulated electricity meter (ESME): its state, how it answers its switch, and what it does by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from linkbox.base.identifiers import Eui64
from linkbox.base.values import changed
from linkbox.dcc.gbcs import controlleralerts
from linkbox.dcc.gbcs.controllers import NO_CONTROLLER, Controller, ControllerType
from linkbox.dcc.gbcs.dlms import CosemObject
from linkbox.dcc.gbcs.ecs61c import Boost
from linkbox.dcc.gbcs.levels import Level
from linkbox.dcc.gbcs.objects import SLOTS
from linkbox.dcc.gbcs.usecase import AlertCase
from linkbox.emulator.alcslog import FROM_SWITCH, AlcsLog, AlcsLogRow, LogOutcome
from linkbox.emulator.calendar import Calendar
from linkbox.emulator.device import DeviceAlert
from linkbox.emulator.slots import (
    PRECEDENCE,
    Control,
    Instruction,
    Slot,
    input_percent,
    instruction,
    limited,
    next_change,
    output_percent,
    settle,
)

BOOST_LOG_LENGTH = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """For whom a meter does something later: the originator of the command, and the user behind it."""

    recipient: Eui64
    user: Eui64 | None
    user_counter: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCalendar:
    """A calendar that waits for its time. ``targets`` are the objects that the command wrote."""

    at: datetime
    calendar: Calendar
    message_code: int
    originator_counter: int
    party: Party
    targets: tuple[CosemObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Esme:
    """The state of one meter. Tuples hold slots 1 to 5 at index 0 to 4. ``precedence`` is that of slots.Control."""

    eui: Eui64
    slots: tuple[Slot, ...] = (Slot(),) * SLOTS
    labels: tuple[str, ...] = ("",) * SLOTS
    controllers: tuple[Controller, ...] = (NO_CONTROLLER,) * SLOTS
    boost_controls: tuple[bool, ...] = (False,) * SLOTS
    boost_log: tuple[Boost, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    pending: PendingCalendar | None = None
    limit_parties: Mapping[int, Party] = field(default_factory=lambda: MappingProxyType({}))
    counters: Mapping[Eui64, int] = field(default_factory=lambda: MappingProxyType({}))
    log: AlcsLog = field(default_factory=AlcsLog)
    joined: frozenset[Eui64] = frozenset()
    precedence: tuple[Control, ...] = PRECEDENCE

    def output_percent(self, number: int, at: datetime) -> int:
        """The level towards the load of slot ``number`` (1..5); a limit binds proportional controllers only."""
        slot = self.slots[number - 1]
        percent = output_percent(
            slot, at, calendar=lambda when: self.calendar.percent(number, when), precedence=self.precedence
        )
        proportional = self.controllers[number - 1].kind is ControllerType.APC
        return limited(percent, slot, at) if proportional else percent

    def input_percent(self, number: int, at: datetime) -> int:
        """The level from the load back of slot ``number``."""
        return input_percent(self.slots[number - 1], at)

    def instruction(self, number: int, at: datetime) -> Instruction:
        """What a switch that polls for slot ``number`` at ``at`` is told."""
        return instruction(
            self.slots[number - 1],
            at,
            calendar=lambda when: self.calendar.percent(number, when),
            next_calendar=self.calendar.next_switch(number, at),
            precedence=self.precedence,
        )

    def next_change(self, number: int, at: datetime) -> datetime | None:
        """When slot ``number`` next changes by itself after ``at``."""
        return next_change(self.slots[number - 1], at, next_calendar=self.calendar.next_switch(number, at))


def poll(esme: Esme, number: int, *, at: datetime) -> tuple[Esme, Instruction]:
    """Answer the switch of slot ``number`` (1..5) that polls at ``at``, and log what it reports back."""
    told = esme.instruction(number, at)
    sent = next((row for row in reversed(esme.log.rows) if row.index == number), None)
    if sent is None or sent.outcome is not LogOutcome.NOT_KNOWN:
        return esme, told
    row = log_row(at, number, FROM_SWITCH, LogOutcome.SUCCESS, sent.han_command_id)
    return changed(esme, log=esme.log.with_row(row)), told


def press_boost(esme: Esme, *, minutes: int, at: datetime) -> Esme:
    """The consumer presses the boost button: every slot that it may switch goes on for ``minutes``."""
    until = at + timedelta(minutes=minutes)
    slots = tuple(
        changed(settle(slot, at), boost_until=until) if boosted else slot
        for slot, boosted in zip(esme.slots, esme.boost_controls, strict=True)
    )
    boost = Boost(start=at.replace(microsecond=0), end=until.replace(microsecond=0))
    return changed(esme, slots=slots, boost_log=(*esme.boost_log, boost)[-BOOST_LOG_LENGTH:])


def next_wake(esme: Esme) -> datetime | None:
    """When the meter has to do something without being asked: a calendar takes effect, a limit ends."""
    times = [slot.limit.end for slot in esme.slots if slot.limit is not None]
    if esme.pending is not None:
        times.append(esme.pending.at)
    return min(times, default=None)


def wake(esme: Esme, at: datetime) -> tuple[Esme, tuple[DeviceAlert, ...]]:
    """Do what is due at ``at``, and tell those who asked for it."""
    esme, alerts = _activate(esme, at)
    for number in range(1, SLOTS + 1):
        slot = esme.slots[number - 1]
        if slot.limit is None or slot.limit.end > at:
            continue
        esme, ended = _end_limit(esme, number, slot.limit.level, at)
        alerts += ended
    return esme, alerts


def _activate(esme: Esme, at: datetime) -> tuple[Esme, tuple[DeviceAlert, ...]]:
    pending = esme.pending
    if pending is None or pending.at > at:
        return esme, ()
    alerts = tuple(
        _alert(
            pending.party,
            controlleralerts.DATED_SUCCESS,
            controlleralerts.DatedOutcome(
                at=at.replace(microsecond=0),
                success=True,
                message_code=pending.message_code,
                originator_counter=pending.originator_counter,
                target=target,
            ),
        )
        for target in pending.targets
    )
    return changed(esme, calendar=pending.calendar, pending=None), alerts


def _end_limit(esme: Esme, number: int, limit: Level, at: datetime) -> tuple[Esme, tuple[DeviceAlert, ...]]:
    slots = list(esme.slots)
    slots[number - 1] = settle(slots[number - 1], at)
    parties = dict(esme.limit_parties)
    party = parties.pop(number, None)
    after = changed(esme, slots=tuple(slots), limit_parties=parties)
    if party is None:
        return after, ()
    level = changed(limit, level_percent=after.output_percent(number, at))
    ended = controlleralerts.LimitEnded(at=at.replace(microsecond=0), level=level)
    return after, (_alert(party, controlleralerts.LIMIT_ENDED, ended),)


_CASES: dict[int, AlertCase[Any]] = {
    controlleralerts.DATED_SUCCESS: controlleralerts.DATED,
    controlleralerts.LIMIT_PROCESSED: controlleralerts.ECS101,
    controlleralerts.LIMIT_ENDED: controlleralerts.ECS102,
}


def _alert(party: Party, code: int, value: object) -> DeviceAlert:
    return DeviceAlert(
        case=_CASES[code],
        code=code,
        value=value,
        recipient=party.recipient,
        user=party.user,
        user_counter=party.user_counter,
    )


def limit_alert(party: Party, value: controlleralerts.LimitProcessed) -> DeviceAlert:
    """The alert that a limit was taken in (8F86)."""
    return _alert(party, controlleralerts.LIMIT_PROCESSED, value)


def log_row(at: datetime, number: int, action: int, outcome: LogOutcome, han_command_id: int) -> AlcsLogRow:
    """A row of the meter's log, which counts in seconds."""
    whole = at.replace(microsecond=0)
    return AlcsLogRow(at=whole, index=number, action=action, outcome=outcome, han_command_id=han_command_id)
