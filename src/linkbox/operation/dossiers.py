"""Dossiers from a store: the whole chain, the stretch of a time, or that in which one intervention was open."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc
from linkbox.operation.personal import HELD, PERSONAL, PSEUDONYM, REDACTED
from linkbox.operation.ports import Row, Store
from linkbox.records.audit import AuditRecord, Checkpoint, head_of, make_checkpoint
from linkbox.records.beside import CustomerOpening, Redacted, SealedValue
from linkbox.records.canonical import Json
from linkbox.records.dossier import export_dossier
from linkbox.records.signing import fingerprint, signer
from linkbox.records.stamps import Stamp

CHECKPOINT = "checkpoint"
_SHARED = frozenset({"risk", "telemetry"})
"""Streams that belong to no single intervention and to no customer, and say why one was opened."""

Show = Callable[[AuditRecord], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the reader of a dossier may see of people: personal ``values`` of the chain, and whose the tokens are."""

    values: bool = True
    mpans: bool = False


USUAL = Reader()


def dossier_of_store(
    store: Store,
    about: Mapping[str, Json],
    key: ec.EllipticCurvePrivateKey,
    *,
    at: datetime,
    reader: Reader = USUAL,
) -> bytes:
    """The whole chain, its stored checkpoints, and one over its head made now."""
    return _dossier(store, about, key, at, _records(store), reader)


def dossier_of_period(
    store: Store,
    since: datetime,
    until: datetime,
    key: ec.EllipticCurvePrivateKey,
    *,
    at: datetime,
    reader: Reader = USUAL,
) -> bytes:
    """The records of ``[since, until)``, and those up to the next checkpoint, so that a signature covers them all.
    Raise InvalidInput where there is none."""
    records = _records(store)
    inside = [r.seq for r in records if since <= r.at < until]
    if not inside:
        span = f"{format_utc(since)} to {format_utc(until)}"
        raise InvalidInput("dossier", [Issue(where="period", value=span, rule="has no record in this store")])
    signed = [c.seq for c in _checkpoints(store) if c.seq >= inside[-1]]
    last = min(signed, default=records[-1].seq)
    stretch = [r for r in records if inside[0] <= r.seq <= last]
    about: dict[str, Json] = {"since": format_utc(since), "until": format_utc(until)}
    return _dossier(store, about, key, at, stretch, reader)


def dossier_of_event(
    store: Store,
    intervention_id: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    at: datetime,
    reader: Reader = USUAL,
) -> bytes:
    """From the first to the last record that names the intervention, with the risk that led to it. Facts of other
    interventions and customers are withheld. Raise InvalidInput where no record names it."""
    records = _records(store)
    named = [r.seq for r in records if _of(r, intervention_id)]
    if not named:
        rule = "is not in this store"
        raise InvalidInput("dossier", [Issue(where="intervention", value=intervention_id, rule=rule)])
    inside = [r for r in records if named[0] <= r.seq <= named[-1]]
    commands = {r.facts["command"] for r in inside if _of(r, intervention_id) and r.facts and "command" in r.facts}

    def show(record: AuditRecord) -> bool:
        facts = record.facts or {}
        said = record.stream == "market" and record.kind == "message"  # it names the request, not the intervention
        mine = said or record.stream in _SHARED or _of(record, intervention_id)
        return mine or facts.get("command") in commands

    return _dossier(store, {"intervention": intervention_id}, key, at, inside, reader, show=show)


def _of(record: AuditRecord, intervention_id: str) -> bool:
    facts = record.facts or {}
    mine = str(facts.get("notice", "")).startswith(f"{intervention_id}-")
    return mine or any(value == intervention_id for value in facts.values())


def _records(store: Store) -> list[AuditRecord]:
    return [AuditRecord.from_line(line.encode()) for line in store.audit_lines()]


def _checkpoints(store: Store) -> list[Checkpoint]:
    return [Checkpoint.from_line(row.body["line"].encode()) for row in store.rows(CHECKPOINT)]


def _checkpoints_of(store: Store, key_id: str) -> list[Checkpoint]:
    """Those under this key, which must be the one that signs now; what older keys signed is before what it signed."""
    every = _checkpoints(store)
    newest = max(every, key=lambda c: c.seq, default=None)
    if newest is not None and newest.key_id != key_id:
        rule = f"is not the key that signs this store's checkpoints, {newest.key_id}"
        raise InvalidInput("dossier", [Issue(where="key", value=key_id, rule=rule)])
    return [checkpoint for checkpoint in every if checkpoint.key_id == key_id]


def _dossier(
    store: Store,
    about: Mapping[str, Json],
    key: ec.EllipticCurvePrivateKey,
    at: datetime,
    records: Sequence[AuditRecord],
    reader: Reader,
    *,
    show: Show = lambda record: True,
) -> bytes:
    sign, public = signer(key), key.public_key()
    key_id = fingerprint(public)[:16]
    checkpoints = _checkpoints_of(store, key_id)
    last = records[-1].seq if records else 0
    if records and last not in {checkpoint.seq for checkpoint in checkpoints}:
        checkpoints.append(make_checkpoint(head_of(records), at=at, key_id=key_id, sign=sign))
    return export_dossier(
        about,
        records,
        checkpoints,
        public_key=public,
        sign=sign,
        at=at,
        show=show,
        beside=[*_values(store), *_customers(store, [r for r in records if show(r)], reader)],
        withhold_values=not reader.values,
        stamps=_stamps(store),
    )


def _values(store: Store) -> list[SealedValue]:
    """All personal values of the chain, or what became of them, in the order of their records."""
    found = [_value(row) for row in store.rows(PERSONAL)]
    return sorted(found, key=lambda value: (value.seq, value.where))


def _value(row: Row) -> SealedValue:
    body = row.body
    held = row.state == HELD
    return SealedValue(
        seq=body["seq"],
        where=body["where"],
        kind=body["kind"],
        salt=bytes.fromhex(body["salt"]) if held else b"",
        value=body["value"] if held else "",
        redacted=None if held else Redacted.of(body["redacted"]),
    )


def _customers(store: Store, shown: Sequence[AuditRecord], reader: Reader) -> list[CustomerOpening]:
    """The tokens in the records that were redacted, and where the reader may see it, whose the others are."""
    named = {str(r.facts["customer"]) for r in shown if r.facts and "customer" in r.facts}
    found = []
    for row in sorted(store.rows(PSEUDONYM), key=lambda row: row.key):
        if row.key not in named:
            continue
        if row.state == REDACTED:
            found.append(CustomerOpening(token=row.key, redacted=Redacted.of(row.body["redacted"])))
        elif reader.mpans:
            salt = bytes.fromhex(row.body["salt"])
            found.append(CustomerOpening(token=row.key, salt=salt, value=row.body["mpan"]))
    return found


def _stamps(store: Store) -> list[Stamp]:
    rows = [row for row in store.rows(CHECKPOINT) if row.body.get("stamp")]
    return [Stamp(seq=int(row.key), answer=base64.b64decode(row.body["stamp"])) for row in rows]
