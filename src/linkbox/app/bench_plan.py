"""How fast decisions are: a thousand feeders in the same minute, a hundred thousand chargers' minutes in one question.

Each figure has its floor beside it, measured in the same run: the least that anything could do that answers the same.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

import numpy as np

from linkbox.base.identifiers import Mpan
from linkbox.control.columns import LedgerColumns
from linkbox.control.ledger import Ledger
from linkbox.control.planning import Charger, CurtailmentPlan, plan
from linkbox.study.instances import AT, Amps3, instance, permits

_HOMES = 100
_ROUNDS = 5
_HOLD_S = 1800
Street = tuple[Amps3, list[Charger]]


def results(*, feeders: int, chargers: int, workers: int | None) -> list[dict[str, Any]]:
    """Both benches. ``workers``: processes for the plans; None: one for each core, at most two."""
    count = workers or min(2, os.cpu_count() or 1)
    return [*_plans(feeders, count), _ledger(chargers)]


def table(found: Sequence[dict[str, Any]]) -> str:
    """The results as lines of text."""
    head = f"{'name':18}{'value':>10}  {'unit':5}{'floor':>10}"
    rows = [f"{r['name']:18}{r['value']:>10}  {r['unit']:5}{r['floor']:>10}" for r in found]
    notes = [f"  {name}: {value}" for r in found for name, value in r.get("details", {}).items()]
    return "\n".join([head, *rows, *notes])


def _streets(first: int, last: int) -> list[Street]:
    issued = permits(_HOMES)
    return [instance(_HOMES, random.Random(n), issued) for n in range(first, last)]


_SHARD: list[Street] = []


def _load(first: int, last: int) -> int:
    """In a worker: the feeders that it owns, as it would hold them from minute to minute."""
    _SHARD[:] = _streets(first, last)
    return len(_SHARD)


def _plan_shard() -> tuple[list[CurtailmentPlan], float]:
    begin = time.process_time()
    made = _planned(_SHARD)
    return made, time.process_time() - begin


def _planned(streets: Sequence[Street]) -> list[CurtailmentPlan]:
    return [plan(need, chargers, hold_s=_HOLD_S, at=AT) for need, chargers in streets]


def _sorted(streets: Sequence[Street]) -> int:
    """The floor: to know who is asked first, everybody's burden must be looked at and put in order."""
    return sum(len(sorted(c.weight for c in chargers)) for _, chargers in streets)


def _plans(feeders: int, workers: int) -> list[dict[str, Any]]:
    """Every feeder belongs to one worker, which holds its chargers; plans with all reasons come back."""
    edges = [feeders * n // workers for n in range(workers + 1)]
    pools = [ProcessPoolExecutor(1, mp_context=get_context("spawn")) for _ in range(workers)]
    try:
        loads = [p.submit(_load, a, b) for p, a, b in zip(pools, edges, edges[1:], strict=False)]
        streets = _streets(0, feeders)
        if sum(load.result() for load in loads) != feeders:
            raise RuntimeError("the shards do not hold every feeder once")
        wall, cpu = min(_round(pools) for _ in range(_ROUNDS))
    finally:
        for pool in pools:
            pool.shutdown()
    floor = _best(lambda: _sorted(streets), time.process_time)
    alone = _best(lambda: _planned(streets), time.process_time)
    made = _planned(streets)
    details = {
        "feeders": feeders,
        "workers": workers,
        "cpu_s_of_busiest_worker": round(cpu, 3),
        "chargers": sum(len(chargers) for _, chargers in streets),
        "commands": sum(len(p.commands) for p in made),
        "not_exact": sum(not p.method.exact for p in made),
    }
    return [
        {"name": "plans_1000_s", "value": round(wall, 3), "unit": "s", "floor": round(floor, 4), "details": details},
        {"name": "plans_1000_cpu_s", "value": round(alone, 3), "unit": "s", "floor": round(floor, 4)},
    ]


def _round(pools: Sequence[ProcessPoolExecutor]) -> tuple[float, float]:
    begin = time.perf_counter()
    answers = [pool.submit(_plan_shard) for pool in pools]
    busiest = max(answer.result()[1] for answer in answers)
    return time.perf_counter() - begin, busiest


def _ledger(chargers: int) -> dict[str, Any]:
    """A tenth of the chargers has been held on five evenings, a tenth of those is held now."""
    mpans = [Mpan.from_core(f"13{n:010d}") for n in range(chargers)]
    ledger = Ledger()
    for n in range(0, chargers, 10):
        for day in range(0 if n % 100 == 0 else 1, 6):
            start = AT - timedelta(days=day, minutes=10)
            ledger = ledger.reserve(mpans[n], start, _HOLD_S, command=f"{n}/{day}")
    columns = LedgerColumns.of(ledger, mpans)
    asked = columns.balances(AT)  # the first call loads the compiled loop
    sample = range(0, chargers, max(1, chargers // 500))
    if [int(asked.remaining_s[n]) for n in sample] != ledger.remaining_many([mpans[n] for n in sample], AT):
        raise RuntimeError("the columns and the ledger disagree")
    took = _best(lambda: columns.balances(AT), time.process_time)
    floor = _best(lambda: _use(columns), time.process_time)
    exact = _best(lambda: ledger.remaining_many(mpans[: chargers // 10], AT), time.process_time, rounds=1)
    details = {
        "chargers": chargers,
        "intervals": len(columns.starts),
        "one_by_one_ms": round(exact * 1e4, 1),
        "update_of_one_charger_ms": round(
            _best(lambda: columns.updated(ledger, mpans[:1]), time.process_time) * 1e3, 2
        ),
    }
    return {
        "name": "ledger_100k_ms",
        "value": round(took * 1e3, 3),
        "unit": "ms",
        "floor": round(floor * 1e3, 3),
        "details": details,
    }


def _use(columns: LedgerColumns) -> float:
    """The floor: every interval must be read once."""
    return float(np.sum((columns.ends - columns.starts) * columns.weights)) + float(np.sum(columns.offsets))


def _best(work: Callable[[], object], clock: Callable[[], float], rounds: int = _ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        begin = clock()
        work()
        took.append(clock() - begin)
    return min(took)
