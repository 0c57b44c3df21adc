"""Checkpoints while Linkbox runs: a signature over the chain's head every so many records and minutes, and at the end;
where an authority for time stamps is set up, its word on the newest of them, whenever it can be reached."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from linkbox.base.time import format_utc, parse_utc
from linkbox.operation.dossiers import CHECKPOINT
from linkbox.operation.notice_setup import RecordsKey
from linkbox.operation.ports import Row, Store, Transaction
from linkbox.records.audit import AuditRecord, ChainHead, Checkpoint, make_checkpoint

UNSTAMPED, STAMPED, COVERED = "unstamped", "stamped", "covered"
"""``covered``: a later checkpoint has a time stamp, which says the same of all that is before it."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 30, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPolicy:
    """A checkpoint is due when so many records, or the first of them for so long, are not under one."""

    records: int = 1000
    minutes: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """How far the chain is under checkpoints, and since when there is something that is not."""

    seq: int = 0
    waiting_since: datetime | None = None

    def after(self, head: ChainHead, now: datetime) -> Signed:
        """Once records up to ``head`` were added."""
        if head.seq <= self.seq or self.waiting_since is not None:
            return self
        return Signed(seq=self.seq, waiting_since=now)

    def due_at(self, policy: CheckpointPolicy) -> datetime | None:
        """When time alone makes one due."""
        return None if self.waiting_since is None else self.waiting_since + timedelta(minutes=policy.minutes)

    def due(self, head: ChainHead, policy: CheckpointPolicy, now: datetime) -> bool:
        """Whether one is due now."""
        at = self.due_at(policy)
        return at is not None and (at <= now or head.seq - self.seq >= policy.records)


def load_signed(store: Store, lines: Sequence[str]) -> Signed:
    """How far the stored chain, whose lines these are, is under checkpoints."""
    last = max((int(row.key) for row in store.rows(CHECKPOINT)), default=0)
    since = AuditRecord.from_line(lines[last].encode()).at if len(lines) > last else None
    return Signed(seq=last, waiting_since=since)


def sign_head(tx: Transaction, head: ChainHead, key: RecordsKey, now: datetime) -> Signed:
    """Write a checkpoint over the head."""
    made = make_checkpoint(head, at=now, key_id=key.key_id, sign=key.sign)
    body = {"line": made.line().decode(), "attempts": 0}
    tx.put(CHECKPOINT, Row(key=str(head.seq), state=UNSTAMPED, owner="", body=body))
    return Signed(seq=head.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToStamp:
    """The newest checkpoint, which is to get a time stamp."""

    row: Row
    octets: bytes


def to_stamp(store: Store, now: datetime) -> ToStamp | None:
    """The newest checkpoint without a time stamp, unless it was tried a moment ago, or nothing is newer than the last
    that has one."""
    rows = store.rows(CHECKPOINT, states=[UNSTAMPED])
    if not rows:
        return None
    newest = max(rows, key=lambda row: int(row.key))
    again_at = max((parse_utc(row.body["again_at"]) for row in rows if row.body.get("again_at")), default=None)
    if again_at is not None and again_at > now:
        return None
    line = newest.body["line"].encode()
    return ToStamp(row=newest, octets=Checkpoint.from_line(line).line())


def keep_stamp(tx: Transaction, store: Store, asked: ToStamp, answer: bytes, now: datetime) -> None:
    """Keep the authority's answer; what is before needs none any more."""
    for row in store.rows(CHECKPOINT, states=[UNSTAMPED]):
        if int(row.key) < int(asked.row.key):
            tx.put(CHECKPOINT, Row(key=row.key, state=COVERED, owner="", body=row.body))
    stamp = base64.b64encode(answer).decode()
    body = {**asked.row.body, "stamp": stamp, "stamped_at": format_utc(now)}
    tx.put(CHECKPOINT, Row(key=asked.row.key, state=STAMPED, owner="", body=body))


def keep_failure(tx: Transaction, asked: ToStamp, why: str, now: datetime) -> None:
    """The authority could not be reached: count it, and try again later, less and less often."""
    attempts = int(asked.row.body["attempts"]) + 1
    wait_s = min(_FIRST_WAIT_S * 2 ** min(attempts - 1, 10), _LONGEST_WAIT_S)
    again_at = format_utc(now + timedelta(seconds=wait_s))
    body = {**asked.row.body, "attempts": attempts, "trouble": why, "again_at": again_at}
    tx.put(CHECKPOINT, Row(key=asked.row.key, state=UNSTAMPED, owner="", body=body))
