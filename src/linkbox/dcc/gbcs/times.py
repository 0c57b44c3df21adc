"""Times in GBCS: the DLMS date-time of 12 octets, and seconds since 2000. Source: reference dcc.md section 5.5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

from linkbox.base.time import require_utc
from linkbox.dcc.errors import LocalProtocolError, RemoteProtocolError

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UINT32_MAX = 2**32 - 1
_ANY_WEEKDAY = 0xFF
_TAIL = bytes.fromhex("008000FF")  # no hundredths, deviation not specified, clock status not specified
_OCTETS = 12


class Activation(Enum):
    """When a setting takes effect, other than at a time."""

    IMMEDIATELY = bytes(8) + b"\x00" + bytes.fromhex("8000FF")
    NEVER = b"\xff" * 9 + bytes.fromhex("8000FF")


def date_time_octets(at: datetime) -> bytes:
    """``at`` (UTC, whole seconds) as 12 octets."""
    require_utc(at)
    if at.microsecond:
        raise LocalProtocolError(f"GBCS date-time {at.isoformat()}", "must be whole seconds")
    clock = bytes((at.month, at.day, _ANY_WEEKDAY, at.hour, at.minute, at.second))
    return at.year.to_bytes(2) + clock + _TAIL


def read_date_time(octets: bytes) -> datetime:
    """The inverse of ``date_time_octets``; raise RemoteProtocolError for wildcards and anything else."""
    if len(octets) != _OCTETS or octets[4] != _ANY_WEEKDAY or octets[8:] != _TAIL:
        raise RemoteProtocolError("GBCS date-time", f"must be UTC in 12 octets: {octets.hex().upper()}")
    try:
        return datetime(int.from_bytes(octets[:2]), octets[2], octets[3], octets[5], octets[6], octets[7], tzinfo=UTC)
    except ValueError:
        raise RemoteProtocolError("GBCS date-time", f"must exist: {octets.hex().upper()}") from None


def activation_octets(at: datetime | Activation) -> bytes:
    """A time of activation as 12 octets."""
    return at.value if isinstance(at, Activation) else date_time_octets(at)


def read_activation(octets: bytes) -> datetime | Activation:
    """The inverse of ``activation_octets``."""
    return next((a for a in Activation if a.value == octets), None) or read_date_time(octets)


def log_seconds(at: datetime) -> int:
    """``at`` (UTC, whole seconds) as the time stamp of a log: seconds since 2000-01-01."""
    seconds, rest = divmod(require_utc(at) - _EPOCH, timedelta(seconds=1))
    if rest or not 0 <= seconds <= _UINT32_MAX:
        raise LocalProtocolError(f"log time {at.isoformat()}", "must be whole seconds within 2000..2136")
    return seconds


def from_log_seconds(seconds: int) -> datetime:
    """The inverse of ``log_seconds``."""
    return _EPOCH + timedelta(seconds=seconds)
