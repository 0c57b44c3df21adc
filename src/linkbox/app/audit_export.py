"""``linkbox audit export``: a dossier from a store into a file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from linkbox.app.records_key import load_records_key
from linkbox.app.report_files import write_files
from linkbox.app.store_option import opened
from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.dossiers import Reader, dossier_of_event, dossier_of_period, dossier_of_store
from linkbox.records.dossier import verify_dossier

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: everything, one event, or the records of ``[since, until)``; what its reader may see."""

    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    values: bool = True
    mpans: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInput for what can not be asked for together."""
        period = self.since is not None or self.until is not None
        issues = []
        if self.event is not None and period:
            issues.append(Issue(where="--event", value=self.event, rule="not together with --since or --until"))
        if self.since is not None and self.until is not None and self.since >= self.until:
            issues.append(Issue(where="--until", value=self.until.isoformat(), rule="must be after --since"))
        if issues:
            raise InvalidInput("audit export", issues)


def export_file(store: str, key_file: Path, out: Path, wanted: Wanted, *, at: datetime) -> str:
    """Write the dossier, and say what is in it as ``audit verify`` says it."""
    key = load_records_key(key_file)
    reader = Reader(values=wanted.values, mpans=wanted.mpans)
    with opened(store) as place:
        if wanted.event is not None:
            octets = dossier_of_event(place, wanted.event, key, at=at, reader=reader)
        elif wanted.since is not None or wanted.until is not None:
            since, until = wanted.since or _ALWAYS[0], wanted.until or _ALWAYS[1]
            octets = dossier_of_period(place, since, until, key, at=at, reader=reader)
        else:
            octets = dossier_of_store(place, {"store": "whole"}, key, at=at, reader=reader)
    write_files(out.parent, {out.name: octets})
    return f"{out}\n{verify_dossier(octets).describe()}"
