"""The fleet as a table: which feeders are watched, and what protects, carries and feeds them.

CSV with the columns of COLUMNS; docs/reference/fleet-table.md describes them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, InvalidIdentifier
from linkbox.grid.cables import CableSpec, cable_for
from linkbox.grid.errors import UnknownCable
from linkbox.grid.network import FUSES, TRANSFORMERS, FeederModel

COLUMNS = ("feeder_id", "substation", "fuse_a", "cable", "transformer_kva")
MAX_ISSUES = 100


def read_fleet_table(path: Path) -> list[FeederModel]:
    """The feeders of a table, in its order. Raises InvalidInput with every issue, by file and line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise _invalid([Issue(where=str(path), value=path.name, rule="file is missing")]) from error
    except (OSError, UnicodeDecodeError) as error:
        rule = f"must be a text in UTF-8: {type(error).__name__}"
        raise _invalid([Issue(where=str(path), value=path.name, rule=rule)]) from error
    lines = csv.reader(text.splitlines(), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(lines, []))
        if header != COLUMNS:
            rule = f"the columns must be {','.join(COLUMNS)}"
            raise _invalid([Issue(where=f"{path}:1", value=",".join(header)[:80], rule=rule)])
        return _feeders(lines, str(path))
    except csv.Error as error:
        raise _invalid(
            [Issue(where=f"{path}:{lines.line_num}", value=path.name, rule=f"is no CSV: {error}")]
        ) from error


def write_fleet_table(feeders: Iterable[FeederModel], path: Path) -> None:
    """Write what ``read_fleet_table`` reads; parameters of one's own are not kept, only the types' names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for f in feeders:
            fuse, kva = f"{f.fuse.rated_current_a:g}", f"{f.transformer.rated_kva:g}"
            writer.writerow((f.feeder_id, f.substation, fuse, f.cable.name, kva))


def _feeders(lines: Iterable[list[str]], path: str) -> list[FeederModel]:
    feeders: list[FeederModel] = []
    seen: set[str] = set()
    issues: list[Issue] = []
    for number, cells in enumerate(lines, start=2):
        if not cells:
            continue
        made = _feeder([cell.strip() for cell in cells], f"{path}:{number}")
        if isinstance(made, FeederModel) and made.feeder_id in seen:
            made = [Issue(where=f"{path}:{number}", value=made.feeder_id, rule="the feeder is there twice")]
        if isinstance(made, FeederModel):
            feeders.append(made)
            seen.add(made.feeder_id)
        else:
            issues += made
    if not feeders and not issues:
        issues.append(Issue(where=path, value="0 rows", rule="there must be a feeder"))
    if issues:
        raise _invalid(issues)
    return feeders


def _feeder(cells: list[str], where: str) -> FeederModel | list[Issue]:
    if len(cells) != len(COLUMNS):
        return [Issue(where=where, value=f"{len(cells)} cells", rule=f"a row has {len(COLUMNS)}")]
    name, substation, fuse, cable, transformer = cells
    issues = []
    try:
        feeder_id = FeederId(name)
    except InvalidIdentifier as error:
        issues.append(Issue(where=where, value=name[:40], rule=str(error)))
    if not substation:
        issues.append(Issue(where=where, value=substation, rule="substation must not be empty"))
    fuse_spec = FUSES.get(_whole(fuse))
    if fuse_spec is None:
        rule = f"fuse_a must be one of {', '.join(map(str, sorted(FUSES)))}"
        issues.append(Issue(where=where, value=fuse[:40], rule=rule))
    cable_spec = _cable(cable)
    if cable_spec is None:
        issues.append(Issue(where=where, value=cable[:40], rule="cable must be a line code of the cable table"))
    transformer_spec = TRANSFORMERS.get(_whole(transformer))
    if transformer_spec is None:
        rule = f"transformer_kva must be one of {', '.join(map(str, sorted(TRANSFORMERS)))}"
        issues.append(Issue(where=where, value=transformer[:40], rule=rule))
    if issues or fuse_spec is None or cable_spec is None or transformer_spec is None:
        return issues
    return FeederModel(
        feeder_id=feeder_id, substation=substation, fuse=fuse_spec, cable=cable_spec, transformer=transformer_spec
    )


@cache
def _cable(line_code: str) -> CableSpec | None:
    try:
        return cable_for(line_code)
    except UnknownCable:
        return None


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1


def _invalid(issues: list[Issue]) -> InvalidInput:
    rest = len(issues) - MAX_ISSUES
    if rest > 0:
        issues = [*issues[:MAX_ISSUES], Issue(where="fleet", value=f"{rest} more", rule="further issues")]
    return InvalidInput("fleet table", issues)
