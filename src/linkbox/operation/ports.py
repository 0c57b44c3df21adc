"""What the use-cases need from the world, as protocols. Each has one contract suite that every adapter passes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from linkbox.base.errors import LinkboxError
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.customers import CustomerEvent
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.stored_facts import StoredFact

Json = Any
"""A value that JSON can hold; its shape is known to the module that wrote it."""


class OperationError(LinkboxError):
    """Root of the errors of this room."""


class PeerUnreachable(OperationError):
    """A peer could not be reached, or answered outside the protocol. Nothing is known of the message's fate."""

    def __init__(self, peer: str, why: str) -> None:
        self.peer, self.why = peer, why
        super().__init__(f"{peer} could not be reached: {why}")


class PeerRefused(PeerUnreachable):
    """A peer was reached and will never take this message: no use in trying again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """Something that the world told us, committed before it was answered. ``identity`` makes repeats harmless."""

    kind: str
    identity: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stored entity: its key, the state that queries select by, the owner that it belongs to, its content."""

    key: str
    state: str
    owner: str
    body: Mapping[str, Json]


class Transaction(Protocol):
    """All that happens in one commit. Leaving it by an exception undoes everything."""

    def put(self, table: str, row: Row) -> None:
        """Insert or replace one entity of ``table`` (``intervention``, ``command``, ``exchange``, ``hold`` …)."""

    def remove(self, table: str, key: str) -> bool:
        """Take one entity away for good: a person's right to it, or the end of its retention; whether it was there."""

    def remove_readings(self, before: datetime, *, most: int) -> int:
        """Take away readings that were taken before a time, the oldest first, ``most`` at once; how many."""

    def remove_inbox(self, before: datetime, *, most: int) -> int:
        """Take away arrivals that were dealt with and had arrived before a time; how many."""

    def save_snapshot(self, name: str, at: datetime, body: bytes) -> None:
        """Replace the snapshot called ``name``."""

    def add_reading(self, feeder: str, at: datetime, body: Mapping[str, Json]) -> bool:
        """Keep one reading; False where the feeder already has one for that time."""

    def put_inbox(self, item: InboxItem) -> bool:
        """Keep an arrival; False where its identity is known already."""

    def finish_inbox(self, kind: str, identity: str, outcome: str) -> None:
        """Mark an arrival as dealt with."""

    def append_audit(self, lines: Iterable[tuple[int, str]]) -> None:
        """Append ``(sequence, canonical line)`` records. A sequence that exists already is an error."""

    def append_customer_event(self, body: Mapping[str, Json]) -> None:
        """Append one fact of the customers' history."""

    def take_counters(self, originator: str, count: int, *, at_least: int) -> int:
        """Reserve ``count`` originator counters, never given before, and return the first."""


class Store(Protocol):
    """The one place where decisions live. Reads see what was committed."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; commit on leaving, durably; roll back on an exception."""

    def rows(self, table: str, *, states: Sequence[str] | None = None, owner: str | None = None) -> list[Row]:
        """Entities of ``table`` in order of insertion."""

    def row(self, table: str, key: str) -> Row | None:
        """One entity, or None."""

    def snapshot(self, name: str) -> tuple[datetime, bytes] | None:
        """The snapshot called ``name``, or None."""

    def readings(self, feeder: str, *, after: datetime | None) -> list[tuple[datetime, Mapping[str, Json]]]:
        """Readings of one feeder later than ``after``, in order of time."""

    def pending_inbox(self) -> list[InboxItem]:
        """Arrivals not yet dealt with, in order of arrival."""

    def audit_lines(self) -> list[str]:
        """The whole chain in order."""

    def customer_events(self) -> list[Mapping[str, Json]]:
        """The customers' history in order of recording."""

    def customer_facts(
        self, *, after: int = 0, mpans: Collection[str] | None = None, most: int | None = None
    ) -> list[tuple[int, CustomerEvent]]:
        """The facts that were recorded after number ``after``, of all points or of some, each with its number, in
        order of recording; the first so many where ``most`` is given."""

    def last_customer_fact(self) -> int:
        """The number of the fact that was recorded last; 0 where there is none."""

    def close(self) -> None:
        """Release the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPoint:
    """One connection point as the distributor's register has it. ``supplier``: as known when it was registered."""

    feeder_id: FeederId
    point: ConnectionPoint
    supplier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How many facts of many were new, and how many were known already."""

    new: int
    known: int


class Register(Protocol):
    """Millions of connection points, and what their customers said: the facts that the Store gives, in bulk.

    What is written goes in commits of some thousand rows, so that a controller on the same store is not kept waiting;
    what was cut off is completed by doing it again."""

    def put_points(self, points: Iterable[RegisteredPoint], *, progress: Callable[[int], None] = ...) -> int:
        """Add points, or replace those of the same MPAN; how many were given. ``progress`` hears how many are done."""

    def points_of(self, feeder_id: FeederId) -> list[RegisteredPoint]:
        """The points on one feeder, by MPAN."""

    def point_of(self, mpan: Mpan) -> RegisteredPoint | None:
        """One point."""

    def facts_of(self, feeder_id: FeederId) -> list[CustomerEvent]:
        """All facts about the points on one feeder, in any order."""

    def record(self, facts: Iterable[StoredFact], *, progress: Callable[[int], None] = ...) -> Recorded:
        """Append those facts that are not known yet."""

    def count_known(self, facts: Iterable[StoredFact]) -> Recorded:
        """What ``record`` would do, without doing it; a fact that comes twice may be counted twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back on the synchronous leg."""

    status: int
    body: bytes


class DccGateway(Protocol):
    """The DCC's three web services."""

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """POST signed XML to service ``S``, ``T`` or ``D``; raise PeerUnreachable when no answer came."""


class MarketGateway(Protocol):
    """The flexibility providers' own endpoints, and the seal on what they send. Messages are plain values with UFTP's
    names (``linkbox.market.messages``)."""

    async def send(self, message: Mapping[str, Json]) -> None:
        """Deliver one message; the same message goes out as the same bytes. Raise PeerUnreachable when it was not
        taken."""

    def read(self, body: bytes) -> Mapping[str, Json]:
        """The message in what arrived, verified; raise RemoteProtocolError (linkbox.market) for anything else."""


class NoticeChannel(Protocol):
    """Where notices are handed over: files in the demo, e-mail, SMS and webhooks in service."""

    async def deliver(self, notice: Mapping[str, Json]) -> None:
        """Hand over one notice, idempotent by its ``id``; raise PeerUnreachable when that failed, PeerRefused where
        trying again is of no use."""


class TimeStamper(Protocol):
    """An authority for time stamps (RFC 3161)."""

    async def stamp(self, octets: bytes) -> bytes:
        """The authority's answer about these octets, a TimeStampResp in DER whose status and imprint were looked at;
        raise PeerUnreachable when there was none, or no good one."""
