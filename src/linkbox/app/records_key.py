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


def load_records_key(path: Path, *, password: bytes | None = None, where: str = "--key") -> ec.EllipticCurvePrivateKey:
    """Raise InvalidInput for anything but a private key on P-256; its content is never shown."""
    try:
        secret = password or os.environ.get(PASSWORD, "").encode()
        key = load_pem_private_key(path.read_bytes(), secret or None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        rule = f"can not be read as a private key in PEM ({type(error).__name__})"
        raise _refused(path, rule, where) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _refused(path, "must be a key on P-256", where)
    return key


def read_records_key(path: Path, *, password: bytes | None = None, where: str = "--key") -> RecordsKey:
    """The key as the operation uses it."""
    key = load_records_key(path, password=password, where=where)
    return RecordsKey(key_id=fingerprint(key.public_key())[:16], sign=signer(key))


def _refused(path: Path, rule: str, where: str) -> InvalidInput:
    return InvalidInput("key", [Issue(where=where, value=str(path), rule=rule)])
