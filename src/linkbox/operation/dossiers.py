"""Dossiers from a store: the whole chain, or the stretch in which one intervention was open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.ports import Store
from linkbox.records.audit import AuditRecord, Checkpoint, head_of, make_checkpoint
from linkbox.records.canonical import Json
from linkbox.records.dossier import export_dossier
from linkbox.records.signing import fingerprint, signer

CHECKPOINT = "checkpoint"
_SHARED = frozenset({"risk", "telemetry"})
"""Streams that belong to no single intervention and to no customer, and say why one was opened."""


def dossier_of_store(
    store: Store, about: Mapping[str, Json], key: ec.EllipticCurvePrivateKey, *, at: datetime
) -> bytes:
    """The whole chain, its stored checkpoints, and one over its head made now."""
    return _dossier(store, about, key, at, _records(store))


def dossier_of_event(store: Store, intervention_id: str, key: ec.EllipticCurvePrivateKey, *, at: datetime) -> bytes:
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

    return _dossier(store, {"intervention": intervention_id}, key, at, inside, show=show)


def _of(record: AuditRecord, intervention_id: str) -> bool:
    facts = record.facts or {}
    mine = str(facts.get("notice", "")).startswith(f"{intervention_id}-")
    return mine or any(value == intervention_id for value in facts.values())


def _records(store: Store) -> list[AuditRecord]:
    return [AuditRecord.from_line(line.encode()) for line in store.audit_lines()]


def _dossier(
    store: Store,
    about: Mapping[str, Json],
    key: ec.EllipticCurvePrivateKey,
    at: datetime,
    records: Sequence[AuditRecord],
    *,
    show: object = None,
) -> bytes:
    sign, public = signer(key), key.public_key()
    checkpoints = [Checkpoint.from_line(row.body["line"].encode()) for row in store.rows(CHECKPOINT)]
    last = records[-1].seq if records else 0
    if records and last not in {checkpoint.seq for checkpoint in checkpoints}:
        key_id = fingerprint(public)[:16]
        checkpoints.append(make_checkpoint(head_of(records), at=at, key_id=key_id, sign=sign))
    shown = show if callable(show) else lambda record: True
    return export_dossier(about, records, checkpoints, public_key=public, sign=sign, at=at, show=shown)
