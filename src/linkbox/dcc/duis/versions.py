"""The DUIS schema versions that live side by side, as data: when each came into force and what it added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from linkbox.base.time import format_utc, require_utc
from linkbox.dcc.errors import LocalProtocolError

LATEST = "5.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaVersion:
    """One version of the schema.

    ``effective_from`` is when a user may begin to send it; ``build`` is whether we build messages of it (all are read).
    """

    number: str
    effective_from: datetime
    build: bool
    source: str


# Only 5.1 and 5.4 are published in full; the others were seen in sample messages. The dates are settings, not facts,
# but for 5.4: give `version_at` another table where a user's own uplift dates differ.
SCHEMA_VERSIONS: tuple[SchemaVersion, ...] = (
    SchemaVersion(
        number="5.0", effective_from=datetime(2020, 11, 29, tzinfo=UTC), build=False, source="older templates"
    ),
    SchemaVersion(
        number="5.1",
        effective_from=datetime(2021, 11, 4, tzinfo=UTC),
        build=True,
        source="schema in DCC's signing tool",
    ),
    SchemaVersion(
        number="5.2", effective_from=datetime(2022, 11, 3, tzinfo=UTC), build=False, source="between 5.1 and 5.3"
    ),
    SchemaVersion(
        number="5.3",
        effective_from=datetime(2024, 11, 7, tzinfo=UTC),
        build=False,
        source="sample response of July 2025",
    ),
    SchemaVersion(
        number="5.4", effective_from=datetime(2025, 11, 1, tzinfo=UTC), build=True, source="DUIS Schema V5.4"
    ),
)
KNOWN = tuple(version.number for version in SCHEMA_VERSIONS)


def version_at(at: datetime, table: tuple[SchemaVersion, ...] = SCHEMA_VERSIONS) -> str:
    """The newest version that we build and that is in force at ``at``; raise LocalProtocolError when there is none."""
    usable = [v for v in table if v.build and v.effective_from <= require_utc(at)]
    if not usable:
        raise LocalProtocolError("schema version", f"none that we build is in force at {format_utc(at)}")
    return max(usable, key=lambda v: v.effective_from).number


def is_from(version: str, since: str) -> bool:
    """Whether ``version`` is ``since`` or newer."""
    return _ordered(version) >= _ordered(since)


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
