"""Linkbox's own form of a feeder: a folder of plain tables.

``feeder.toml`` says what it is; ``line_codes.csv``, ``branches.csv`` and ``loads.csv`` hold the network. Columns and
keys are described in docs/reference/network-tables.md. What ``write_network_tables`` writes,
``read_network_tables`` reads back unchanged.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.phases import Phase
from linkbox.grid.topology import MAX_OHM_PER_KM, BranchRow, FeederNetwork, LineCode, LoadRow, build_network

LINE_CODE_COLUMNS = ("line_code", "r1_ohm_per_km", "x1_ohm_per_km", "r0_ohm_per_km", "x0_ohm_per_km")
BRANCH_COLUMNS = ("branch", "from_node", "to_node", "line_code", "length_m")
LOAD_COLUMNS = ("load", "node", "phase", "nominal_w", "power_factor")
DEFAULT_STREET = "ieee-european-lv"


@dataclass(slots=True)
class _Reading:
    """The folder that is read and what was wrong with it so far."""

    folder: Path
    issues: list[Issue] = field(default_factory=list)

    def complain(self, where: str, value: str, rule: str) -> None:
        self.issues.append(Issue(where=where, value=value, rule=rule))

    def text(self, name: str) -> str | None:
        """A file's text; None, and an issue, where it is missing or no UTF-8."""
        path = self.folder / name
        try:
            return path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            self.complain(str(path), name, "file is missing")
        except (OSError, UnicodeDecodeError) as error:
            self.complain(str(path), name, f"can not be read: {error}")
        return None


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table by column."""

    cells: Mapping[str, str]
    where: str
    reading: _Reading

    def number(self, column: str) -> float:
        """The cell as a finite float; an issue and 1.0, which harms no other check, where it is none."""
        text = self.cells[column]
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.reading.complain(self.where, text, f"{column} must be a finite number")
            return 1.0
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """feeder.toml."""

    name: str
    source: str
    source_node: str
    source_voltage_v: float
    fuse_rated_a: int | None
    transformer_kva: int | None


def default_street() -> FeederNetwork:
    """The street of the demo: the IEEE European LV Test Feeder, 906 nodes, 55 homes. Part of the package."""
    with as_file(files("linkbox.adapters") / "streets" / DEFAULT_STREET) as folder:
        return read_network_tables(folder)


def read_network_tables(path: str | Path) -> FeederNetwork:
    """Read the feeder in folder ``path``. Raise InvalidInput with every issue at once, each with file and line."""
    reading = _Reading(Path(path))
    if not reading.folder.is_dir():
        rule = "not a folder with a feeder"
        raise InvalidInput("feeder folder", [Issue(where=str(path), value=str(path), rule=rule)])
    header = _read_header(reading)
    return build_network(
        name=header.name,
        source=header.source,
        source_node=header.source_node,
        source_voltage_v=header.source_voltage_v,
        fuse_rated_a=header.fuse_rated_a,
        transformer_kva=header.transformer_kva,
        line_codes={code.name: code for code in _read_line_codes(reading)},
        branches=list(_read_branches(reading)),
        loads=list(_read_loads(reading)),
        where=str(reading.folder / "feeder.toml"),
        found=reading.issues,
    )


def write_network_tables(network: FeederNetwork, path: str | Path) -> None:
    """Write the feeder into folder ``path``, which is made if needed. Numbers read back equal to the last bit, but for
    impedances of merged sections: this form has no place for those, so only an unreduced feeder can be written.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feeder.toml").write_text(_header_text(network), encoding="utf-8")
    codes = network.line_codes.values()
    code_rows = [(c.name, c.r1_ohm_per_km, c.x1_ohm_per_km, c.r0_ohm_per_km, c.x0_ohm_per_km) for c in codes]
    _write_table(folder / "line_codes.csv", LINE_CODE_COLUMNS, code_rows)
    ends = zip(network.branch_from.tolist(), network.branch_to.tolist(), strict=True)
    branch_rows = [
        (name, network.nodes[up], network.nodes[down], code, length)
        for (up, down), name, code, length in zip(
            ends, network.branch_names, network.branch_line_code, network.branch_length_m.tolist(), strict=True
        )
    ]
    _write_table(folder / "branches.csv", BRANCH_COLUMNS, branch_rows)
    load_rows = [
        (name, network.nodes[node], Phase(phase).name, power, factor)
        for name, node, phase, power, factor in zip(
            network.load_names,
            network.load_node.tolist(),
            network.load_phase.tolist(),
            network.load_nominal_w.tolist(),
            network.load_power_factor.tolist(),
            strict=True,
        )
    ]
    _write_table(folder / "loads.csv", LOAD_COLUMNS, load_rows)


def _read_header(reading: _Reading) -> _Header:
    where = str(reading.folder / "feeder.toml")
    text = reading.text("feeder.toml")
    values: dict[str, object] = {}
    if text is not None:
        try:
            values = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            reading.complain(where, "feeder.toml", f"is no TOML: {error}")
            text = None

    def required(key: str) -> str:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if text is not None:
            reading.complain(where, str(value), f"{key} must be a text")
        return "1"

    def optional_count(key: str) -> int | None:
        value = values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        reading.complain(where, str(value), f"{key} must be a whole number above 0")
        return None

    voltage = values.get("source_voltage_v", 240.0 if text is None else None)
    if isinstance(voltage, bool) or not isinstance(voltage, int | float):
        reading.complain(where, str(voltage), "source_voltage_v (phase to neutral) must be a number")
        voltage = 240.0
    return _Header(
        name=required("name"),
        source=required("source"),
        source_node=required("source_node"),
        source_voltage_v=float(voltage),
        fuse_rated_a=optional_count("fuse_rated_a"),
        transformer_kva=optional_count("transformer_kva"),
    )


def _read_line_codes(reading: _Reading) -> Iterator[LineCode]:
    seen: set[str] = set()
    for row in _table(reading, "line_codes.csv", LINE_CODE_COLUMNS):
        name = row.cells["line_code"]
        if name in seen:
            reading.complain(row.where, name, "line code is defined twice")
        seen.add(name)
        numbers = {column: row.number(column) for column in LINE_CODE_COLUMNS[1:]}
        for column, value in numbers.items():
            if not 0 <= value <= MAX_OHM_PER_KM:
                reading.complain(row.where, str(value), f"{column} must be between 0 and {MAX_OHM_PER_KM:.0f}")
        yield LineCode(name=name, **numbers)


def _read_branches(reading: _Reading) -> Iterator[BranchRow]:
    for row in _table(reading, "branches.csv", BRANCH_COLUMNS):
        yield BranchRow(
            name=row.cells["branch"],
            from_node=row.cells["from_node"],
            to_node=row.cells["to_node"],
            line_code=row.cells["line_code"],
            length_m=row.number("length_m"),
            where=row.where,
        )


def _read_loads(reading: _Reading) -> Iterator[LoadRow]:
    for row in _table(reading, "loads.csv", LOAD_COLUMNS):
        phase = row.cells["phase"]
        if phase not in Phase.__members__:
            reading.complain(row.where, phase, "unknown phase: must be L1, L2 or L3")
        yield LoadRow(
            name=row.cells["load"],
            node=row.cells["node"],
            phase=Phase.__members__.get(phase, Phase.L1),
            nominal_w=row.number("nominal_w"),
            power_factor=row.number("power_factor"),
            where=row.where,
        )


def _table(reading: _Reading, name: str, columns: tuple[str, ...]) -> Iterator[_Row]:
    """The rows of a CSV file by column; a header or a row that does not fit is an issue and left out."""
    text = reading.text(name)
    if text is None:
        return
    where = str(reading.folder / name)
    lines = csv.reader(text.splitlines(), strict=True)
    try:
        header = tuple(cell.strip() for cell in next(lines, []))
        if header != columns:
            reading.complain(f"{where}:1", ",".join(header)[:80], f"the columns must be {','.join(columns)}")
            return
        for cells in lines:
            place = f"{where}:{lines.line_num}"
            if len(cells) == len(columns):
                yield _Row({c: v.strip() for c, v in zip(columns, cells, strict=True)}, place, reading)
            elif cells:
                reading.complain(place, ",".join(cells)[:80], f"a row has {len(columns)} columns")
    except csv.Error as error:
        reading.complain(f"{where}:{lines.line_num}", name, f"is no CSV: {error}")


def _header_text(network: FeederNetwork) -> str:
    lines = [
        f"name = {_toml_text(network.name)}",
        f"source = {_toml_text(network.source)}",
        f"source_node = {_toml_text(network.nodes[0])}",
        f"source_voltage_v = {float(network.source_voltage_v)!r}",
    ]
    if network.fuse_rated_a is not None:
        lines.append(f"fuse_rated_a = {network.fuse_rated_a}")
    if network.transformer_kva is not None:
        lines.append(f"transformer_kva = {network.transformer_kva}")
    return "\n".join(lines) + "\n"


def _toml_text(text: str) -> str:
    """A TOML basic string; control characters are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
