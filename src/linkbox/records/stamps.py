"""Time stamps by RFC 3161 on checkpoints: an authority's word that the chain stood there at a time.

A signature says who; a time stamp says when, by somebody who has no interest in the answer. What is stamped are the
octets of the checkpoint's line.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from linkbox.base.time import format_utc
from linkbox.records.canonical import canonical_json
from linkbox.records.chain import NotARecord
from linkbox.records.checkpoints import Checkpoint

STAMP_START = b'{"stamp":'

CheckStamp: TypeAlias = Callable[[bytes, bytes], "datetime | str"]
"""``(answer of the authority, octets that it stamped) -> its time``, or in words why it is not good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The authority's answer (a TimeStampResp in DER) about the checkpoint of record ``seq``."""

    seq: int
    answer: bytes

    def line(self) -> bytes:
        """One line of the dossier."""
        return canonical_json({"stamp": {"answer": base64.b64encode(self.answer).decode(), "seq": self.seq}})

    @classmethod
    def from_line(cls, line: bytes) -> Stamp:
        """Read a line that ``line()`` wrote; raise NotARecord for anything else."""
        try:
            inner = json.loads(line)["stamp"]
            stamp = cls(seq=int(inner["seq"]), answer=base64.b64decode(inner["answer"], validate=True))
            same = stamp.line() == line
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotARecord(line, f"time stamp: {type(error).__name__}: {error}") from error
        if not same:
            raise NotARecord(line, "time stamp: must be in canonical form, byte for byte")
        return stamp


@dataclass(slots=True)
class StampVerdict:
    """What was found of the time stamps: those that are good with their times, those that are not in words, and how
    many could not be checked because no certificate was given."""

    good: dict[int, datetime] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)
    unchecked: int = 0

    def describe(self) -> list[str]:
        """In lines of plain English; none where there is no stamp."""
        lines = []
        if self.good:
            last = max(self.good)
            when = format_utc(self.good[last])
            lines.append(f"{len(self.good)} good time stamps; the chain up to record {last} existed at {when}")
        if self.unchecked:
            lines.append(f"{self.unchecked} time stamps, not checked: give the authority's certificate")
        return lines + self.bad


def verify_stamps(stamps: Sequence[Stamp], checkpoints: Sequence[Checkpoint], check: CheckStamp | None) -> StampVerdict:
    """Judge each stamp against its checkpoint."""
    found = StampVerdict()
    lines = {checkpoint.seq: checkpoint.line() for checkpoint in checkpoints}
    for stamp in stamps:
        stamped = lines.get(stamp.seq)
        if stamped is None:
            found.bad.append(f"a time stamp is about a checkpoint of record {stamp.seq}, which is not here")
        elif check is None:
            found.unchecked += 1
        else:
            said = check(stamp.answer, stamped)
            if isinstance(said, datetime):
                found.good[stamp.seq] = said
            else:
                found.bad.append(f"the time stamp on the checkpoint of record {stamp.seq} is not good: {said}")
    return found
