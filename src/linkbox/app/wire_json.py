"""Typed values of the wire as JSON, and back: one rule for every dataclass, so that a new use case needs no line here.

A dataclass is an object with its class as ``type``; fields that are None are left out. Octets are hex, times ISO 8601
with Z, enumerations their names (those that are texts, the text), numbers that are message or alert codes four hex
digits. Reading goes by the declared types and reports everything that is wrong at once.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import Eui64, Mpan, RequestId
from linkbox.base.time import parse_utc

Json: TypeAlias = Any
_CODE_DIGITS = 4
_UNION = (Union, types.UnionType)


def to_json(value: Any) -> Json:
    """The JSON of any value of the wire."""
    match value:
        case RequestId():
            return str(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _object(value)
        case Enum():
            return value.value if isinstance(value, str) else value.name
        case bytes():
            return value.hex()
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case frozenset():
            return sorted(to_json(item) for item in value)
        case tuple():
            return [to_json(item) for item in value]
        case Mapping():
            return {str(key): to_json(item) for key, item in value.items()}
        case str():
            return str(value)
        case _:
            return value


def _object(value: Any) -> dict[str, Json]:
    found: dict[str, Json] = {"type": type(value).__name__}
    for field in fields(value):
        item = getattr(value, field.name)
        if item is None:
            continue
        found[field.name] = f"{item:04X}" if _is_code(field.name, item) else to_json(item)
    return found


def _is_code(name: str, value: Any) -> bool:
    return name.endswith("_code") and isinstance(value, int)


def parse_json(data: bytes, what: str) -> Json:
    """The JSON in ``data``; raise InvalidInput for what is none."""
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(what, [Issue(where=what, value="", rule=f"must be JSON: {error}")]) from None


def from_json(data: Json, hint: Any, what: str) -> Any:
    """The value of type ``hint`` that ``data`` says. Raise InvalidInput with everything that is wrong."""
    issues: list[Issue] = []
    value = _read(data, hint, what, issues)
    if issues:
        raise InvalidInput(what, issues)
    return value


def _read(data: Json, hint: Any, where: str, issues: list[Issue]) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in _UNION:
        return _read_union(data, arguments, where, issues)
    if origin is Literal:
        return (
            data
            if data in arguments
            else _wrong(data, f"must be one of {', '.join(map(str, arguments))}", where, issues)
        )
    if origin in (tuple, frozenset):
        return _read_items(data, origin, arguments, where, issues)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(data, arguments[1], where, issues)
    if _is_record(hint):
        return _read_object(data, hint, where, issues)
    return _read_plain(data, hint, where, issues)


def _is_record(hint: Any) -> bool:
    return is_dataclass(hint) and hint is not RequestId


def _wrong(data: Json, rule: str, where: str, issues: list[Issue]) -> Any:
    """Note what is wrong; give None, for want of a value."""
    value = data if isinstance(data, str) else json.dumps(data)
    issues.append(Issue(where=where, value=value[:80], rule=rule))


def _read_union(data: Json, arguments: tuple[Any, ...], where: str, issues: list[Issue]) -> Any:
    """The first alternative that takes ``data``; where none does, what the one that is most alike says."""
    if data is None and type(None) in arguments:
        return None
    alternatives = [a for a in arguments if a is not type(None) and _alike(data, a)]
    tagged = [a for a in alternatives if isinstance(data, dict) and data.get("type") == getattr(a, "__name__", "")]
    failed: list[Issue] = []
    for alternative in tagged or alternatives:
        failed = []
        value = _read(data, alternative, where, failed)
        if not failed:
            return value
    if failed and len(tagged or alternatives) == 1:
        issues.extend(failed)
        return None
    names = ", ".join("null" if a is type(None) else getattr(a, "__name__", str(a)) for a in arguments)
    _wrong(data, f"must be one of: {names}", where, issues)
    return None


def _alike(data: Json, hint: Any) -> bool:
    """Whether ``data`` has the JSON kind of ``hint`` at all."""
    origin = get_origin(hint)
    if origin in (tuple, frozenset):
        return isinstance(data, list)
    if _is_record(hint):
        return isinstance(data, dict)
    if hint in (bool, int, float):
        return isinstance(data, bool) == (hint is bool) and isinstance(data, (int, float))
    return isinstance(data, str)


def _read_items(data: Json, kind: Any, arguments: tuple[Any, ...], where: str, issues: list[Issue]) -> Any:
    if not isinstance(data, list):
        return _wrong(data, "must be a list", where, issues)
    fixed = kind is tuple and Ellipsis not in arguments
    if fixed and len(data) != len(arguments):
        return _wrong(data, f"must have {len(arguments)} items", where, issues)
    hints = arguments if fixed else (arguments[0],) * len(data)
    return kind(
        _read(item, hint, f"{where}[{n}]", issues) for n, (item, hint) in enumerate(zip(data, hints, strict=True))
    )


def _read_mapping(data: Json, hint: Any, where: str, issues: list[Issue]) -> Any:
    if not isinstance(data, dict):
        return _wrong(data, "must be an object", where, issues)
    return {key: _read(item, hint, f"{where}.{key}", issues) for key, item in data.items()}


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_object(data: Json, kind: Any, where: str, issues: list[Issue]) -> Any:
    if not isinstance(data, dict):
        return _wrong(data, f"must be an object: {kind.__name__}", where, issues)
    before = len(issues)
    if data.get("type", kind.__name__) != kind.__name__:
        _wrong(data["type"], f"must be {kind.__name__}", f"{where}.type", issues)
    known = {field.name: field for field in fields(kind)}
    for name in data.keys() - known.keys() - {"type"}:
        _wrong(data[name], f"{kind.__name__} has only {', '.join(known) or 'no fields'}", f"{where}.{name}", issues)
    values = {
        name: _read_field(data, field, kind, where, issues)
        for name, field in known.items()
        if name in data or _required(field)
    }
    if len(issues) > before:
        return None
    try:
        return kind(**values)
    except LinkboxError as error:
        return _wrong("", str(error), where, issues)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _read_field(data: dict[str, Json], field: Field[Any], kind: Any, where: str, issues: list[Issue]) -> Any:
    hint, place = _hints(kind)[field.name], f"{where}.{field.name}"
    if field.name not in data and type(None) in get_args(hint):
        return None  # None was left out when it was written
    if field.name not in data:
        return _wrong("", "must be given", place, issues)
    if hint is int and field.name.endswith("_code") and isinstance(data[field.name], str):
        return _read_code(data[field.name], place, issues)
    return _read(data[field.name], hint, place, issues)


def _read_code(text: str, where: str, issues: list[Issue]) -> Any:
    if len(text) == _CODE_DIGITS and all(c in "0123456789abcdefABCDEF" for c in text):
        return int(text, 16)
    return _wrong(text, "must be four hex digits", where, issues)


def _time_of_day(text: str) -> time:
    return time.fromisoformat(text)


_READERS: dict[Any, tuple[type[Any], Callable[[Any], Any], str]] = {
    bool: (bool, bool, "must be true or false"),
    int: (int, int, "must be a whole number"),
    str: (str, str, "must be a text"),
    bytes: (str, bytes.fromhex, "must be octets in hex"),
    datetime: (str, parse_utc, "must be a time with its zone, as 2026-01-13T18:00:00Z"),
    date: (str, date.fromisoformat, "must be a date, as 2026-01-13"),
    time: (str, _time_of_day, "must be a time of day, as 18:00:00"),
    Eui64: (str, Eui64, "must be an EUI-64"),
    Mpan: (str, Mpan, "must be an MPAN"),
    RequestId: (str, RequestId.parse, "must be originator:target:counter"),
}


def _read_plain(data: Json, hint: Any, where: str, issues: list[Issue]) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _read_enum(data, hint, where, issues)
    if hint is float:
        right = isinstance(data, (int, float)) and not isinstance(data, bool)
        return float(data) if right else _wrong(data, "must be a number", where, issues)
    kind, make, rule = _READERS[hint]
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        return _wrong(data, rule, where, issues)
    try:
        return make(data)
    except LinkboxError as error:
        return _wrong(data, getattr(error, "rule", rule), where, issues)
    except (ValueError, OverflowError):
        return _wrong(data, rule, where, issues)


def _read_enum(data: Json, hint: type[Enum], where: str, issues: list[Issue]) -> Any:
    by_text = {to_json(member): member for member in hint}
    if isinstance(data, str) and data in by_text:
        return by_text[data]
    return _wrong(data, f"must be one of {', '.join(map(str, by_text))}", where, issues)
