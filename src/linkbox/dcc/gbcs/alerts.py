"""Alerts of a device that refuses something: generic alerts, and ECS100 for a command that it does not support.

Source: reference dcc.md sections 5.7 and 7.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.gbcs.alertcodes import describe
from linkbox.dcc.gbcs.data import Data, Octets
from linkbox.dcc.gbcs.dlms import Notification, decode_notification, encode_notification
from linkbox.dcc.gbcs.usecase import AlertCase

NO_AUTHORITY = 0x8F30
"""The source of a command has no authority for it."""
COMMAND_NOT_SUPPORTED = 0x8F85
_REFUSED_OCTETS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericAlert:
    """An alert that is no more than its code and its time."""

    alert_code: int
    at: datetime

    @property
    def meaning(self) -> str:
        """What the code means, in words."""
        return describe(self.alert_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandNotSupported:
    """ECS100: the device does not know the message code of a command, whose originator counter is given."""

    at: datetime
    message_code: int
    originator_counter: int


def read_values(payload: bytes, counter: int, alert_code: int) -> tuple[datetime, tuple[Data, ...]]:
    """Time and further values of the notification of the alert ``alert_code``."""
    notification = decode_notification(payload, counter=counter)
    if notification.alert_code != alert_code:
        raise RemoteProtocolError("alert code", f"must be {alert_code:04X}, is {notification.alert_code:04X}")
    return notification.at, notification.values


def _encode_generic(alert: GenericAlert, counter: int) -> bytes:
    return encode_notification(Notification(alert_code=alert.alert_code, at=alert.at), counter=counter)


def _read_generic(payload: bytes, counter: int) -> GenericAlert:
    notification = decode_notification(payload, counter=counter)
    if notification.values:
        raise RemoteProtocolError("generic alert", f"must hold a code and a time only: {notification.alert_code:04X}")
    return GenericAlert(alert_code=notification.alert_code, at=notification.at)


def _encode_unsupported(alert: CommandNotSupported, counter: int) -> bytes:
    refused = alert.message_code.to_bytes(2) + alert.originator_counter.to_bytes(8)
    notification = Notification(alert_code=COMMAND_NOT_SUPPORTED, at=alert.at, values=(Octets(refused),))
    return encode_notification(notification, counter=counter)


def _read_unsupported(payload: bytes, counter: int) -> CommandNotSupported:
    at, values = read_values(payload, counter, COMMAND_NOT_SUPPORTED)
    match values:
        case (Octets(refused),) if len(refused) == _REFUSED_OCTETS:
            code, refused_counter = int.from_bytes(refused[:2]), int.from_bytes(refused[2:])
            return CommandNotSupported(at=at, message_code=code, originator_counter=refused_counter)
    raise RemoteProtocolError("ECS100 alert", f"must name the refused command in {_REFUSED_OCTETS} octets")


GENERIC_CRITICAL: AlertCase[GenericAlert] = AlertCase(
    name="generic critical alert",
    message_code=0x1000,
    critical=True,
    encode_alert=_encode_generic,
    read_alert=_read_generic,
)
GENERIC_NON_CRITICAL: AlertCase[GenericAlert] = AlertCase(
    name="generic non-critical alert",
    message_code=0x1001,
    critical=False,
    encode_alert=_encode_generic,
    read_alert=_read_generic,
)
ECS100: AlertCase[CommandNotSupported] = AlertCase(
    name="ECS100",
    message_code=0x0120,
    critical=True,
    encode_alert=_encode_unsupported,
    read_alert=_read_unsupported,
)
