"""The chargers that may be asked for help, and how their customers are told: a CSV table.

``docs/reference/service.md`` describes the columns. All problems are reported at once, by file and line."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import InvalidIdentifier, Mpan
from linkbox.base.phases import Phase
from linkbox.operation.entities import ChargerPoint
from linkbox.records.contact import Channel, Contact

REQUIRED = ("mpan", "phase", "rated_a", "supplier", "channel")
OPTIONAL = (
    "address",
    "language",
    "quiet_from",
    "quiet_to",
    "start_in_quiet",
    "ahead",
    "reduced_fraction",
    "floor_a",
)
_MOST_A = 200.0
_YES_NO = {"": True, "yes": True, "no": False}


@dataclass(slots=True, kw_only=True)
class Chargers:
    """What the table says, by connection point."""

    points: dict[Mpan, ChargerPoint] = field(default_factory=dict)
    contacts: dict[Mpan, Contact] = field(default_factory=dict)


def read_chargers(path: Path) -> Chargers:
    """The table; raise InvalidInput with everything that is wrong with it."""
    found, issues = Chargers(), list[Issue]()
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            issues += _head(list(rows.fieldnames or ()), path)
            if not issues:
                for row in rows:
                    issues += _Line(row, f"{path}:{rows.line_num}").into(found)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        issues.append(Issue(where=str(path), value=path.name, rule=f"can not be read: {type(error).__name__}"))
    if issues:
        raise InvalidInput("chargers", issues)
    return found


def _head(names: list[str], path: Path) -> list[Issue]:
    missing = [Issue(where=f"{path}:1", value=n, rule="must be a column") for n in REQUIRED if n not in names]
    unknown = [n for n in names if n not in REQUIRED + OPTIONAL]
    return missing + [Issue(where=f"{path}:1", value=n, rule="is no column of this table") for n in unknown]


class _Line:
    """One line, and what is wrong with it."""

    def __init__(self, row: Mapping[str | None, Any], where: str) -> None:
        self._row = {str(name): str(value or "").strip() for name, value in row.items() if name is not None}
        self._where = where
        self._issues: list[Issue] = []
        if None in row:
            self._wrong("line", "", "must have as many fields as the head")

    def into(self, found: Chargers) -> list[Issue]:
        """Add the charger; the issues where it can not be."""
        mpan = self._mpan()
        if mpan in found.points:
            self._wrong("mpan", "", "must occur once")
        phase = self._row["phase"]
        if phase and phase not in Phase.__members__:
            self._wrong("phase", phase, "must be L1, L2 or L3, or empty where nobody knows it")
        rated = self._number("rated_a", math.nan, 0.0, _MOST_A)
        reduced = self._number("reduced_fraction", 0.0, 0.0, 1.0)
        floor = self._number("floor_a", 6.0, 0.0, _MOST_A)
        contact = self._contact()
        if not self._row["supplier"]:
            self._wrong("supplier", "", "must not be empty")
        if self._issues or mpan is None or contact is None:
            return self._issues
        found.points[mpan] = ChargerPoint(
            mpan=mpan,
            phase=Phase[phase] if phase else None,
            rated_a=rated,
            supplier=self._row["supplier"],
            channel=contact.channel.value,
            reduced_fraction=reduced,
            floor_a=floor,
        )
        found.contacts[mpan] = contact
        return []

    def _mpan(self) -> Mpan | None:
        try:
            return Mpan(self._row["mpan"])
        except InvalidIdentifier as error:
            self._wrong("mpan", f"*{self._row['mpan'][-3:]}", error.rule)
            return None

    def _number(self, name: str, usual: float, low: float, high: float) -> float:
        text = self._row.get(name, "")
        try:
            value = usual if text == "" and not math.isnan(usual) else float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (name == "rated_a" and value == 0.0):
            self._wrong(name, text, f"must be a number, above {low:g}, at most {high:g}")
        return value

    def _contact(self) -> Contact | None:
        cells = self._row
        for name in ("start_in_quiet", "ahead"):
            if cells.get(name, "") not in _YES_NO:
                self._wrong(name, cells[name], "must be yes, no or empty")
        quiet = [cells.get("quiet_from", ""), cells.get("quiet_to", "")]
        if channel_needs(cells["channel"]) and not cells.get("address"):
            self._wrong("address", "", f"must be given for channel {cells['channel']}")
        record = {
            "channel": cells["channel"],
            "address": cells.get("address", ""),
            "language": cells.get("language", "") or "en",
            "quiet": quiet if any(quiet) else None,
            **{name: _YES_NO.get(cells.get(name, ""), True) for name in ("start_in_quiet", "ahead")},
        }
        try:
            return Contact.from_record(record)
        except InvalidInput as error:
            self._issues += [Issue(where=f"{self._where}:{i.where}", value=i.value, rule=i.rule) for i in error.issues]
            return None

    def _wrong(self, column: str, value: str, rule: str) -> None:
        self._issues.append(Issue(where=f"{self._where}:{column}", value=value, rule=rule))


def channel_needs(channel: str) -> bool:
    """Whether a channel needs an address: all but the call list do."""
    return channel in {Channel.EMAIL.value, Channel.SMS.value, Channel.WEBHOOK.value}
