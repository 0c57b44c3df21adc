"""Is an audit chain what was written? One fast pass over the lines; a careful one only where that fails.

Without a checkpoint a chain shows damage and clumsy change, not a rewrite of everything after a point. With signed
checkpoints a rewrite shows too, and so does a tail that was cut off. What comes after the last good checkpoint is
reported as not yet covered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from linkbox.base.time import format_utc
from linkbox.records.chain import (
    EMPTY_CHAIN,
    ENTRY_AT,
    FACTS_START,
    ZERO_DIGEST,
    AuditRecord,
    ChainHead,
    NotARecord,
)
from linkbox.records.checkpoints import Check, Checkpoint
from linkbox.records.diagnosis import Diagnosis, Problem, ProblemKind, diagnose

_HEX = ZERO_DIGEST.encode()
# The line of chain.py up to the record's type: what is expected is built as bytes and compared.
_LINE = (
    b'{"digest":"%b","entry":{"at":"%b","facts_digest":"%b","previous":"%b","seq":%d,"stream":"%b",'
    b'"stream_previous":"%b","stream_seq":%d,"type":"'
)
_NAME_AT = len(_LINE[: _LINE.index(b"%d")] % (_HEX, b"2026-01-13T00:30:00.000Z", _HEX, _HEX)) + len(b',"stream":"')
_FACTS_OFFSET = len(FACTS_START)
_STREAM_REST = re.compile(rb',"stream_previous":"([0-9a-f]{64})","stream_seq":([1-9][0-9]{0,17}),"type":"')
_TIME = slice(ENTRY_AT + 7, ENTRY_AT + 7 + 24)
_FACTS_DIGEST = slice(_TIME.stop + 18, _TIME.stop + 18 + 64)
_NEW_STREAM = (_HEX, 1)
_BLOCK = 1024
_DIGEST = slice(11, 75)
_PREVIOUS = slice(_FACTS_DIGEST.stop + 14, _FACTS_DIGEST.stop + 14 + 64)
_FIXED = _PREVIOUS.stop + len(b'","seq":')
_CONSTANT_PARTS = (
    slice(0, _DIGEST.start),
    slice(_DIGEST.stop, _TIME.start),
    slice(_TIME.stop, _FACTS_DIGEST.start),
    slice(_FACTS_DIGEST.stop, _PREVIOUS.start),
    slice(_PREVIOUS.stop, _FIXED),
)
_CONSTANT_BYTES = np.frombuffer(_LINE % (_HEX, b"2026-01-13T00:30:00.000Z", _HEX, _HEX, 1, b"s", _HEX, 1), np.uint8)
"""What stands between the fields of a line up to its number: the same in every line."""
_STREAM_START = b',"stream":"'
_LINK_START, _LINK_MIDDLE, _LINK_END = b',"stream_previous":"', b'","stream_seq":', b',"type":"'
_WINDOW = _FIXED + 160
"""So much of each line is looked at in a block: to the type, unless names or numbers are unusually long."""
_ZERO = ord("0")
_Octets: TypeAlias = NDArray[np.uint8]
_Numbers: TypeAlias = NDArray[np.int64]


class Coverage(StrEnum):
    """How far signatures reach."""

    NONE = "no signed checkpoint"
    PART = "signed in part"
    FULL = "signed to the end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verification found. ``problems`` is in the order of the chain; the first one comes first.

    ``withheld`` are the records whose facts are not shown; ``covered_until`` is the last record under a good
    signature (None: no good signature). ``head`` is where the chain stands at its end; where it is not whole, at the
    last record before the first break, and ``withheld`` goes that far too.
    """

    records: int
    head: ChainHead
    withheld: tuple[int, ...] = ()
    checkpoints: int = 0
    covered_until: int | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing was altered, dropped, reordered or inserted, and each signature present is good."""
        return not self.problems

    @property
    def first(self) -> Problem | None:
        """The first thing that is wrong, in the order of the chain."""
        return self.problems[0] if self.problems else None

    @property
    def coverage(self) -> Coverage:
        """Whether signatures reach the last record."""
        if self.covered_until is None:
            return Coverage.NONE
        return Coverage.FULL if self.covered_until >= self.head.seq else Coverage.PART

    def describe(self) -> str:
        """The verdict in a few lines of plain English."""
        signed = f"{self.checkpoints} good checkpoint{'' if self.checkpoints == 1 else 's'}"
        lines = [f"{self.records} records, {signed}, {self.coverage}"]
        if self.coverage is Coverage.PART:
            lines.append(f"records after {self.covered_until} are chained but not yet under a signature")
        if self.withheld:
            lines.append(f"facts withheld in {len(self.withheld)} records (they are still in the chain)")
        lines += [str(problem) for problem in self.problems]
        lines.append("The record is intact." if self.ok else f"NOT INTACT: {len(self.problems)} problem(s) found.")
        return "\n".join(lines)


def verify(
    records: Iterable[AuditRecord],
    *,
    checkpoints: Sequence[Checkpoint] = (),
    check: Check | None = None,
    start: ChainHead | None = EMPTY_CHAIN,
) -> Verdict:
    """As ``verify_lines``, for records in memory."""
    return verify_lines([record.line() for record in records], checkpoints=checkpoints, check=check, start=start)


def verify_lines(
    lines: Sequence[bytes],
    *,
    checkpoints: Sequence[Checkpoint] = (),
    check: Check | None = None,
    start: ChainHead | None = EMPTY_CHAIN,
    scan_all: ScanAll | None = None,
) -> Verdict:
    """Verify record lines (without line ends) in the order in which they stand.

    ``start`` is where the chain stood before the first line; None takes the first line's own word for it, for an
    extract. ``scan_all`` looks at the whole in a quicker way (several processes, say); what it does not find whole is
    looked at here, so it never decides alone that something is wrong. Checkpoints need ``check`` to be checked
    (ValueError without it). Never raises for bad lines.
    """
    if checkpoints and check is None:
        raise ValueError("checkpoints can only be verified with a check function")
    wanted = {c.seq for c in checkpoints}
    whole = None if scan_all is None else scan_all(lines, start, wanted)
    scan = _scan(lines, start, wanted) if whole is None else _scan_of(whole)
    found = Diagnosis(problems=(), digests=scan.digests) if scan.intact else _explain(lines, start, scan.head.seq + 1)
    unsigned = {c.seq: why for c in checkpoints if (why := _fault(c, check, found.digests, scan.head.seq))}
    problems = found.problems + tuple(
        Problem(kind=kind, seq=seq, line=None, detail=detail) for seq, (kind, detail) in unsigned.items()
    )
    good = [c.seq for c in checkpoints if c.seq not in unsigned]
    return Verdict(
        records=len(lines),
        head=scan.head,
        withheld=tuple(scan.withheld),
        checkpoints=len(good),
        covered_until=max(good, default=None),
        problems=tuple(sorted(problems, key=Problem.order)),
    )


def _explain(lines: Sequence[bytes], start: ChainHead | None, seq: int) -> Diagnosis:
    """The diagnosis of a chain that does not verify: never empty, whatever the damage is."""
    found = diagnose(lines, start)
    if found.problems:
        return found
    unknown = Problem(kind=ProblemKind.ALTERED, seq=seq, line=None, detail="the chain does not continue with it")
    return Diagnosis(problems=(unknown,), digests=found.digests)


def _fault(
    checkpoint: Checkpoint, check: Check | None, digests: Mapping[int, str], last: int
) -> tuple[ProblemKind, str] | None:
    signed = f"the checkpoint of {format_utc(checkpoint.at)} by key {checkpoint.key_id}"
    if check is None or not check(checkpoint.signed_bytes(), checkpoint.signature):
        return ProblemKind.BAD_SIGNATURE, f"{signed} does not verify"
    if checkpoint.seq not in digests:
        return ProblemKind.DROPPED, f"{signed} covers it; the records end at {last}"
    if digests[checkpoint.seq] != checkpoint.digest:
        return ProblemKind.ALTERED, f"it, or one before it, is not what {signed} covers"
    return None


def _scan_of(whole: Piece) -> _Scan:
    return _Scan(intact=True, head=whole.after, withheld=list(whole.withheld), digests=dict(whole.digests))


@dataclass(slots=True)
class _Scan:
    intact: bool
    head: ChainHead
    withheld: list[int]
    digests: dict[int, str]  # of the records that checkpoints name


def _scan(lines: Sequence[bytes], start: ChainHead | None, wanted: set[int]) -> _Scan:
    """Walk the chain until something does not fit: blocks at once, and where one does not fit, line by line."""
    first = start if start is not None else _start_before(lines)
    walk = _Walk(first, extract=start is None, wanted=wanted)
    at = 0
    while at < len(lines):
        block = lines[at : at + _BLOCK]
        if not walk.take_block(block) and not walk.take_lines(block):
            break
        at += len(block)
    scan = walk.scan
    scan.intact, scan.head = at >= len(lines), walk.head()
    return scan


class _Walk:
    """Where a walk along the chain stands: the number and digest of the last line that fitted, and each stream's."""

    def __init__(self, first: ChainHead, *, extract: bool, wanted: set[int]) -> None:
        self.seq, self.previous, self.extract, self.wanted = first.seq, first.digest.encode(), extract, wanted
        self.streams = {name.encode(): (digest.encode(), n + 1) for name, (n, digest) in first.streams.items()}
        self.scan = _Scan(intact=False, head=first, withheld=[], digests={})
        self.claims: dict[bytes, tuple[bytes, int]] = {}

    def head(self) -> ChainHead:
        """Where the chain stands after what was taken."""
        streams = {name.decode(): (next_ - 1, digest.decode()) for name, (digest, next_) in self.streams.items()}
        return ChainHead(seq=self.seq, digest=self.previous.decode(), streams=streams)

    def take_lines(self, lines: Sequence[bytes]) -> bool:
        """Take lines one by one; False where one does not fit, which is then the next."""
        sha256, streams = hashlib.sha256, self.streams
        name_at, digits_end = _NAME_AT + len(str(self.seq + 1)), 10 ** len(str(self.seq + 1))
        for line in lines:
            entry_end = line.find(b"}", ENTRY_AT) + 1  # no text in an entry can hold a brace
            facts = line[entry_end + _FACTS_OFFSET : -1]
            digest = sha256(line[ENTRY_AT:entry_end]).hexdigest().encode()
            facts_digest = sha256(facts).hexdigest().encode()
            withheld = facts == b"null"
            if withheld:
                facts_digest = line[_FACTS_DIGEST]
            if self.seq + 1 == digits_end:
                name_at, digits_end = name_at + 1, digits_end * 10
            name = line[name_at : line.find(b'"', name_at)]
            known = streams.get(name) or self._before(name, line[name_at + len(name) + 1 :])
            expected = _LINE % (
                *(digest, line[_TIME], facts_digest, self.previous, self.seq + 1),
                *(name, known[0], known[1]),
            )
            joined = line[entry_end : entry_end + _FACTS_OFFSET] == FACTS_START and line[-1:] == b"}"
            if not (joined and line.startswith(expected)):
                return False
            self._pass(name, digest, known[1], withheld=withheld)
        return True

    def _before(self, name: bytes, rest: bytes) -> tuple[bytes, int]:
        """What is before the first record of a stream: nothing, or in an extract what the record itself says."""
        if not self.extract:
            return _NEW_STREAM
        return self.claims.setdefault(name, _stream_before(rest))

    def _pass(self, name: bytes, digest: bytes, stream_seq: int, *, withheld: bool) -> None:
        self.seq, self.previous = self.seq + 1, digest
        self.streams[name] = (digest, stream_seq + 1)
        if withheld:
            self.scan.withheld.append(self.seq)
        if self.seq in self.wanted:
            self.scan.digests[self.seq] = digest.decode()

    def take_block(self, lines: Sequence[bytes]) -> bool:
        """Take a block whose lines fit as a whole; False (and nothing taken) where it has to be looked at line by line.

        The same bytes are compared as by ``take_lines``, but many lines at once: the digests of a block are computed
        first and then compared with what the lines say, as joined texts."""
        if len(lines) < _BLOCK or len(str(self.seq + 1)) != len(str(self.seq + _BLOCK)):
            return False
        ends = [line.find(b"}", ENTRY_AT) + 1 for line in lines]
        facts = [line[end + _FACTS_OFFSET : -1] for line, end in zip(lines, ends, strict=True)]
        heads = np.frombuffer(b"".join([line[:_WINDOW] for line in lines]), dtype=np.uint8)
        if b"null" in facts or heads.size != _WINDOW * len(lines):
            return False
        table = heads.reshape(len(lines), _WINDOW)
        told = table[:, _DIGEST].tobytes()
        entries = _digests_of([line[ENTRY_AT:end] for line, end in zip(lines, ends, strict=True)])
        contents = _digests_of(facts)
        fits = (
            entries.hex().encode() == told
            and contents.hex().encode() == table[:, _FACTS_DIGEST].tobytes()
            and table[:, _PREVIOUS].tobytes() == self.previous + told[:-64]
            and all(bool((table[:, part] == _CONSTANT_BYTES[part]).all()) for part in _CONSTANT_PARTS)
        )
        return fits and self._joined(lines, ends) and self._streams_fit(table, told)

    @staticmethod
    def _joined(lines: Sequence[bytes], ends: Sequence[int]) -> bool:
        joints = b"".join([line[end : end + _FACTS_OFFSET] for line, end in zip(lines, ends, strict=True)])
        return joints == FACTS_START * len(lines) and b"".join([line[-1:] for line in lines]) == b"}" * len(lines)

    def _streams_fit(self, table: _Octets, told: bytes) -> bool:
        """Number, stream and the stream's own link of each line; taken over only if all of them fit. A stream that was
        not seen before is left to ``take_lines``."""
        count, first = len(table), self.seq + 1
        numbers = _digits(first, count)
        name_at = _FIXED + numbers.shape[1] + len(_STREAM_START)
        head = table[:, _FIXED : name_at - len(_STREAM_START)]
        fits = bool((head == numbers).all())
        fits = fits and bool((table[:, name_at - len(_STREAM_START) : name_at] == _octets(_STREAM_START)).all())
        own = table[:, _DIGEST]
        streams, left = dict(self.streams), count
        for name, (digest, number) in self.streams.items() if fits else ():
            mark = _octets(name + b'"')
            rows = np.flatnonzero((table[:, name_at : name_at + len(mark)] == mark).all(axis=1))
            if not rows.size:
                continue
            if not _links_fit(table, rows, name_at + len(mark), own, digest, number):
                return False
            left -= int(rows.size)
            streams[name] = (own[rows[-1]].tobytes(), number + int(rows.size))
        if not fits or left:
            return False
        for wanted in self.wanted.intersection(range(first, first + count)):
            at = 64 * (wanted - first)
            self.scan.digests[wanted] = told[at : at + 64].decode()
        self.streams, self.seq, self.previous = streams, self.seq + count, told[-64:]
        return True


def _links_fit(table: _Octets, rows: _Numbers, at: int, own: _Octets, digest: bytes, number: int) -> bool:
    """Whether the lines of one stream each name the one before in it, and count on from ``number``."""
    numbers = _digits(number, int(rows.size))
    ends = (len(_LINK_START), 64, len(_LINK_MIDDLE), numbers.shape[1], len(_LINK_END))
    a, b, c, d, e = (at + sum(ends[: n + 1]) for n in range(5))
    if numbers[0, 0] == _ZERO or e > table.shape[1]:
        return False
    mine = table[rows, at:e]
    before = np.concatenate([_octets(digest)[np.newaxis, :], own[rows[:-1]]])
    return (
        bool((mine[:, : a - at] == _octets(_LINK_START)).all())
        and bool((mine[:, a - at : b - at] == before).all())
        and bool((mine[:, b - at : c - at] == _octets(_LINK_MIDDLE)).all())
        and bool((mine[:, c - at : d - at] == numbers).all())
        and bool((mine[:, d - at :] == _octets(_LINK_END)).all())
    )


_hash = hashlib.sha256
_digest_of = type(_hash()).digest


def _digests_of(texts: Sequence[bytes]) -> bytes:
    """SHA-256 of each text, one after another; the loop over them runs in C."""
    return b"".join(map(_digest_of, map(_hash, texts)))


def _octets(text: bytes) -> _Octets:
    return np.frombuffer(text, dtype=np.uint8)


def _digits(first: int, count: int) -> _Octets:
    """The decimal digits of consecutive numbers, one number a row, as wide as the last; a shorter one begins with 0."""
    width = len(str(first + count - 1))
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    values = np.arange(first, first + count, dtype=np.int64)
    return (values[:, np.newaxis] // powers % 10 + _ZERO).astype(np.uint8)


def _start_before(lines: Sequence[bytes]) -> ChainHead:
    """Where the chain stood before an extract, in the words of its first record."""
    try:
        first = AuditRecord.from_line(lines[0])
    except (IndexError, NotARecord):
        return EMPTY_CHAIN
    return ChainHead(seq=first.seq - 1, digest=first.previous)


def _stream_before(rest: bytes) -> tuple[bytes, int]:
    """What the first record of a stream in an extract says that the stream's last digest and its own number are."""
    found = _STREAM_REST.match(rest)
    return (found[1], int(found[2])) if found else _NEW_STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a chain that fits in itself: where it says that the chain stood before it, and where it ends."""

    before: ChainHead
    after: ChainHead
    withheld: tuple[int, ...]
    digests: Mapping[int, str]

    def follows(self, head: ChainHead) -> bool:
        """Whether it continues a chain that stands at ``head``: its number, its digest and every stream's."""
        return (self.before.seq, self.before.digest) == (head.seq, head.digest) and all(
            head.streams.get(name, (0, ZERO_DIGEST)) == told for name, told in self.before.streams.items()
        )


def scan_piece(lines: Sequence[bytes], wanted: set[int]) -> Piece | None:
    """Look at a stretch by itself, so that several can be looked at at once; None where it does not fit."""
    first = _start_before(lines)
    walk = _Walk(first, extract=True, wanted=wanted)
    for at in range(0, len(lines), _BLOCK):
        block = lines[at : at + _BLOCK]
        if not walk.take_block(block) and not walk.take_lines(block):
            return None
    claims = {name.decode(): (number - 1, digest.decode()) for name, (digest, number) in walk.claims.items()}
    return Piece(
        before=ChainHead(seq=first.seq, digest=first.digest, streams=claims),
        after=walk.head(),
        withheld=tuple(walk.scan.withheld),
        digests=walk.scan.digests,
    )


def join_pieces(pieces: Sequence[Piece | None], start: ChainHead | None) -> Piece | None:
    """Pieces in their order as one; None where one is broken or does not follow the one before it.

    In an extract (``start`` None) a stream that no earlier piece had is taken at its own word."""
    whole: Piece | None = None
    for piece in pieces:
        if piece is None:
            return None
        if whole is None:
            head = piece.before if start is None else start
            whole = Piece(before=head, after=head, withheld=(), digests={})
        elif start is None:
            new = {n: t for n, t in piece.before.streams.items() if n not in whole.after.streams}
            whole = replace(whole, after=replace(whole.after, streams={**whole.after.streams, **new}))
        if not piece.follows(whole.after):
            return None
        whole = replace(
            whole,
            after=_onward(whole.after, piece),
            withheld=whole.withheld + piece.withheld,
            digests={**whole.digests, **piece.digests},
        )
    return whole


def _onward(head: ChainHead, piece: Piece) -> ChainHead:
    streams = {**head.streams, **piece.after.streams}
    return ChainHead(seq=piece.after.seq, digest=piece.after.digest, streams=streams)


ScanAll: TypeAlias = Callable[[Sequence[bytes], ChainHead | None, set[int]], Piece | None]
"""``(lines, start, wanted) -> the whole as one piece``, or None where it does not fit."""
