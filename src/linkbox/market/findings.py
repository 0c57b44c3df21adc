"""What an investigation found of a market that failed (SECMP0046: 'if these services failed')."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import format_utc

MAX_NOTE = 500


class Finding(StrEnum):
    """Why the provider did not do it, as people found out afterwards."""

    ONE_OFF = "one-off"
    PROVIDER_SYSTEM_FAULT = "provider-system-fault"
    CYBER_ATTACK = "cyber-attack"
    DAMAGE = "damage"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFinding:
    """One finding about one event. A later one does not erase an earlier one: both stay in the record."""

    intervention_id: str
    finding: Finding
    who: str
    note: str
    at: datetime

    def __post_init__(self) -> None:
        issues = []
        if not self.who.strip() or len(self.who) > 64:
            issues.append(Issue(where="who", value=self.who[:64], rule="must be a name of 1 to 64 characters"))
        if len(self.note) > MAX_NOTE:
            issues.append(Issue(where="note", value=self.note[:40], rule=f"must have at most {MAX_NOTE} characters"))
        if self.finding is Finding.OTHER and not self.note.strip():
            issues.append(Issue(where="note", value="", rule="must say what it was where the finding is 'other'"))
        if issues:
            raise InvalidInput("finding", issues)

    def to_record(self) -> dict[str, Any]:
        """Plain values for the store and the record."""
        return {
            "intervention": self.intervention_id,
            "finding": self.finding.value,
            "who": self.who,
            "note": self.note,
            "at": format_utc(self.at),
        }
