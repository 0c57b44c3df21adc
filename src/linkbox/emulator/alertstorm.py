"""Alert storm protection as the DSP does it. Source: reference dcc.md section 8.3; numbers are settings.

The first alerts of one code from one device pass; further ones within the window are suppressed, and at its end one
message tells how many there were. A new sequence id is used for every such message of a device.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.dcc.gbcs import alerts
from linkbox.emulator.device import DeviceAlert

STORM_CODE = 0x8F3E
"""The alert that an emulated storm consists of: unauthorised communication access attempted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """What one window held back: the last of the alerts, how many, under which sequence id, when to look again."""

    payload: bytes = field(repr=False)
    response_id: RequestId
    sequence_id: int
    count: int
    again_at: datetime


@dataclass(slots=True, kw_only=True)
class _Window:
    ends: datetime
    passed: int = 0
    count: int = 0
    payload: bytes = b""
    response_id: RequestId | None = None


class StormProtection:
    """Counts the alerts of every device by code."""

    def __init__(self, *, limit: int, window_s: float) -> None:
        self._limit, self._window = limit, timedelta(seconds=window_s)
        self._windows: dict[tuple[Eui64, int], _Window] = {}
        self._sequence: dict[Eui64, int] = {}

    def take(
        self, device: Eui64, code: int, payload: bytes, response_id: RequestId, *, at: datetime
    ) -> tuple[bool, datetime | None]:
        """Whether an alert passes; and, for the first that does not, when its window ends."""
        window = self._windows.get((device, code))
        if window is None or (window.ends <= at and window.count == 0):
            window = self._windows[device, code] = _Window(ends=at + self._window)
        if window.passed < self._limit:
            window.passed += 1
            return True, None
        window.count += 1
        window.payload, window.response_id = payload, response_id
        return False, window.ends if window.count == 1 else None

    def window_ends(self, device: Eui64, code: int, *, at: datetime) -> Suppressed | None:
        """What was suppressed until ``at``; None, and the storm is over, if nothing was."""
        window = self._windows.pop((device, code), None)
        if window is None or window.count == 0 or window.response_id is None:
            return None
        sequence_id = self._sequence[device] = self._sequence.get(device, 0) + 1
        again_at = at + self._window
        self._windows[device, code] = _Window(ends=again_at, passed=self._limit)
        return Suppressed(
            payload=window.payload,
            response_id=window.response_id,
            sequence_id=sequence_id,
            count=window.count,
            again_at=again_at,
        )


def storm_alert(at: datetime, user: Eui64) -> DeviceAlert:
    """The alert of a meter that storms."""
    value = alerts.GenericAlert(alert_code=STORM_CODE, at=at.replace(microsecond=0))
    return DeviceAlert(case=alerts.GENERIC_CRITICAL, code=STORM_CODE, value=value, recipient=user)
