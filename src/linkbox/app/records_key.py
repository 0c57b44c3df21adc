"""The key of records from a file: PEM, PKCS#8, P-256; its password, if it has one, in LINKBOX_RECORDS_PASSWORD."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.notice_setup import RecordsKey
from linkbox.records.signing import fingerprint, signer

PASSWORD = "LINKBOX_RECORDS_PASSWORD"  # noqa: S105 - the name of a variable


def load_records_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Raise InvalidInput for anything but a private key on P-256; its content is never shown."""
    try:
        password = os.environ.get(PASSWORD)
        key = load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _refused(path, f"can not be read as a private key in PEM ({type(error).__name__})") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _refused(path, "must be a key on P-256")
    return key


def read_records_key(path: Path) -> RecordsKey:
    """The key as the operation uses it."""
    key = load_records_key(path)
    return RecordsKey(key_id=fingerprint(key.public_key())[:16], sign=signer(key))


def _refused(path: Path, rule: str) -> InvalidInput:
    return InvalidInput("key", [Issue(where="--key", value=str(path), rule=rule)])
