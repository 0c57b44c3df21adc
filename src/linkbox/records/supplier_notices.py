"""What suppliers are told about an intervention, as values: the MPANs of their own customers and nobody else's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.time import format_utc
from linkbox.records.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedPoint:
    """A connection point whose charger was held, with the supplier that serves it at that time.

    ``supplier`` is the market participant's short identifier. ``end`` is None while the hold lasts.
    """

    mpan: Mpan
    postcode: str
    supplier: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What suppliers may know of an intervention as a whole."""

    intervention_id: str
    feeder_id: FeederId
    start: datetime
    end: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierNotice:
    """One supplier's notice of one event. ``points`` are its own customers only, in the order of start and MPAN."""

    supplier: str
    event: EventFacts
    at: datetime
    points: tuple[AffectedPoint, ...]

    def csv(self) -> str:
        """The points as CSV with a header line; RFC 4180 line ends, times in UTC."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(("intervention", "feeder", "mpan", "postcode", "start", "end", "reason"))
        for point in self.points:
            writer.writerow(
                (
                    self.event.intervention_id,
                    self.event.feeder_id,
                    point.mpan,
                    point.postcode,
                    format_utc(point.start),
                    "" if point.end is None else format_utc(point.end),
                    self.event.reason,
                )
            )
        return out.getvalue()

    def as_json(self) -> dict[str, Json]:
        """The notice as a JSON object; times in UTC."""
        return {
            "supplier": self.supplier,
            "intervention": self.event.intervention_id,
            "feeder": str(self.event.feeder_id),
            "at": format_utc(self.at),
            "start": format_utc(self.event.start),
            "end": None if self.event.end is None else format_utc(self.event.end),
            "reason": self.event.reason,
            "points": [
                {
                    "mpan": str(point.mpan),
                    "postcode": point.postcode,
                    "start": format_utc(point.start),
                    "end": None if point.end is None else format_utc(point.end),
                }
                for point in self.points
            ],
        }

    def text(self) -> str:
        """The notice as plain text."""
        event = self.event
        span = f"from {format_utc(event.start)} " + ("on" if event.end is None else f"to {format_utc(event.end)}")
        lines = [
            f"Load was reduced on low-voltage feeder {event.feeder_id} {span} (intervention {event.intervention_id}).",
            f"Reason: {event.reason}",
            f"{len(self.points)} hold(s) at connection points that you supply:",
        ]
        lines += [f"{p.mpan}  {p.postcode:<8}  {format_utc(p.start)}  {_end(p)}" for p in self.points]
        return "\n".join(lines) + "\n"


def supplier_notice(
    event: EventFacts, points: Iterable[AffectedPoint], *, supplier: str, at: datetime
) -> SupplierNotice:
    """The notice to one supplier: of ``points``, only those that it serves."""
    own = sorted((p for p in points if p.supplier == supplier), key=lambda p: (p.start, p.mpan))
    return SupplierNotice(supplier=supplier, event=event, at=at, points=tuple(own))


def supplier_notices(event: EventFacts, points: Iterable[AffectedPoint], *, at: datetime) -> tuple[SupplierNotice, ...]:
    """One notice for each supplier with a customer among ``points``, in the order of suppliers' identifiers."""
    points = list(points)
    suppliers = sorted({point.supplier for point in points})
    return tuple(supplier_notice(event, points, supplier=supplier, at=at) for supplier in suppliers)


def _end(point: AffectedPoint) -> str:
    return "still held" if point.end is None else format_utc(point.end)
