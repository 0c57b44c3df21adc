"""A whole network as columns: substations, transformers, feeders, connection points, chargers. Not objects.

Rows refer to rows of the table above by position. Arrays are read-only. ``build_tables`` checks all that importers
read and either returns NetworkTables or raises InvalidInput with everything that is wrong, each with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import Phase
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, ConnectionPoint, FeederModel
from linkbox.grid.schema import SCHEMA, THREE_PHASE, Cells, Column

Columns = Mapping[str, npt.NDArray[Any]]
MOST_ISSUES = 1000
"""More are counted, not listed: a file in the wrong form would list all its lines."""
_CODES = tuple(CABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """One table as an importer read it: cells by column, and in words where row ``i`` stands."""

    columns: Mapping[str, Cells]
    rows: int
    where: Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkTables:
    """Columns by table (see ``grid.schema.SCHEMA``); references are int32 positions, in the column of that name.

    ``point`` is in order of feeder, and ``first_point`` (feeders + 1,) says where each feeder's points begin.
    ``charger_point`` (chargers,) is the position of each charger's point.
    """

    tables: Mapping[str, Columns]
    first_point: npt.NDArray[np.int64]
    charger_point: npt.NDArray[np.int32]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return len(next(iter(self.tables[table].values())))

    def mpans(self, feeder: int) -> npt.NDArray[np.int64]:
        """(points,) the connection points of the feeder at this position."""
        part: npt.NDArray[np.int64] = self.tables["point"]["mpan"][self._points(feeder)]
        return part

    def model(self, feeder: int) -> FeederModel:
        """One feeder as the controller wants it."""
        row = {name: column[feeder] for name, column in self.tables["feeder"].items()}
        transformer = int(row["transformer"])
        substation = int(self.tables["transformer"]["substation"][transformer])
        return FeederModel(
            feeder_id=FeederId(str(row["feeder"])),
            substation=str(self.tables["substation"]["substation"][substation]),
            fuse=FUSES[int(row["fuse_rated_a"])],
            cable=CABLES[_CODES[int(row["cable"])]],
            transformer=TRANSFORMERS[int(self.tables["transformer"]["rated_kva"][transformer])],
            points=tuple(self._connection_points(feeder)),
        )

    def models(self) -> Iterator[FeederModel]:
        """All feeders as the controller wants them, one at a time."""
        return (self.model(feeder) for feeder in range(self.count("feeder")))

    def substation_of_feeder(self) -> npt.NDArray[np.int32]:
        """(feeders,) the position of each feeder's substation: by this the fleet is shared out among workers."""
        found: npt.NDArray[np.int32] = self.tables["transformer"]["substation"][self.tables["feeder"]["transformer"]]
        return found

    def _points(self, feeder: int) -> slice:
        return slice(int(self.first_point[feeder]), int(self.first_point[feeder + 1]))

    def _connection_points(self, feeder: int) -> Iterator[ConnectionPoint]:
        part = {name: column[self._points(feeder)].tolist() for name, column in self.tables["point"].items()}
        for i, mpan in enumerate(part["mpan"]):
            phase = part["phase"][i]
            yield ConnectionPoint(
                mpan=Mpan(f"{mpan:013d}"),
                phase=Phase(phase) if 0 <= phase < THREE_PHASE else None,
                domestic=part["domestic"][i],
                priority_register=part["priority_register"][i],
                postcode=part["postcode"][i],
            )


def build_tables(raw: Mapping[str, RawTable], *, found: Sequence[Issue] = (), what: str = "network") -> NetworkTables:
    """Check everything: cells, keys that stand twice, references to nothing. ``found`` are issues met already.

    Raises InvalidInput with all issues (at most MOST_ISSUES are listed, the rest counted).
    """
    issues = _Issues(list(found))
    parsed = {name: _parse(name, columns, raw, issues) for name, columns in SCHEMA.items()}
    for name in SCHEMA:
        _keys(name, raw[name], issues)
    places: dict[str, dict[Any, int]] = {
        name: {key: i for i, key in enumerate(parsed[name][columns[0].name].tolist())}
        for name, columns in SCHEMA.items()
        if name != "charger"
    }
    for name, columns in SCHEMA.items():
        for column in (c for c in columns if c.refers_to is not None):
            parsed[name][column.name] = _refer(name, column, parsed[name], places, raw[name], issues)
    owners = _positions(parsed["charger"]["mpan"], places["point"])
    issues.add_rows(raw["charger"], owners < 0, parsed["charger"]["mpan"], "no connection point has this MPAN")
    issues.raise_if_any(what)
    return _in_order(parsed, owners)


@dataclass(slots=True)
class _Issues:
    """What is wrong so far; beyond MOST_ISSUES only counted."""

    listed: list[Issue]
    more: int = 0

    def add(self, where: str, value: str, rule: str) -> None:
        if len(self.listed) < MOST_ISSUES:
            self.listed.append(Issue(where=where, value=value, rule=rule))
        else:
            self.more += 1

    def add_rows(self, raw: RawTable, bad: npt.NDArray[np.bool_], values: Cells, rule: str) -> None:
        for i in np.flatnonzero(bad).tolist():
            self.add(raw.where(i), str(values[i]), rule)

    def raise_if_any(self, what: str) -> None:
        if self.more:
            rule = "these are not listed"
            self.listed.append(Issue(where="more", value=f"{self.more} issues", rule=rule))
        if self.listed:
            raise InvalidInput(what, self.listed)


def _parse(
    name: str, columns: Sequence[Column], raw: Mapping[str, RawTable], issues: _Issues
) -> dict[str, npt.NDArray[Any]]:
    table = raw[name]
    values = {}
    for column in columns:
        cells = table.columns.get(column.name)
        if cells is None and column.otherwise is None and table.rows:
            issues.add(table.where(0), column.name, f"the table {name} needs this column")
        if cells is None:
            values[column.name] = column.parse([column.otherwise or ""] * table.rows)[0]
            continue
        values[column.name], bad = column.parse(cells)
        issues.add_rows(table, bad, cells, f"{column.name}: {column.rule}")
    return values


def _keys(name: str, raw: RawTable, issues: _Issues) -> None:
    """A key stands once."""
    key = SCHEMA[name][0].name
    seen: set[str] = set()
    for i, cell in enumerate(raw.columns.get(key, ())):
        value = str(cell).strip()
        if value in seen:
            issues.add(raw.where(i), value, f"{key} stands there twice")
        seen.add(value)


def _refer(
    name: str,
    column: Column,
    values: Columns,
    places: Mapping[str, Mapping[Any, int]],
    raw: RawTable,
    issues: _Issues,
) -> npt.NDArray[np.int32]:
    assert column.refers_to is not None  # noqa: S101 - the caller chose columns that refer
    found = _positions(values[column.name], places[column.refers_to])
    issues.add_rows(raw, found < 0, values[column.name], f"orphan {name}: no {column.refers_to} has this id")
    return found


def _positions(keys: npt.NDArray[Any], places: Mapping[Any, int]) -> npt.NDArray[np.int32]:
    return np.array([places.get(key, -1) for key in keys.tolist()], dtype=np.int32)


def _in_order(parsed: Mapping[str, dict[str, npt.NDArray[Any]]], owners: npt.NDArray[np.int32]) -> NetworkTables:
    """Points in order of their feeders, those of one feeder as they were read; chargers after their points."""
    feeders = len(parsed["feeder"]["feeder"])
    order = np.argsort(parsed["point"]["feeder"], kind="stable")
    now_at = np.empty(len(order), dtype=np.int32)
    now_at[order] = np.arange(len(order), dtype=np.int32)
    points = {name: column[order] for name, column in parsed["point"].items()}
    tables = {name: (points if name == "point" else columns) for name, columns in parsed.items()}
    for columns in tables.values():
        for column in columns.values():
            column.setflags(write=False)
    first = np.searchsorted(points["feeder"], np.arange(feeders + 1))
    return NetworkTables(tables=tables, first_point=first, charger_point=now_at[owners])
