"""``linkbox consents import``: the whole file is read and judged before the first fact is recorded.

What is good is kept in a temporary file that has no name; so a file of millions of lines needs no memory, and is read
once."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from linkbox.app.open_store import AnyStore
from linkbox.app.wire_io import as_input
from linkbox.base.errors import InvalidInput, Issue
from linkbox.customers.tables import Part, Reading, read_parts
from linkbox.operation.ports import Recorded
from linkbox.operation.stored_facts import StoredColumns, StoredFact, stored, stored_part

MOST_ISSUES = 1000
"""So many issues are listed; the others are counted."""
_LENGTH_OCTETS = 8

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
        count = _judge(read_parts(lines, how), kept, how.file)
        kept.seek(0)
        rows = _kept(kept)
        found = store.count_known(rows) if dry_run else store.record(rows, progress=progress)
        return Imported(lines=count, recorded=found)


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(prefix="linkbox-import-", buffering=1 << 20) as file:
        yield file


def _judge(parts: Iterator[Part | tuple[Issue, ...]], kept: IO[bytes], file: str) -> int:
    issues: list[Issue] = []
    more = count = 0
    for part in parts:
        columns = stored_part(part) if isinstance(part, Part) else None
        if columns is None:
            facts, wrong = _line_by_line(part)
            room = MOST_ISSUES - len(issues)
            issues += wrong[:room]
            more += len(wrong[room:])
            columns = _columns(facts)
        count += len(columns.numbers)
        if not issues:  # else nothing will be recorded
            octets = marshal.dumps((list(columns.numbers), columns.identities, list(columns.bodies)))
            kept.write(len(octets).to_bytes(_LENGTH_OCTETS, "big") + octets)
    if more:
        issues.append(Issue(where=file, value=str(more), rule="further issues are not listed"))
    if issues:
        raise InvalidInput(file, issues)
    return count


def _line_by_line(part: Part | tuple[Issue, ...]) -> tuple[list[StoredFact], list[Issue]]:
    if not isinstance(part, Part):
        return [], list(part)
    facts, issues = list[StoredFact](), list[Issue]()
    for found in part.facts():
        if isinstance(found, dict):
            facts.append(stored(found))
        else:
            issues += found
    return facts, issues


def _columns(facts: Sequence[StoredFact]) -> StoredColumns:
    return StoredColumns(
        numbers=[number for number, _, _ in facts],
        identities=b"".join(identity for _, identity, _ in facts),
        bodies=[body for _, _, body in facts],
    )


def _kept(kept: IO[bytes]) -> Iterator[StoredFact]:
    """What ``_judge`` kept, in the form of Python's own: nobody else has seen the file."""
    while length := kept.read(_LENGTH_OCTETS):
        octets = kept.read(int.from_bytes(length, "big"))
        numbers, identities, bodies = marshal.loads(octets)  # noqa: S302 - our own, in a file without a name
        yield from StoredColumns(numbers=numbers, identities=identities, bodies=bodies).rows()


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
