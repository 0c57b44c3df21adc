"""Read the low-voltage side of a pandapower network, saved by ``pandapower.to_json``, without needing pandapower.

What is read: ``bus``, ``line``, ``trafo`` (one, or ``ext_grid`` at a low-voltage busbar), ``asymmetric_load`` (per
phase) and ``load`` (balanced: a third on each phase). Rows out of service are left out; an open switch at a line opens
it. Everything that hangs at the busbar is one FeederNetwork unless ``feeder`` names its first line. Other elements that
carry power (generators, storage, a third winding) are issues: leaving them out would change the currents silently.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.phases import PHASES
from linkbox.grid.topology import MAX_LOW_VOLTAGE_V, BranchRow, FeederNetwork, LineCode, LoadRow, build_network

MAX_FILE_BYTES = 256 * 1024 * 1024
_UNSUPPORTED = ("gen", "sgen", "asymmetric_sgen", "storage", "motor", "trafo3w", "impedance", "ward", "xward", "dcline")
_ZERO_SEQUENCE = ("r0_ohm_per_km", "x0_ohm_per_km")


@dataclass(slots=True)
class _Reading:
    """The file's tables and what is wrong with it so far."""

    path: str
    tables: Mapping[str, Any]
    zero_sequence_ratio: float | None
    issues: list[Issue] = field(default_factory=list)

    def complain(self, where: str, value: object, rule: str) -> None:
        self.issues.append(Issue(where=f"{self.path}: {where}", value=str(value)[:80], rule=rule))

    def rows(self, table: str) -> Iterator[_Row]:
        """The rows of a table that are in service."""
        frame = _frame(self.tables.get(table))
        if frame is None:
            if table in self.tables:
                self.complain(table, "", "must be a DataFrame in the form 'split'")
            return
        for label, values in zip(frame["index"], frame["data"], strict=False):
            cells = dict(zip(frame["columns"], values, strict=False)) if isinstance(values, list) else {}
            if cells.get("in_service", True):
                yield _Row(f"{table} {label}", label, cells, self)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table, by column."""

    where: str
    label: object
    cells: Mapping[str, Any]
    reading: _Reading

    def number(self, column: str, *, otherwise: float | None = None) -> float:
        """A finite number; where it is missing ``otherwise``, else an issue and 1.0, which harms no other check."""
        value = self.cells.get(column)
        if value is None and otherwise is not None:
            return otherwise
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        self.reading.complain(self.where, value, f"{column} must be a finite number")
        return 1.0

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        return "" if value is None else str(value)


def read_pandapower(
    path: str | Path, *, feeder: str | None = None, zero_sequence_ratio: float | None = None
) -> FeederNetwork:
    """The low-voltage feeder in file ``path``.

    ``feeder`` is the name of its first line, where several hang at the busbar. ``zero_sequence_ratio`` gives R0/R1 and
    X0/X1 where the file has no zero sequence; without it that is an issue. Raises InvalidInput with all issues at once.
    """
    reading = _Reading(str(path), _tables(path), zero_sequence_ratio)
    for table in _UNSUPPORTED:
        for row in reading.rows(table):
            reading.complain(row.where, row.text("name"), f"{table} is not supported")
    source, voltage_v, kva = _source(reading)
    codes, branches = _branches(reading, source)
    loads = list(_loads(reading))
    if feeder is not None:
        branches, loads = _only(reading, feeder, source, branches, loads)
    return build_network(
        name=feeder or reading.tables.get("name") or Path(path).stem,
        source=f"pandapower network {Path(path).name}",
        source_node=source,
        source_voltage_v=voltage_v,
        line_codes=codes,
        branches=branches,
        loads=loads,
        where=str(path),
        transformer_kva=kva,
        found=reading.issues,
    )


def _tables(path: str | Path) -> Mapping[str, Any]:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise ValueError(f"file is over {MAX_FILE_BYTES // 2**20} MiB")
        whole = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        rule = f"can not be read as JSON: {error}"
        raise InvalidInput("pandapower network", [Issue(where=str(path), value=Path(path).name, rule=rule)]) from error
    tables = whole.get("_object") if isinstance(whole, dict) else None
    if not isinstance(tables, dict) or whole.get("_class") != "pandapowerNet":
        rule = "is no network saved by pandapower.to_json"
        raise InvalidInput("pandapower network", [Issue(where=str(path), value=Path(path).name, rule=rule)])
    return tables


def _frame(table: Any) -> Mapping[str, Any] | None:
    """A DataFrame in the form 'split': columns, index, data."""
    if not isinstance(table, dict) or table.get("orient", "split") != "split":
        return None
    try:
        frame = table.get("_object")
        frame = json.loads(frame) if isinstance(frame, str) else frame
    except (ValueError, RecursionError):
        return None
    well = isinstance(frame, dict) and all(isinstance(frame.get(key), list) for key in ("columns", "index", "data"))
    return frame if well else None


def _source(reading: _Reading) -> tuple[str, float, int | None]:
    """The low-voltage busbar, its voltage to neutral with the source's own level, and the transformer's kVA."""
    grids = list(reading.rows("ext_grid"))
    level = grids[0].number("vm_pu", otherwise=1.0) if grids else 1.0
    transformers = list(reading.rows("trafo"))
    if len(transformers) == 1:
        trafo = transformers[0]
        voltage_v = trafo.number("vn_lv_kv") * 1000.0 / math.sqrt(3.0) * level
        return _node(trafo.cells.get("lv_bus")), voltage_v, round(trafo.number("sn_mva") * 1000.0)
    if len(transformers) > 1:
        reading.complain("trafo", len(transformers), "a feeder has one transformer")
    if not grids:
        reading.complain("ext_grid", "", "there is neither a transformer nor an external grid, so no source")
        return "?", 230.0, None
    bus = grids[0].cells.get("bus")
    nominal = next((row.number("vn_kv") for row in reading.rows("bus") if row.label == bus), 0.4)
    return _node(bus), min(nominal * 1000.0, MAX_LOW_VOLTAGE_V) / math.sqrt(3.0) * level, None


def _branches(reading: _Reading, source: str) -> tuple[dict[str, LineCode], list[BranchRow]]:
    """The lines, each type of impedance as a line code of its own."""
    opened = {row.cells.get("element") for row in reading.rows("switch") if _opens_a_line(row)}
    codes: dict[tuple[float, ...], LineCode] = {}
    rows = []
    for line in reading.rows("line"):
        if line.label in opened:
            continue
        impedances = _impedances(line)
        code = codes.setdefault(impedances, _line_code(line.text("std_type"), impedances, codes))
        row = BranchRow(
            name=f"{line.text('name') or 'line'} #{line.label}",
            from_node=_node(line.cells.get("from_bus")),
            to_node=_node(line.cells.get("to_bus")),
            line_code=code.name,
            length_m=line.number("length_km") * 1000.0,
            where=f"{reading.path}: {line.where}",
        )
        rows.append(row)
    for switch in reading.rows("switch"):
        if switch.cells.get("et") == "b":
            reading.complain(switch.where, "bus to bus", "switches between busbars are not supported")
    return {code.name: code for code in codes.values()}, rows


def _opens_a_line(row: _Row) -> bool:
    return row.cells.get("et") == "l" and row.cells.get("closed") is False


def _impedances(line: _Row) -> tuple[float, ...]:
    parallel = line.number("parallel", otherwise=1.0)
    r1, x1 = line.number("r_ohm_per_km") / parallel, line.number("x_ohm_per_km") / parallel
    if all(line.cells.get(column) is not None for column in _ZERO_SEQUENCE):
        r0, x0 = (line.number(column) / parallel for column in _ZERO_SEQUENCE)
        return r1, x1, r0, x0
    ratio = line.reading.zero_sequence_ratio
    if ratio is None:
        rule = "has no zero sequence (r0_ohm_per_km, x0_ohm_per_km); give a ratio to R1 and X1"
        line.reading.complain(line.where, line.text("name"), rule)
    return r1, x1, r1 * (ratio or 1.0), x1 * (ratio or 1.0)


def _line_code(name: str, impedances: tuple[float, ...], known: Mapping[Any, LineCode]) -> LineCode:
    """A standard type, numbered where lines of that type differ."""
    name = name if name not in ("", "None", "nan") else "line"
    taken = {code.name for code in known.values()}
    number, unique = 1, name
    while unique in taken:
        number, unique = number + 1, f"{name} ({number + 1})"
    r1, x1, r0, x0 = impedances
    return LineCode(name=unique, r1_ohm_per_km=r1, x1_ohm_per_km=x1, r0_ohm_per_km=r0, x0_ohm_per_km=x0)


def _loads(reading: _Reading) -> Iterator[LoadRow]:
    for row in reading.rows("asymmetric_load"):
        powers = [(row.number(f"p_{p}_mw", otherwise=0.0), row.number(f"q_{p}_mvar", otherwise=0.0)) for p in "abc"]
        yield from _phases(row, powers)
    for row in reading.rows("load"):
        third = (row.number("p_mw") / 3.0, row.number("q_mvar", otherwise=0.0) / 3.0)
        yield from _phases(row, [third] * 3)


def _phases(row: _Row, powers: list[tuple[float, float]]) -> Iterator[LoadRow]:
    """A row for each phase that draws; a load that draws nothing stays, on L1: it is a customer."""
    drawing = [phase for phase in PHASES if powers[phase] != (0.0, 0.0)] or [PHASES[0]]
    scaling = row.number("scaling", otherwise=1.0)
    for phase in drawing:
        real, reactive = powers[phase]
        apparent = math.hypot(real, reactive)
        name = f"{row.text('name') or 'load'} #{row.label}"
        yield LoadRow(
            name=name if len(drawing) == 1 else f"{name}.{phase + 1}",
            node=_node(row.cells.get("bus")),
            phase=phase,
            nominal_w=real * scaling * 1e6,
            power_factor=real / apparent if apparent > 0.0 else 1.0,
            where=f"{row.reading.path}: {row.where}",
        )


def _only(
    reading: _Reading, feeder: str, source: str, branches: list[BranchRow], loads: list[LoadRow]
) -> tuple[list[BranchRow], list[LoadRow]]:
    """What lies behind the line ``feeder`` at the busbar."""
    heads = [row for row in branches if source in (row.from_node, row.to_node)]
    first = [row for row in heads if feeder in (row.name, row.name.rpartition(" #")[0])]
    if len(first) != 1:
        known = ", ".join(row.name for row in heads)
        reading.complain("line", feeder, f"must be the one first line of a feeder; there are {known}")
        return branches, loads
    reached, kept = {source}, [first[0]]
    reached |= {first[0].from_node, first[0].to_node}
    others = [row for row in branches if source not in (row.from_node, row.to_node)]
    while grown := [row for row in others if (row.from_node in reached) != (row.to_node in reached)]:
        for row in grown:
            reached |= {row.from_node, row.to_node}
    kept += [row for row in others if row.from_node in reached]
    return kept, [load for load in loads if load.node in reached and load.node != source]


def _node(bus: object) -> str:
    return f"bus {bus}"
