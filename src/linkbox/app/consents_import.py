"""``linkbox consents import``: the whole file is read and judged before the first fact is recorded.

What is good is kept in a temporary file that has no name; so a file of millions of lines needs no memory, and is read
once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from linkbox.app.open_store import AnyStore
from linkbox.app.wire_io import as_input
from linkbox.base.errors import InvalidInput, Issue
from linkbox.customers.tables import Reading, read_table
from linkbox.operation.ports import Recorded
from linkbox.operation.stored_facts import StoredFact, stored

MOST_ISSUES = 1000
"""So many issues are listed; the others are counted."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or would do."""

    lines: int
    recorded: Recorded


def import_file(
    file: Path, store: AnyStore, how: Reading, *, dry_run: bool, progress: Progress = lambda done: None
) -> Imported:
    """Record the facts of a CSV file; raise InvalidInput with all issues of all lines, and nothing is recorded."""
    with as_input(str(file)), file.open(encoding="utf-8-sig", newline="") as lines:
        return import_lines(_decoded(lines, how), store, how, dry_run=dry_run, progress=progress)


def import_lines(
    lines: Iterable[str], store: AnyStore, how: Reading, *, dry_run: bool, progress: Progress = lambda done: None
) -> Imported:
    """See import_file."""
    with _spool() as kept:
        count = _judge(read_table(lines, how), kept, how.file)
        kept.seek(0)
        rows = _kept(kept)
        found = store.count_known(rows) if dry_run else store.record(rows, progress=progress)
        return Imported(lines=count, recorded=found)


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="linkbox-import-", buffering=1 << 20) as file:
        yield file


def _judge(facts: Iterator[dict[str, Any] | tuple[Issue, ...]], kept: IO[bytes], file: str) -> int:
    issues: list[Issue] = []
    more = count = 0
    for fact in facts:
        if isinstance(fact, dict):
            count += 1
            mpan, identity, body = stored(fact)
            kept.write(f"{mpan:013d}{identity.hex()}{body}\n".encode())
        elif len(issues) < MOST_ISSUES:
            issues += fact
        else:
            more += len(fact)
    if more:
        issues.append(Issue(where=file, value=str(more), rule="further issues are not listed"))
    if issues:
        raise InvalidInput(file, issues)
    return count


def _kept(kept: IO[bytes]) -> Iterator[StoredFact]:
    for line in kept:
        yield int(line[:13]), bytes.fromhex(line[13:45].decode()), line[45:-1].decode()


def _decoded(lines: IO[str], how: Reading) -> Iterator[str]:
    """The lines; what is no text ends the file with an issue that names the place."""
    number = 0
    try:
        for line in lines:
            number += 1
            yield line
    except UnicodeDecodeError as error:
        rule = "must be UTF-8"
        raise InvalidInput(how.file, [Issue(where=f"{how.file}:{number + 1}", value="", rule=rule)]) from error
