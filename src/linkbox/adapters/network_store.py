"""A whole network as a folder with one file for each table: CSV, or Parquet (extra ``arrow``).

The columns are those of ``linkbox.grid.schema.SCHEMA``, described in docs/reference/network-model.md. A table is
``NAME.parquet`` where that is there, else ``NAME.csv``; ``charger`` may be missing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from linkbox.base.errors import InvalidInput, Issue
from linkbox.grid.schema import FLAGS, PHASE_WORDS, SCHEMA, Column
from linkbox.grid.tables import NetworkTables, RawTable, build_tables

OPTIONAL_TABLES = frozenset({"charger"})
Form = Literal["csv", "parquet"]
_PHASES = {number: word for word, number in PHASE_WORDS.items()}
_YES_NO = {value: word for word, value in reversed(FLAGS.items())}


def read_network(folder: str | Path) -> NetworkTables:
    """The network in ``folder``. Raise InvalidInput with every issue at once, each with file, line and rule."""
    place = Path(folder)
    if not place.is_dir():
        raise InvalidInput("network", [Issue(where=str(folder), value=str(folder), rule="not a folder")])
    issues: list[Issue] = []
    raw = {name: _read(place, name, issues) for name in SCHEMA}
    return build_tables(raw, found=issues, what=f"network {folder}")


def write_network(tables: NetworkTables, folder: str | Path, *, form: Form = "csv") -> None:
    """Write all tables into ``folder``, which is made if needed; reading them back gives equal columns."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name, columns in SCHEMA.items():
        cells = {column.name: _written(tables, name, column) for column in columns}
        if form == "parquet":
            _write_parquet(place / f"{name}.parquet", cells)
        else:
            _write_csv(place / f"{name}.csv", cells)


def read_csv_table(path: Path, wanted: Iterable[Column], issues: list[Issue]) -> RawTable:
    """A CSV file's columns as texts. What does not fit the header is an issue; columns may stand in any order."""
    names = {column.name for column in wanted}
    needed = {column.name for column in wanted if column.otherwise is None}
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            for row in reader:
                if len(row) == len(header):
                    rows.append(row)
                    lines.append(reader.line_num)
                elif row:
                    where = f"{path}:{reader.line_num}"
                    issues.append(Issue(where=where, value=",".join(row)[:80], rule=f"must have {len(header)} fields"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        issues.append(Issue(where=str(path), value=path.name, rule=f"can not be read: {error}"))
    for missing in sorted(needed - set(header)):
        issues.append(Issue(where=f"{path}:1", value=missing, rule="the table needs this column"))
    for unknown in sorted(set(header) - names):
        issues.append(
            Issue(where=f"{path}:1", value=unknown, rule=f"no such column; there are {', '.join(sorted(names))}")
        )
    cells = dict(zip(header, zip(*rows, strict=True), strict=False)) if rows else dict.fromkeys(header, ())
    columns = {name: cells.get(name, ("",) * len(rows)) for name in names & set(header) | needed}
    return RawTable(columns=columns, rows=len(rows), where=lambda i: f"{path}:{lines[i]}")


def _read(folder: Path, name: str, issues: list[Issue]) -> RawTable:
    parquet, text = folder / f"{name}.parquet", folder / f"{name}.csv"
    if parquet.exists():
        return _read_parquet(parquet, SCHEMA[name], issues)
    if text.exists() or name not in OPTIONAL_TABLES:
        return read_csv_table(text, SCHEMA[name], issues)
    return RawTable(columns={}, rows=0, where=str)


def _read_parquet(path: Path, wanted: Iterable[Column], issues: list[Issue]) -> RawTable:
    names = [column.name for column in wanted]
    try:
        table = _parquet(path).read_table(path)
        columns = {name: _cells(table.column(name)) for name in names if name in table.column_names}
    except (OSError, ValueError) as error:  # what pyarrow says of a damaged file is a ValueError
        issues.append(Issue(where=str(path), value=path.name, rule=f"can not be read: {error}"))
        return RawTable(columns={}, rows=0, where=str)
    return RawTable(columns=columns, rows=table.num_rows, where=lambda i: f"{path}: row {i + 1}")


def _cells(column: Any) -> list[str]:
    """As texts: null is an empty one."""
    return ["" if value is None else _text(value) for value in column.to_pylist()]


def _text(value: object) -> str:
    return _YES_NO[value] if isinstance(value, bool) else str(value)


def _parquet(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        rule = "Parquet needs the extra 'arrow' (pip install 'linkbox[arrow]'); CSV does not"
        raise InvalidInput("network", [Issue(where=str(path), value=path.suffix, rule=rule)]) from error
    return pyarrow.parquet


def _written(tables: NetworkTables, name: str, column: Column) -> list[Any]:
    values = tables.tables[name][column.name]
    if column.refers_to is not None:
        keys = tables.tables[column.refers_to][SCHEMA[column.refers_to][0].name]
        return list(keys[values].tolist())
    if column.name == "mpan":
        return [f"{value:013d}" for value in values.tolist()]
    if column.name == "phase":
        return [_PHASES[value] for value in values.tolist()]
    if values.dtype == bool:
        return [_YES_NO[value] for value in values.tolist()]
    if column.choices:
        return [column.choices[value] for value in values.tolist()]
    return list(values.tolist())


def _write_csv(path: Path, cells: dict[str, list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(cells)
        writer.writerows(zip(*cells.values(), strict=True))


def _write_parquet(path: Path, cells: dict[str, list[Any]]) -> None:
    parquet = _parquet(path)
    import pyarrow

    parquet.write_table(pyarrow.table(cells), path, compression="zstd")
