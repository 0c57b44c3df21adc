"""CS14: the log of a communications hub changed (alert 8F12, to the access control broker).

Source: the published message; reference dcc.md section 5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import Eui64
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError
from linkbox.dcc.gbcs.alerts import read_values
from linkbox.dcc.gbcs.data import Array, Data, Octets, Structure
from linkbox.dcc.gbcs.dlms import Notification, encode_notification
from linkbox.dcc.gbcs.times import date_time_octets, read_date_time
from linkbox.dcc.gbcs.usecase import AlertCase

DEVICE_LOG_CHANGED = 0x8F12
_EUI_OCTETS, _KEY_OCTETS, _NETWORK_OCTETS = 8, 16, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDevice:
    """A device of the log, and 16 octets about its key."""

    eui: Eui64
    key_octets: bytes

    def __post_init__(self) -> None:
        if len(self.key_octets) != _KEY_OCTETS:
            raise LocalProtocolError("key octets of a logged device", f"must be {_KEY_OCTETS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLogChanged:
    """The whole log after a change, as it stood at ``logged_at``. No source at hand tells what the 8 octets of
    ``network`` are (perhaps the identifier of the home network)."""

    at: datetime
    logged_at: datetime
    network: bytes
    devices: tuple[LoggedDevice, ...]

    def __post_init__(self) -> None:
        if len(self.network) != _NETWORK_OCTETS:
            raise LocalProtocolError("network of a device log", f"must be {_NETWORK_OCTETS} octets")


def _encode(alert: DeviceLogChanged, counter: int) -> bytes:
    devices = (Structure((Octets(d.eui.octets), Octets(d.key_octets))) for d in alert.devices)
    log = Structure((Octets(date_time_octets(alert.logged_at)), Octets(alert.network), Array(tuple(devices))))
    notification = Notification(alert_code=DEVICE_LOG_CHANGED, at=alert.at, values=(log,))
    return encode_notification(notification, counter=counter)


def _read(payload: bytes, counter: int) -> DeviceLogChanged:
    at, values = read_values(payload, counter, DEVICE_LOG_CHANGED)
    match values:
        case (Structure((Octets(logged_at), Octets(network), Array(devices))),) if len(network) == _NETWORK_OCTETS:
            return DeviceLogChanged(
                at=at,
                logged_at=read_date_time(logged_at),
                network=network,
                devices=tuple(map(_read_device, devices)),
            )
    raise RemoteProtocolError("CS14 alert", "must hold a time, 8 octets and the devices of the log")


def _read_device(data: Data) -> LoggedDevice:
    match data:
        case Structure((Octets(eui), Octets(key))) if len(eui) == _EUI_OCTETS and len(key) == _KEY_OCTETS:
            return LoggedDevice(eui=Eui64.from_octets(eui), key_octets=key)
    raise RemoteProtocolError("CS14 alert", "must name each device by its EUI and 16 octets")


CS14: AlertCase[DeviceLogChanged] = AlertCase(
    name="CS14", message_code=0x0018, critical=False, encode_alert=_encode, read_alert=_read
)
