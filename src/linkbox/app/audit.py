"""``linkbox audit verify``: the judgement on an exported file."""

from __future__ import annotations

from pathlib import Path

from linkbox.app.audit_parallel import scan_on_all_cores
from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.records.dossier import NotADossier, NotAPublicKey, verify_dossier
from linkbox.records.stamps import CheckStamp


class NotIntact(LinkboxError):
    """A dossier was altered; the message says where."""


def verify_file(path: Path, public_key: Path | None, tsa_certificate: Path | None = None) -> str:
    """The verdict in words. Raise NotIntact where anything was altered, InvalidInput for a file that is no dossier,
    or no key. ``tsa_certificate``: of the authority whose time stamps are to be checked."""
    data = _read(path)
    check = None if tsa_certificate is None else _stamp_checker(tsa_certificate)
    key = None if public_key is None else _read(public_key)
    try:
        verdict = verify_dossier(data, trusted_key=key, scan_all=scan_on_all_cores, check_stamp=check)
    except NotADossier as error:
        raise _refused(path, str(error)) from error
    except NotAPublicKey as error:
        raise _refused(public_key or path, str(error)) from error
    if not verdict.ok:
        raise NotIntact(verdict.describe())
    return verdict.describe()


def _stamp_checker(certificate: Path) -> CheckStamp:
    from linkbox.adapters.timestamp import stamp_checker

    return stamp_checker(certificate)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, f"can not be read: {error.strerror}") from error


def _refused(path: Path, rule: str) -> InvalidInput:
    return InvalidInput("audit verify", [Issue(where=str(path), value=path.name, rule=rule)])
