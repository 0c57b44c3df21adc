"""The operators of a service: a TOML file with a table for each, and a command that makes the lines for one.

[[person]]
name = "Asha"
scopes = ["view", "authorise", "stop"]
token_sha256 = "…"                 # of the token that Asha was given
key = "…"                          # seals her words; made from the code that she was given

The keys seal words, so the file is as secret as a key file. Tokens and codes are in it nowhere."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linkbox.base.errors import InvalidInput, Issue
from linkbox.operation.operator_access import Operators, Person, Scope, token_digest
from linkbox.operation.operators import key_of

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonPart(_Part):
    """One operator."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    token_sha256: Hex
    key: Hex


class PeopleFile(_Part):
    """The whole file."""

    person: Annotated[tuple[PersonPart, ...], Field(min_length=1)]


def read_operators(path: Path) -> Operators:
    """The operators of a file; raise InvalidInput with everything that is wrong with it, and without what is secret."""
    try:
        found = PeopleFile.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        rule = f"can not be read: {error.strerror if isinstance(error, OSError) else error}"
        raise InvalidInput("operators", [Issue(where=str(path), value=path.name, rule=rule)]) from error
    except ValidationError as error:
        places = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise InvalidInput("operators", [Issue(where=f"{path} {w}", value="", rule=r) for w, r in places]) from error
    issues = []
    for what in ("name", "token_sha256"):
        values = [getattr(person, what).casefold() for person in found.person]
        issues += [
            Issue(where=f"{path} person.{place}.{what}", value="", rule="must be given to one person only")
            for place, value in enumerate(values)
            if value in values[:place]
        ]
    if issues:
        raise InvalidInput("operators", issues)
    return Operators(
        Person(
            name=person.name,
            scopes=frozenset(person.scopes),
            token_sha256=person.token_sha256,
            key=bytes.fromhex(person.key),
        )
        for person in found.person
    )


def new_operator(name: str, scopes: list[Scope]) -> tuple[str, str, str]:
    """The lines for the file, and what the operator is given once: the token for HTTP, the code for a terminal."""
    if not name.strip() or '"' in name or not name.isprintable() or len(name) > 64:
        rule = "must be a printable name of 1 to 64 characters, without quotes"
        raise InvalidInput("operator", [Issue(where="NAME", value=name[:64], rule=rule)])
    token, code = secrets.token_urlsafe(32), secrets.token_urlsafe(12)
    listed = ", ".join(f'"{scope.value}"' for scope in dict.fromkeys(scopes))
    lines = (
        f'[[person]]\nname = "{name}"\nscopes = [{listed}]\n'
        f'token_sha256 = "{token_digest(token)}"\nkey = "{key_of(name, code).hex()}"\n'
    )
    return lines, token, code
