"""A day for each supplier: all holds of its own customers on a British civil day, from the notices of the events."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date

from linkbox.base.time import parse_utc
from linkbox.operation.notice_setup import RecordsKey
from linkbox.operation.ports import Store
from linkbox.records.canonical import Json, canonical_json
from linkbox.records.civil_time import day_of
from linkbox.records.tables import csv_text

COLUMNS = ("intervention", "feeder", "mpan", "postcode", "start", "end", "reason")


def supplier_days(store: Store, day: date, key: RecordsKey | None) -> dict[str, dict[str, bytes]]:
    """By supplier: ``DAY.csv`` and ``DAY.json``, with detached signatures where there is a key.

    A hold belongs to the day on which it began. Each supplier's lines come from what it alone was told."""
    lines: dict[str, list[dict[str, Json]]] = defaultdict(list)
    for row in store.rows("notice"):
        if row.body["audience"] != "supplier" or row.body["stage"] != "event":
            continue
        told = row.body["json"]
        for point in told["points"]:
            if day_of(parse_utc(point["start"])) == day.isoformat():
                event = {name: told[name] for name in ("intervention", "feeder", "reason")}
                lines[told["supplier"]].append({**event, **point})
    return {supplier: _files(supplier, day, mine, key) for supplier, mine in sorted(lines.items())}


def _files(supplier: str, day: date, lines: list[dict[str, Json]], key: RecordsKey | None) -> dict[str, bytes]:
    lines.sort(key=lambda line: json.dumps([line["start"], line["mpan"], line["intervention"]]))
    table = csv_text(COLUMNS, [[line[name] for name in COLUMNS] for line in lines])
    contents = {
        f"{day}.csv": table.encode(),
        f"{day}.json": canonical_json({"supplier": supplier, "day": day.isoformat(), "points": lines}),
    }
    signed = {} if key is None else {f"{name}.sig": key.sign(octets) for name, octets in contents.items()}
    return contents | signed
