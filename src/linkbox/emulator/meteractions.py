"""What a meter does for each use case, once a command has passed its checks. Source: reference dcc.md 5.6 and 7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from linkbox.base.identifiers import Eui64
from linkbox.base.values import changed
from linkbox.dcc.gbcs import cs03, ecs35, ecs46, ecs46a, ecs47, ecs47a, ecs47e, ecs61a, ecs61c, ecs61d, ecs61e, ecs62
from linkbox.dcc.gbcs.controlleralerts import LimitProcessed
from linkbox.dcc.gbcs.controllers import ControllerType
from linkbox.dcc.gbcs.controllerstate import ControllerState
from linkbox.dcc.gbcs.controlperiod import ControlPeriod
from linkbox.dcc.gbcs.cs03 import JoinResult
from linkbox.dcc.gbcs.dlms import DlmsResult
from linkbox.dcc.gbcs.envelope import Message
from linkbox.dcc.gbcs.objects import PENDING_SCHEDULE, PENDING_SPECIAL_DAYS, SLOT_NUMBERS
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.times import Activation
from linkbox.dcc.gbcs.usecase import UseCase
from linkbox.emulator.alcslog import SWITCH_OFF, SWITCH_ON, TO_CALENDAR, AlcsLogRow, LogOutcome
from linkbox.emulator.calendar import Calendar
from linkbox.emulator.device import DeviceAlert
from linkbox.emulator.esme import Esme, Party, PendingCalendar, limit_alert, log_row
from linkbox.emulator.slots import SlotEvent, command, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """When it happens, which devices are on the home network, and which of them are ready to agree on a key."""

    at: datetime
    on_network: frozenset[Eui64] = frozenset()
    ready_to_join: frozenset[Eui64] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an action came to: the meter's new state, its response (not yet protected), its alerts."""

    esme: Esme
    response: Message
    alerts: tuple[DeviceAlert, ...] = ()


Action = Callable[[Esme, Message, Surroundings], Done]
_FAILED_SWITCHING = (DlmsResult.HARDWARE_FAULT, DlmsResult.OTHER_REASON)
_FAILED_PERIOD = (DlmsResult.SUCCESS, DlmsResult.OTHER_REASON, DlmsResult.OTHER_REASON)


def _switch(esme: Esme, message: Message, around: Surroundings) -> Done:
    order = ecs47.USE_CASE.decode_command(message)
    match order:
        case ecs47.ActivateLoad():
            event, action, minutes = SlotEvent.ACTIVATE, SWITCH_ON, order.duration_min
        case ecs47.DeactivateLoad():
            event, action, minutes = SlotEvent.DEACTIVATE, SWITCH_OFF, order.duration_min
        case ecs47.ResetLoad():
            event, action, minutes = SlotEvent.RESET, TO_CALENDAR, 0
    count = 1 if event is SlotEvent.RESET else 2
    kind = esme.controllers[order.index - 1].kind
    if kind is ControllerType.NONE:
        nothing_there = Results(results=_FAILED_SWITCHING[-count:])
        return Done(esme=esme, response=ecs47.USE_CASE.response(message, nothing_there))
    slots = list(esme.slots)
    slots[order.index - 1] = command(slots[order.index - 1], event, duration_min=minutes, at=around.at)
    log = esme.log.with_row(_sent(around.at, order.index, action, kind))
    response = ecs47.USE_CASE.response(message, Results.all_well(count))
    return Done(esme=changed(esme, slots=tuple(slots), log=log), response=response)


def _sent(at: datetime, number: int, action: int, kind: ControllerType) -> AlcsLogRow:
    """For an HCALCS the outcome is not known until it reports; the id is the Unix time of sending, as in RTDS."""
    if kind is ControllerType.HCALCS:
        return log_row(at, number, action, LogOutcome.NOT_KNOWN, int(at.timestamp()))
    return log_row(at, number, action, LogOutcome.SUCCESS, 0)


def _set_state(esme: Esme, message: Message, around: Surroundings) -> Done:
    period = ecs47a.USE_CASE.decode_command(message)
    if not period.allowed:
        failed = ecs47a.USE_CASE.response(message, Results(results=_FAILED_PERIOD))
        return Done(esme=esme, response=failed)
    response = ecs47a.USE_CASE.response(message, Results.all_well(3))
    return Done(esme=_with_period(esme, period, around.at), response=response)


def _with_period(esme: Esme, period: ControlPeriod, at: datetime) -> Esme:
    """The meter with a new period for a slot; where nothing stands behind the slot it has no meaning."""
    number = period.level.number
    if esme.controllers[number - 1].kind is ControllerType.NONE:
        return esme
    slots = list(esme.slots)
    slots[number - 1] = changed(settle(slots[number - 1], at), period=period)
    return changed(esme, slots=tuple(slots))


def _limit(esme: Esme, message: Message, around: Surroundings) -> Done:
    """A limit is taken in for any slot, but has a meaning, and alerts, for a proportional controller only."""
    limit = ecs47e.USE_CASE.decode_command(message)
    if not limit.allowed:
        failed = ecs47e.USE_CASE.response(message, Results(results=_FAILED_PERIOD))
        return Done(esme=esme, response=failed)
    response = ecs47e.USE_CASE.response(message, Results.all_well(3))
    number = limit.level.number
    if esme.controllers[number - 1].kind is not ControllerType.APC:
        return Done(esme=esme, response=response)
    slots = list(esme.slots)
    slots[number - 1] = changed(settle(slots[number - 1], around.at), limit=limit)
    after = changed(esme, slots=tuple(slots), limit_parties={**esme.limit_parties, number: _party(message)})
    resulting = changed(
        limit.level, level_percent=min(limit.level.level_percent, after.output_percent(number, limit.start))
    )
    processed = LimitProcessed(at=around.at.replace(microsecond=0), level=resulting, start=limit.start, end=limit.end)
    return Done(esme=after, response=response, alerts=(limit_alert(_party(message), processed),))


def _party(message: Message) -> Party:
    return Party(
        recipient=message.originator,
        user=message.supplementary_party,
        user_counter=message.supplementary_counter,
    )


def _boost_controls(esme: Esme, message: Message, around: Surroundings) -> Done:
    controls = ecs62.USE_CASE.decode_command(message).controls
    response = ecs62.USE_CASE.response(message, Results.all_well(len(controls)))
    return Done(esme=changed(esme, boost_controls=controls), response=response)


def _labels(esme: Esme, message: Message, around: Surroundings) -> Done:
    written = ecs46a.USE_CASE.decode_command(message).labels
    labels = tuple(old if new is None else new for old, new in zip(esme.labels, written, strict=True))
    count = sum(label is not None for label in written)
    return Done(esme=changed(esme, labels=labels), response=ecs46a.USE_CASE.response(message, Results.all_well(count)))


def _switch_calendar(esme: Esme, message: Message, around: Surroundings) -> Done:
    written = ecs46.ECS46C.decode_command(message)
    pairs = zip(esme.controllers, written.controllers, strict=True)
    bound = changed(esme, controllers=tuple(old if new is None else new for old, new in pairs))
    count = 4 + sum(controller is not None for controller in written.controllers)
    response = ecs46.ECS46C.response(message, Results.all_well(count), at=around.at.replace(microsecond=0))
    return Done(esme=_with_calendar(bound, written, message, around.at), response=response)


def _controller_calendar(esme: Esme, message: Message, around: Surroundings) -> Done:
    written = ecs46.ECS46D.decode_command(message)
    response = ecs46.ECS46D.response(message, Results.all_well(4), at=around.at.replace(microsecond=0))
    return Done(esme=_with_calendar(esme, written, message, around.at), response=response)


def _with_calendar(esme: Esme, written: ecs46.WriteCalendar, message: Message, at: datetime) -> Esme:
    if written.activation is Activation.NEVER:
        return changed(esme, pending=None)
    calendar = Calendar(
        rows=written.schedule,
        special_days=written.special_days,
        default_percent=esme.calendar.default_percent,
    )
    if isinstance(written.activation, Activation) or written.activation <= at:
        return changed(esme, calendar=calendar, pending=None)
    pending = PendingCalendar(
        at=written.activation,
        calendar=calendar,
        message_code=message.message_code,
        originator_counter=message.originator_counter,
        party=_party(message),
        targets=(PENDING_SCHEDULE, PENDING_SPECIAL_DAYS),
    )
    return changed(esme, pending=pending)


def _join(esme: Esme, message: Message, around: Surroundings) -> Done:
    wish = cs03.CS03A1.decode_command(message)
    result = JoinResult.SUCCESS
    if wish.method is not cs03.JoinMethod.A_INITIATOR:
        result = JoinResult.INVALID_MESSAGE_CODE_FOR_METHOD_AND_ROLE
    elif wish.eui not in around.on_network or wish.eui not in around.ready_to_join:
        result = JoinResult.NO_CBKE_RESPONSE
    joined = esme.joined | {wish.eui} if result is JoinResult.SUCCESS else esme.joined
    return Done(esme=changed(esme, joined=joined), response=cs03.CS03A1.response(message, result))


def _read_switches(esme: Esme, message: Message, around: Surroundings) -> Done:
    ecs61a.USE_CASE.decode_command(message)
    data = ecs61a.SwitchData(
        labels=esme.labels,
        controllers=esme.controllers,
        special_days=esme.calendar.special_days,
        schedule=esme.calendar.rows,
        states=tuple(esme.instruction(number, around.at).closed for number in SLOT_NUMBERS),
    )
    return Done(esme=esme, response=ecs61a.USE_CASE.response(message, data))


def _read_configuration(esme: Esme, message: Message, around: Surroundings) -> Done:
    ecs61d.USE_CASE.decode_command(message)
    data = ecs61d.ControllerConfiguration(
        labels=esme.labels, special_days=esme.calendar.special_days, schedule=esme.calendar.rows
    )
    return Done(esme=esme, response=ecs61d.USE_CASE.response(message, data))


def _read_operation(esme: Esme, message: Message, around: Surroundings) -> Done:
    ecs61e.USE_CASE.decode_command(message)
    data = ecs61e.ControllerOperation(
        controllers=esme.controllers, states=tuple(_state(esme, number, around.at) for number in SLOT_NUMBERS)
    )
    return Done(esme=esme, response=ecs61e.USE_CASE.response(message, data))


def _state(esme: Esme, number: int, at: datetime) -> ControllerState:
    if esme.controllers[number - 1].kind is ControllerType.NONE:
        return ControllerState(text="{}")
    output, back = esme.output_percent(number, at), esme.input_percent(number, at)
    return ControllerState.of(output_percent=output, input_percent=back)


def _read_boost(esme: Esme, message: Message, around: Surroundings) -> Done:
    period = ecs61c.USE_CASE.decode_command(message).period
    log = tuple(boost for boost in esme.boost_log if period.start <= boost.start <= period.end)
    data = ecs61c.BoostDetails(available=True, log=log, controls=esme.boost_controls)
    return Done(esme=esme, response=ecs61c.USE_CASE.response(message, data))


def _log_reader(case: UseCase[ecs35.ReadSwitchLog, ecs35.SwitchLog]) -> Action:
    def read(esme: Esme, message: Message, around: Surroundings) -> Done:
        period = case.decode_command(message).period
        entries = tuple(_entry(row) for row in esme.log.between(period.start, period.end))
        return Done(esme=esme, response=case.response(message, ecs35.SwitchLog(entries=entries)))

    return read


def _entry(row: AlcsLogRow) -> ecs35.LogEntry:
    return ecs35.LogEntry(
        at=row.at,
        event=ecs35.SwitchEvent(number=row.index, kind=ecs35.SwitchEventKind(row.action)),
        outcome=ecs35.EventOutcome(row.outcome),
        command_id=row.han_command_id,
    )


ACTIONS: MappingProxyType[int, Action] = MappingProxyType(
    {
        ecs47.USE_CASE.message_code: _switch,
        ecs47a.USE_CASE.message_code: _set_state,
        ecs47e.USE_CASE.message_code: _limit,
        ecs62.USE_CASE.message_code: _boost_controls,
        ecs46a.USE_CASE.message_code: _labels,
        ecs46.ECS46C.message_code: _switch_calendar,
        ecs46.ECS46D.message_code: _controller_calendar,
        cs03.CS03A1.message_code: _join,
        ecs61a.USE_CASE.message_code: _read_switches,
        ecs61c.USE_CASE.message_code: _read_boost,
        ecs61d.USE_CASE.message_code: _read_configuration,
        ecs61e.USE_CASE.message_code: _read_operation,
        ecs35.ECS35F.message_code: _log_reader(ecs35.ECS35F),
        ecs35.ECS35G.message_code: _log_reader(ecs35.ECS35G),
    }
)
"""Message code -> what the meter does."""

GENERATION_3 = frozenset(ACTIONS) - {0x011E, 0x011F, 0x011A, 0x011C, 0x011D, 0x00FD}
"""What a meter before GBCS 4 knows (reference 2.1)."""
GENERATION_4 = frozenset(ACTIONS) - {0x0055, 0x00BB, 0x0054, 0x00BA}
"""What a meter of GBCS 4 knows, taken strictly."""
