"""DCC alerts: what the DCC itself tells a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from linkbox.base.identifiers import RequestId


class Breach(StrEnum):
    """Which anomaly detection limit a quarantined request went over; the value is the element's name."""

    USER_THRESHOLD = "ADUserThresholdBreach"
    DCC_THRESHOLD = "ADDCCThresholdBreach"
    ATTRIBUTE_LIMITS = "ADAttributeLimitsBreach"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRequest:
    """A request was not delivered, and may be delivered much later. ``event_reference``: an integer of 20 digits."""

    breach: Breach
    request_id: RequestId
    event_reference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDccAlert:
    """An alert that this library knows by name only; ``content`` is its element as canonical XML."""

    element: str
    content: bytes = field(repr=False)


DccAlertBody: TypeAlias = QuarantinedRequest | OtherDccAlert
