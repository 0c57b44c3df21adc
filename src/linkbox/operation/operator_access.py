"""Who of the operators may do what over the network, each known by a token of their own.

Only the SHA-256 of a token is kept. A token has 256 bits of chance, so it needs no slow hash. It is compared in
constant time with every operator's, so that an answer tells nothing of how near a guess was."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """What a token is good for; none includes another."""

    VIEW = "view"
    AUTHORISE = "authorise"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One operator. ``key`` seals their words (``operators.key_of``); neither it nor the token's digest is shown."""

    name: str
    scopes: frozenset[Scope]
    token_sha256: str = field(repr=False)
    key: bytes = field(repr=False)


class Operators:
    """The operators of an installation."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = tuple(people)

    @property
    def keys(self) -> dict[str, bytes]:
        """By name, the key that seals their words: what a Site needs."""
        return {person.name: person.key for person in self._people}

    def who(self, token: str) -> Person | None:
        """Whose token it is, or None."""
        digest = token_digest(token)
        found = None
        for person in self._people:
            if hmac.compare_digest(digest, person.token_sha256):
                found = person
        return found


def token_digest(token: str) -> str:
    """What is kept of a token: its SHA-256, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
