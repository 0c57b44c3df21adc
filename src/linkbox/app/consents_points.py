"""Connection points from a CSV table into the register."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from linkbox.app.wire_io import as_input
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, InvalidIdentifier, Mpan
from linkbox.base.phases import Phase
from linkbox.customers.rows import masked_mpan
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.ports import RegisteredPoint

COLUMNS = ("mpan", "feeder_id", "phase", "domestic", "priority_register", "postcode", "supplier")
_REQUIRED = ("mpan", "feeder_id", "domestic", "priority_register")
_YES_NO = {"yes": True, "no": False}
_PHASES: dict[str, Phase | None] = {"": None, **{phase.name: phase for phase in Phase}}


def read_points(file: Path) -> Iterator[RegisteredPoint]:
    """The points of a file that is right as a whole; raise InvalidInput with all issues before the first is given."""
    with as_input(str(file)):
        issues = [issue for found in _lines(file) if isinstance(found, list) for issue in found]
        if issues:
            raise InvalidInput(str(file), issues)
        yield from (found for found in _lines(file) if isinstance(found, RegisteredPoint))


def _lines(file: Path) -> Iterator[RegisteredPoint | list[Issue]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        head = list(rows.fieldnames or ())
        wrong = [Issue(where=f"{file}:1", value=n, rule="must be a column") for n in _REQUIRED if n not in head]
        wrong += [
            Issue(where=f"{file}:1", value=n, rule="is no column of this table") for n in head if n not in COLUMNS
        ]
        if wrong:
            yield wrong
            return
        for row in rows:
            yield _point({name: value or "" for name, value in row.items() if name}, f"{file}:{rows.line_num}")


def _point(row: dict[str, str], where: str) -> RegisteredPoint | list[Issue]:
    issues: list[Issue] = []

    def checked(name: str, rule: str, known: object) -> None:
        if not known:
            value = masked_mpan(row[name]) if name == "mpan" else row[name]
            issues.append(Issue(where=f"{where}:{name}", value=value, rule=rule))

    for name, kind in (("mpan", Mpan), ("feeder_id", FeederId)):
        try:
            kind(row[name])
        except InvalidIdentifier as error:
            checked(name, error.rule, False)
    for name in ("domestic", "priority_register"):
        checked(name, "must be yes or no", row[name] in _YES_NO)
    checked("phase", f"must be empty or one of {', '.join(p.name for p in Phase)}", row.get("phase", "") in _PHASES)
    if issues:
        return issues
    return RegisteredPoint(
        feeder_id=FeederId(row["feeder_id"]),
        supplier=row.get("supplier", ""),
        point=ConnectionPoint(
            mpan=Mpan(row["mpan"]),
            phase=_PHASES[row.get("phase", "")],
            domestic=_YES_NO[row["domestic"]],
            priority_register=_YES_NO[row["priority_register"]],
            postcode=row.get("postcode", ""),
        ),
    )
