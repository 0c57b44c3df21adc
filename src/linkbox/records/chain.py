"""The audit chain: append-only records, each bound by SHA-256 to the one before it.

A record is one line of canonical JSON with three members in this order::

    {"digest":"<64 hex>","entry":{"at":...,"facts_digest":...,"previous":...,"seq":...,"stream":...,
     "stream_previous":...,"stream_seq":...,"type":...},"facts":{...}}

``digest`` is SHA-256 over the bytes of ``entry``; ``facts_digest`` is SHA-256 over the bytes of ``facts``;
``previous`` is the digest of the record before, over all streams; ``stream_previous`` is that of the record before
in the same stream. So each byte of a line is covered, and facts can be withheld (``null``: a data-protection
request, or an extract for somebody else) while the chain still verifies. Where facts could be guessed from their
digest, put a random ``nonce`` among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from linkbox.base.errors import Issue
from linkbox.base.time import format_utc, parse_utc
from linkbox.records.canonical import Json, RecordsError, Unrecordable, canonical_json, check_facts, sha256_hex

ZERO_DIGEST = "0" * 64
"""What the first record of a chain, and the first of a stream, has in place of a previous digest."""

LINE_START = b'{"digest":"'
ENTRY_START = b'","entry":'
FACTS_START = b',"facts":'
ENTRY_AT = len(LINE_START) + 64 + len(ENTRY_START)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,95}")


class NotARecord(RecordsError):
    """A line is not an audit record in canonical form."""

    def __init__(self, line: bytes, rule: str) -> None:
        self.line, self.rule = line, rule
        super().__init__(f"not an audit record: {rule}: {line[:80]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that happened, before it is bound into the chain. ``stream`` and ``kind`` are short names."""

    at: datetime
    stream: str
    kind: str
    facts: Mapping[str, Json]

    def __post_init__(self) -> None:
        bad = [
            Issue(where=where, value=name, rule="1 to 96 of letters, digits and ._:/- beginning with a letter or digit")
            for where, name in (("stream", self.stream), ("kind", self.kind))
            if not _NAME.fullmatch(name)
        ]
        if bad:
            raise Unrecordable("audit event", bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One link of the chain. ``facts`` is None where they were withheld; all digests are lower-case hex."""

    seq: int
    at: datetime
    stream: str
    stream_seq: int
    kind: str
    facts: Mapping[str, Json] | None
    facts_digest: str
    previous: str
    stream_previous: str
    digest: str

    def entry_bytes(self) -> bytes:
        """The bytes that ``digest`` covers."""
        return _entry_bytes(
            format_utc(self.at),
            self.facts_digest,
            self.previous,
            self.seq,
            self.stream,
            self.stream_previous,
            self.stream_seq,
            self.kind,
        )

    def line(self) -> bytes:
        """This record as one line of JSON Lines, without the line end."""
        facts = b"null" if self.facts is None else canonical_json(self.facts)
        return b"".join((LINE_START, self.digest.encode(), ENTRY_START, self.entry_bytes(), FACTS_START, facts, b"}"))

    @classmethod
    def from_line(cls, line: bytes) -> AuditRecord:
        """Read a line. Raise NotARecord unless it is exactly what ``line()`` writes; digests are not checked."""
        try:
            outer = json.loads(line)
            entry = outer["entry"]
            record = cls(
                seq=entry["seq"],
                at=parse_utc(entry["at"]),
                stream=entry["stream"],
                stream_seq=entry["stream_seq"],
                kind=entry["type"],
                facts=outer["facts"],
                facts_digest=entry["facts_digest"],
                previous=entry["previous"],
                stream_previous=entry["stream_previous"],
                digest=outer["digest"],
            )
            same = record.line() == line
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotARecord(line, f"{type(error).__name__}: {error}") from error
        if not same:
            raise NotARecord(line, "must be in canonical form, byte for byte")
        return record

    def withheld(self) -> AuditRecord:
        """The same record without its facts: its place in the chain can still be verified."""
        return replace(self, facts=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where a chain stands: its last record, and per stream the last sequence number and digest.

    A stream is a kind of thing (``risk``, ``market``, ``command``), so there are few of them.
    """

    seq: int = 0
    digest: str = ZERO_DIGEST
    streams: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def after(self, record: AuditRecord) -> ChainHead:
        """The head once ``record`` has been appended."""
        streams = {**self.streams, record.stream: (record.stream_seq, record.digest)}
        return ChainHead(seq=record.seq, digest=record.digest, streams=streams)


EMPTY_CHAIN = ChainHead()


def head_of(records: Iterable[AuditRecord]) -> ChainHead:
    """The head of a chain from its records in order; nothing is verified."""
    seq, digest = 0, ZERO_DIGEST
    streams: dict[str, tuple[int, str]] = {}
    for record in records:
        seq, digest = record.seq, record.digest
        streams[record.stream] = (record.stream_seq, record.digest)
    return ChainHead(seq=seq, digest=digest, streams=streams)


def append(head: ChainHead | None, event: AuditEvent) -> AuditRecord:
    """The record that ``event`` becomes after ``head`` (None: an empty chain). Times are kept to the millisecond.

    Raise Unrecordable where the facts are not JSON, not finite, or hold an MPAN in clear.
    """
    head = head or EMPTY_CHAIN
    stream_seq, stream_previous = head.streams.get(event.stream, (0, ZERO_DIGEST))
    check_facts(event.facts)
    facts_bytes = canonical_json(event.facts)
    facts_digest, at = sha256_hex(facts_bytes), format_utc(event.at)
    seq, stream_seq = head.seq + 1, stream_seq + 1
    entry = _entry_bytes(at, facts_digest, head.digest, seq, event.stream, stream_previous, stream_seq, event.kind)
    return AuditRecord(
        seq=seq,
        at=parse_utc(at),
        stream=event.stream,
        stream_seq=stream_seq,
        kind=event.kind,
        facts=json.loads(facts_bytes),  # a copy that nobody else holds
        facts_digest=facts_digest,
        previous=head.digest,
        stream_previous=stream_previous,
        digest=sha256_hex(entry),
    )


def append_all(head: ChainHead | None, events: Iterable[AuditEvent]) -> tuple[tuple[AuditRecord, ...], ChainHead]:
    """Append several events in order; return the records and the new head."""
    at, records = head or EMPTY_CHAIN, []
    for event in events:
        records.append(append(at, event))
        at = at.after(records[-1])
    return tuple(records), at


def _entry_bytes(
    at: str, facts_digest: str, previous: str, seq: int, stream: str, stream_previous: str, stream_seq: int, kind: str
) -> bytes:
    # Names are restricted to characters that JSON never escapes, so this equals canonical_json of the entry.
    return (
        f'{{"at":"{at}","facts_digest":"{facts_digest}","previous":"{previous}","seq":{seq:d},"stream":"{stream}",'
        f'"stream_previous":"{stream_previous}","stream_seq":{stream_seq:d},"type":"{kind}"}}'
    ).encode()
