"""``linkbox audit verify``: the judgement on an exported file."""

from __future__ import annotations

from pathlib import Path

from linkbox.app.audit_parallel import scan_on_all_cores
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.records.dossier import NotADossier, NotAPublicKey, verify_dossier


class NotIntact(LinkboxError):
    """A dossier was altered; the message says where."""


def verify_file(path: Path, public_key: Path | None) -> str:
    """The verdict in words. Raise NotIntact where anything was altered, InvalidInput for a file that is no dossier,
    or no key."""
    data = _read(path)
    key = None if public_key is None else _read(public_key)
    try:
        verdict = verify_dossier(data, trusted_key=key, scan_all=scan_on_all_cores)
    except NotADossier as error:
        raise _refused(path, str(error)) from error
    except NotAPublicKey as error:
        raise _refused(public_key or path, str(error)) from error
    if not verdict.ok:
        raise NotIntact(verdict.describe())
    return verdict.describe()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, f"can not be read: {error.strerror}") from error


def _refused(path: Path, rule: str) -> InvalidInput:
    return InvalidInput("audit verify", [Issue(where=str(path), value=path.name, rule=rule)])
