"""``linkbox audit verify``: the judgement on an exported file."""

from __future__ import annotations

from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.records.dossier import NotADossier, verify_dossier


class NotIntact(LinkboxError):
    """A dossier was altered; the message says where."""


def verify_file(path: Path, public_key: Path | None) -> str:
    """The verdict in words. Raise NotIntact where anything was altered, InvalidInput for a file that is no dossier."""
    try:
        data = path.read_bytes()
        key = None if public_key is None else public_key.read_bytes()
        verdict = verify_dossier(data, trusted_key=key)
    except (OSError, NotADossier) as error:
        raise InvalidInput("dossier", [Issue(where=str(path), value="", rule=str(error))]) from error
    if not verdict.ok:
        raise NotIntact(verdict.describe())
    return verdict.describe()
