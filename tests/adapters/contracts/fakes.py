"""The ports in memory, for tests of the use-cases. Each passes the same contract suite as the real adapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from linkbox.base.time import format_utc, parse_utc
from linkbox.customers import CustomerEvent, event_from_row
from linkbox.market import RemoteProtocolError
from linkbox.operation.ports import HttpAnswer, InboxItem, PeerUnreachable, Row, Transaction


class AlreadyThere(Exception):
    """An audit sequence was used twice."""


def plain_copy(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a store gives back: the same JSON value, and nobody else's object."""
    copy: dict[str, Any] = json.loads(json.dumps(body))
    return copy


@dataclass(slots=True)
class Contents:
    """Everything that a store holds."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    snapshots: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)
    readings: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    inbox: dict[tuple[str, str], InboxItem] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], str] = field(default_factory=dict)
    audit: dict[int, str] = field(default_factory=dict)
    customers: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Contents:
        """The same contents in new containers; what they hold is never changed in place."""
        return Contents(
            rows={table: dict(rows) for table, rows in self.rows.items()},
            snapshots=dict(self.snapshots),
            readings={feeder: dict(readings) for feeder, readings in self.readings.items()},
            inbox=dict(self.inbox),
            outcomes=dict(self.outcomes),
            audit=dict(self.audit),
            customers=list(self.customers),
            counters=dict(self.counters),
        )


@dataclass(slots=True)
class MemoryDisk:
    """What survives a store: give it to the next one."""

    contents: Contents = field(default_factory=Contents)


class MemoryStore:
    """A Store that keeps everything in a MemoryDisk."""

    def __init__(self, disk: MemoryDisk | None = None) -> None:
        self._disk = disk or MemoryDisk()
        self._working: Contents | None = None

    @property
    def _now(self) -> Contents:
        return self._disk.contents if self._working is None else self._working

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        self._working = self._disk.contents.copy()
        try:
            yield _MemoryTransaction(self._working)
            self._disk.contents = self._working
        finally:
            self._working = None

    def rows(self, table: str, *, states: Sequence[str] | None = None, owner: str | None = None) -> list[Row]:
        return [
            _own(row)
            for row in self._now.rows.get(table, {}).values()
            if (states is None or row.state in states) and (owner is None or row.owner == owner)
        ]

    def row(self, table: str, key: str) -> Row | None:
        found = self._now.rows.get(table, {}).get(key)
        return None if found is None else _own(found)

    def snapshot(self, name: str) -> tuple[datetime, bytes] | None:
        return self._now.snapshots.get(name)

    def readings(self, feeder: str, *, after: datetime | None) -> list[tuple[datetime, Mapping[str, Any]]]:
        since = "" if after is None else format_utc(after)
        found = sorted(self._now.readings.get(feeder, {}).items())
        return [(parse_utc(at), plain_copy(body)) for at, body in found if at > since]

    def pending_inbox(self) -> list[InboxItem]:
        return [item for key, item in self._now.inbox.items() if key not in self._now.outcomes]

    def audit_lines(self) -> list[str]:
        return [line for _, line in sorted(self._now.audit.items())]

    def customer_events(self) -> list[Mapping[str, Any]]:
        return [plain_copy(body) for body in self._now.customers]

    def customer_facts(
        self, *, after: int = 0, mpans: Collection[str] | None = None, most: int | None = None
    ) -> list[tuple[int, CustomerEvent]]:
        rows = enumerate(self._now.customers, 1)
        mine = [(n, row) for n, row in rows if n > after and "mpan" in row and (mpans is None or row["mpan"] in mpans)]
        return [(n, event_from_row(row)) for n, row in mine[:most]]

    def last_customer_fact(self) -> int:
        return len(self._now.customers)

    def close(self) -> None:
        self._working = None


class _MemoryTransaction:
    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def put(self, table: str, row: Row) -> None:
        self._contents.rows.setdefault(table, {})[row.key] = _own(row)

    def remove(self, table: str, key: str) -> bool:
        return self._contents.rows.get(table, {}).pop(key, None) is not None

    def remove_readings(self, before: datetime, *, most: int) -> int:
        found = sorted(
            (at, feeder) for feeder, kept in self._contents.readings.items() for at in kept if at < format_utc(before)
        )
        for at, feeder in found[:most]:
            left = {time: body for time, body in self._contents.readings[feeder].items() if time != at}
            self._contents.readings[feeder] = left
        return len(found[:most])

    def remove_inbox(self, before: datetime, *, most: int) -> int:
        done = [key for key, item in self._contents.inbox.items() if key in self._contents.outcomes]
        old = [key for key in done if self._contents.inbox[key].received_at < before][:most]
        for key in old:
            del self._contents.inbox[key]
            del self._contents.outcomes[key]
        return len(old)

    def save_snapshot(self, name: str, at: datetime, body: bytes) -> None:
        self._contents.snapshots[name] = (parse_utc(format_utc(at)), body)

    def add_reading(self, feeder: str, at: datetime, body: Mapping[str, Any]) -> bool:
        known = self._contents.readings.setdefault(feeder, {})
        new = format_utc(at) not in known
        known.setdefault(format_utc(at), plain_copy(body))
        return new

    def put_inbox(self, item: InboxItem) -> bool:
        new = (item.kind, item.identity) not in self._contents.inbox
        self._contents.inbox.setdefault((item.kind, item.identity), item)
        return new

    def finish_inbox(self, kind: str, identity: str, outcome: str) -> None:
        self._contents.outcomes[kind, identity] = outcome

    def append_audit(self, lines: Iterable[tuple[int, str]]) -> None:
        for seq, line in lines:
            if seq in self._contents.audit:
                raise AlreadyThere(seq)
            self._contents.audit[seq] = line

    def append_customer_event(self, body: Mapping[str, Any]) -> None:
        self._contents.customers.append(plain_copy(body))

    def take_counters(self, originator: str, count: int, *, at_least: int) -> int:
        first = max(self._contents.counters.get(originator, 0), at_least)
        self._contents.counters[originator] = first + count
        return first


def _own(row: Row) -> Row:
    return Row(key=row.key, state=row.state, owner=row.owner, body=plain_copy(row.body))


MAX_REPLY_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a peer answers on one post. ``lost``: the post arrives, the answer does not."""

    status: int = 200
    content_type: str = "application/xml"
    body: bytes = b""
    lost: bool = False


Answerer = Callable[[str, bytes], Reply]


@dataclass(slots=True)
class FakeDccGateway:
    """A DccGateway whose other side is a function from (service, body) to a Reply; None: nothing listens."""

    answer: Answerer | None = None

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        if self.answer is None:
            raise PeerUnreachable("DCC", "nothing listens")
        reply = self.answer(service, body)
        if reply.lost:
            raise PeerUnreachable("DCC", "the connection broke")
        if reply.status >= 500 or 300 <= reply.status < 400 or reply.content_type != "application/xml":
            raise PeerUnreachable("DCC", f"HTTP {reply.status} with content type {reply.content_type}")
        if len(reply.body) > MAX_REPLY_BYTES:
            raise PeerUnreachable("DCC", f"reply over {MAX_REPLY_BYTES} bytes")
        return HttpAnswer(status=reply.status, body=reply.body)


@dataclass(slots=True)
class FakeMarketGateway:
    """A MarketGateway that keeps what it was given; ``status`` is what the provider answers, None: nothing listens."""

    status: int | None = 202
    received: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, message: Mapping[str, Any]) -> None:
        if self.status is None:
            raise PeerUnreachable("provider", "nothing listens")
        self.received.append(plain_copy(message))
        if not 200 <= self.status < 300:
            raise PeerUnreachable("provider", f"HTTP {self.status}")

    def read(self, body: bytes) -> Mapping[str, Any]:
        """The fake's seal is JSON."""
        try:
            message = json.loads(body)
        except ValueError as error:
            raise RemoteProtocolError(400, "not as the schema has it") from error
        if not isinstance(message, dict) or "message_id" not in message:
            raise RemoteProtocolError(400, "not as the schema has it")
        return message


@dataclass(slots=True)
class FakeNoticeChannel:
    """A NoticeChannel that keeps notices by their id; ``broken`` refuses all. ``calls`` counts repeats too."""

    broken: bool = False
    calls: int = 0
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        self.calls += 1
        if self.broken:
            raise PeerUnreachable("notice channel", "it is broken")
        self.delivered[str(notice["id"])] = plain_copy(notice)
