"""Installing an HCALCS for a slot: one process that can stop and go on at any step.

Order (reference dcc.md section 5.8, inferred): notify the device (12.2), enter it in the hub's log (8.11), wait for it
on the home network, join switch and meter (8.7.1 to each), write the label (6.14.1), bind the slot (6.14.2), and read
everything back (7.7). Pure: the caller gives counters, sends the requests, and brings what became of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from enum import StrEnum
from itertools import pairwise
from typing import Any

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.base.statetable import StateTable
from linkbox.dcc.duis import ServiceRequest
from linkbox.dcc.duis import bodies as duis
from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.exchange import Exchange, ExchangeState
from linkbox.dcc.gbcs import ecs61a
from linkbox.dcc.gbcs.controllers import hcalcs
from linkbox.dcc.inventory.installation import Installation

MAX_ATTEMPTS = 3
KNOWN_ALREADY_CODES = frozenset({"E120201"})
"""What the DSP answers to a 12.2 for a device that it knows. Not published: a setting."""
LOG_UPDATED_CODES = frozenset({"N24"})
"""Codes of the DCC alert that tells of a device on the network; its element does not say which. Unverified."""


class Step(StrEnum):
    """What is to be done next."""

    NOTIFY = "notify device"
    ENTER = "enter in device log"
    AWAIT_NETWORK = "await device on network"
    JOIN_SWITCH = "join switch"
    JOIN_METER = "join meter"
    LABEL = "write label"
    BIND = "bind slot"
    READ_BACK = "read back"
    INSTALLED = "installed"
    FAILED = "failed"


class StepEvent(StrEnum):
    """What became of a step."""

    DONE = "done"
    REPEAT = "repeat"
    ERROR = "error"
    TIME_OUT = "time-out"


_S, _E = Step, StepEvent
_ORDER = tuple(step for step in Step if step is not Step.FAILED)
_AGAIN = {Step.AWAIT_NETWORK: Step.ENTER}  # a window that closed has to be opened again

STEP_TABLE: StateTable[Step, StepEvent] = StateTable(
    name="installation of an HCALCS",
    initial=Step.NOTIFY,
    rows={
        **{
            step: {
                _E.DONE: following,
                _E.REPEAT: _AGAIN.get(step, step),
                _E.TIME_OUT: _AGAIN.get(step, step),
                _E.ERROR: _S.FAILED,
            }
            for step, following in pairwise(_ORDER)
        },
        _S.INSTALLED: {},
        _S.FAILED: {},
    },
    waiting=frozenset(_ORDER[:-1]),
    must_handle=frozenset({_E.ERROR, _E.TIME_OUT}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationPlan:
    """What is to be installed, and by whom. ``install_code`` (16 octets, on the device's label) is a secret."""

    installation: Installation
    user: Eui64
    broker: Eui64
    install_code: bytes = field(repr=False)
    manufacturer: str
    model: str
    join_time_s: int = 600
    schema_version: str = "5.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationProcess:
    """Where an installation stands. ``request_id`` is of the request under way for this step, if there is one;
    ``entry_id`` of the last 8.11, and ``entry_code`` of the DCC's alert about it, which may overtake the response."""

    plan: InstallationPlan
    step: Step = Step.NOTIFY
    request_id: RequestId | None = None
    entry_id: RequestId | None = None
    entry_code: str | None = None
    attempts: int = 0
    failure: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing more is to be done."""
        return self.step in STEP_TABLE.final

    def to_record(self) -> dict[str, Any]:
        """A dict of JSON values, without the plan: that holds a secret, and is kept where secrets are."""
        return {
            "step": self.step.value,
            "request_id": None if self.request_id is None else str(self.request_id),
            "entry_id": None if self.entry_id is None else str(self.entry_id),
            "entry_code": self.entry_code,
            "attempts": self.attempts,
            "failure": self.failure,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], plan: InstallationPlan) -> InstallationProcess:
        """The inverse of to_record."""
        request_id, entry_id = record["request_id"], record["entry_id"]
        return cls(
            plan=plan,
            step=Step(record["step"]),
            request_id=None if request_id is None else RequestId.parse(request_id),
            entry_id=None if entry_id is None else RequestId.parse(entry_id),
            entry_code=record["entry_code"],
            attempts=record["attempts"],
            failure=record["failure"],
        )


def next_request(process: InstallationProcess, *, counter: int) -> tuple[InstallationProcess, ServiceRequest] | None:
    """The request that the present step needs, under a new ``counter``; None if none is, or one is under way."""
    if process.is_final or process.step is Step.AWAIT_NETWORK or process.request_id is not None:
        return None
    plan, home = process.plan, process.plan.installation
    asked: dict[Step, tuple[Eui64, str, int, duis.RequestBody]] = {
        Step.NOTIFY: (plan.broker, "12.2", 8, _notification(plan)),
        Step.ENTER: (home.chf, "8.11", 1, _entry(plan)),
        Step.JOIN_SWITCH: (home.hcalcs, "8.7.1", 4, duis.JoinServiceCritical(other_device=home.esme)),
        Step.JOIN_METER: (home.esme, "8.7.1", 4, duis.JoinServiceCritical(other_device=home.hcalcs)),
        Step.LABEL: (home.esme, "6.14.1", 4, _label(home)),
        Step.BIND: (home.esme, "6.14.2", 4, _binding(home)),
        Step.READ_BACK: (home.esme, "7.7", 1, duis.ReadAlcsData()),
    }
    target, srv, variant, body = asked[process.step]
    request = ServiceRequest(
        request_id=RequestId(plan.user, target, counter),
        command_variant=variant,
        srv=srv,
        body=body,
        schema_version=plan.schema_version,
    )
    if process.step is Step.ENTER:
        process = replace(process, entry_id=request.request_id, entry_code=None)
    return replace(process, request_id=request.request_id), request


def take_exchange(
    process: InstallationProcess,
    exchange: Exchange,
    *,
    known_already: Collection[str] = KNOWN_ALREADY_CODES,
    updated: Collection[str] = LOG_UPDATED_CODES,
) -> InstallationProcess:
    """Take what became of the request under way. One that is still running, or is not this step's, changes nothing.

    Where the effect of a failed request is not known the step is repeated: every step is harmless when done twice.
    """
    if exchange.request.request_id != process.request_id or not exchange.is_final:
        return process
    idle = replace(process, request_id=None)
    known = process.step is Step.NOTIFY and exchange.response_code in known_already
    if exchange.state is ExchangeState.SUCCEEDED or known:
        after = _done(idle) if process.step is not Step.READ_BACK else _check(idle, exchange)
        return _judge_entry(after, updated)
    if exchange.state is ExchangeState.REFUSED:
        return _failed(idle, exchange.failure)
    return _repeat(idle, exchange.failure)


def take_log_result(
    process: InstallationProcess,
    entry_id: RequestId,
    alert_code: str,
    *,
    updated: Collection[str] = LOG_UPDATED_CODES,
) -> InstallationProcess:
    """The DCC tells what became of the 8.11 ``entry_id`` (alert UpdateHANDeviceLogResult). Of another 8.11: nothing."""
    if entry_id != process.entry_id:
        return process
    return _judge_entry(replace(process, entry_code=alert_code), updated)


def _judge_entry(process: InstallationProcess, updated: Collection[str]) -> InstallationProcess:
    """Whether the device is on the network, once both response and alert are there."""
    code = process.entry_code
    if process.step is not Step.AWAIT_NETWORK or code is None:
        return process
    if code in updated:
        return _done(process)
    return _repeat(process, f"the device did not join the network in time ({code})")


def time_out(process: InstallationProcess) -> InstallationProcess:
    """Nothing came in time: the step is repeated, a few times at most."""
    return process if process.is_final else _repeat(replace(process, request_id=None), f"no answer at {process.step}")


def _done(process: InstallationProcess) -> InstallationProcess:
    # To enter the device and to await it are one attempt: a window that closed unused is counted once it is open again.
    attempts = process.attempts if process.step is Step.ENTER else 0
    return replace(process, step=STEP_TABLE.next(process.step, StepEvent.DONE), attempts=attempts, failure=None)


def _failed(process: InstallationProcess, why: str | None) -> InstallationProcess:
    failure = f"{process.step}: {why}"
    return replace(process, step=STEP_TABLE.next(process.step, StepEvent.ERROR), failure=failure)


def _repeat(process: InstallationProcess, why: str | None) -> InstallationProcess:
    if process.attempts + 1 >= MAX_ATTEMPTS:
        return _failed(process, f"{why}, {MAX_ATTEMPTS} times")
    step = STEP_TABLE.next(process.step, StepEvent.REPEAT)
    return replace(process, step=step, attempts=process.attempts + 1, failure=why)


def _check(process: InstallationProcess, exchange: Exchange) -> InstallationProcess:
    """Does the meter itself report the label and the switch in the slot that were meant?"""
    if exchange.response is None:
        raise LocalProtocolError("7.7", "a succeeded read must have its response")
    data, home = ecs61a.decode_response(exchange.response), process.plan.installation
    label, controller = data.labels[home.slot - 1], data.controllers[home.slot - 1]
    if label != home.label:
        return _failed(process, f"slot {home.slot} has the label {label!r}, should have {home.label!r}")
    if controller != hcalcs(home.hcalcs):
        return _failed(process, f"slot {home.slot} has {controller}, should have the HCALCS {home.hcalcs}")
    return _done(process)


def _notification(plan: InstallationPlan) -> duis.DevicePrenotification:
    return duis.DevicePrenotification(
        device=plan.installation.hcalcs,
        manufacturer=plan.manufacturer,
        model=plan.model,
        device_type="HCALCS",
    )


def _entry(plan: InstallationPlan) -> duis.UpdateHanDeviceLog:
    entry = duis.WhitelistEntry(join_time_s=plan.join_time_s, install_code=plan.install_code)
    return duis.UpdateHanDeviceLog(device=plan.installation.hcalcs, action=duis.LogAction.ADD, whitelist=entry)


def _label(home: Installation) -> duis.UpdateAlcDescriptions:
    return duis.UpdateAlcDescriptions(descriptions=(duis.SwitchDescription(index=home.slot, label=home.label),))


def _binding(home: Installation) -> duis.UpdateAlcSchedule:
    """A calendar needs one row at least: this one keeps the switch closed, so that the charger is free by default."""
    anytime = duis.ScheduleDate()
    always_on = duis.SwitchScheduleRow(
        index=home.slot,
        activate=True,
        switch_time=time(0, 0),
        start=anytime,
        end=anytime,
        days_of_week=tuple(duis.Weekday),
    )
    binding = duis.SwitchBinding(index=home.slot, hcalcs=home.hcalcs)
    return duis.UpdateAlcSchedule(rows=(always_on,), bindings=(binding,))
