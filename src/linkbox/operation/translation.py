"""Between control's words and the DCC's: a command becomes a service request, an exchange's end an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import (
    AddAuxiliaryLoadToBoostButton,
    BoostSlot,
    DeactivateAuxiliaryLoad,
    LimitApcLevel,
    ReadAlcsData,
    ReadAuxiliaryControllerConfigurationData,
    ReadBoostButtonDetails,
    RemoveAuxiliaryLoadFromBoostButton,
    RequestBody,
    ResetAuxiliaryLoad,
    SetAuxiliaryControllerState,
)
from linkbox.dcc.exchange import Exchange, ExchangeState
from linkbox.dcc.inventory import Installation
from linkbox.operation.devices import Way, reach_of, srv_of, way_of
from linkbox.operation.entities import Command, CommandEvent, CommandKind

READ_SRVS = frozenset({"7.7", "7.11", "7.14"})
"""What only reads: it goes out after all that switches."""
NON_CRITICAL = READ_SRVS | {"7.9", "7.10"}
_SLOTS = range(1, 6)
_BOOST_LOG = timedelta(days=1)
_FULL_PERCENT = 100


def to_service_request(
    command: Command, *, at: Installation, request_id: RequestId, schema_version: str, boost: tuple[bool, ...] = ()
) -> ServiceRequest:
    """The request for one device. The duration must be whole minutes; DUIS counts in them.

    ``boost`` are the slots that the boost button switched before Linkbox touched it, as read with 7.11.
    """
    if command.duration_s % 60:
        raise ValueError(f"a commanded duration must be whole minutes, not {command.duration_s} s")
    srv = srv_of(command.kind, at)
    return ServiceRequest(
        request_id=request_id,
        command_variant=1 if srv in NON_CRITICAL else 4,
        srv=srv,
        body=_body(command, at, boost),
        schema_version=schema_version,
    )


def _body(command: Command, at: Installation, boost: tuple[bool, ...]) -> RequestBody:
    way, slot = way_of(at), reach_of(command.kind, at).slot
    match command.kind:
        case CommandKind.HOLD if way is Way.SWITCH:
            return DeactivateAuxiliaryLoad(index=slot, duration_min=command.duration_s // 60)
        case CommandKind.RESET if way is Way.SWITCH:
            return ResetAuxiliaryLoad(index=slot)
        case CommandKind.READ if way is Way.SWITCH:
            return ReadAlcsData()
        case CommandKind.READ:
            return ReadAuxiliaryControllerConfigurationData()
        case CommandKind.HOLD:
            return _period(way, slot, command, round(command.level_fraction * _FULL_PERCENT))
        case CommandKind.RESET:
            return _period(way, slot, command, _FULL_PERCENT)
        case CommandKind.BOOST_READ:
            return ReadBoostButtonDetails(
                start=whole_second(command.start) - _BOOST_LOG, end=whole_second(command.start)
            )
        case CommandKind.BOOST_OFF:
            return RemoveAuxiliaryLoadFromBoostButton(slots=_without(boost, slot))
        case CommandKind.BOOST_ON:
            return AddAuxiliaryLoadToBoostButton(slots=_marked(boost))
        case _:
            assert_never(command.kind)


def _period(way: Way, slot: int, command: Command, level_percent: int) -> LimitApcLevel | SetAuxiliaryControllerState:
    start = whole_second(command.start)
    end = command.end if command.until is None else command.until
    if way is Way.LEVEL:
        return LimitApcLevel(index=slot, start=start, end=end, level_percent=level_percent)
    # A switch knows on and off only: what is not 100 is off (DUIS, note on 7.13).
    shown = level_percent if level_percent == _FULL_PERCENT else 0
    return SetAuxiliaryControllerState(index=slot, start=start, end=end, level_percent=shown)


def whole_second(at: datetime) -> datetime:
    """The second that ``at`` lies in: periods are told in whole seconds."""
    return at.replace(microsecond=0)


def _without(boost: tuple[bool, ...], slot: int) -> tuple[BoostSlot, ...]:
    """For 7.10: marked is what the button is to lose: this slot, and those that it did not have."""
    return tuple(BoostSlot(index=n, marked=n == slot or not boost[n - 1]) for n in _SLOTS)


def _marked(boost: tuple[bool, ...]) -> tuple[BoostSlot, ...]:
    """For 7.9: marked is what the button is to have: as it was."""
    return tuple(BoostSlot(index=n, marked=boost[n - 1]) for n in _SLOTS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an exchange's end means for its command, with the reason in words."""

    event: CommandEvent
    why: str


def outcome_of(exchange: Exchange) -> Outcome | None:
    """The outcome for the command, or None while the exchange is under way."""
    why = exchange.failure or exchange.response_code or str(exchange.state)
    match exchange.state:
        case ExchangeState.SUCCEEDED:
            return Outcome(CommandEvent.DEVICE_CONFIRMED, "the device answered success under its signature")
        case ExchangeState.REFUSED:
            return Outcome(CommandEvent.NOT_DONE, f"refused: {why}")
        case ExchangeState.FAILED if not exchange.may_have_effect:
            return Outcome(CommandEvent.NOT_DONE, f"failed: {why}")
        case ExchangeState.FAILED | ExchangeState.QUARANTINED:
            return Outcome(CommandEvent.TIME_OUT, f"effect unknown: {why}")
        case ExchangeState.TIMED_OUT if exchange.may_have_effect:
            return Outcome(CommandEvent.TIME_OUT, f"no answer in time, effect unknown: {why}")
        case ExchangeState.TIMED_OUT:
            return Outcome(CommandEvent.NOT_DONE, f"timed out before anything could be switched: {why}")
        case _:
            return None
