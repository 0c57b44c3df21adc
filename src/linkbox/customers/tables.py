"""Facts about customers as CSV tables, read line by line: each line is a fact, or all that is wrong with it.

Which table it is, is said by its columns; ``docs/reference/consent-tables.md`` has them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Mpan
from linkbox.base.time import parse_utc
from linkbox.customers.events import CustomerEvent, Scope
from linkbox.customers.rows import KINDS_OF_CONSENT, event_from_row, event_to_row

RECORDED_AT = "recorded_at"
LINES_AT_ONCE = 5000
"""So many lines are read before they are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A kind of table: the event that its lines tell, the columns that it must and may have."""

    name: str
    event: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order in which they are written."""
        return self.required + self.optional


_SCOPE = ("device", "off", "boost_button", "register_opt_in")
TABLES = (
    Table(
        name="consents",
        event="consent",
        required=("mpan", "at", "kind", "text_version", "channel", "evidence", "tenancy"),
        optional=("recorded_by", "expires_at", *_SCOPE, RECORDED_AT),
    ),
    Table(name="tenancies", event="tenancy_change", required=("mpan", "at", "tenancy"), optional=(RECORDED_AT,)),
    Table(name="suppliers", event="supplier_change", required=("mpan", "at", "supplier"), optional=(RECORDED_AT,)),
    Table(
        name="priority",
        event="priority_choice",
        required=("mpan", "at", "opted_in", "evidence"),
        optional=(RECORDED_AT,),
    ),
    Table(
        name="annulments",
        event="annulment",
        required=("mpan", "at", "fact", "reason", "recorded_by"),
        optional=(RECORDED_AT,),
    ),
)
_UNUSUAL = frozenset({"priority_choice", "annulment"})
"""Events whose lines have more to judge than times and an MPAN."""
_BOOLEANS = {"yes": True, "no": False}
_BOOLEAN_COLUMNS = frozenset({"opted_in", "off", "boost_button", "register_opt_in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is read: its name in issues, who records it and when; ``keep_recorded_at`` takes over the times at
    which another Linkbox came to know."""

    file: str
    recorded_at: datetime
    recorded_by: str = ""
    keep_recorded_at: bool = False


def read_table(lines: Iterable[str], how: Reading) -> Iterator[dict[str, Any] | tuple[Issue, ...]]:
    """The facts of a CSV file as rows (see ``event_to_row``), or the issues of a line; ends after an unusable head."""
    for part in read_parts(lines, how):
        if isinstance(part, Part):
            yield from part.facts()
        else:
            yield part


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some lines of a table, read and not yet judged, each with its number in the file. ``fixed`` is what is so of
    every line: the event, when and by whom it is recorded."""

    file: str
    table: Table
    header: list[str]
    fixed: dict[str, str]
    rows: list[list[str]]
    numbers: list[int]

    @property
    def usual_head(self) -> bool:
        """Whether the head has the columns that it must have and no others, none of them a yes or no."""
        return set(self.header) == set(self.table.required) and self.table.event not in _UNUSUAL

    def facts(self) -> Iterator[dict[str, Any] | tuple[Issue, ...]]:
        """Line by line: the fact as a row, or the issues."""
        width, usual = len(self.header), self.usual_head
        for cells, number in zip(self.rows, self.numbers, strict=True):
            if usual and len(cells) == width and all(cells):
                row = _usual_row(dict(zip(self.header, cells, strict=True)))
                if row is not None:
                    yield self.fixed | row
                    continue
            yield _line(cells, self.header, self.fixed, f"{self.file}:{number}")


def read_parts(lines: Iterable[str], how: Reading) -> Iterator[Part | tuple[Issue, ...]]:
    """The lines of a CSV file, LINES_AT_ONCE at a time; issues where there is no table, or where it is no CSV."""
    rows = csv.reader(lines, strict=True)
    wrong: tuple[Issue, ...] = ()
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        yield (_no_csv(error, rows, how),)
        return
    table, issues = _table(header, how)
    if table is None or issues:
        yield tuple(issues)
        return
    fixed = {"event": table.event, RECORDED_AT: how.recorded_at.isoformat(timespec="microseconds")}
    if how.recorded_by and table.event == "consent":
        fixed["recorded_by"] = how.recorded_by
    ended = False
    while not ended:
        some: list[list[str]] = []
        numbers: list[int] = []
        first = rows.line_num
        try:
            for cells in islice(rows, LINES_AT_ONCE):
                if cells:
                    some.append(cells)
                    numbers.append(rows.line_num)
            ended = rows.line_num - first < LINES_AT_ONCE  # a row has a line at least
        except csv.Error as error:
            ended, wrong = True, (_no_csv(error, rows, how),)
        if some:
            yield Part(file=how.file, table=table, header=header, fixed=fixed, rows=some, numbers=numbers)
    if wrong:
        yield wrong


def _no_csv(error: csv.Error, rows: Any, how: Reading) -> Issue:
    return Issue(where=f"{how.file}:{rows.line_num}", value="", rule=f"must be CSV: {error}")


def _usual_row(told: dict[str, Any]) -> dict[str, Any] | None:
    """A line without anything special as a row; None where something may be wrong with it.

    The same as ``_line`` in a third of the time: a register has millions of them."""
    try:
        Mpan(told["mpan"])
        told["at"] = parse_utc(told["at"]).isoformat(timespec="microseconds")
    except ValueError:
        return None
    return told if "kind" not in told or told["kind"] in KINDS_OF_CONSENT else None


def _line(cells: list[str], header: list[str], fixed: dict[str, str], where: str) -> dict[str, Any] | tuple[Issue, ...]:
    if len(cells) != len(header):
        rule = f"must have {len(header)} fields, as the head has"
        return (Issue(where=where, value=str(len(cells)), rule=rule),)
    told = fixed | {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    try:
        return event_to_row(event_from_row(_row(told)))
    except InvalidInput as error:
        return tuple(_placed(issue, where) for issue in error.issues)


def _row(told: dict[str, Any]) -> dict[str, Any]:
    """What a line says in the shape of a row; raise InvalidInput for words that a column does not know."""
    issues = []
    for name in _BOOLEAN_COLUMNS & told.keys():
        if told[name] not in _BOOLEANS:
            issues.append(Issue(where=name, value=told[name], rule="must be yes or no"))
        told[name] = _BOOLEANS.get(told[name], False)
    scope = {name: told.pop(name) for name in _SCOPE if name in told}
    if scope:
        told["scope"] = scope
    if issues:
        try:
            event_from_row(told)
        except InvalidInput as error:
            issues += error.issues
        raise InvalidInput("line", issues)
    return told


def _table(header: Sequence[str], how: Reading) -> tuple[Table | None, list[Issue]]:
    """The table that a head belongs to: the one whose required columns it has."""
    where = f"{how.file}:1"
    for table in TABLES:
        if set(table.required) <= set(header):
            known = set(table.columns) - (set() if how.keep_recorded_at else {RECORDED_AT})
            wrong = [n for n in header if n not in known]
            issues = [Issue(where=where, value=n, rule=f"is no column of the table of {table.name}") for n in wrong]
            twice = sorted({n for n in header if header.count(n) > 1})
            issues += [Issue(where=where, value=n, rule="must be there once") for n in twice]
            return table, issues
    kinds = "; ".join(f"{table.name}: {','.join(table.required)}" for table in TABLES)
    return None, [Issue(where=where, value=",".join(header)[:200], rule=f"must have the columns of one of {kinds}")]


def _placed(issue: Issue, where: str) -> Issue:
    return Issue(where=f"{where}:{issue.where}", value=issue.value, rule=issue.rule)


def table_of(event: CustomerEvent) -> Table | None:
    """The table that a fact is written into, if it is one of them."""
    name = event_to_row(event)["event"]
    return next((table for table in TABLES if table.event == name), None)


def cells_of(event: CustomerEvent, table: Table) -> list[str]:
    """A fact as a line of its table: what ``read_table`` reads again."""
    row: Mapping[str, Any] = event_to_row(event)
    scope = getattr(event, "scope", None)
    said = {name: getattr(scope, name) for name in Scope.__slots__} if scope is not None else {}
    return [_cell({**row, **said}.get(name)) for name in table.columns]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
