"""Planning and ledger against the reference's figures (lv-network section 6.2; issue 5's targets).

Run: ``python benchmarks/bench_planning.py [--json]``. One process, one core. Instances as in the reference: 40 % of
homes have a charger, 60 % of them draw, phases drawn at random, nominal currents of 16 or 32 A, one in five on three
phases, need on each phase up to 70 % of the chargers' current; 36, 100 and 250 homes, 60 instances each.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.phases import PHASES
from linkbox.control.coupling import FeederNeed, plan_transformer
from linkbox.control.cover import Amps3, Item, cheapest_cover, cover_of
from linkbox.control.greedy import greedy_cover
from linkbox.control.ledger import Ledger
from linkbox.control.planning import Charger, PlanMethod, plan
from linkbox.customers import Candidate, ConsentEvent, ConsentKind, CustomerFile, Permit, permit

T0 = datetime(2026, 1, 13, 18, tzinfo=UTC)
#: Median milliseconds of prefix enumeration in the reference (numpy, another machine).
REFERENCE_MS = {36: 0.14, 100: 0.20, 250: 0.37}


def permits(count: int) -> list[Permit]:
    """Permits for ``count`` connection points, through the front door."""
    issued = []
    for n in range(count):
        mpan = Mpan.from_core(f"12{n:010d}")
        given = ConsentEvent(
            mpan=mpan,
            at=T0 - timedelta(days=1),
            recorded_at=T0 - timedelta(days=1),
            kind=ConsentKind.GIVEN,
            text_version="1",
            channel="letter",
            evidence="scan",
            tenancy="t",
        )
        home = Candidate(mpan=mpan, domestic=True, priority_register=False)
        answer = permit(home, CustomerFile.of([given]), intervention_id="bench", at=T0)
        assert isinstance(answer, Permit)
        issued.append(answer)
    return issued


def street(homes: int, rng: random.Random, issued: Sequence[Permit]) -> tuple[Amps3, list[Charger]]:
    """One instance: what is needed, and the chargers that draw."""
    chargers = []
    for n in range(homes):
        if rng.random() >= 0.4 * 0.6:
            continue
        three_phase = rng.random() < 0.2
        chargers.append(
            Charger(
                mpan=issued[n].mpan,
                permit=issued[n],
                phase=None if three_phase else rng.choice(PHASES),
                amps=rng.choice((16.0, 32.0)),
                probability_drawing=1.0,
                remaining_s=7200,
                used_24h_s=rng.choice((0, 0, 0, 900, 1800)),
                used_30d_s=rng.randrange(0, 20000),
                three_phase=three_phase,
            )
        )
    share = rng.uniform(0.1, 0.7)
    a, b, c = (share * rng.uniform(0.3, 1.0) * sum(x.expected_a[p] for x in chargers) for p in range(3))
    return (a, b, c), chargers


def items_of(chargers: Sequence[Charger]) -> list[Item]:
    """The cover's view of the chargers."""
    return [Item(relief_a=c.expected_a, weight=c.weight, tie=n) for n, c in enumerate(chargers)]


def rotation_cost(need: Amps3, items: Sequence[Item]) -> float:
    """Who has borne least goes first, where it helps at all, until it suffices: the simplest fair rule."""
    chosen: list[int] = []
    for i in sorted(range(len(items)), key=lambda i: items[i].weight):
        short = cover_of(need, items, chosen).shortfall_a
        if any(s > 0 and r > 0 for s, r in zip(short, items[i].relief_a, strict=True)):
            chosen.append(i)
    return cover_of(need, items, chosen).cost


def bench_cover(homes: int, issued: Sequence[Permit], instances: int = 60) -> list[dict[str, object]]:
    """Time and cost of exact, greedy and rotation on random streets."""
    rng = random.Random(homes)
    exact_ms, greedy, rotation = [], [], []
    for _ in range(instances):
        need, chargers = street(homes, rng, issued)
        items = items_of(chargers)
        begin = time.perf_counter()
        exact = cheapest_cover(need, items)
        exact_ms.append((time.perf_counter() - begin) * 1e3)
        assert exact is not None
        if exact.cost:
            greedy.append(greedy_cover(need, items).cost / exact.cost)
            rotation.append(rotation_cost(need, items) / exact.cost)
    ranked = sorted(exact_ms)
    return [
        result(f"exact_{homes}_median_ms", statistics.median(exact_ms), "ms", REFERENCE_MS[homes]),
        result(f"exact_{homes}_p95_ms", ranked[int(0.95 * len(ranked))], "ms", None),
        result(f"greedy_swap_{homes}_cost_ratio", statistics.fmean(greedy), "1", None),
        result(f"rotation_{homes}_cost_ratio", statistics.fmean(rotation), "1", None),
    ]


def bench_plans(issued: Sequence[Permit]) -> dict[str, object]:
    """1,000 feeders of 100 homes that all need action in the same minute: whole plans with reasons."""
    rng = random.Random(1000)
    streets = [street(100, rng, issued) for _ in range(1000)]
    begin = time.perf_counter()
    methods = {plan(need, chargers, hold_s=1800, at=T0).method for need, chargers in streets}
    took = time.perf_counter() - begin
    assert methods == {PlanMethod.PREFIX_ENUMERATION}
    return result("plans_1000_s", took, "s", 1.0)


def bench_transformer(issued: Sequence[Permit], feeders: int = 5) -> dict[str, object]:
    """Feeders of 50 homes under a transformer that needs half as much again as they need themselves."""
    rng = random.Random(5)
    needs, total = [], [0.0, 0.0, 0.0]
    for n in range(feeders):
        need, chargers = street(50, rng, issued[50 * n : 50 * n + 50])
        needs.append(FeederNeed(feeder_id=FeederId(f"f{n}"), required_a=need, chargers=tuple(chargers)))
        total = [t + 1.5 * a for t, a in zip(total, need, strict=True)]
    begin = time.perf_counter()
    made = plan_transformer(needs, transformer_required_a=(total[0], total[1], total[2]), hold_s=1800, at=T0)
    took = time.perf_counter() - begin
    assert made.method is PlanMethod.CP_SAT
    return result("transformer_5_feeders_ms", took * 1e3, "ms", None)


def bench_ledger(chargers: int = 100_000) -> list[dict[str, object]]:
    """Questions to a ledger of 100,000 chargers, a tenth of which have been held, five times each."""
    mpans = [Mpan.from_core(f"13{n:010d}") for n in range(chargers)]
    ledger = Ledger()
    begin = time.perf_counter()
    for n in range(0, chargers, 10):
        for day in range(5):
            ledger = ledger.reserve(mpans[n], T0 - timedelta(days=day + 1), 1800, command=f"{n}/{day}")
    reserved = chargers // 2
    reserve_us = (time.perf_counter() - begin) / reserved * 1e6
    begin = time.perf_counter()
    assert len(ledger.remaining_many(mpans, T0)) == chargers
    ask_ms = (time.perf_counter() - begin) * 1e3
    return [result("ledger_reserve_us", reserve_us, "us", None), result("ledger_100k_ms", ask_ms, "ms", 50.0)]


def result(name: str, value: float, unit: str, floor: float | None) -> dict[str, object]:
    """One line of the report; ``floor`` is the value to reach, where there is one."""
    return {"name": name, "value": round(value, 4), "unit": unit, "floor": floor}


def main() -> None:
    """Print a table, or JSON."""
    issued = permits(250)
    results = [row for homes in REFERENCE_MS for row in bench_cover(homes, issued)]
    results += [bench_plans(issued), bench_transformer(issued), *bench_ledger()]
    if "--json" in sys.argv:
        print(json.dumps({"bench": "planning", "results": results}))
        return
    for row in results:
        print(f"{row['name']:32} {row['value']:>10} {row['unit']:3} {'' if row['floor'] is None else row['floor']}")


if __name__ == "__main__":
    main()
