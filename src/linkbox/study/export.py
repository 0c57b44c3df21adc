"""An evening's audit chain as files that anybody can check."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.dcc.smki import KeyUsage, Role
from linkbox.operation.dossiers import dossier_of_event, dossier_of_store
from linkbox.operation.notice_setup import RecordsKey
from linkbox.records.audit import Json
from linkbox.records.signing import fingerprint, public_pem, signer
from linkbox.study.evening import Evening
from linkbox.study.wiring import USER


def export_audit(evening: Evening, path: Path) -> None:
    """Write the whole chain with its checkpoints and one over its head; an evening without any record has none."""
    scenario = evening.people.scenario
    about: dict[str, Json] = {"evening": scenario.day, "seed": scenario.seed, "street": evening.people.network.name}
    path.write_bytes(dossier_of_store(evening.store, about, _key(evening), at=_at(evening)))


def event_dossier(evening: Evening, intervention_id: str) -> bytes:
    """The stretch of the chain in which an intervention was open; what is not of it is withheld."""
    return dossier_of_event(evening.store, intervention_id, _key(evening), at=_at(evening))


def records_key(evening: Evening) -> tuple[RecordsKey, bytes]:
    """The key of the evening's records, and its public half in PEM."""
    key = _key(evening)
    public = key.public_key()
    return RecordsKey(key_id=fingerprint(public)[:16], sign=signer(key)), public_pem(public)


def _key(evening: Evening) -> ec.EllipticCurvePrivateKey:
    return evening.people.pki.private_key(USER, Role.OTHER, KeyUsage.DIGITAL_SIGNATURE)


def _at(evening: Evening) -> datetime:
    return evening.people.scenario.end
