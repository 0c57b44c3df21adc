"""Read a distributor's own exports: substations, feeders, cable type codes, MPANs by feeder, and the map of the mains.

Feeder ids repeat from substation to substation, so a feeder is called ``SUBSTATION/FEEDER`` here. What hangs nowhere
(an MPAN without feeder, a section or a service that the mains do not reach) is an orphan: reported and left out, since
such records are never clean. What can not be understood is an issue, and then nothing is imported. The files are
described in docs/reference/network-model.md.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.phases import Phase
from linkbox.grid.cables import CABLES
from linkbox.grid.snapping import nearest, snap
from linkbox.grid.tables import NetworkTables, RawTable, build_tables
from linkbox.grid.topology import BranchRow, FeederNetwork, LineCode, LoadRow, build_network

FILES = {
    "substations.csv": ("substation", "name", "transformer_kva", "x_m", "y_m"),
    "feeders.csv": ("substation", "feeder", "fuse_rated_a", "cable_code"),
    "cable_codes.csv": ("cable_code", "line_code", "r1", "x1", "r0", "x0"),
    "mpans.csv": ("mpan", "substation", "feeder", "phase", "domestic", "priority_register", "postcode", "x_m", "y_m"),
    "sections.csv": ("section", "substation", "feeder", "cable_code", "x1_m", "y1_m", "x2_m", "y2_m"),
}
"""Every column of every file, in any order; impedances in ohm/km, places in metres of the national grid."""
OPTIONAL_FILES = frozenset({"sections.csv"})
OPTIONAL_COLUMNS = frozenset({"name", "phase", "domestic", "priority_register", "postcode", "x_m", "y_m"})
NOMINAL_W, POWER_FACTOR = 1000.0, 0.95
"""What a home is taken to draw where a power flow wants a nominal load (ENWL's own choice of power factor)."""
SOURCE_V = 240.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DnoOptions:
    """Ends of sections at most ``tolerance_m`` apart are joined; a service or a substation is joined to the nearest
    end of a section at most ``reach_m`` away."""

    tolerance_m: float = 0.05
    reach_m: float = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DnoImport:
    """The network as tables, the feeders whose mains are known well enough for a power flow, and what was left out."""

    tables: NetworkTables
    networks: Mapping[str, FeederNetwork]
    orphans: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file."""

    where: str
    cells: Mapping[str, str]

    def feeder(self) -> str:
        return f"{self.cells['substation']}/{self.cells['feeder']}"

    def place(self, x: str, y: str, issues: list[Issue]) -> tuple[float, float] | None:
        """The place in these two columns; None where they are empty."""
        if not self.cells.get(x) and not self.cells.get(y):
            return None
        return (self.number(x, issues), self.number(y, issues))

    def number(self, column: str, issues: list[Issue]) -> float:
        try:
            value = float(self.cells[column])
        except ValueError:
            value = float("nan")
        if np.isfinite(value):
            return value
        issues.append(Issue(where=self.where, value=self.cells[column], rule=f"{column} must be a finite number"))
        return 0.0


@dataclass(slots=True)
class _Reading:
    """All files, and what is wrong (issues) or hangs nowhere (orphans)."""

    folder: Path
    options: DnoOptions
    issues: list[Issue] = field(default_factory=list)
    orphans: list[Issue] = field(default_factory=list)

    def orphan(self, line: _Line, value: str, rule: str) -> None:
        self.orphans.append(Issue(where=line.where, value=value, rule=rule))

    def lines(self, name: str) -> list[_Line]:
        path = self.folder / name
        if not path.exists() and name in OPTIONAL_FILES:
            return []
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return self._parse(path, csv.reader(file, strict=True), FILES[name])
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            self.issues.append(Issue(where=str(path), value=name, rule=f"can not be read: {error}"))
            return []

    def _parse(self, path: Path, rows: Iterable[list[str]], columns: Sequence[str]) -> list[_Line]:
        found, header = [], None
        for number, row in enumerate(rows, 1):
            where = f"{path}:{number}"
            if header is None:
                header = [cell.strip().lower() for cell in row]
                missing = [c for c in columns if c not in header and c not in OPTIONAL_COLUMNS]
                self.issues += [Issue(where=where, value=c, rule="the file needs this column") for c in missing]
                if missing:
                    return []
            elif len(row) == len(header):
                cells = {name: cell.strip() for name, cell in zip(header, row, strict=True)}
                found.append(_Line(where, dict.fromkeys(columns, "") | cells))
            elif row:
                rule = f"must have {len(header)} fields"
                self.issues.append(Issue(where=where, value=",".join(row)[:80], rule=rule))
        return found


def read_dno(folder: str | Path, options: DnoOptions | None = None) -> DnoImport:
    """Read all files of ``folder``. Raise InvalidInput with every issue at once, each with file and line."""
    place = Path(folder)
    if not place.is_dir():
        raise InvalidInput("distributor's files", [Issue(where=str(folder), value=str(folder), rule="not a folder")])
    reading = _Reading(place, options or DnoOptions())
    files = {name: reading.lines(name) for name in FILES}
    codes = _codes(reading, files["cable_codes.csv"])
    feeders = {line.feeder(): line for line in files["feeders.csv"]}
    mpans = _of_known_feeders(reading, files["mpans.csv"], feeders, "MPAN")
    empty = set(feeders) - {line.feeder() for line in mpans}
    for name in sorted(empty):
        reading.orphan(feeders[name], name, "no MPAN is on this feeder")
    tables = _tables(reading, files, codes, mpans)
    sections = _by_feeder(_of_known_feeders(reading, files["sections.csv"], feeders, "section"))
    homes = _by_feeder(mpans)
    starts = {line.cells["substation"]: line.place("x_m", "y_m", reading.issues) for line in files["substations.csv"]}
    networks = {}
    for name in sorted(set(sections) - empty):
        start = starts.get(feeders[name].cells["substation"])
        found = _network(reading, name, start, sections[name], homes[name], codes)
        if found is not None:
            networks[name] = found
    if reading.issues:
        raise InvalidInput(f"distributor's files {folder}", reading.issues)
    return DnoImport(tables=tables, networks=networks, orphans=tuple(reading.orphans))


def _codes(reading: _Reading, lines: Sequence[_Line]) -> dict[str, tuple[str, LineCode]]:
    """The distributor's code -> the line code whose thermal model it has, and its impedances."""
    codes: dict[str, tuple[str, LineCode]] = {}
    by_lower = {code.lower(): code for code in CABLES}
    for line in lines:
        code, known = line.cells["cable_code"], by_lower.get(line.cells["line_code"].lower())
        if known is None:
            rule = f"line_code must be one of linkbox.grid.network.CABLES, for {code}"
            reading.issues.append(Issue(where=line.where, value=line.cells["line_code"], rule=rule))
            continue
        if code in codes:
            reading.issues.append(Issue(where=line.where, value=code, rule="cable_code stands there twice"))
        r1, x1, r0, x0 = (line.number(column, reading.issues) for column in ("r1", "x1", "r0", "x0"))
        impedances = LineCode(name=code, r1_ohm_per_km=r1, x1_ohm_per_km=x1, r0_ohm_per_km=r0, x0_ohm_per_km=x0)
        codes[code] = (known, impedances)
    return codes


def _of_known_feeders(
    reading: _Reading, lines: Sequence[_Line], feeders: Mapping[str, _Line], what: str
) -> list[_Line]:
    kept = []
    for line in lines:
        if line.feeder() in feeders:
            kept.append(line)
        else:
            reading.orphan(line, line.feeder(), f"orphan {what}: there is no such feeder")
    return kept


def _by_feeder(lines: Iterable[_Line]) -> dict[str, list[_Line]]:
    groups: dict[str, list[_Line]] = {}
    for line in lines:
        groups.setdefault(line.feeder(), []).append(line)
    return groups


def _tables(
    reading: _Reading,
    files: Mapping[str, list[_Line]],
    codes: Mapping[str, tuple[str, LineCode]],
    mpans: Sequence[_Line],
) -> NetworkTables:
    for line in files["feeders.csv"]:
        if line.cells["cable_code"] not in codes:
            rule = "cable_code is not in cable_codes.csv"
            reading.issues.append(Issue(where=line.where, value=line.cells["cable_code"], rule=rule))
    stations, feeders = files["substations.csv"], files["feeders.csv"]
    if reading.issues:
        raise InvalidInput(f"distributor's files {reading.folder}", reading.issues)
    raw = {
        "substation": _raw(stations, substation=lambda c: c["substation"], name=lambda c: c["name"]),
        "transformer": _raw(
            stations,
            transformer=lambda c: c["substation"],
            substation=lambda c: c["substation"],
            rated_kva=lambda c: c["transformer_kva"],
        ),
        "feeder": _raw(
            feeders,
            feeder=lambda c: f"{c['substation']}/{c['feeder']}",
            transformer=lambda c: c["substation"],
            fuse_rated_a=lambda c: c["fuse_rated_a"],
            cable=lambda c: codes[c["cable_code"]][0],
        ),
        "point": _raw(
            mpans,
            mpan=lambda c: c["mpan"],
            feeder=lambda c: f"{c['substation']}/{c['feeder']}",
            phase=lambda c: c["phase"],
            domestic=lambda c: c["domestic"] or "yes",
            priority_register=lambda c: c["priority_register"] or "no",
            postcode=lambda c: c["postcode"],
        ),
        "charger": RawTable(columns={}, rows=0, where=str),
    }
    return build_tables(raw, what=f"distributor's files {reading.folder}")


def _raw(lines: Sequence[_Line], **columns: Callable[[Mapping[str, str]], str]) -> RawTable:
    cells = {name: [of(line.cells) for line in lines] for name, of in columns.items()}
    return RawTable(columns=cells, rows=len(lines), where=lambda i: lines[i].where)


def _network(
    reading: _Reading,
    name: str,
    start: tuple[float, float] | None,
    mains: Sequence[_Line],
    homes: Sequence[_Line],
    codes: Mapping[str, tuple[str, LineCode]],
) -> FeederNetwork | None:
    """The feeder's tree from its map, or None (and an orphan that says why) where it does not give one."""
    if start is None:
        reading.orphan(mains[0], name, "the substation's place is not known, so there is no power flow")
        return None
    ends = [line.place(f"x{k}_m", f"y{k}_m", reading.issues) or (0.0, 0.0) for line in mains for k in (1, 2)]
    points = np.array(ends, dtype=np.float64)
    nodes = snap(points, reading.options.tolerance_m)
    source, distance = nearest(np.array([start]), points)
    if distance[0] > reading.options.reach_m:
        reading.orphan(mains[0], name, f"the mains begin {distance[0]:.0f} m from the substation")
        return None
    branches = [
        _branch(line, nodes[2 * i], nodes[2 * i + 1], points[2 * i : 2 * i + 2]) for i, line in enumerate(mains)
    ]
    root = f"n{nodes[source[0]]}"
    reached = _reached(root, branches)
    for line, branch in zip(mains, branches, strict=True):
        if branch.from_node not in reached:
            reading.orphan(line, branch.name, f"section is not joined to the mains of {name}")
    loads = _services(reading, name, homes, points, nodes, reached)
    try:
        return build_network(
            name=name,
            source=f"distributor's map, {reading.folder.name}",
            source_node=root,
            source_voltage_v=SOURCE_V,
            line_codes={code: line_code for code, (_, line_code) in codes.items()},
            branches=[branch for branch in branches if branch.from_node in reached],
            loads=loads,
            where=mains[0].where,
        )
    except InvalidInput as error:
        reading.orphans += error.issues
        return None


def _branch(
    line: _Line, a: np.int64, b: np.int64, ends: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> BranchRow:
    return BranchRow(
        name=line.cells["section"],
        from_node=f"n{a}",
        to_node=f"n{b}",
        line_code=line.cells["cable_code"],
        length_m=float(np.hypot(*(ends[1] - ends[0]))),
        where=line.where,
    )


def _reached(root: str, branches: Sequence[BranchRow]) -> set[str]:
    neighbours: dict[str, list[str]] = {}
    for branch in branches:
        neighbours.setdefault(branch.from_node, []).append(branch.to_node)
        neighbours.setdefault(branch.to_node, []).append(branch.from_node)
    reached, queue = {root}, [root]
    for node in queue:
        fresh = [other for other in neighbours.get(node, ()) if other not in reached]
        reached.update(fresh)
        queue += dict.fromkeys(fresh)
    return reached


def _services(
    reading: _Reading,
    name: str,
    homes: Sequence[_Line],
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    nodes: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    reached: set[str],
) -> list[LoadRow]:
    """The homes at the nearest end of a reached section; one without a place, phase or mains in reach is an orphan."""
    joined = np.flatnonzero([f"n{node}" in reached for node in nodes])
    loads = []
    for line in homes:
        place, phase = line.place("x_m", "y_m", reading.issues), line.cells["phase"]
        if place is None or phase not in Phase.__members__:
            why = "its place" if place is None else "its phase"
            reading.orphan(line, name, f"not in the power flow: {why} is not known")
            continue
        found, distance = nearest(np.array([place]), points[joined])
        if distance[0] > reading.options.reach_m:
            reading.orphan(line, name, f"orphan service: the mains are {distance[0]:.0f} m away")
            continue
        load = LoadRow(
            name=line.cells["mpan"],
            node=f"n{nodes[joined[found[0]]]}",
            phase=Phase[phase],
            nominal_w=NOMINAL_W,
            power_factor=POWER_FACTOR,
            where=line.where,
        )
        loads.append(load)
    return loads
