"""The audit chain as one file that anybody can check."""

from __future__ import annotations

from pathlib import Path

from linkbox.dcc.smki import KeyUsage, Role
from linkbox.records.audit import Json, head_of, make_checkpoint
from linkbox.records.dossier import export_dossier
from linkbox.records.signing import fingerprint, signer
from linkbox.study.evening import Evening
from linkbox.study.wiring import USER


def export_audit(evening: Evening, path: Path) -> None:
    """Write the whole chain with a signed checkpoint over its head; an evening without any record has none."""
    scenario, records = evening.people.scenario, evening.audit()
    key = evening.people.pki.private_key(USER, Role.OTHER, KeyUsage.DIGITAL_SIGNATURE)
    sign, public = signer(key), key.public_key()
    checkpoints = []
    if records:
        key_id = fingerprint(public)[:16]
        checkpoints.append(make_checkpoint(head_of(records), at=scenario.end, key_id=key_id, sign=sign))
    about: dict[str, Json] = {"evening": scenario.day, "seed": scenario.seed, "street": evening.people.network.name}
    data = export_dossier(about, records, checkpoints, public_key=public, sign=sign, at=scenario.end)
    path.write_bytes(data)
