"""How fast the records are: the register of a whole distributor, an import, a month's report, the audit chain.

The register is made as large as asked for; its people are invented. Wall time is what counts here, for databases work
in processes of their own; processor time stands beside it, for a machine that does other things too."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import PostgresqlStore, SqliteStore
from linkbox.app.bench_chain import audit_results
from linkbox.app.bench_month import month_results
from linkbox.app.bench_records_floor import raw_postgresql, raw_sqlite, ready_rows
from linkbox.app.consents_import import import_file
from linkbox.app.open_store import AnyStore
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import PHASES
from linkbox.customers import Candidate, CustomerFile, Permit, TenancyChange, event_to_row, permit
from linkbox.customers.tables import Reading
from linkbox.grid.network import ConnectionPoint
from linkbox.operation.ports import RegisteredPoint
from linkbox.operation.stored_facts import StoredFact, stored

AT = datetime(2026, 1, 13, 18, tzinfo=UTC)
POINTS_ON_FEEDER = 250
"""As many as the largest feeder of the documents has."""
PERMIT_LIMIT_MS, IMPORT_LIMIT_PER_S = 5.0, 50_000.0
_FEEDERS_ASKED = 60
_TENANCY = "T1"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    points: int
    consents: int
    records: int
    interventions: int


def results(size: Size, folder: Path, postgresql: str | None, say: Say) -> list[dict[str, Any]]:
    """All figures, in the form of every bench."""
    table = folder / "consents.csv"
    say(f"writing {size.consents} consents to a table")
    _write_table(table, size.consents)
    found: list[dict[str, Any]] = []
    slowest = 0.0
    ready = ready_rows(table, AT)
    for name, store in _stores(folder, postgresql):
        try:
            figures = _measure(name, store, size, table, say)
        finally:
            store.close()
        raw = raw_sqlite(ready, folder) if postgresql is None or name == "sqlite" else raw_postgresql(ready, postgresql)
        figures += [
            {"name": f"raw_consents_per_s_{name}", "value": raw, "unit": "1/s", "floor": None},
            {"name": f"consents_to_raw_{name}", "value": figures[2]["value"] / raw, "unit": "", "floor": None},
        ]
        slowest = max(slowest, figures[0]["value"])
        found += figures
    head = {"name": "permit_feeder_ms", "value": slowest, "unit": "ms", "floor": PERMIT_LIMIT_MS}
    say("audit chain and month's report")
    return [head, *found, *month_results(size.interventions, folder), *audit_results(size.records)]


def _stores(folder: Path, postgresql: str | None) -> Iterator[tuple[str, AnyStore]]:
    yield "sqlite", SqliteStore(folder / "register.sqlite")
    if postgresql is not None:
        yield "postgresql", PostgresqlStore(postgresql, owner=False)


def _measure(name: str, store: AnyStore, size: Size, table: Path, say: Say) -> list[dict[str, Any]]:
    began = time.perf_counter()
    store.put_points(_points(size.points), progress=_counting(say, f"{name}: connection points", size.points))
    build_s = time.perf_counter() - began
    store.record(_tenancies(size.consents))
    how = Reading(file=str(table), recorded_at=AT, recorded_by="bench")
    say(f"{name}: importing {size.consents} consents")
    wall, cpu = time.perf_counter(), time.process_time()
    done = import_file(table, store, how, dry_run=False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if done.recorded.new != size.consents:
        raise AssertionError(f"{done.recorded.new} of {size.consents} consents were new")
    say(f"{name}: asking permits of feeders")
    asked_ms, asked_cpu_ms, read_ms = _ask_permits(store, size)
    rate = size.consents / wall
    return [
        {"name": f"permit_feeder_ms_{name}", "value": asked_ms, "unit": "ms", "floor": PERMIT_LIMIT_MS},
        {"name": f"permit_feeder_cpu_ms_{name}", "value": asked_cpu_ms, "unit": "ms", "floor": read_ms},
        {"name": f"consents_per_s_{name}", "value": rate, "unit": "1/s", "floor": IMPORT_LIMIT_PER_S},
        {"name": f"consents_per_cpu_s_{name}", "value": size.consents / cpu, "unit": "1/s", "floor": None},
        {"name": f"points_per_s_{name}", "value": size.points / build_s, "unit": "1/s", "floor": None},
    ]


def _ask_permits(store: AnyStore, size: Size) -> tuple[float, float, float]:
    """Median of many feeders: wall and processor time of all questions of a feeder, and of reading its rows alone."""
    full = max(1, size.consents // POINTS_ON_FEEDER)
    walls, cpus, reads = [], [], []
    for n in range(_FEEDERS_ASKED + 5):
        feeder = _feeder(n * 7919 % full)
        wall, cpu = time.perf_counter(), time.process_time()
        points, facts = store.points_of(feeder), store.facts_of(feeder)
        read = time.perf_counter() - wall
        permitted = _permitted(points, CustomerFile.of(facts))
        if n >= 5:  # the first ones warm the database's memory
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            reads.append(read)
        if permitted != min(len(points), size.consents):
            raise AssertionError(f"{permitted} of {len(points)} points of {feeder} were permitted")
    return statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3, statistics.median(reads) * 1e3


def _permitted(points: list[RegisteredPoint], file: CustomerFile) -> int:
    count = 0
    for registered in points:
        p = registered.point
        candidate = Candidate(mpan=p.mpan, domestic=p.domestic, priority_register=p.priority_register)
        count += isinstance(permit(candidate, file, intervention_id="bench", at=AT), Permit)
    return count


def _mpan(n: int) -> Mpan:
    return Mpan.from_core(f"{200000000000 + n}")


def _feeder(n: int) -> FeederId:
    return FeederId(f"F{n:06d}")


def _points(count: int) -> Iterator[RegisteredPoint]:
    for n in range(count):
        feeder = _feeder(n // POINTS_ON_FEEDER)
        point = ConnectionPoint(mpan=_mpan(n), phase=PHASES[n % 3], postcode=f"LB{n // 1000 % 99} 1AA")
        yield RegisteredPoint(feeder_id=feeder, point=point, supplier="Alder Energy")


def _tenancies(count: int) -> Iterator[StoredFact]:
    moved_in = AT - timedelta(days=400)
    for n in range(count):
        yield stored(event_to_row(TenancyChange(mpan=_mpan(n), at=moved_in, recorded_at=moved_in, tenancy=_TENANCY)))


def _write_table(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("mpan,at,kind,text_version,channel,evidence,tenancy\n")
        for n in range(count):
            file.write(f"{_mpan(n)},2025-11-03T10:00:00Z,given,consent-2025-3,web,form {n},{_TENANCY}\n")


def _counting(say: Say, what: str, total: int) -> Callable[[int], None]:
    def progress(done: int) -> None:
        if done % 500_000 < 10_000:
            say(f"{what}: {done} of {total}")

    return progress


def table(found: list[dict[str, Any]]) -> str:
    """The figures as lines of text."""
    return "\n".join(
        f"{r['name']:32} {r['value']:14,.2f} {r['unit']:4}"
        + ("" if r["floor"] is None else f" (limit {r['floor']:,.2f})")
        for r in found
    )
