"""Facts about customers in the form in which a register stores them: made once, where millions come at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from linkbox.customers.columns import usual_columns
from linkbox.customers.rows import identity_of
from linkbox.customers.tables import Part

StoredFact: TypeAlias = tuple[int, bytes, str]
"""MPAN as a number, identity (see ``identity_of``), and the row as JSON text."""

IDENTITY_OCTETS = 16
_encode = msgspec.json.Encoder().encode
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def stored(row: Mapping[str, Any]) -> StoredFact:
    """A row, as ``event_to_row`` has it, ready to be stored."""
    return int(row["mpan"]), identity_of(row), _encode(row).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumns:
    """Many facts as columns, in the order in which they came; ``identities`` one behind the other."""

    numbers: Sequence[int]
    identities: bytes
    bodies: Sequence[str]

    def rows(self) -> Iterator[StoredFact]:
        """One by one."""
        size = IDENTITY_OCTETS
        starts = range(0, len(self.identities), size)
        return zip(self.numbers, (self.identities[at : at + size] for at in starts), self.bodies, strict=True)


def stored_part(part: Part) -> StoredColumns | None:
    """The lines as they are stored, the same octets as ``stored`` gives; None where any of them needs to be looked at
    by itself (see ``Part.facts``)."""
    if not part.usual_head:
        return None
    found = usual_columns(part.table.event, part.header, part.rows)
    if found is None:
        return None
    identities = b"".join([blake2b(told.encode(), digest_size=IDENTITY_OCTETS).digest() for told in found.told])
    fixed = ",".join(f"{_text(name)}:{_text(value)}" for name, value in part.fixed.items()).replace("%", "%%")
    template = "{" + ",".join([fixed, *(f'{_text(name)}:"%s"' for name in part.header)]) + "}"
    columns = [_escaped(found.cells[name]) for name in part.header]
    bodies = [template % cells for cells in zip(*columns, strict=True)]
    return StoredColumns(numbers=found.numbers, identities=identities, bodies=bodies)


def _escaped(texts: Sequence[str]) -> Sequence[str]:
    """Texts as they stand between the quotes of JSON."""
    together = "".join(texts)
    if together.isascii() and _TO_ESCAPE.search(together) is None:
        return texts
    return [_text(text)[1:-1] for text in texts]


def _text(text: str) -> str:
    return _encode(text).decode()
