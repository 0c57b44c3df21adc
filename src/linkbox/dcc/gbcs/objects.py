"""The COSEM objects of auxiliary load control. Source: reference dcc.md section 5.6, object map.

``number`` is that of the switch or controller, 1 to SLOTS.
"""

from __future__ import annotations

from collections.abc import Sequence

from linkbox.dcc.errors import LocalProtocolError
from linkbox.dcc.gbcs.dlms import CosemObject

SLOTS = 5
SLOT_NUMBERS = tuple(range(1, SLOTS + 1))
_DATA, _PROFILE, _SCRIPTS, _SCHEDULE, _SPECIAL_DAYS = 1, 7, 9, 10, 11
_DISCONNECT, _DEVICE_LOG, _ACTIVATOR = 70, 104, 9000


def require_slot(number: int) -> int:
    """Return ``number``; raise LocalProtocolError unless it is that of a switch."""
    if not 1 <= number <= SLOTS:
        raise LocalProtocolError(f"switch number {number}", f"must be within 1..{SLOTS}")
    return number


def require_slots(*per_slot: Sequence[object]) -> None:
    """Raise LocalProtocolError unless each sequence has one element for each of the SLOTS."""
    if any(len(values) != SLOTS for values in per_slot):
        raise LocalProtocolError("values of the slots", f"must be one for each of {SLOTS}")


def _object(class_id: int, obis: str, member: int = 2) -> CosemObject:
    return CosemObject(class_id=class_id, obis=bytes.fromhex(obis), member=member)


def _per_slot(class_id: int, pattern: str, base: int = 0) -> tuple[CosemObject, ...]:
    return tuple(_object(class_id, pattern.format(base + number)) for number in SLOT_NUMBERS)


LABELS = _per_slot(_DATA, "00005E2C00{:02X}", 0x0A)
TYPES = _per_slot(_DATA, "00005E2C00{:02X}", 0x14)
STATE_TEXTS = _per_slot(_DATA, "00005E2C00{:02X}", 0x1E)
CLOSE_TIMES = _per_slot(_DATA, "00005E2C{:02X}01", 0x74)
OPEN_TIMES = _per_slot(_DATA, "00005E2C{:02X}02", 0x74)
LIMIT_STARTS = _per_slot(_DATA, "00005E2C{:02X}03", 0x74)
LIMIT_ENDS = _per_slot(_DATA, "00005E2C{:02X}04", 0x74)
BOOST_CONTROLS = _per_slot(_DATA, "00005E2C06{:02X}")
SWITCH_STATES = _per_slot(_DISCONNECT, "00{:02X}60030AFF")
BOOST_AVAILABILITY = _object(_DATA, "00005E2C07FF")
BOOST_LOG = _object(_PROFILE, "0000636214FF")
EVENT_LOG = _object(_PROFILE, "0011636202FF")
LOG_CLOCK = _object(_DATA, "00005E2C64FF")
SWITCH_SCRIPTS = _object(_SCRIPTS, "00000A0067FF", 1)
LIMIT_SCRIPTS = _object(_SCRIPTS, "00000A006BFF", 1)
SPECIAL_DAYS = _object(_SPECIAL_DAYS, "00000B0003FF")
SCHEDULE = _object(_SCHEDULE, "00000C0002FF")
PENDING_SPECIAL_DAYS = _object(_SPECIAL_DAYS, "00010B0003FF")
PENDING_SCHEDULE = _object(_SCHEDULE, "00010C0002FF")
SCHEDULE_ACTIVATION = _object(_ACTIVATOR, "00005E2C801A", 6)
SPECIAL_DAYS_ACTIVATION = _object(_ACTIVATOR, "00005E2C8023", 6)
DEVICE_LOG_ADD = _object(_DEVICE_LOG, "00001E0300FF", 1)
DEVICE_LOG_REMOVE = _object(_DEVICE_LOG, "00001E0300FF", 2)
DEVICE_LOG_JOINING = _object(_DEVICE_LOG, "00001E0300FF", 2)
DEVICE_LOG_JOIN_TIME = _object(_DEVICE_LOG, "00001E0300FF", 3)
