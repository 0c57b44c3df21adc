"""Alerts about controllers and calendars: ECS101, ECS102, ECS200 and the outcome of what was dated ahead.

Source: reference dcc.md section 5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.alerts import read_values
from linkbox.dcc.gbcs.controllerstate import ControllerState, encode_state, read_state
from linkbox.dcc.gbcs.data import Number, Octets, Tag, uint8
from linkbox.dcc.gbcs.dlms import CosemObject, Notification, decode_notification, encode_notification
from linkbox.dcc.gbcs.levels import Level, read_level
from linkbox.dcc.gbcs.times import date_time_octets, read_date_time
from linkbox.dcc.gbcs.usecase import AlertCase

DATED_SUCCESS, DATED_FAILURE = 0x8F66, 0x8F67
LIMIT_PROCESSED, LIMIT_ENDED, OPERATIONAL_UPDATE = 0x8F86, 0x8F87, 0x8F88
_OUTCOME_OCTETS = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitProcessed:
    """ECS101: a limit from ``start`` to ``end`` was taken in; ``level`` is what results from all limits."""

    at: datetime
    level: Level
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitEnded:
    """ECS102: a limit ended or was cancelled; ``level`` is what results."""

    at: datetime
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationalUpdate:
    """ECS200: a controller reports its state by itself, for a party that its message names without a counter."""

    at: datetime
    state: ControllerState


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedOutcome:
    """What became of an instruction that was to take effect later: 8F66 on success, 8F67 on failure.

    The command is named by its message code and originator counter, the instruction by the object that it wrote.
    """

    at: datetime
    success: bool
    message_code: int
    originator_counter: int
    target: CosemObject


def _encode_processed(alert: LimitProcessed, counter: int) -> bytes:
    values = (
        uint8(alert.level.controller_code),
        Octets(date_time_octets(alert.start)),
        Octets(date_time_octets(alert.end)),
        uint8(alert.level.level_percent),
    )
    return encode_notification(Notification(alert_code=LIMIT_PROCESSED, at=alert.at, values=values), counter=counter)


def _read_processed(payload: bytes, counter: int) -> LimitProcessed:
    at, values = read_values(payload, counter, LIMIT_PROCESSED)
    match values:
        case (Number(Tag.UINT8, code), Octets(start), Octets(end), Number(Tag.UINT8, percent)):
            level = read_level(code, percent)
            return LimitProcessed(at=at, level=level, start=read_date_time(start), end=read_date_time(end))
    raise RemoteProtocolError("ECS101 alert", "must hold controller, start, end and level")


def _encode_ended(alert: LimitEnded, counter: int) -> bytes:
    values = (uint8(alert.level.controller_code), uint8(alert.level.level_percent))
    return encode_notification(Notification(alert_code=LIMIT_ENDED, at=alert.at, values=values), counter=counter)


def _read_ended(payload: bytes, counter: int) -> LimitEnded:
    at, values = read_values(payload, counter, LIMIT_ENDED)
    match values:
        case (Number(Tag.UINT8, code), Number(Tag.UINT8, percent)):
            return LimitEnded(at=at, level=read_level(code, percent))
    raise RemoteProtocolError("ECS102 alert", "must hold controller and level")


def _encode_update(alert: OperationalUpdate, counter: int) -> bytes:
    values = (encode_state(alert.state),)
    return encode_notification(Notification(alert_code=OPERATIONAL_UPDATE, at=alert.at, values=values), counter=counter)


def _read_update(payload: bytes, counter: int) -> OperationalUpdate:
    at, values = read_values(payload, counter, OPERATIONAL_UPDATE)
    if len(values) != 1:
        raise RemoteProtocolError("ECS200 alert", "must hold one state")
    return OperationalUpdate(at=at, state=read_state(values[0]))


def _encode_outcome(alert: DatedOutcome, counter: int) -> bytes:
    command = alert.message_code.to_bytes(2) + alert.originator_counter.to_bytes(8)
    code = DATED_SUCCESS if alert.success else DATED_FAILURE
    values = (Octets(command + alert.target.octets),)
    return encode_notification(Notification(alert_code=code, at=alert.at, values=values), counter=counter)


def _read_outcome(payload: bytes, counter: int) -> DatedOutcome:
    notification = decode_notification(payload, counter=counter)
    match notification.values:
        case (Octets(said),) if len(said) == _OUTCOME_OCTETS and notification.alert_code in (
            DATED_SUCCESS,
            DATED_FAILURE,
        ):
            return DatedOutcome(
                at=notification.at,
                success=notification.alert_code == DATED_SUCCESS,
                message_code=int.from_bytes(said[:2]),
                originator_counter=int.from_bytes(said[2:10]),
                target=CosemObject(class_id=int.from_bytes(said[10:12]), obis=said[12:18], member=said[18]),
            )
    raise RemoteProtocolError("dated outcome", f"must be 8F66 or 8F67 and {_OUTCOME_OCTETS} octets")


ECS101: AlertCase[LimitProcessed] = AlertCase(
    name="ECS101",
    message_code=0x0121,
    critical=True,
    encode_alert=_encode_processed,
    read_alert=_read_processed,
)
ECS102: AlertCase[LimitEnded] = AlertCase(
    name="ECS102", message_code=0x0122, critical=True, encode_alert=_encode_ended, read_alert=_read_ended
)
ECS200: AlertCase[OperationalUpdate] = AlertCase(
    name="ECS200", message_code=0x0123, critical=True, encode_alert=_encode_update, read_alert=_read_update
)
DATED: AlertCase[DatedOutcome] = AlertCase(
    name="future dated outcome",
    message_code=0x00CC,
    critical=True,
    encode_alert=_encode_outcome,
    read_alert=_read_outcome,
)
