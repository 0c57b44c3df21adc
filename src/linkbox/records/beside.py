"""What stands beside a chain in a dossier: what opens its commitments and tokens, or the word that it was redacted.

Each line is judged against the chain: a value that does not open its commitment was altered; one that is neither there
nor redacted by a record of the chain is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linkbox.base.identifiers import InvalidIdentifier, Mpan
from linkbox.records.canonical import Json, canonical_json
from linkbox.records.chain import NotARecord
from linkbox.records.commitments import SALT_OCTETS, SEALED_MARK, commit, sealed_in
from linkbox.records.diagnosis import Problem, ProblemKind
from linkbox.records.pseudonym import Pseudonymiser

VALUE_START, TOKEN_START = b'{"value":', b'{"customer":'
REDACTION = "redaction"
"""The stream of the records that tell what was redacted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """When something was taken away, on what ground, and which record tells of it."""

    at: str
    ground: str
    record: int

    def as_json(self) -> dict[str, Json]:
        """For a line."""
        return {"at": self.at, "ground": self.ground, "record": self.record}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Redacted:
        """Raise KeyError, TypeError or ValueError for something else."""
        return cls(at=str(told["at"]), ground=str(told["ground"]), record=int(told["record"]))

    def words(self) -> str:
        """As people read it."""
        return f"redacted on {self.at[:10]} for {self.ground}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """One commitment of the chain: its salt and value, or that they were redacted."""

    seq: int
    where: str
    kind: str
    salt: bytes = b""
    value: str = ""
    redacted: Redacted | None = None

    def line(self) -> bytes:
        """One line of the dossier."""
        told: dict[str, Json] = {"kind": self.kind, "seq": self.seq, "where": self.where}
        return canonical_json({"value": told | _kept(self.salt, self.value, self.redacted)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerOpening:
    """Whose token it is: the salt and the MPAN, or that they were redacted."""

    token: str
    salt: bytes = b""
    value: str = ""
    redacted: Redacted | None = None

    def line(self) -> bytes:
        """One line of the dossier."""
        return canonical_json({"customer": {"token": self.token} | _kept(self.salt, self.value, self.redacted)})


Beside = SealedValue | CustomerOpening


def _kept(salt: bytes, value: str, redacted: Redacted | None) -> dict[str, Json]:
    return {"salt": salt.hex(), "text": value} if redacted is None else {"redacted": redacted.as_json()}


def read_beside(line: bytes) -> Beside:
    """Read a line that ``line()`` of one of them wrote; raise NotARecord for anything else."""
    try:
        ((name, told),) = json.loads(line).items()
        redacted = Redacted.of(told["redacted"]) if "redacted" in told else None
        salt = b"" if redacted else bytes.fromhex(told["salt"])
        value = "" if redacted else str(told["text"])
        read: Beside
        if name == "customer":
            read = CustomerOpening(token=str(told["token"]), salt=salt, value=value, redacted=redacted)
        else:
            read = SealedValue(
                seq=int(told["seq"]),
                where=str(told["where"]),
                kind=str(told["kind"]),
                salt=salt,
                value=value,
                redacted=redacted,
            )
        same = read.line() == line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotARecord(line, f"beside the chain: {type(error).__name__}: {error}") from error
    if not same:
        raise NotARecord(line, "beside the chain: must be in canonical form, byte for byte")
    return read


@dataclass(slots=True)
class BesideVerdict:
    """What was found of the values beside a chain. ``problems`` names records; ``redactions`` are in words."""

    shown: int = 0
    redacted: int = 0
    customers_redacted: int = 0
    withheld: int = 0
    redactions: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def describe(self) -> list[str]:
        """In lines of plain English; none where the chain has no commitment."""
        lines = []
        if self.shown or self.redacted or self.withheld:
            lines.append(f"{self.shown} personal values open their commitments, {self.redacted} were redacted")
        if self.withheld:
            lines.append(f"{self.withheld} personal values are withheld from this reader")
        if self.customers_redacted:
            lines.append(f"{self.customers_redacted} customers' tokens were redacted: nobody can tell whose they are")
        return lines + self.redactions + [str(problem) for problem in self.problems]


def verify_beside(lines: Sequence[bytes], beside: Sequence[tuple[int, Beside]], *, complete: bool) -> BesideVerdict:
    """Judge what stands beside the record lines. ``beside`` comes with line numbers; ``complete``: the dossier says
    that it withholds no value, so that a commitment without its value must have been redacted."""
    sealed, numbers, redactions = _look(lines)
    found = BesideVerdict()
    words: dict[str, int] = {}
    seen = set[tuple[int, str]]()
    for number, one in beside:
        if isinstance(one, CustomerOpening):
            _judge_customer(number, one, redactions, numbers, found)
            continue
        place = (one.seq, one.where)
        seen.add(place)
        wrong = _wrong_value(one, sealed.get(place), redactions, numbers)
        if wrong:
            found.problems.append(Problem(kind=ProblemKind.ALTERED, seq=one.seq, line=number, detail=wrong))
        elif one.redacted is None:
            found.shown += 1
        else:
            found.redacted += 1
            said = one.redacted.words()
            words[said] = words.get(said, 0) + 1
    found.redactions = [f"{count} values {said}" for said, count in sorted(words.items())]
    missing = sorted(set(sealed) - seen)
    if complete:
        found.problems += [
            Problem(
                kind=ProblemKind.DROPPED,
                seq=seq,
                line=None,
                detail=f"the value of {where!r} is missing, and no record says that it was redacted",
            )
            for seq, where in missing
        ]
    else:
        found.withheld = len(missing)
    return found


_Places = Mapping[tuple[int, str], tuple[str, str]]


def _look(lines: Sequence[bytes]) -> tuple[_Places, range, Mapping[int, Mapping[str, Any]]]:
    """Commitments by place, the numbers of the records, and the redaction records' facts by number."""
    sealed: dict[tuple[int, str], tuple[str, str]] = {}
    redactions: dict[int, Mapping[str, Any]] = {}
    first = last = 0
    for line in lines:
        interesting = SEALED_MARK in line or b'"stream":"redaction"' in line
        if not (interesting or line is lines[0] or line is lines[-1]):
            continue
        try:
            outer = json.loads(line)
            entry, facts = outer["entry"], outer["facts"]
            seq = int(entry["seq"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # a damaged line is named by the chain's own verification
        first, last = first or seq, max(last, seq)
        if not interesting:
            continue
        sealed |= {(seq, where): (kind, commitment) for where, kind, commitment in sealed_in(facts)}
        if entry.get("stream") == REDACTION and isinstance(facts, dict):
            redactions[seq] = facts
    return sealed, range(first, last + 1), redactions


def _wrong_value(
    one: SealedValue,
    recorded: tuple[str, str] | None,
    redactions: Mapping[int, Mapping[str, Any]],
    numbers: range,
) -> str:
    if one.redacted is not None:
        return _wrong_redaction(
            one.redacted, [one.seq, one.where], "values", redactions, numbers, f"the value of {one.where!r}"
        )
    if recorded is None:
        return f"there is no commitment to a value of {one.where!r} in it"
    kind, commitment = recorded
    if (kind, commitment) != (one.kind, commit(one.kind, one.value, one.salt)):
        return f"the value of {one.where!r} is not the one that was recorded"
    return ""


def _wrong_redaction(
    told: Redacted,
    what: Json,
    among: str,
    redactions: Mapping[int, Mapping[str, Any]],
    numbers: range,
    name: str,
) -> str:
    if told.record not in numbers:
        return ""  # outside this stretch: the seal alone stands for it
    facts = redactions.get(told.record)
    if facts is None or what not in facts.get(among, ()):
        return f"{name} is gone, and record {told.record} does not say that it was redacted"
    if facts.get("ground") != told.ground:
        return f"{name} was redacted for {facts.get('ground')!r}, not for {told.ground!r}"
    return ""


def _judge_customer(
    number: int,
    one: CustomerOpening,
    redactions: Mapping[int, Mapping[str, Any]],
    numbers: range,
    found: BesideVerdict,
) -> None:
    if one.redacted is not None:
        wrong = _wrong_redaction(one.redacted, one.token, "customers", redactions, numbers, f"customer {one.token}")
        found.customers_redacted += not wrong
    else:
        wrong = "" if _is_of(one) else f"the customer {one.token} is not the one that was recorded"
        found.shown += not wrong
    if wrong:
        found.problems.append(Problem(kind=ProblemKind.ALTERED, seq=numbers.start, line=number, detail=wrong))


def _is_of(one: CustomerOpening) -> bool:
    try:
        mpan = Mpan(one.value)
    except InvalidIdentifier:
        return False
    return len(one.salt) >= SALT_OCTETS and Pseudonymiser(one.salt).token(mpan) == one.token
