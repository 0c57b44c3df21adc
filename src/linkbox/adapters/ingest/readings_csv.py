"""Readings as CSV, for replay: the columns of readings_table, times in ISO 8601, an empty cell for a missing value."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from linkbox.adapters.ingest.readings_table import NUMBERS, batch_of, missing_and_foreign
from linkbox.base.errors import Issue
from linkbox.base.time import NaiveTime, parse_utc
from linkbox.grid.telemetry import FeederIndex, milliseconds
from linkbox.operation.ingest import Decoded

MAX_ISSUES = 100
"""More than these of one file are counted, not listed."""


def read_csv_file(path: Path, index: FeederIndex) -> Decoded:
    """A CSV file with a header. Each reading counts as received at its own time; a file with any wrong cell is refused
    with all of them, by line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return (Issue(where=path.name, value=path.name, rule=f"must be a text in UTF-8: {type(error).__name__}"),)
    return decode_csv(text, index, path.name)


def decode_csv(text: str, index: FeederIndex, name: str) -> Decoded:
    """The readings of a CSV text; ``name`` stands in the issues."""
    lines = csv.reader(text.splitlines(), strict=True)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        wrong = missing_and_foreign(header)
        if "feeder_index" in header:
            wrong.append(Issue(where="feeder_index", value="index", rule="a CSV file names its feeders"))
        if wrong:
            return tuple(Issue(where=f"{name}:1 {i.where}", value=i.value, rule=i.rule) for i in wrong)
        return _rows(lines, header, index, name)
    except csv.Error as error:
        return (Issue(where=f"{name}:{lines.line_num}", value=name, rule=f"is no CSV: {error}"),)


def _rows(lines: Iterable[list[str]], header: list[str], index: FeederIndex, name: str) -> Decoded:
    feeders, times = array("i"), array("q")
    numbers = {column: array("d") for column in header if column in NUMBERS}
    issues: list[Issue] = []
    id_at, time_at = header.index("feeder_id"), header.index("at")
    places = [(header.index(column), column, values) for column, values in numbers.items()]
    for number, cells in enumerate(lines, start=2):
        if not cells:
            continue
        where = f"{name}:{number}"
        if len(cells) != len(header):
            issues.append(Issue(where=where, value=f"{len(cells)} cells", rule=f"a row has {len(header)}"))
            continue
        at_ms = _moment(cells[time_at])
        if at_ms is None:
            rule = "must be a time in ISO 8601 with its offset"
            issues.append(Issue(where=f"{where} at", value=cells[time_at][:40], rule=rule))
        feeders.append(index.row(cells[id_at].strip()))
        times.append(at_ms or 0)
        for place, column, values in places:
            value = _number(cells[place])
            if value is None or (column == "window_s" and not value >= 0.0):
                issues.append(Issue(where=f"{where} {column}", value=cells[place][:40], rule="must be a number"))
            values.append(math.nan if value is None else value)
    if issues:
        return _capped(issues, name)
    columns = {column: np.array(values, dtype=np.float64) for column, values in numbers.items()}
    return batch_of(np.array(feeders, dtype=np.int32), np.array(times, dtype=np.int64), columns, None)


def _moment(cell: str) -> int | None:
    try:
        return milliseconds(parse_utc(cell.strip()))
    except (ValueError, OverflowError, NaiveTime):
        return None


def _number(cell: str) -> float | None:
    """NaN for an empty cell, None for what is no number."""
    text = cell.strip()
    if not text:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def _capped(issues: list[Issue], name: str) -> tuple[Issue, ...]:
    if len(issues) <= MAX_ISSUES:
        return tuple(issues)
    rest = Issue(where=name, value=f"{len(issues) - MAX_ISSUES} more", rule="further issues of the same file")
    return (*issues[:MAX_ISSUES], rest)
