"""Shapeshifter's message types to plain values and back: the same names, JSON values, nothing else.

Reading is strict where the library is lenient: what the specification requires must be there, and texts must match
their patterns."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

MESSAGES = (
    "TestMessage",
    "FlexRequest",
    "FlexOffer",
    "FlexOfferRevocation",
    "FlexOrder",
    "FlexSettlement",
)
"""The messages that are spoken, each with its Response."""


@cache
def types_by_name() -> dict[str, Any]:
    """The library's dataclass for each message that is spoken. Imported here: it takes most of a second."""
    from shapeshifter_uftp import uftp

    return {name: getattr(uftp, name) for kind in MESSAGES for name in (kind, f"{kind}Response")}


def to_type(message: Mapping[str, Any]) -> Any:
    """The library's message of a plain one. Raises ValueError or TypeError for one that is not of the protocol."""
    kind = types_by_name().get(str(message.get("type")))
    if kind is None:
        raise ValueError(f"{message.get('type')!r} is not a message that is spoken here")
    return _build(kind, {name: value for name, value in message.items() if name != "type"})


def _build(kind: Any, values: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(unknown)}")
    return kind(**{name: _value(hints[name], value) for name, value in values.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    inner = _inner(hint)
    if typing.get_origin(inner) is list:
        (item,) = typing.get_args(inner)
        return [_value(item, one) for one in value]
    if dataclasses.is_dataclass(inner) and isinstance(value, Mapping):
        return _build(inner, value)
    if inner is bool or inner is str:
        return value
    if hasattr(inner, "from_string"):
        return inner.from_string(value)
    return inner(value)


def _inner(hint: Any) -> Any:
    """``X`` of ``Optional[X]``."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(hint) if arg is not type(None))
    return hint


def to_plain(message: Any) -> dict[str, Any]:
    """A library's message as plain values; what is absent is left out."""
    return {"type": type(message).__name__, **_fields(message)}


def _fields(value: Any) -> dict[str, Any]:
    pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
    return {name: _plain(item) for name, item in pairs if item is not None}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, bool | int | bytes) else str(value)


def absent(kind: Any, given: Iterable[str]) -> list[str]:
    """Required attributes of a message that are not given: the library would put its own default there, and read a
    response without a Result as an acceptance. A settlement's Result is the library's own."""
    required = {f.metadata["name"] for f in dataclasses.fields(kind) if f.metadata.get("required")}
    attributes = {f.metadata["name"] for f in dataclasses.fields(kind) if f.metadata.get("type") == "Attribute"}
    needed = (required & attributes) - ({"Result"} if kind.__name__ == "FlexSettlement" else set())
    return [f"{name} is missing" for name in sorted(needed - set(given))]


def misfits(message: Any, where: str = "") -> list[str]:
    """What the specification requires of a parsed message and is not so, by attribute."""
    found: list[str] = []
    kind: Any = type(message)
    hints = _hints(kind)
    for f in dataclasses.fields(message):
        value, name = getattr(message, f.name), f"{where}{f.metadata.get('name', f.name)}"
        pattern = f.metadata.get("pattern")
        if value is None:
            found += [f"{name} is missing"] if f.metadata.get("required") else []
        elif isinstance(value, list):
            if len(value) < f.metadata.get("min_occurs", 0):
                found.append(f"{name} is missing")
            for item in value:
                found += misfits(item, f"{name}.")
        elif not _is_choice(_inner(hints[f.name]), value):
            found.append(f"{name} is not one of its values")
        elif pattern is not None and not re.fullmatch(pattern, value):
            found.append(f"{name} is not as it must be")
        elif not _in_range(value, f.metadata):
            found.append(f"{name} is out of range")
    return found


def _is_choice(kind: Any, value: Any) -> bool:
    """Whether a value is one of its enumeration's, where it has one: the library leaves them as any text."""
    enumerated = isinstance(kind, type) and issubclass(kind, Enum)
    return not enumerated or value in [member.value for member in kind]


def _in_range(value: Any, rules: Mapping[str, Any]) -> bool:
    least, most = rules.get("min_inclusive"), rules.get("max_inclusive")
    return (least is None or value >= least) and (most is None or value <= most)
