"""Personal values in the audit chain: a salted commitment stands in the record, salt and value are held beside it.

So a name or a person's own words can be taken away for good, and the chain with all its signatures still verifies: the
record keeps HMAC-SHA-256 of the value under a salt of 32 octets, which without the salt tells nothing, not even to who
guesses the value. What is taken away is told by a record of its own; what was changed instead does not open the
commitment any more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

SALT_OCTETS = 32
NAME, FREE_TEXT = "name", "free text"
_LABEL = b"linkbox commitment 1\0"
_SEALED, _KIND = "sealed", "kind"
SEALED_MARK = b'"sealed":"'
"""Octets that stand in every line with a commitment, and in no other place of a line: text has its quotes escaped."""

Salts: TypeAlias = Callable[[str], bytes]
"""``name -> 32 octets`` that nobody can guess. A simulation derives them from its seed, everybody else draws them."""


class Personal(str):
    """A personal text on its way into a record: a text as any other, until it is recorded. ``kind`` is shown in its
    place; ``subject`` is the token of the customer whom it is about, if it is about one."""

    kind: str
    subject: str

    def __new__(cls, text: str, kind: str = FREE_TEXT, subject: str = "") -> Personal:
        made = super().__new__(cls, text)
        made.kind, made.subject = kind, subject
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens one commitment: the value and its salt. ``where`` is its place in the facts, as ``by[0]``."""

    where: str
    kind: str
    subject: str
    commitment: str
    salt: bytes
    value: str

    @property
    def good(self) -> bool:
        """Whether it opens its commitment."""
        return hmac.compare_digest(commit(self.kind, self.value, self.salt), self.commitment)


def commit(kind: str, value: str, salt: bytes) -> str:
    """The commitment to a value, as 64 hex digits."""
    message = _LABEL + kind.encode() + b"\0" + value.encode("utf-8", "surrogatepass")
    return hmac.digest(salt, message, hashlib.sha256).hex()


def seal(facts: Mapping[str, Any], salts: Salts) -> tuple[dict[str, Any], list[Opening]]:
    """The facts with a commitment in the place of each Personal, and what opens them. ``salts`` is asked by place."""
    openings: list[Opening] = []
    sealed = {name: _seal(value, name, salts, openings) for name, value in facts.items()}
    return sealed, openings


def _seal(value: Any, where: str, salts: Salts, openings: list[Opening]) -> Any:
    match value:
        case Personal():
            text, salt = str.__str__(value), salts(where)
            commitment = commit(value.kind, text, salt)
            openings.append(
                Opening(
                    where=where,
                    kind=value.kind,
                    subject=value.subject,
                    commitment=commitment,
                    salt=salt,
                    value=text,
                )
            )
            return {_SEALED: commitment, _KIND: value.kind}
        case Mapping():
            return {name: _seal(inner, f"{where}.{name}", salts, openings) for name, inner in value.items()}
        case list() | tuple():
            return [_seal(inner, f"{where}[{n}]", salts, openings) for n, inner in enumerate(value)]
        case _:
            return value


def sealed_in(facts: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """``(where, kind, commitment)`` of each commitment in recorded facts."""
    if isinstance(facts, Mapping):
        if set(facts) == {_SEALED, _KIND}:
            yield where, str(facts[_KIND]), str(facts[_SEALED])
            return
        for name, inner in facts.items():
            yield from sealed_in(inner, f"{where}.{name}" if where else str(name))
    elif isinstance(facts, list | tuple):
        for n, inner in enumerate(facts):
            yield from sealed_in(inner, f"{where}[{n}]")


def readable(facts: Any, values: Mapping[str, str], where: str = "") -> Any:
    """Recorded facts with each commitment replaced by its value where ``values`` has one for the place, by
    ``(redacted)`` where not: for people to read."""
    if isinstance(facts, Mapping):
        if set(facts) == {_SEALED, _KIND}:
            return values.get(where, f"({facts[_KIND]} redacted)")
        return {k: readable(v, values, f"{where}.{k}" if where else str(k)) for k, v in facts.items()}
    if isinstance(facts, list | tuple):
        return [readable(inner, values, f"{where}[{n}]") for n, inner in enumerate(facts)]
    return facts
