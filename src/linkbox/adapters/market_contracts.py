"""Contract files: TOML or CSV, by their ending."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId
from linkbox.market.contract_file import MAX_CHARACTERS, contracts_from_csv, contracts_from_toml
from linkbox.market.contracts import Contract

_READERS = {".toml": contracts_from_toml, ".csv": contracts_from_csv}


def read_contracts(path: Path, known_feeders: Iterable[FeederId]) -> tuple[Contract, ...]:
    """The contracts in a file; raise InvalidInput with every issue of it at once."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        rule = f"must end in {' or '.join(_READERS)}"
        raise InvalidInput("contracts", [Issue(where=str(path), value=path.name, rule=rule)])
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            raise InvalidInput("contracts", [Issue(where=str(path), value=path.name, rule="is too long")])
        text = path.read_text("utf-8")
    except OSError as error:
        rule = f"can not be read: {error.strerror}"
        raise InvalidInput("contracts", [Issue(where=str(path), value=path.name, rule=rule)]) from error
    except UnicodeDecodeError as error:
        raise InvalidInput("contracts", [Issue(where=str(path), value=path.name, rule="must be UTF-8")]) from error
    return reader(text, known_feeders, where=path.name)
