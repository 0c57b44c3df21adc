"""What customers said and what became of their tenancies, as facts with two times each.

``at`` is when it was so; ``recorded_at`` is when the distributor came to know. Facts are only ever added. One fact
about one connection point; MPANs are the only personal identifier in this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import InvalidIdentifier, Mpan
from linkbox.base.time import parse_utc, require_utc


class ConsentKind(StrEnum):
    """What happened to a consent. Only GIVEN permits anything; SOUGHT changes nothing that was given before."""

    SOUGHT = "sought"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent:
    """One step of a consent, with its evidence: which text was shown, through which channel, where the proof lies.

    ``tenancy`` names the tenancy whose tenant spoke.
    """

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    kind: ConsentKind
    text_version: str
    channel: str
    evidence: str
    tenancy: str

    def __post_init__(self) -> None:
        _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenancyChange:
    """From ``at`` on the tenancy called ``tenancy`` holds. What former tenants said ends there."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    tenancy: str

    def __post_init__(self) -> None:
        _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """The customer rejects one intervention, before or during it (NF2)."""

    mpan: Mpan
    intervention_id: str
    at: datetime
    recorded_at: datetime

    def __post_init__(self) -> None:
        _require_times(self.at, self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityChoice:
    """A customer on the Priority Services Register asks to take part all the same, or takes that back (C11)."""

    mpan: Mpan
    at: datetime
    recorded_at: datetime
    opted_in: bool
    evidence: str

    def __post_init__(self) -> None:
        _require_times(self.at, self.recorded_at)


CustomerEvent: TypeAlias = ConsentEvent | TenancyChange | Objection | PriorityChoice

_KINDS: Mapping[str, type[CustomerEvent]] = {
    "consent": ConsentEvent,
    "tenancy_change": TenancyChange,
    "objection": Objection,
    "priority_choice": PriorityChoice,
}
_TIMES = ("at", "recorded_at")


def event_to_row(event: CustomerEvent) -> dict[str, Any]:
    """The event as plain JSON values; event_from_row is its inverse."""
    name = next(name for name, kind in _KINDS.items() if type(event) is kind)
    row: dict[str, Any] = {f.name: getattr(event, f.name) for f in fields(event)}
    row |= {name: row[name].isoformat(timespec="microseconds") for name in _TIMES}
    row["mpan"] = str(event.mpan)
    if isinstance(event, ConsentEvent):
        row["kind"] = event.kind.value
    return {"event": name} | row


def event_from_row(row: Mapping[str, Any]) -> CustomerEvent:
    """The event that a row describes. Raises InvalidInput with everything that is wrong with the row."""
    name = str(row.get("event"))
    if name not in _KINDS:
        rule = f"must be one of {', '.join(_KINDS)}"
        raise InvalidInput("customer event", [Issue(where="event", value=name, rule=rule)])
    kind = _KINDS[name]
    values: dict[str, Any] = {}
    issues: list[Issue] = []
    for wanted in fields(kind):
        try:
            values[wanted.name] = _value(wanted.name, row[wanted.name])
        except KeyError:
            issues.append(Issue(where=wanted.name, value="", rule=f"is required for event {name!r}"))
        except (ValueError, TypeError, InvalidIdentifier) as error:
            issues.append(Issue(where=wanted.name, value=str(row[wanted.name]), rule=str(error)))
    if issues:
        raise InvalidInput(f"customer event {name!r}", issues)
    return kind(**values)


def _value(name: str, value: Any) -> Any:
    match name:
        case "mpan":
            return Mpan(value)
        case "at" | "recorded_at":
            return parse_utc(value)
        case "kind":
            return ConsentKind(value)
        case "opted_in":
            return _boolean(value)
        case _:
            return _text(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _require_times(at: datetime, recorded_at: datetime) -> None:
    require_utc(at)
    require_utc(recorded_at)
