"""An emulated electricity meter (ESME): checks every command as a meter does, acts, and answers under its own key.

Source: reference dcc.md sections 5.2, 5.10, 7 and 10. A command that fails a check is not answered; the meter sends an
alert to the command's originator instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from linkbox.base.identifiers import Eui64
from linkbox.dcc.eligibility import Profile, Refused, may_execute
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs import alerts, ecs47, ecs61a
from linkbox.dcc.gbcs.controllers import NO_CONTROLLER, Controller, ControllerType
from linkbox.dcc.gbcs.dlms import DlmsResult
from linkbox.dcc.gbcs.envelope import Message, decode, encode
from linkbox.dcc.gbcs.objects import SLOTS
from linkbox.dcc.gbcs.outcome import Results
from linkbox.dcc.gbcs.protection import add_mac, sign, verify_mac, verify_signature
from linkbox.dcc.gbcs.usecase import AlertCase
from linkbox.dcc.smki import Certificate, KeyAgreement, KeyUsage, Role, Signer, TrustStore
from linkbox.emulator.alcslog import FROM_SWITCH, SWITCH_OFF, SWITCH_ON, TO_CALENDAR, AlcsLog, AlcsLogRow, LogOutcome
from linkbox.emulator.slots import Instruction, Slot, SlotEvent, command, instruction

AUTHORITY_MISSING, NOT_AUTHENTIC, OUT_OF_ORDER, NOT_SUPPORTED, MALFORMED = 0x8F30, 0x8F3D, 0x8F60, 0x8F85, 0x8F1E
REPLAY_PROTECTED = frozenset({0x0055, 0x011E, 0x011F, 0x005F, 0x0054, 0x011A, 0x0001, 0x0002})
"""Message codes for which the meter compares counters (reference 5.10); reads and labels are exempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterKeys:
    """The meter's own keys, whom it trusts, and the broker's key agreement certificate, which protects commands."""

    signer: Signer
    agreement: KeyAgreement
    broker: Certificate
    trust: TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Esme:
    """The state of one meter. Tuples hold slots 1 to 5 at index 0 to 4."""

    eui: Eui64
    slots: tuple[Slot, ...] = (Slot(),) * SLOTS
    labels: tuple[str, ...] = ("",) * SLOTS
    controllers: tuple[Controller, ...] = (NO_CONTROLLER,) * SLOTS
    counters: Mapping[Eui64, int] = field(default_factory=lambda: MappingProxyType({}))
    log: AlcsLog = field(default_factory=AlcsLog)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What a meter does about a command: its new state, and a response, or the code of an alert instead.

    ``changed_slots`` are the slots (1..5) whose switch has something new to learn; ``refused`` is the command.
    """

    esme: Esme
    response: bytes | None = None
    changed_slots: tuple[int, ...] = ()
    alert_code: int | None = None
    refused: Message | None = None
    reason: str = ""


class _Refused(RemoteProtocolError):
    """A command failed a check of the meter."""

    def __init__(self, alert_code: int, rule: str) -> None:
        self.alert_code = alert_code
        super().__init__("command", rule)


def receive(esme: Esme, data: bytes, *, keys: MeterKeys, profile: Profile, at: datetime) -> Reaction:
    """Check ``data`` in the meter's order (MAC, signature, authority, counter, content), act on it, and answer."""
    try:
        message, role = _authenticate(data, keys=keys, at=at)
        _authorise(esme, message, role, profile=profile, at=at)
        after, response = _execute(esme, message, at)
    except _Refused as refused:
        return _refusal(esme, data, refused.alert_code, refused.rule)
    except RemoteProtocolError as error:
        return _refusal(esme, data, MALFORMED, str(error))
    if message.message_code in REPLAY_PROTECTED:
        after = replace(after, counters={**after.counters, message.originator: message.originator_counter})
    changed = tuple(n for n, (was, now) in enumerate(zip(esme.slots, after.slots, strict=True), 1) if was != now)
    return Reaction(esme=after, response=_protect(message, response, keys), changed_slots=changed)


def _refusal(esme: Esme, data: bytes, alert_code: int, reason: str) -> Reaction:
    try:
        refused = decode(data)
    except RemoteProtocolError:
        return Reaction(esme=esme, reason=reason)  # nobody to send an alert to
    return Reaction(esme=esme, alert_code=alert_code, refused=refused, reason=reason)


def alert_message(alert_code: int, refused: Message, *, keys: MeterKeys, counter: int, at: datetime) -> bytes:
    """The signed alert about a refused command, to its originator; ``counter`` is the meter's own."""
    case, value = _alert_about(alert_code, refused, at.replace(microsecond=0))
    alert = case.alert(
        value,
        originator=refused.recipient,
        recipient=refused.originator,
        counter=counter,
        user=refused.supplementary_party,
        user_counter=refused.supplementary_counter,
    )
    return encode(sign(alert, keys.signer))


def _alert_about(alert_code: int, refused: Message, at: datetime) -> tuple[AlertCase[Any], Any]:
    if alert_code != alerts.COMMAND_NOT_SUPPORTED:
        return alerts.GENERIC_CRITICAL, alerts.GenericAlert(alert_code=alert_code, at=at)
    code, counter = refused.message_code, refused.originator_counter
    return alerts.ECS100, alerts.CommandNotSupported(at=at, message_code=code, originator_counter=counter)


def _authenticate(data: bytes, *, keys: MeterKeys, at: datetime) -> tuple[Message, Role | None]:
    try:
        message = verify_mac(data, keys.agreement, keys.broker)
        if message.signature is None:
            return message, keys.trust.find(message.originator, KeyUsage.KEY_AGREEMENT, at=at).role
        verified = verify_signature(data, trust=keys.trust, at=at)
    except RemoteProtocolError as error:
        raise _Refused(NOT_AUTHENTIC, str(error)) from error
    return verified.value, verified.signer.role


def _authorise(esme: Esme, message: Message, role: Role | None, *, profile: Profile, at: datetime) -> None:
    if message.recipient != esme.eui:
        raise _Refused(MALFORMED, f"must be for {esme.eui}, is for {message.recipient}")
    if message.message_code not in _ACTIONS:
        raise _Refused(NOT_SUPPORTED, f"message code {message.message_code:04X} is not supported")
    verdict = may_execute(profile, certificate_role=role, message_code=message.message_code, at=at)
    if isinstance(verdict, Refused):
        raise _Refused(AUTHORITY_MISSING, verdict.rule)
    if message.message_code == ecs47.USE_CASE.message_code and message.signature is None:
        raise _Refused(NOT_AUTHENTIC, "a critical command must be signed")
    last = esme.counters.get(message.originator, -1)
    if message.message_code in REPLAY_PROTECTED and message.originator_counter <= last:
        raise _Refused(OUT_OF_ORDER, f"counter {message.originator_counter} must be above {last}")


def poll(esme: Esme, index: int, *, at: datetime) -> tuple[Esme, Instruction]:
    """Answer the switch of slot ``index`` (1..5) that polls at ``at``, and log what it reports back."""
    told = instruction(esme.slots[index - 1], at)
    sent = next((row for row in reversed(esme.log.rows) if row.index == index), None)
    if sent is None or sent.outcome is not LogOutcome.NOT_KNOWN:
        return esme, told
    row = _row(at, index, FROM_SWITCH, LogOutcome.SUCCESS, sent.han_command_id)
    return replace(esme, log=esme.log.with_row(row)), told


def _execute(esme: Esme, message: Message, at: datetime) -> tuple[Esme, Message]:
    return _ACTIONS[message.message_code](esme, message, at)


def _switch(esme: Esme, message: Message, at: datetime) -> tuple[Esme, Message]:
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
        nothing_there = Results(results=(DlmsResult.HARDWARE_FAULT, DlmsResult.OTHER_REASON)[-count:])
        return esme, ecs47.USE_CASE.response(message, nothing_there)
    slots = list(esme.slots)
    slots[order.index - 1] = command(slots[order.index - 1], event, duration_min=minutes, at=at)
    over_han = kind is ControllerType.HCALCS
    outcome = LogOutcome.NOT_KNOWN if over_han else LogOutcome.SUCCESS
    row = _row(at, order.index, action, outcome, int(at.timestamp()) if over_han else 0)
    after = replace(esme, slots=tuple(slots), log=esme.log.with_row(row))
    return after, ecs47.USE_CASE.response(message, Results.all_well(count))


def _read_switches(esme: Esme, message: Message, at: datetime) -> tuple[Esme, Message]:
    ecs61a.USE_CASE.decode_command(message)
    data = ecs61a.SwitchData(
        labels=esme.labels,
        controllers=esme.controllers,
        special_days=(),
        schedule=(),
        states=tuple(instruction(slot, at).closed for slot in esme.slots),
    )
    return esme, ecs61a.USE_CASE.response(message, data)


def _row(at: datetime, index: int, action: int, outcome: LogOutcome, han_command_id: int) -> AlcsLogRow:
    whole = at.replace(microsecond=0)  # the log counts in seconds
    return AlcsLogRow(at=whole, index=index, action=action, outcome=outcome, han_command_id=han_command_id)


_Action = Callable[[Esme, Message, datetime], tuple[Esme, Message]]
_ACTIONS: dict[int, _Action] = {
    ecs47.USE_CASE.message_code: _switch,
    ecs61a.USE_CASE.message_code: _read_switches,
}


def _protect(command_message: Message, response: Message, keys: MeterKeys) -> bytes:
    """A critical response is signed and has no MAC; a non-critical one has a MAC for its recipient."""
    if command_message.signature is not None:
        return encode(sign(response, keys.signer))
    return add_mac(response, keys.agreement, keys.broker)
