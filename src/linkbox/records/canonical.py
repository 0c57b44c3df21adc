"""One byte form for each JSON value, so that a digest means the same everywhere.

Canonical form: UTF-8, no white space, object keys sorted by code point, no escapes beyond those that JSON
demands, integers in decimal, finite floats in the shortest form that reads back exactly (Python's ``repr``).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

from linkbox.base.errors import InvalidInput, Issue, LinkboxError
from linkbox.base.identifiers import InvalidIdentifier, Mpan

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007 - the name in quotes does not combine with |
"""What may be recorded. Read back, sequences are lists and mappings are dicts."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


class RecordsError(LinkboxError):
    """Root of the records room's exceptions."""


class Unrecordable(RecordsError, InvalidInput):
    """Facts can not go into a record: not JSON, not finite, or personal data in clear. ``issues`` lists all."""


def canonical_json(value: Json) -> bytes:
    """The canonical bytes of a JSON value that has been checked (``check_facts``) or was read from JSON."""
    return _encode(value).encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """The SHA-256 digest as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def check_facts(facts: Mapping[str, object]) -> None:
    """Raise Unrecordable, naming every place, where ``facts`` is not JSON or holds an MPAN in clear."""
    issues: list[Issue] = []
    _check(facts, "facts", issues)
    if issues:
        raise Unrecordable("facts for the audit record", issues)


def _check(value: object, where: str, issues: list[Issue]) -> None:
    if isinstance(value, str):
        _check_text(value, where, issues)
    elif value is None or isinstance(value, bool | int):
        return
    elif isinstance(value, float):
        if not math.isfinite(value):
            issues.append(Issue(where=where, value=repr(value), rule="a recorded number must be finite"))
    elif isinstance(value, dict | Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                issues.append(Issue(where=where, value=repr(key), rule="a key must be text"))
            else:
                _check_text(key, f"{where} key", issues)
                _check(item, f"{where}.{key}", issues)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]", issues)
    else:
        issues.append(Issue(where=where, value=type(value).__name__, rule="must be a JSON value"))


def _check_text(text: str, where: str, issues: list[Issue]) -> None:
    if len(text) == 13 and _is_mpan(text):
        # The value itself must not reach a log either, so the issue shows its shape only.
        issues.append(Issue(where=where, value="<13 digits>", rule="no MPAN in clear: use a customer token"))
    elif not text.isascii() and not _encodes(text):
        issues.append(Issue(where=where, value=ascii(text), rule="text must be encodable as UTF-8"))


def _is_mpan(text: str) -> bool:
    try:
        Mpan(text)
    except InvalidIdentifier:
        return False
    return True


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
