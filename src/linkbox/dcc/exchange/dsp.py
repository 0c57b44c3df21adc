"""A service request from the DSP's side: what it gave out, what it accepts back, what it sends to the device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from linkbox.base.identifiers import Eui64
from linkbox.base.statetable import StateTable
from linkbox.base.values import changed
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange.commands import PlannedCommand, build_pre_command
from linkbox.dcc.gbcs.envelope import Message, decode, signed_part
from linkbox.dcc.gbcs.protection import verify_message
from linkbox.dcc.smki import TrustStore


class DspState(StrEnum):
    """Where a service request stands at the DSP."""

    RECEIVED = "received"
    PRE_COMMAND_ISSUED = "pre-command issued"
    QUARANTINED = "quarantined"
    ON_ITS_WAY = "on its way"
    ANSWERED = "answered"
    GIVEN_UP = "given up"
    DISCARDED = "discarded"


class DspEvent(StrEnum):
    """What can happen to a service request at the DSP."""

    TRANSFORMED = "transformed"
    ACCEPTED = "accepted"
    HELD = "held"
    RELEASED = "released"
    DISCARDED = "discarded"
    DEVICE_ANSWERED = "device answered"
    DONE_AT_ONCE = "done at once"
    TIME_OUT = "time-out"
    ERROR = "error"


_S, _E = DspState, DspEvent

DSP_TABLE: StateTable[DspState, DspEvent] = StateTable(
    name="service request (DSP)",
    initial=_S.RECEIVED,
    rows={
        _S.RECEIVED: {
            _E.TRANSFORMED: _S.PRE_COMMAND_ISSUED,
            _E.ACCEPTED: _S.ON_ITS_WAY,
            _E.HELD: _S.QUARANTINED,
            _E.DONE_AT_ONCE: _S.ANSWERED,
        },
        _S.PRE_COMMAND_ISSUED: {
            _E.ACCEPTED: _S.ON_ITS_WAY,
            _E.HELD: _S.QUARANTINED,
            _E.TIME_OUT: _S.DISCARDED,
            _E.ERROR: _S.PRE_COMMAND_ISSUED,  # a bad Signed Pre-Command is refused; a good one may still come
        },
        _S.QUARANTINED: {
            _E.RELEASED: _S.ON_ITS_WAY,
            _E.DISCARDED: _S.DISCARDED,
            _E.TIME_OUT: _S.DISCARDED,
            _E.ERROR: _S.DISCARDED,
        },
        _S.ON_ITS_WAY: {_E.DEVICE_ANSWERED: _S.ANSWERED, _E.TIME_OUT: _S.GIVEN_UP, _E.ERROR: _S.GIVEN_UP},
        _S.ANSWERED: {},
        _S.GIVEN_UP: {},
        _S.DISCARDED: {},
    },
    waiting=frozenset({_S.PRE_COMMAND_ISSUED, _S.QUARANTINED, _S.ON_ITS_WAY}),
    must_handle=frozenset({_E.TIME_OUT, _E.ERROR}),
)


class NotThePreCommand(RemoteProtocolError):
    """A Signed Pre-Command is not the Pre-Command that was given out for its request, plus a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DspExchange:
    """One service request at the DSP. ``pre_command`` is what was given out, ``command`` what goes to the device."""

    request: ServiceRequest
    state: DspState = DspState.RECEIVED
    pre_command: bytes | None = None
    command: Message | None = None

    def step(self, event: DspEvent) -> DspExchange:
        """The exchange after ``event``; raise ImpossibleEvent where the table has no row."""
        return changed(self, state=DSP_TABLE.next(self.state, event))


def transform(request: ServiceRequest, planned: PlannedCommand) -> DspExchange:
    """Turn a critical request into the Pre-Command of the form ``planned``."""
    issued = changed(DspExchange(request=request), pre_command=build_pre_command(request, planned))
    return issued.step(DspEvent.TRANSFORMED)


def accept_signed(exchange: DspExchange, payload: bytes, *, trust: TrustStore, at: datetime) -> DspExchange:
    """Take a Signed Pre-Command: it must be the stored Pre-Command, with a signature of its originator.

    Raise NotThePreCommand, BadSignature or another RemoteProtocolError; the exchange then stands as it was.
    """
    if exchange.pre_command is None:
        raise NotThePreCommand("Signed Pre-Command", f"no Pre-Command was issued for {exchange.request.request_id}")
    claimed = decode(payload)
    if signed_part(claimed) != exchange.pre_command[1:-1]:  # all but its tag and the octet that says "no signature"
        rule = f"must be the Pre-Command issued for {exchange.request.request_id}, signed"
        raise NotThePreCommand("Signed Pre-Command", rule)
    command = verify_message(claimed, raw=payload, trust=trust, at=at).value
    if payload != b"".join((exchange.pre_command[:-1], b"\x40", command.signature or b"")):
        raise NotThePreCommand("Signed Pre-Command", "must hold nothing but Pre-Command and signature")
    return changed(exchange, command=command).step(DspEvent.ACCEPTED)


def broker_command(request: ServiceRequest, planned: PlannedCommand, *, broker: Eui64, counter: int) -> DspExchange:
    """The command for a non-critical request, sent by the access control broker on the user's behalf.

    ``counter`` is the broker's own; user and user's counter travel as the supplementary party (reference 5.8).
    """
    rid = request.request_id
    command = planned.use_case.command(
        planned.value,
        originator=broker,
        recipient=rid.target,
        counter=counter,
        user=rid.originator,
        user_counter=rid.counter,
    )
    return changed(DspExchange(request=request), command=command).step(DspEvent.ACCEPTED)


def user_command(request: ServiceRequest, planned: PlannedCommand) -> DspExchange:
    """The command for a non-critical request in the name of a user whom the device knows: the broker adds a MAC."""
    rid = request.request_id
    command = planned.use_case.command(
        planned.value, originator=rid.originator, recipient=rid.target, counter=rid.counter
    )
    return changed(DspExchange(request=request), command=command).step(DspEvent.ACCEPTED)
