"""Contracts as text: a TOML or CSV file to a set of contracts, or to everything that is wrong with it."""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.identifiers import FeederId, InvalidIdentifier
from linkbox.market.contracts import Amps3, AvailabilityWindow, Contract, check_contracts
from linkbox.market.uftp import NOMINAL_V

DEFAULT_ZONE = "Europe/London"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_CHARACTERS = 1_000_000

_TEXTS = {"contract_id": True, "provider": True, "domain": False}
_NUMBERS = ("answer_within_s", "deliver_within_s", "price_gbp_per_kwh", "minimum_run_s")
_NEEDED = ("answer_within_s", "deliver_within_s")
KEYS = (*_TEXTS, "feeders", "capacity_a", "capacity_kw", *_NUMBERS, "valid_from", "valid_until", "windows", "time_zone")
"""Keys of a contract in TOML and columns in CSV."""

_DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}")
_WINDOW = re.compile(r"(?:(?P<days>[a-z,\-]+) +)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


def contracts_from_toml(
    text: str, known_feeders: Iterable[FeederId], *, where: str = "contracts"
) -> tuple[Contract, ...]:
    """The contracts of ``[[contract]]`` tables; raise InvalidInput with every issue of the file."""
    try:
        data = tomllib.loads(_short(text, where))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(where, [Issue(where=where, value=text[:40], rule=f"is not TOML: {error}")]) from error
    tables = data.pop("contract", [])
    issues = [Issue(where=where, value=key, rule="is not known; a contract is a [[contract]] table") for key in data]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        issues.append(Issue(where=where, value="contract", rule="must be a list of tables: [[contract]]"))
        raise InvalidInput(where, issues)
    rows = ((f"{where}: contract {number}", table) for number, table in enumerate(tables, 1))
    return _contracts(rows, known_feeders, where, issues)


def contracts_from_csv(
    text: str, known_feeders: Iterable[FeederId], *, where: str = "contracts"
) -> tuple[Contract, ...]:
    """The contracts of a CSV file with a head line; lists within a cell are parted by semicolons."""
    reader = csv.DictReader(io.StringIO(_short(text, where), newline=""))
    rule = f"is not a column; there are {', '.join(KEYS)}"
    try:
        names = reader.fieldnames or ()
        rows = [(f"{where}:{reader.line_num}", dict(row)) for row in reader]
    except csv.Error as error:
        raise InvalidInput(where, [Issue(where=where, value=text[:40], rule=f"is not CSV: {error}")]) from error
    issues = [Issue(where=f"{where}:1", value=str(name), rule=rule) for name in names if name not in KEYS]
    issues += [
        Issue(where=at, value=str(row[None]), rule="has more cells than the head") for at, row in rows if None in row
    ]
    tables = [(at, {key: _cell(key, cell) for key, cell in row.items() if key in KEYS and cell}) for at, row in rows]
    return _contracts(tables, known_feeders, where, issues)


def _short(text: str, where: str) -> str:
    if len(text) > MAX_CHARACTERS:
        rule = f"must have at most {MAX_CHARACTERS} characters"
        raise InvalidInput(where, [Issue(where=where, value=str(len(text)), rule=rule)])
    return text


def _cell(key: str, cell: str) -> Any:
    parts = [part.strip() for part in cell.split(";")]
    if key in ("feeders", "windows"):
        return parts
    if key == "capacity_a":
        return [_number_or_text(part) for part in parts]
    return _number_or_text(cell.strip()) if key in (*_NUMBERS, "capacity_kw") else cell.strip()


def _number_or_text(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _contracts(
    tables: Iterable[tuple[str, Mapping[str, Any]]], known: Iterable[FeederId], where: str, issues: list[Issue]
) -> tuple[Contract, ...]:
    found = []
    for at, table in tables:
        values = _Table(at, table)
        contract = values.contract()
        issues += values.issues
        if contract is not None:
            found.append(contract)
    issues += check_contracts(found, known)
    if not found and not issues:
        issues.append(Issue(where=where, value="", rule="has no contract"))
    if issues:
        raise InvalidInput(where, issues)
    return tuple(found)


class _Table:
    """One contract's raw values, and what is wrong with them."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self._where, self._values = where, values
        self.issues: list[Issue] = []

    def contract(self) -> Contract | None:
        """The contract, or None where anything is wrong with it."""
        for key in self._values:
            if key not in KEYS:
                self._wrong(key, key, f"is not known; there are {', '.join(KEYS)}")
        texts = {key: self._text(key, needed=needed) for key, needed in _TEXTS.items()}
        numbers = {key: self._number(key, needed=key in _NEEDED) for key in _NUMBERS}
        capacity, total = self._capacity()
        feeders, windows = self._feeders(), tuple(self._windows())
        days = {key: self._day(key) for key in ("valid_from", "valid_until")}
        if texts["domain"] and not _DOMAIN.fullmatch(texts["domain"]):
            self._wrong("domain", texts["domain"], "must be an Internet domain in small letters")
        if self.issues:
            return None
        try:
            return Contract(
                contract_id=texts["contract_id"],
                provider=texts["provider"],
                domain=texts["domain"],
                feeder_ids=feeders,
                capacity_a=capacity,
                total_a=total,
                windows=windows,
                answer_within_s=numbers["answer_within_s"],
                deliver_within_s=numbers["deliver_within_s"],
                price_gbp_per_kwh=numbers["price_gbp_per_kwh"],
                minimum_run_s=numbers["minimum_run_s"],
                valid_from=days["valid_from"],
                valid_until=days["valid_until"],
            )
        except InvalidInput as error:
            self.issues += [Issue(where=f"{self._where}: {i.where}", value=i.value, rule=i.rule) for i in error.issues]
            return None

    def _wrong(self, key: str, value: object, rule: str) -> None:
        self.issues.append(Issue(where=f"{self._where}: {key}", value=str(value)[:60], rule=rule))

    def _text(self, key: str, *, needed: bool) -> str:
        value = self._values.get(key, "")
        if not isinstance(value, str) or len(value) > 64 or (needed and not value.strip()):
            self._wrong(key, value, "must be a text of 1 to 64 characters")
            return ""
        return value.strip()

    def _number(self, key: str, *, needed: bool) -> float:
        value = self._values.get(key)
        if value is None and not needed:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(key, "" if value is None else value, "must be a number")
            return 0.0
        if not 0.0 <= value < math.inf:
            self._wrong(key, value, "must be finite and not below 0")
        return float(value)

    def _capacity(self) -> tuple[Amps3, float | None]:
        """By phase (``capacity_a``) or in total (``capacity_kw``): then any phase may have all of it."""
        given = [key for key in ("capacity_a", "capacity_kw") if key in self._values]
        if len(given) != 1:
            self._wrong(
                "capacity_a", ", ".join(given), "must be given once: capacity_a by phase, or capacity_kw in total"
            )
            return (0.0, 0.0, 0.0), None
        if given == ["capacity_kw"]:
            kilowatts = self._number("capacity_kw", needed=True)
            if kilowatts == 0.0:
                self._wrong("capacity_kw", kilowatts, "must be above 0")
            total = kilowatts * 1000.0 / NOMINAL_V
            return (total, total, total), total
        value = self._values["capacity_a"]
        if not isinstance(value, list) or len(value) != 3 or not all(_is_number(v) for v in value):
            self._wrong("capacity_a", value, "must be three numbers: A on L1, L2 and L3")
            return (0.0, 0.0, 0.0), None
        if not all(0.0 <= v < math.inf for v in value) or not any(value):
            self._wrong("capacity_a", value, "must be finite, none below 0, and above 0 on some phase")
        return (float(value[0]), float(value[1]), float(value[2])), None

    def _feeders(self) -> frozenset[FeederId]:
        value = self._values.get("feeders", [])
        if not isinstance(value, list) or not value:
            self._wrong("feeders", value, "must be a list with a feeder in it")
            return frozenset()
        found = set()
        for name in value:
            try:
                found.add(FeederId(name))
            except (InvalidIdentifier, TypeError, AttributeError):
                self._wrong("feeders", name, "is not a feeder's name")
        return frozenset(found)

    def _windows(self) -> Iterator[AvailabilityWindow]:
        zone = self._values.get("time_zone", DEFAULT_ZONE)
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            self._wrong("time_zone", zone, "must be a time zone of the IANA database")
            zone = DEFAULT_ZONE
        given = self._values.get("windows", ["00:00-00:00"])
        if not isinstance(given, list) or not given:
            self._wrong("windows", given, "must be a list of windows, such as 'mon-fri 17:00-21:00'")
            return
        for text in given:
            window = _window(text, zone)
            if window is None:
                self._wrong(
                    "windows", text, "must be days and local times, such as 'mon-fri 17:00-21:00' or '23:00-07:00'"
                )
            else:
                yield window

    def _day(self, key: str) -> date | None:
        value = self._values.get(key)
        if value is None or type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (ValueError, TypeError):
            self._wrong(key, value, "must be a day, as 2026-01-31")
            return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _window(text: object, zone: str) -> AvailabilityWindow | None:
    found = _WINDOW.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        days = frozenset(day for part in (found["days"] or "mon-sun").split(",") for day in _days(part))
        start, end = time.fromisoformat(found["start"]), time.fromisoformat(found["end"])
    except ValueError:
        return None
    return AvailabilityWindow(start=start, end=end, weekdays=days, zone=zone)


def _days(text: str) -> Iterator[int]:
    """``mon``, or ``fri-mon`` with the days between; raise ValueError for anything else."""
    first, _, last = text.partition("-")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    for day in range(start, end + 1 if end >= start else end + 8):
        yield day % 7
