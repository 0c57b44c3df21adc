"""A dossier: one file about an intervention or an evening that anybody can check without the system that wrote it.

JSON Lines, in this order: a title line, the records of a stretch of the audit chain (facts that are not for the
reader withheld), the checkpoints over it, the time stamps on these, what opens the commitments of the records (or was
redacted), and a seal: a signature over the SHA-256 of every byte before it. The title line carries the public key. A
reader who got that key, or its fingerprint, by another way can check that too: without it, the file only proves that
it is whole, not who made it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.base.time import format_utc
from linkbox.records.beside import (
    TOKEN_START,
    VALUE_START,
    Beside,
    BesideVerdict,
    CustomerOpening,
    read_beside,
    verify_beside,
)
from linkbox.records.canonical import Json, RecordsError, canonical_json, check_facts
from linkbox.records.chain import AuditRecord, NotARecord
from linkbox.records.checkpoints import CHECKPOINT_START, Checkpoint, Sign
from linkbox.records.signing import NotAPublicKey, checker, fingerprint, load_public_key, public_pem
from linkbox.records.stamps import STAMP_START, CheckStamp, Stamp, StampVerdict, verify_stamps
from linkbox.records.verification import ScanAll, Verdict, verify_lines

_FORMAT = "linkbox-dossier-1"
_SEAL_START = b'{"seal":{"sha256":"'


class NotADossier(RecordsError, ValueError):
    """A file is not a dossier at all, so there is nothing to verify. ``line`` counts from 1."""

    def __init__(self, line: int, rule: str) -> None:
        self.line, self.rule = line, rule
        super().__init__(f"not a Linkbox dossier: line {line}: {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierVerdict:
    """What checking a dossier found: the chain's verdict, the seal, and whose key it was."""

    about: Mapping[str, Json]
    chain: Verdict
    key_fingerprint: str
    key_is_trusted: bool | None  # None: no independent key was given
    faults: tuple[str, ...]  # of the file around the chain: title, seal, key
    beside: BesideVerdict = field(default_factory=BesideVerdict)
    stamps: StampVerdict = field(default_factory=StampVerdict)

    @property
    def ok(self) -> bool:
        """True when every byte is as it was sealed, no value beside the chain was altered, each time stamp that could
        be checked is good, and the key is the expected one where one was given."""
        whole = self.chain.ok and not self.faults and not self.beside.problems and not self.stamps.bad
        return whole and self.key_is_trusted is not False

    def describe(self) -> str:
        """The verdict in a few lines of plain English."""
        trust = {
            None: "taken from the file itself: compare the fingerprint with one that you got another way",
            True: "the key that you trust",
            False: "NOT the key that you trust",
        }[self.key_is_trusted]
        lines = [
            self.chain.describe(),
            *self.beside.describe(),
            *self.stamps.describe(),
            f"key {self.key_fingerprint}: {trust}",
            *self.faults,
        ]
        lines.append("Dossier verified." if self.ok else "DOSSIER NOT VERIFIED.")
        return "\n".join(lines)


def export_dossier(
    about: Mapping[str, Json],
    records: Sequence[AuditRecord],
    checkpoints: Sequence[Checkpoint],
    *,
    public_key: ec.EllipticCurvePublicKey,
    sign: Sign,
    at: datetime,
    show: Callable[[AuditRecord], bool] = lambda record: True,
    beside: Sequence[Beside] = (),
    withhold_values: bool = False,
    stamps: Sequence[Stamp] = (),
) -> bytes:
    """The bytes of a dossier over ``records``, an unbroken stretch of the chain.

    ``about`` says what it is about; records for which ``show`` is false keep their place but not their facts.
    Checkpoints of records outside the stretch are left out, and what is ``beside`` records that are not shown.
    ``withhold_values``: personal values are not for this reader; only what was redacted is told.
    Raise Unrecordable for an ``about`` with personal data.
    """
    check_facts(about)
    inside = {record.seq for record in records}
    kept = [checkpoint for checkpoint in checkpoints if checkpoint.seq in inside]
    shown = {record.seq for record in records if record.facts is not None and show(record)}
    near = [b for b in beside if isinstance(b, CustomerOpening) or b.seq in shown]
    near = [b for b in near if b.redacted is not None or not withhold_values]
    signed = {checkpoint.seq for checkpoint in kept}
    title: dict[str, Json] = {
        "about": dict(about),
        "checkpoints": len(kept),
        "exported_at": format_utc(at),
        "format": _FORMAT,
        "public_key": public_pem(public_key).decode("ascii"),
        "records": len(records),
        **({"values": "withheld"} if withhold_values else {}),
    }
    lines = [canonical_json({"dossier": title})]
    lines += [(record if show(record) else record.withheld()).line() for record in records]
    lines += [checkpoint.line() for checkpoint in kept]
    lines += [stamp.line() for stamp in stamps if stamp.seq in signed]
    lines += [b.line() for b in near]
    body = b"".join(line + b"\n" for line in lines)
    digest = hashlib.sha256(body).hexdigest()
    seal = {"seal": {"sha256": digest, "signature": sign(_seal_message(digest)).hex()}}
    return body + canonical_json(seal) + b"\n"


def verify_dossier(
    data: bytes,
    *,
    trusted_key: bytes | None = None,
    scan_all: ScanAll | None = None,
    check_stamp: CheckStamp | None = None,
) -> DossierVerdict:
    """Check a dossier with nothing but its bytes and, if there is one, an independently held public key (PEM).

    ``check_stamp`` checks time stamps, where the certificate of their authority is at hand. ``scan_all`` as for
    ``verify_lines``. Raise NotADossier where it is no dossier or carries no usable key, NotAPublicKey for a bad
    ``trusted_key``.
    """
    lines = data.split(b"\n")
    title, key = _read_title(lines[0])
    own, trusted = fingerprint(key), None if trusted_key is None else load_public_key(trusted_key)
    sorted_lines = _sort_lines(lines)
    record_lines, checkpoint_lines, seal_line = sorted_lines.records, sorted_lines.checkpoints, sorted_lines.seal
    faults = sorted_lines.faults
    check = checker(key)
    checkpoints = [one for _, one in _read_all(checkpoint_lines, Checkpoint.from_line, faults)]
    beside = _read_all(sorted_lines.beside, read_beside, faults)
    stamps = [one for _, one in _read_all(sorted_lines.stamps, Stamp.from_line, faults)]
    chain = verify_lines(record_lines, checkpoints=checkpoints, check=check, start=None, scan_all=scan_all)
    faults += _count_faults(title, len(record_lines), len(checkpoint_lines))
    faults += _seal_faults(data, seal_line, check)
    return DossierVerdict(
        about=title.get("about") if isinstance(title.get("about"), dict) else {},  # type: ignore[arg-type] # just tested
        chain=_numbered_as_in_file(chain),
        key_fingerprint=own,
        key_is_trusted=None if trusted is None else fingerprint(trusted) == own,
        faults=tuple(faults),
        beside=verify_beside(record_lines, beside, complete=title.get("values") != "withheld"),
        stamps=verify_stamps(stamps, checkpoints, check_stamp),
    )


_Line = TypeVar("_Line")


def _read_all(
    lines: Sequence[tuple[int, bytes]], read: Callable[[bytes], _Line], faults: list[str]
) -> list[tuple[int, _Line]]:
    """Those lines that can be read, with their numbers; the others are faults."""
    found = []
    for number, line in lines:
        try:
            found.append((number, read(line)))
        except NotARecord as error:
            faults.append(f"line {number}: {error.rule}")
    return found


def _read_title(line: bytes) -> tuple[Mapping[str, Json], ec.EllipticCurvePublicKey]:
    try:
        title = json.loads(line)["dossier"]
        if title["format"] != _FORMAT:
            raise NotADossier(1, f"format {title['format']!r} is not {_FORMAT!r}")
        return title, load_public_key(title["public_key"].encode())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, NotADossier):
            raise
        raise NotADossier(1, f"no title with a public key ({type(error).__name__})") from error


@dataclass(slots=True)
class _Sorted:
    """The lines of a file by what they are, with their numbers, and what is wrong with their order."""

    faults: list[str]
    records: list[bytes] = field(default_factory=list)
    checkpoints: list[tuple[int, bytes]] = field(default_factory=list)
    stamps: list[tuple[int, bytes]] = field(default_factory=list)
    beside: list[tuple[int, bytes]] = field(default_factory=list)
    seal: bytes = b""


def _sort_lines(lines: list[bytes]) -> _Sorted:
    found = _Sorted([] if lines[-1] == b"" else ["the file does not end with a line end"])
    body = lines[1:-1] if lines[-1] == b"" else lines[1:]
    found.seal = body.pop() if body and body[-1].startswith(_SEAL_START) else b""
    after = False
    for number, line in enumerate(body, 2):
        if line.startswith(CHECKPOINT_START):
            found.checkpoints.append((number, line))
        elif line.startswith(STAMP_START):
            found.stamps.append((number, line))
        elif line.startswith((VALUE_START, TOKEN_START)):
            found.beside.append((number, line))
        else:
            if after:
                found.faults.append(f"line {number}: a record stands after the checkpoints")
            found.records.append(line)
            continue
        after = True
    return found


def _count_faults(title: Mapping[str, Json], records: int, checkpoints: int) -> list[str]:
    counted = {"records": records, "checkpoints": checkpoints}
    return [
        f"the title says {title.get(what)!r} {what}, the file has {count}"
        for what, count in counted.items()
        if title.get(what) != count
    ]


def _seal_faults(data: bytes, seal_line: bytes, check: Callable[[bytes, bytes], bool]) -> list[str]:
    if not seal_line:
        return ["the seal is missing"]
    body = data[: data.rindex(_SEAL_START)]
    digest = hashlib.sha256(body).hexdigest()
    try:
        seal = json.loads(seal_line)["seal"]
        signature = bytes.fromhex(seal["signature"])
        same = canonical_json({"seal": {"sha256": seal["sha256"], "signature": signature.hex()}}) == seal_line
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return [f"the seal can not be read ({type(error).__name__})"]
    if not same:
        return ["the seal is not in canonical form"]
    if seal["sha256"] != digest:
        return ["the file is not what was sealed: at least one byte was changed"]
    return [] if check(_seal_message(digest), signature) else ["the seal's signature does not verify"]


def _seal_message(digest: str) -> bytes:
    return canonical_json({"sha256": digest, "type": "linkbox-dossier-seal-1"})


def _numbered_as_in_file(chain: Verdict) -> Verdict:
    """Line numbers as a reader of the file counts them: the title line comes before the records."""
    shifted = tuple(replace(p, line=p.line + 1) if p.line is not None else p for p in chain.problems)
    return replace(chain, problems=shifted)


__all__ = ["DossierVerdict", "NotADossier", "NotAPublicKey", "export_dossier", "verify_dossier"]
