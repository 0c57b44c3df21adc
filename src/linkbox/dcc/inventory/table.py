"""Installations as a CSV table: one home a line, all problems reported at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import TypeVar, cast, get_args

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import Eui64, InvalidIdentifier, Mpan
from linkbox.dcc.inventory.installation import Generation, HubBand, Installation, Inventory

COLUMNS = ("mpan", "chf", "gpf", "esme", "hcalcs", "slot", "label", "region", "hub")
OPTIONAL = ("apc", "meter", "proportional")
"""Columns that a table may leave out. ``meter`` is 3 or 4 (empty: 3), ``proportional`` yes or no (empty: no)."""


def write_table(installations: Iterable[Installation]) -> str:
    """The table, with a header line; ``gpf``, ``apc`` and ``proportional`` are empty where there is none."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow((*COLUMNS, *OPTIONAL))
    for home in installations:
        values = {column: getattr(home, column) or "" for column in (*COLUMNS, *OPTIONAL)}
        table.writerow((values | {"proportional": "yes" if home.proportional else ""}).values())
    return out.getvalue()


def read_table(text: str, *, name: str = "inventory") -> Inventory:
    """The inverse of write_table. Raise InvalidInput with every line, field, value and rule that is wrong."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        rule = f"must have the columns {', '.join(COLUMNS)}"
        raise InvalidInput(name, [Issue(where=f"{name}:1", value=", ".join(missing), rule=rule)])
    issues: list[Issue] = []
    homes = []
    try:
        for row in reader:
            home = _Line(f"{name}:{reader.line_num}", row, issues).read()
            if home is not None:
                homes.append(home)
    except csv.Error as error:
        issues.append(Issue(where=f"{name}:{reader.line_num}", value="", rule=f"must be CSV: {error}"))
    if issues:
        raise InvalidInput(name, issues)
    return Inventory(homes)


T = TypeVar("T")


class _Line:
    """One line of the table, and the list that its problems go to."""

    def __init__(self, where: str, row: dict[str, str | None], issues: list[Issue]) -> None:
        self._where, self._row, self._issues = where, row, issues

    def read(self) -> Installation | None:
        """The installation, or None if anything is wrong with the line."""
        if None in self._row or None in self._row.values():
            self._wrong("line", "", "must have as many fields as the header")
            return None
        mpan, slot, hub = self._value("mpan", Mpan), self._value("slot", _slot), self._value("hub", _hub)
        chf, esme, hcalcs = (self._value(column, Eui64) for column in ("chf", "esme", "hcalcs"))
        gpf, apc = (self._value(column, Eui64) if self._row.get(column) else None for column in ("gpf", "apc"))
        meter, proportional = self._value("meter", _meter), self._value("proportional", _yes)
        if mpan is None or slot is None or hub is None or chf is None or esme is None or hcalcs is None:
            return None
        if meter is None or proportional is None:
            return None
        return Installation(
            mpan=mpan,
            chf=chf,
            gpf=gpf,
            esme=esme,
            hcalcs=hcalcs,
            slot=slot,
            label=self._row["label"] or "",
            region=self._row["region"] or "Unknown",
            hub=hub,
            apc=apc,
            meter=meter,
            proportional=proportional,
        )

    def _value(self, column: str, make: Callable[[str], T]) -> T | None:
        text = self._row.get(column) or ""
        try:
            return make(text)
        except InvalidIdentifier as error:
            self._wrong(column, text, error.rule)
        except ValueError as error:
            self._wrong(column, text, str(error))
        return None

    def _wrong(self, column: str, value: str, rule: str) -> None:
        self._issues.append(Issue(where=f"{self._where}: {column}", value=value, rule=rule))


def _slot(text: str) -> int:
    if text not in ("1", "2", "3", "4", "5"):
        raise ValueError("must be within 1..5")
    return int(text)


def _meter(text: str) -> Generation:
    for known in get_args(Generation):
        if (text or "3") == known:
            return cast("Generation", known)
    raise ValueError(f"must be one of {', '.join(get_args(Generation))}")


def _yes(text: str) -> bool:
    if text not in ("", "yes", "no"):
        raise ValueError("must be yes or no")
    return text == "yes"


def _hub(text: str) -> HubBand:
    for band in get_args(HubBand):
        if text == band:
            return cast("HubBand", band)
    raise ValueError(f"must be one of {', '.join(get_args(HubBand))}")
