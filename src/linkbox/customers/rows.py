"""Facts about customers as plain JSON values, and back: every reader of a row gets all that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import InvalidIdentifier, Mpan
from linkbox.base.time import parse_utc
from linkbox.customers.events import (
    USUAL_SCOPE,
    Annulment,
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    Objection,
    PriorityChoice,
    Scope,
    SupplierChange,
    TenancyChange,
)

EVENT_KINDS: Mapping[str, type[CustomerEvent]] = {
    "consent": ConsentEvent,
    "tenancy_change": TenancyChange,
    "supplier_change": SupplierChange,
    "objection": Objection,
    "priority_choice": PriorityChoice,
    "annulment": Annulment,
}
_NAMES = {kind: name for name, kind in EVENT_KINDS.items()}
KINDS_OF_CONSENT = {kind.value: kind for kind in ConsentKind}
_UNFIT = (ValueError, TypeError, LookupError, OverflowError, InvalidIdentifier)
"""What reading a value may raise because of what it is."""


def event_to_row(event: CustomerEvent) -> dict[str, Any]:
    """The event as plain JSON values; event_from_row is its inverse."""
    row: dict[str, Any] = {"event": _NAMES[type(event)]}
    for name, kept in _SHAPES[type(event)]:
        value = getattr(event, name)
        if kept is not None:
            value = kept(value)
        if value is not None or name not in _OPTIONAL:
            row[name] = value
    return row


def event_from_row(row: Mapping[str, Any]) -> CustomerEvent:
    """The event that a row describes. Raises InvalidInput with everything that is wrong with the row."""
    kind = EVENT_KINDS.get(str(row.get("event")))
    if kind is None:
        rule = f"must be one of {', '.join(EVENT_KINDS)}"
        raise InvalidInput("customer event", [Issue(where="event", value=str(row.get("event")), rule=rule)])
    try:
        values = {name: READERS[name](value) for name, value in row.items() if name != "event"}
        return kind(**values)
    except _UNFIT:
        return kind(**_checked(kind, row))


def _checked(kind: type[CustomerEvent], row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row, one by one; raise InvalidInput with all that is wrong."""
    values: dict[str, Any] = {}
    name_of_kind = _NAMES[kind]
    known = {f.name: f for f in fields(kind)}
    issues = [
        Issue(where=str(name), value=str(row[name]), rule=f"is not known for event {name_of_kind!r}")
        for name in row
        if name != "event" and name not in known
    ]
    for name, wanted in known.items():
        if name not in row:
            if wanted.default is MISSING:
                issues.append(Issue(where=name, value="", rule=f"is required for event {name_of_kind!r}"))
            continue
        try:
            values[name] = READERS[name](row[name])
        except _UNFIT as error:
            issues.append(Issue(where=name, value=_shown(name, row[name]), rule=_rule(name, error)))
    if issues:
        raise InvalidInput(f"customer event {name_of_kind!r}", issues)
    return values


def identity_of(row: Mapping[str, Any]) -> bytes:
    """What makes two rows the same fact: everything but when and by whom it was recorded; 16 octets."""
    names = TOLD.get(str(row.get("event"))) or sorted(row)
    told = "\x1f".join([str(row.get(name)) for name in names])
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def fact_id(event: CustomerEvent) -> str:
    """The identity of a fact as people write it: 32 hex digits."""
    return identity_of(event_to_row(event)).hex()


def masked_mpan(value: object) -> str:
    """What may be shown of something that was given as an MPAN: its last three characters."""
    text = str(value)
    return text if len(text) <= 3 else "*" * (len(text) - 3) + text[-3:]


def _shown(name: str, value: object) -> str:
    return masked_mpan(value) if name == "mpan" else str(value)


def _rule(name: str, error: Exception) -> str:
    """The rule alone: the value stands beside it, and an MPAN in no message."""
    if isinstance(error, InvalidIdentifier):
        return error.rule
    match name:
        case "at" | "recorded_at" | "expires_at":
            return "must be a time with its zone, as 2026-01-13T18:00:00Z"
        case "kind":
            return f"must be one of {', '.join(ConsentKind)}"
        case "mpan":
            return "must be exactly 13 decimal digits"
        case _:
            return str(error)


def _kind(value: Any) -> ConsentKind:
    return KINDS_OF_CONSENT[value]


def _time_or_none(value: Any) -> datetime | None:
    return None if value is None else parse_utc(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(value: Any) -> str:
    if value.__class__ is not str and not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _scope(value: Any) -> Scope:
    if not isinstance(value, Mapping):
        raise ValueError("must be an object")
    unknown = set(value) - set(Scope.__dataclass_fields__)
    if unknown:
        raise ValueError(f"has members that are not known: {', '.join(sorted(map(str, unknown)))}")
    try:
        read: dict[str, Any] = {name: _text(v) if name == "device" else _boolean(v) for name, v in value.items()}
        scope = Scope(**read)
    except ValueError as error:
        raise ValueError("device must be text, the others true or false") from error
    return USUAL_SCOPE if scope == USUAL_SCOPE else scope


def _scope_row(scope: Scope) -> dict[str, Any] | None:
    if scope is USUAL_SCOPE or scope == USUAL_SCOPE:
        return None
    return {name: getattr(scope, name) for name in Scope.__slots__}


def _time_row(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="microseconds")


def _plain_text(value: str) -> str:
    return str.__str__(value)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "mpan": Mpan,
    "at": parse_utc,
    "recorded_at": parse_utc,
    "expires_at": _time_or_none,
    "kind": _kind,
    "opted_in": _boolean,
    "scope": _scope,
    **dict.fromkeys(
        (
            *("text_version", "channel", "evidence", "tenancy", "recorded_by", "supplier", "intervention_id"),
            *("fact", "reason"),
        ),
        _text,
    ),
}
"""How each member of a row is read, by its name."""

_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "mpan": _plain_text,
    "at": _time_row,
    "recorded_at": _time_row,
    "expires_at": _time_row,
    "kind": lambda kind: kind.value,
    "scope": _scope_row,
}
_RECORDING = frozenset({"recorded_at", "recorded_by"})
TOLD = {
    name: ("event", *(f.name for f in fields(kind) if f.name not in _RECORDING)) for name, kind in EVENT_KINDS.items()
}
"""What makes a row the same fact, by the name of the event, in the order of ``identity_of``."""

_OPTIONAL = frozenset({"expires_at", "scope"})
_SHAPES: Mapping[type, tuple[tuple[str, Callable[[Any], Any] | None], ...]] = {
    kind: tuple((f.name, _WRITERS.get(f.name)) for f in fields(kind)) for kind in EVENT_KINDS.values()
}
