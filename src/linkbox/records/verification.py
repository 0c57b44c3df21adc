"""Is an audit chain what was written? One fast pass over the lines; a careful one only where that fails.

Without a checkpoint a chain shows damage and clumsy change, not a rewrite of everything after a point. With signed
checkpoints a rewrite shows too, and so does a tail that was cut off. What comes after the last good checkpoint is
reported as not yet covered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
_STREAM_REST = re.compile(rb'","stream_previous":"([0-9a-f]{64})","stream_seq":([1-9][0-9]{0,17}),"type":"')
_TIME = slice(ENTRY_AT + 7, ENTRY_AT + 7 + 24)
_FACTS_DIGEST = slice(_TIME.stop + 18, _TIME.stop + 18 + 64)
_NEW_STREAM = (_HEX, 1)


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
) -> Verdict:
    """Verify record lines (without line ends) in the order in which they stand.

    ``start`` is where the chain stood before the first line; None takes the first line's own word for it, for an
    extract. Checkpoints need ``check`` to be checked (ValueError without it). Never raises for bad lines.
    """
    if checkpoints and check is None:
        raise ValueError("checkpoints can only be verified with a check function")
    scan = _scan(lines, start, {c.seq for c in checkpoints})
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


@dataclass(slots=True)
class _Scan:
    intact: bool
    head: ChainHead
    withheld: list[int]
    digests: dict[int, str]  # of the records that checkpoints name


def _scan(lines: Sequence[bytes], start: ChainHead | None, wanted: set[int]) -> _Scan:
    """Walk the chain until something does not fit. Bytes are compared, nothing is parsed: this is the fast path."""
    first = start if start is not None else _start_before(lines)
    seq, previous = first.seq, first.digest.encode()
    streams = {name.encode(): (digest.encode(), n + 1) for name, (n, digest) in first.streams.items()}
    scan = _Scan(intact=False, head=first, withheld=[], digests={})
    extract, sha256 = start is None, hashlib.sha256
    name_at, digits_end = _NAME_AT + len(str(seq + 1)), 10 ** len(str(seq + 1))
    for line in lines:
        entry_end = line.find(b"}", ENTRY_AT) + 1  # no text in an entry can hold a brace
        facts = line[entry_end + _FACTS_OFFSET : -1]
        digest = sha256(line[ENTRY_AT:entry_end]).hexdigest().encode()
        facts_digest = sha256(facts).hexdigest().encode()
        if facts == b"null":
            scan.withheld.append(seq + 1)
            facts_digest = line[_FACTS_DIGEST]
        if seq + 1 == digits_end:
            name_at, digits_end = name_at + 1, digits_end * 10
        name = line[name_at : line.find(b'"', name_at)]
        known = streams.get(name) or (_stream_before(line[name_at + len(name) :]) if extract else _NEW_STREAM)
        expected = _LINE % (digest, line[_TIME], facts_digest, previous, seq + 1, name, known[0], known[1])
        joined = line[entry_end : entry_end + _FACTS_OFFSET] == FACTS_START and line[-1:] == b"}"
        if not (joined and line.startswith(expected)):
            break
        seq, previous = seq + 1, digest
        streams[name] = (digest, known[1] + 1)
        if seq in wanted:
            scan.digests[seq] = digest.decode()
    else:
        scan.intact = True
    scan.head = ChainHead(
        seq=seq,
        digest=previous.decode(),
        streams={name.decode(): (following - 1, digest.decode()) for name, (digest, following) in streams.items()},
    )
    return scan


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
