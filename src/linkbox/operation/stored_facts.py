"""Facts about customers in the form in which a register stores them: made once, where millions come at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from linkbox.customers.rows import identity_of

StoredFact: TypeAlias = tuple[int, bytes, str]
"""MPAN as a number, identity (see ``identity_of``), and the row as JSON text."""

_encode = msgspec.json.Encoder().encode


def stored(row: Mapping[str, Any]) -> StoredFact:
    """A row, as ``event_to_row`` has it, ready to be stored."""
    return int(row["mpan"]), identity_of(row), _encode(row).decode()
