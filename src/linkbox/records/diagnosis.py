"""What exactly happened to a damaged audit chain: every altered, dropped, reordered or inserted record, by number."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from linkbox.records.canonical import canonical_json, sha256_hex
from linkbox.records.chain import ENTRY_AT, FACTS_START, ZERO_DIGEST, AuditRecord, ChainHead, NotARecord


class ProblemKind(StrEnum):
    """The ways in which a chain can be wrong."""

    ALTERED = "altered"
    DROPPED = "dropped"
    REORDERED = "reordered"
    INSERTED = "inserted"
    MISNUMBERED = "misnumbered in its stream"
    BAD_SIGNATURE = "under a bad signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what happened to record ``seq``, seen on line ``line`` (from 1; None: no line)."""

    kind: ProblemKind
    seq: int
    line: int | None
    detail: str

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line is not None else ""
        return f"record {self.seq}{where} was {self.kind}: {self.detail}"

    def order(self) -> tuple[int, int]:
        """Sort key: by place in the chain, then by line."""
        return self.seq, self.line or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The problems of a chain, and the digest of each record that could be placed in it."""

    problems: tuple[Problem, ...]
    digests: Mapping[int, str]


@dataclass(slots=True)
class _Entry:
    line: int
    seq: int
    digest: str  # as stated by the line
    record: AuditRecord | None  # None where the entry is not what its digest says
    damage: str = ""


def diagnose(lines: Sequence[bytes], start: ChainHead | None) -> Diagnosis:
    """Place every line in the chain and list all that is wrong. ``start`` as for ``verify_lines``."""
    entries = [_read(number, line) for number, line in enumerate(lines, 1)]
    problems: list[Problem] = []
    sound = [e for e in entries if e.record is not None]
    placed = _choose_genuine(sound, problems)
    damaged = [e for e in entries if e.record is None]
    low = start.seq + 1 if start is not None else min(placed, default=1)
    _place_damaged(damaged, placed, low, problems)
    problems += [
        Problem(kind=ProblemKind.DROPPED, seq=seq, line=None, detail="it is missing from the chain")
        for seq in range(low, max(placed, default=low - 1) + 1)
        if seq not in placed
    ]
    problems += _altered(placed, start)
    problems += _reordered(placed)
    if not problems:  # a stream's own count says nothing new about a chain that is damaged anyway
        problems += _misnumbered(placed, start)
    problems.sort(key=Problem.order)
    return Diagnosis(problems=tuple(problems), digests={seq: e.digest for seq, e in placed.items()})


def _read(number: int, line: bytes) -> _Entry:
    try:
        record = AuditRecord.from_line(line)
    except NotARecord as error:
        return _salvage(number, line, error.rule)
    if sha256_hex(record.entry_bytes()) != record.digest:
        return _Entry(number, record.seq, record.digest, None, "its entry does not have the digest that it states")
    entry = _Entry(number, record.seq, record.digest, record)
    if record.facts is not None and sha256_hex(canonical_json(record.facts)) != record.facts_digest:
        entry.damage = "its facts are not those that were recorded"
    return entry


def _salvage(number: int, line: bytes, rule: str) -> _Entry:
    """What a broken line still says about its place: only a hint, used where nothing better is known."""
    entry_end = line.find(FACTS_START, ENTRY_AT)
    digest = line[11:75].decode("ascii", "replace")
    try:
        seq = json.loads(line[ENTRY_AT:entry_end])["seq"]
    except (ValueError, KeyError, TypeError, RecursionError):
        seq = 0
    return _Entry(number, seq if isinstance(seq, int) else 0, digest, None, f"the line can not be read: {rule}")


def _choose_genuine(sound: Sequence[_Entry], problems: list[Problem]) -> dict[int, _Entry]:
    """Of several lines that claim one number, the one that its neighbours name; the others were inserted."""
    claims: dict[int, list[_Entry]] = defaultdict(list)
    for entry in sound:
        claims[entry.seq].append(entry)
    named = {e.record.previous for e in sound if e.record is not None}
    digests = {e.digest for e in sound}
    placed: dict[int, _Entry] = {}
    for seq, rivals in claims.items():
        rivals.sort(key=lambda e: (e.digest not in named, e.record is not None and e.record.previous not in digests))
        placed[seq] = rivals[0]
        for other in rivals[1:]:
            copy = other.digest == rivals[0].digest
            detail = (
                f"a second copy of line {rivals[0].line}" if copy else "no other record names it as its predecessor"
            )
            problems.append(Problem(kind=ProblemKind.INSERTED, seq=seq, line=other.line, detail=detail))
    return placed


def _place_damaged(damaged: Sequence[_Entry], placed: dict[int, _Entry], low: int, problems: list[Problem]) -> None:
    """Give each damaged line the free number that the chain's links, its own text or its position point to."""
    successor = {e.record.previous: seq for seq, e in placed.items() if e.record is not None}
    by_line = {e.line: seq for seq, e in placed.items()}
    high = max(placed, default=low)
    for entry in damaged:
        before = by_line.get(entry.line - 1, low - 1)
        by_link = successor.get(entry.digest, 0) - 1
        guesses = (by_link, entry.seq if low <= entry.seq <= high + 1 else 0, before + 1)
        seq = next((g for g in guesses if g >= low and g not in placed), None)
        if seq is None:
            detail = f"it has no place in the chain; {entry.damage}"
            problems.append(Problem(kind=ProblemKind.INSERTED, seq=before + 1, line=entry.line, detail=detail))
        else:
            placed[seq] = entry
            by_line[entry.line] = seq


def _altered(placed: Mapping[int, _Entry], start: ChainHead | None) -> list[Problem]:
    found = {seq: (e, e.damage) for seq, e in placed.items() if e.damage}
    for seq, entry in placed.items():
        before = placed.get(seq - 1)
        expected = before.digest if before else start.digest if start is not None and start.seq == seq - 1 else None
        if entry.record is None or expected is None or entry.record.previous == expected:
            continue
        if before is None:
            found.setdefault(seq, (entry, "it does not follow from where the chain stood before"))
        elif before.record is not None:
            # Both are whole, so the earlier one (or one before it) was written anew with fresh digests.
            found.setdefault(seq - 1, (before, f"record {seq} was chained to another version of it"))
    return [Problem(kind=ProblemKind.ALTERED, seq=s, line=e.line, detail=why) for s, (e, why) in found.items()]


def _reordered(placed: Mapping[int, _Entry]) -> list[Problem]:
    """The fewest records whose move explains the order: those outside a longest rising run of numbers."""
    order = [seq for seq, _ in sorted(placed.items(), key=lambda item: item[1].line)]
    moved = sorted(set(order) - set(_longest_rising(order)))
    return [
        Problem(
            kind=ProblemKind.REORDERED, seq=seq, line=placed[seq].line, detail="it stands in another place than written"
        )
        for seq in moved
    ]


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    tails: list[int] = []
    tail_at: list[int] = []
    parent = [-1] * len(numbers)
    for index, number in enumerate(numbers):
        length = bisect_left(tails, number)
        parent[index] = tail_at[length - 1] if length else -1
        tails[length : length + 1] = [number]
        tail_at[length : length + 1] = [index]
    run, index = [], tail_at[-1] if tail_at else -1
    while index >= 0:
        run.append(numbers[index])
        index = parent[index]
    return run


def _misnumbered(placed: Mapping[int, _Entry], start: ChainHead | None) -> list[Problem]:
    """Faults of the writer: links between records are whole but a stream's own count or link is not."""
    known = dict(start.streams) if start is not None else {}
    problems: list[Problem] = []
    for seq in sorted(placed):
        record = placed[seq].record
        if record is None:
            continue
        default = (0, ZERO_DIGEST) if start is not None else (record.stream_seq - 1, record.stream_previous)
        count, digest = known.get(record.stream, default)
        if (record.stream_seq, record.stream_previous) != (count + 1, digest):
            detail = f"{record.stream!r} {record.stream_seq} does not follow {count}"
            problems.append(Problem(kind=ProblemKind.MISNUMBERED, seq=seq, line=placed[seq].line, detail=detail))
        known[record.stream] = (record.stream_seq, record.digest)
    return problems
