"""Between control's words and the DCC's: a command becomes a service request, an exchange's end an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from linkbox.base.identifiers import RequestId
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad, ReadAlcsData, ResetAuxiliaryLoad
from linkbox.dcc.exchange import Exchange, ExchangeState
from linkbox.dcc.inventory import Installation
from linkbox.operation.entities import CommandEvent, CommandKind

SRV = {CommandKind.HOLD: "7.6", CommandKind.RESET: "7.8", CommandKind.READ: "7.7"}
"""The service reference variant that carries each kind of command to a switch (HCALCS)."""


def to_service_request(
    kind: CommandKind, *, duration_s: int, at: Installation, request_id: RequestId, schema_version: str
) -> ServiceRequest:
    """The request for one device. ``duration_s`` must be whole minutes; DUIS counts in them."""
    if duration_s % 60:
        raise ValueError(f"a commanded duration must be whole minutes, not {duration_s} s")
    body: DeactivateAuxiliaryLoad | ResetAuxiliaryLoad | ReadAlcsData
    match kind:
        case CommandKind.HOLD:
            body = DeactivateAuxiliaryLoad(index=at.slot, duration_min=duration_s // 60)
        case CommandKind.RESET:
            body = ResetAuxiliaryLoad(index=at.slot)
        case CommandKind.READ:
            body = ReadAlcsData()
        case _:
            assert_never(kind)
    return ServiceRequest(
        request_id=request_id,
        command_variant=1 if kind is CommandKind.READ else 4,
        srv=SRV[kind],
        body=body,
        schema_version=schema_version,
    )


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
