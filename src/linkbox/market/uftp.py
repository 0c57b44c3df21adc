"""What amperes and moments are in the USEF Flex Trading Protocol: congestion points, ISPs, watts, identifiers.

UFTP knows no phases, so each phase of a feeder is a congestion point of its own, ``<prefix>:<feeder>.L1``. Powers are
W at the nominal 230 V, consumption positive: a reduction is a negative power. A period is a local day; its ISPs are
numbered from 1 and follow the local clock's day of 23, 24 or 25 hours. Source: Shapeshifter specification 3.1.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from linkbox.base.identifiers import FeederId
from linkbox.base.phases import Phase

NOMINAL_V = 230.0
VERSION = "3.1.0"
VERSIONS = ("3.0.0", "3.1.0")
"""Versions that are understood; answers go out in the version of what they answer."""

CURRENCY = "GBP"
_POINT = re.compile(r"(?P<prefix>.+):(?P<feeder>[^:]+)\.(?P<phase>L[123])")


@dataclass(frozen=True, slots=True, kw_only=True)
class UftpIdentity:
    """How Linkbox stands in the market: its domain, the market's time zone and ISP, and the prefix of its points."""

    domain: str = "dso.linkbox.example"
    time_zone: str = "Europe/London"
    isp_minutes: int = 15
    prefix: str = "ea1.2026-01.example.linkbox.dso"

    @property
    def isp_duration(self) -> str:
        """The ISP as ISO 8601: ``PT15M``."""
        return f"PT{self.isp_minutes}M"

    def congestion_point(self, feeder_id: FeederId, phase: Phase) -> str:
        """The entity address of one phase of a feeder."""
        return f"{self.prefix}:{feeder_id}.{phase.name}"

    def message_id(self, name: str) -> str:
        """The MessageID of what ``name`` names, the same whenever it is asked for (UUID version 5, RFC 4122)."""
        return str(uuid5(NAMESPACE_URL, f"{self.domain}/{name}"))


def split_point(congestion_point: str) -> tuple[str, Phase] | None:
    """The feeder's name and the phase of an entity address; None where it is not one of ours."""
    found = _POINT.fullmatch(congestion_point)
    return None if found is None else (found["feeder"], Phase[found["phase"]])


def watts(reduction_a: float) -> int:
    """A reduction as the power of an ISP: negative, and rounded so that nothing of it is lost."""
    return -math.ceil(round(reduction_a * NOMINAL_V, 6))


def amps(power_w: int) -> float:
    """The reduction that a power of an ISP is: negative where it would raise the current."""
    return -power_w / NOMINAL_V


@dataclass(frozen=True, slots=True, kw_only=True)
class IspSpan:
    """ISPs ``start`` to ``start + duration - 1`` of a period (a local day)."""

    period: date
    start: int
    duration: int


def day_start(period: date, zone: str) -> datetime:
    """The moment at which a local day begins, in UTC."""
    return datetime.combine(period, time(0), ZoneInfo(zone)).astimezone(UTC)


def isps_of_day(period: date, zone: str, isp_minutes: int) -> int:
    """How many ISPs a day has: 96 of 15 minutes, 92 and 100 where the clock changes."""
    length = day_start(period + timedelta(days=1), zone) - day_start(period, zone)
    return round(length / timedelta(minutes=isp_minutes))


def isp_span(start: datetime, end: datetime, zone: str, isp_minutes: int) -> IspSpan:
    """The ISPs that ``[start, end)`` touches; both must lie in one local day."""
    period = start.astimezone(ZoneInfo(zone)).date()
    begun, isp = day_start(period, zone), timedelta(minutes=isp_minutes)
    first, after = (start - begun) // isp, -((begun - end) // isp)
    return IspSpan(period=period, start=first + 1, duration=max(1, after - first))


def span_times(span: IspSpan, zone: str, isp_minutes: int) -> tuple[datetime, datetime]:
    """When a span of ISPs begins and ends."""
    first = day_start(span.period, zone) + timedelta(minutes=isp_minutes) * (span.start - 1)
    return first, first + timedelta(minutes=isp_minutes) * span.duration


def split_by_day(start: datetime, end: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """``[start, end)`` in parts that each lie in one local day: a message speaks of one period only."""
    while start < end:
        midnight = day_start(start.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), zone)
        yield start, min(midnight, end)
        start = midnight
