"""Read a feeder in the OpenDSS text form of the ENWL / University of Manchester LV Network Solutions set.

A feeder is a folder with LineCode.txt, Lines.txt, Loads.txt and Transformers.txt. The folder may lie inside a tar
archive: ``enwl-lvns.tar.xz:network_1/Feeder_1``. Folder, file and object names are case-insensitive, as in OpenDSS.
Load shapes, monitors and generators are not read. Shunt capacitance is left out (it carries milliamps on a low-voltage
cable). A three-phase load becomes three single-phase ones, named NAME.1, NAME.2 and NAME.3.
"""

from __future__ import annotations

import lzma
import math
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.phases import PHASES, Phase
from linkbox.grid.topology import MAX_OHM_PER_KM, BranchRow, FeederNetwork, LineCode, LoadRow, build_network

FILES = ("LineCode.txt", "Lines.txt", "Loads.txt", "Transformers.txt")
MAX_FILE_BYTES = 32 * 1024 * 1024
SOURCE = (
    "OpenDSS text feeder (ENWL / University of Manchester, LV Network Solutions, 2015, where the folder is of that set)"
)

_KM_PER_UNIT = {"km": 1.0, "m": 0.001}
_ARCHIVE = re.compile(r"(?P<archive>.+\.(?:tar|tar\.xz|tar\.gz|tar\.bz2|txz|tgz)):(?P<member>.+)", re.IGNORECASE)
_PROPERTY = re.compile(r"""([A-Za-z%][\w%-]*)\s*=\s*(\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|"[^"]*"|'[^']*'|[^\s,]+)""")
_OBJECT = re.compile(r"""new\s+(?:object\s*=\s*)?"?(\w+)\.([^\s"]+)"?\s*(.*)""", re.IGNORECASE | re.DOTALL)
_UNREADABLE = (OSError, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError)


@dataclass(slots=True)
class _Reading:
    """What has been read so far; an object's keys are lower case."""

    issues: list[Issue] = field(default_factory=list)
    line_codes: dict[str, LineCode] = field(default_factory=dict)
    branches: list[BranchRow] = field(default_factory=list)
    loads: list[LoadRow] = field(default_factory=list)
    source_node: str | None = None
    source_voltage_v: float = 240.0
    transformer_kva: int | None = None


@dataclass(frozen=True, slots=True)
class _Object:
    """One ``New Class.name key=value ...`` of a file; reports into ``reading`` what it can not give."""

    name: str
    values: Mapping[str, str]
    where: str
    reading: _Reading

    def complain(self, value: str, rule: str) -> None:
        self.reading.issues.append(Issue(where=self.where, value=value, rule=rule))

    def text(self, key: str) -> str | None:
        value = self.values.get(key.lower())
        if value is None:
            self.complain(self.name, f"{key} is missing")
        return value

    def number(self, key: str, *, otherwise: float) -> float:
        """The value as a finite float; complain and give ``otherwise`` where it is missing or no number."""
        value = self.text(key)
        if value is None:
            return otherwise
        number = _number(value)
        if number is None:
            self.complain(value, f"{key} must be a finite number")
            return otherwise
        return number

    def unit_km(self) -> float:
        """Km per unit of this object's Units."""
        units = self.text("Units")
        if units is None:
            return 1.0
        if units.lower() not in _KM_PER_UNIT:
            self.complain(units, "Units must be m or km")
        return _KM_PER_UNIT.get(units.lower(), 1.0)


def read_opendss_feeder(path: str | Path) -> FeederNetwork:
    """Read the feeder in folder ``path``, or in a folder of an archive (``ARCHIVE:network_1/Feeder_1``).

    Raise InvalidInput with every issue at once, each with file and line: missing file, bad number, missing line code,
    unknown phase, unsupported units, loop, orphan load.
    """
    texts, place = _texts(str(path))
    reading = _Reading()
    for name in FILES:
        if name not in texts:
            reading.issues.append(Issue(where=f"{place}/{name}", value=name, rule="file is missing"))
            continue
        for found in _objects(texts[name], f"{place}/{name}", reading):
            _READERS[name][1](found, reading)
    source_node = reading.source_node
    if source_node is None:
        if "Transformers.txt" in texts:
            rule = "no transformer, so no source node"
            reading.issues.append(Issue(where=f"{place}/Transformers.txt", value="", rule=rule))
        source_node = reading.branches[0].from_node if reading.branches else "1"
    if "LineCode.txt" not in texts:  # then every code is missing, which one issue says well enough
        reading.line_codes |= {row.line_code: _placeholder(row.line_code) for row in reading.branches}
    return build_network(
        name=_feeder_name(place),
        source=SOURCE,
        source_node=source_node,
        source_voltage_v=reading.source_voltage_v,
        line_codes=reading.line_codes,
        branches=reading.branches,
        loads=reading.loads,
        where=place,
        transformer_kva=reading.transformer_kva,
        found=reading.issues,
    )


def feeders_in_archive(archive: str | Path) -> tuple[str, ...]:
    """The feeder folders of an archive, as ``network_1/Feeder_1``, in natural order. Raise InvalidInput otherwise."""
    try:
        with tarfile.open(archive) as tar:
            names = tar.getnames()
    except _UNREADABLE as error:
        raise InvalidInput("feeder archive", [_unreadable(str(archive), error)]) from error
    folders = {"/".join(name.split("/")[-3:-1]) for name in names if name.lower().endswith("/lines.txt")}
    return tuple(sorted(folders, key=lambda f: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", f.lower())]))


def _texts(path: str) -> tuple[dict[str, str], str]:
    """The four files that are there, by their usual names, and what to call the folder in messages."""
    match = _ARCHIVE.fullmatch(path)
    try:
        if match is None:
            return _folder_texts(Path(path)), path.rstrip("/")
        return _archive_texts(match["archive"], match["member"].strip("/")), path.rstrip("/")
    except _UNREADABLE as error:
        raise InvalidInput("feeder folder", [_unreadable(path, error)]) from error


def _folder_texts(folder: Path) -> dict[str, str]:
    by_name = {entry.name.lower(): entry for entry in folder.iterdir() if entry.is_file()}
    texts = {}
    for name in FILES:
        entry = by_name.get(name.lower())
        if entry is not None:
            with entry.open("rb") as file:
                texts[name] = _decode(file.read(MAX_FILE_BYTES + 1), str(entry))
    return texts


def _archive_texts(archive: str, member: str) -> dict[str, str]:
    wanted = {f"{member}/{name}".lower(): name for name in FILES}
    texts: dict[str, str] = {}
    with tarfile.open(archive) as tar:
        for entry in tar:
            short = entry.name.lower()
            name = next((n for w, n in wanted.items() if short == w or short.endswith("/" + w)), None)
            if name is None or name in texts:
                continue
            file = tar.extractfile(entry)
            if file is not None:
                texts[name] = _decode(file.read(MAX_FILE_BYTES + 1), f"{archive}:{entry.name}")
    if not texts:
        raise InvalidInput("feeder archive", [Issue(where=archive, value=member, rule="no such feeder in the archive")])
    return texts


def _decode(data: bytes, where: str) -> str:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput("feeder file", [Issue(where=where, value=str(len(data)), rule="file is over 32 MiB")])
    return data.decode("utf-8", errors="replace")


def _objects(text: str, where: str, reading: _Reading) -> Iterator[_Object]:
    """The objects of one file; whatever is no ``New`` of the file's class is an issue."""
    wanted = _READERS[where.rsplit("/", 1)[1]][0]
    for number, line in _lines(text):
        match = _OBJECT.fullmatch(line)
        if match is None or match[1].lower() != wanted.lower():
            rule = f"expected 'New {wanted}.NAME key=value ...'"
            reading.issues.append(Issue(where=f"{where}:{number}", value=line[:60], rule=rule))
            continue
        values = {key.lower(): value.strip("[](){}\"'").strip() for key, value in _PROPERTY.findall(match[3])}
        yield _Object(match[2], values, f"{where}:{number}", reading)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first one: comments go, ``~`` continues the line before."""
    pending: tuple[int, str] | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.split(r"!|//", raw, maxsplit=1)[0].strip()
        if line.startswith("~") and pending is not None:
            pending = (pending[0], f"{pending[1]} {line[1:].strip()}")
        elif line:
            if pending is not None:
                yield pending
            pending = (number, line)
    if pending is not None:
        yield pending


def _read_line_code(found: _Object, reading: _Reading) -> None:
    values = {key: found.number(key, otherwise=0.0) for key in ("R1", "X1", "R0", "X0")}
    for key, value in values.items():
        if not 0 <= value <= MAX_OHM_PER_KM:
            found.complain(str(value), f"{key} must be between 0 and {MAX_OHM_PER_KM:.0f} ohm")
    _require_three_phases(found, "nphases")
    per_km = 1.0 / found.unit_km()  # ohm per m times 1000 is ohm per km
    code = LineCode(
        name=found.name,
        r1_ohm_per_km=values["R1"] * per_km,
        x1_ohm_per_km=values["X1"] * per_km,
        r0_ohm_per_km=values["R0"] * per_km,
        x0_ohm_per_km=values["X0"] * per_km,
    )
    earlier = reading.line_codes.setdefault(found.name.lower(), code)
    if replace(earlier, name=code.name) != code:  # the ENWL files repeat some codes word for word
        found.complain(found.name, "line code is defined twice, with different values")


def _read_line(found: _Object, reading: _Reading) -> None:
    _require_three_phases(found, "phases")
    ends = [found.text("Bus1"), found.text("Bus2")]
    nodes = []
    for end in ends:
        node, _, phases = (end or "").partition(".")
        if phases not in ("", "1.2.3", "1.2.3.0"):
            found.complain(end or "", "a section must connect all three phases in order (node or node.1.2.3)")
        nodes.append(node.lower())
    code = found.text("Linecode")
    length_m = found.number("Length", otherwise=0.0) * found.unit_km() * 1000.0
    if all(nodes):
        row = BranchRow(
            name=found.name.lower(),
            from_node=nodes[0],
            to_node=nodes[1],
            line_code=code.lower() if code is not None else "",
            length_m=length_m,
            where=found.where,
        )
        reading.branches.append(row)


def _read_load(found: _Object, reading: _Reading) -> None:
    nominal_w = found.number("kW", otherwise=0.0) * 1000.0
    power_factor = found.number("PF", otherwise=1.0)
    bus = found.text("Bus1")
    phases = _load_phases(found, bus) if bus is not None else ()
    for phase in phases:
        row = LoadRow(
            name=found.name.lower() if len(phases) == 1 else f"{found.name.lower()}.{phase + 1}",
            node=(bus or "").partition(".")[0].lower(),
            phase=phase,
            nominal_w=nominal_w / len(phases),
            power_factor=power_factor,
            where=found.where,
        )
        reading.loads.append(row)


def _load_phases(found: _Object, bus: str) -> tuple[Phase, ...]:
    """The phases of ``Bus1=node.phase``; a load whose phase is unknown is taken at L1 after the issue is noted."""
    count, suffix = found.values.get("phases", "3"), bus.partition(".")[2]
    if count == "3" and suffix in ("", "1.2.3", "1.2.3.0"):
        return PHASES
    if count == "1" and suffix in ("1", "2", "3", "1.0", "2.0", "3.0"):
        return (Phase(int(suffix[0]) - 1),)
    rule = "unknown phase: a load needs Phases=1 and Bus1=node.1, .2 or .3, or Phases=3 and Bus1=node"
    found.complain(f"Phases={count} Bus1={bus}", rule)
    return (Phase.L1,)


def _read_transformer(found: _Object, reading: _Reading) -> None:
    if reading.source_node is not None:
        found.complain(found.name, "one feeder has one transformer")
        return
    buses = re.split(r"[\s,]+", found.text("Buses") or "")
    if len(buses) == 2:
        reading.source_node = buses[1].partition(".")[0].lower()
    elif "buses" in found.values:
        found.complain(found.values["buses"], "Buses must name two buses")
    reading.source_voltage_v = _second(found, "kVs", otherwise=0.416) * 1000.0 / math.sqrt(3.0)
    reading.transformer_kva = round(_second(found, "kVAs", otherwise=1.0))


def _second(found: _Object, key: str, *, otherwise: float) -> float:
    """The second of two positive numbers: the low-voltage side."""
    text = found.text(key)
    if text is None:
        return otherwise
    numbers = [_number(part) for part in re.split(r"[\s,]+", text)]
    last = numbers[-1]
    if len(numbers) != 2 or last is None or last <= 0:
        found.complain(text, f"{key} must be two positive numbers")
        return otherwise
    return last


def _require_three_phases(found: _Object, key: str) -> None:
    count = found.values.get(key, "3")
    if count != "3":
        found.complain(count, f"{key} must be 3")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _placeholder(name: str) -> LineCode:
    return LineCode(name=name, r1_ohm_per_km=1.0, x1_ohm_per_km=0.0, r0_ohm_per_km=1.0, x0_ohm_per_km=0.0)


def _feeder_name(place: str) -> str:
    match = _ARCHIVE.fullmatch(place)
    parts = (match["member"] if match else str(Path(place))).replace("\\", "/").strip("/").split("/")
    return "/".join(parts[-2:])


def _unreadable(where: str, error: BaseException) -> Issue:
    return Issue(where=where, value=type(error).__name__, rule=f"can not be read: {error}")


_READERS = {
    "LineCode.txt": ("LineCode", _read_line_code),
    "Lines.txt": ("Line", _read_line),
    "Loads.txt": ("Load", _read_load),
    "Transformers.txt": ("Transformer", _read_transformer),
}
