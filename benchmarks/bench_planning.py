"""``linkbox bench plan``, and what the solver takes where currents are unequal or levels are chosen.

Run: ``python benchmarks/bench_planning.py [--json]``. Instances as in the network reference, section 6.2.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from linkbox.app.bench_plan import results
from linkbox.base.identifiers import FeederId
from linkbox.control.coupling import FeederNeed, plan_transformer
from linkbox.control.devices import OnOff, Proportional
from linkbox.control.planning import Charger, plan
from linkbox.customers import Permit
from linkbox.study.instances import AT, instance, permits

HOMES = (36, 100, 250)
DEVICES = (OnOff(), OnOff(reduced_fraction=0.5), Proportional())


def uneven(charger: Charger, _: random.Random) -> Charger:
    """As it is: the currents are all different already."""
    return charger


def mixed(charger: Charger, rng: random.Random) -> Charger:
    """A switch to off, a switch to a reduced rate, or a proportional controller, rated 32 A."""
    return replace(charger, control=rng.choice(DEVICES), rated_a=32.0)


def bench(name: str, change: Callable[[Charger, random.Random], Charger], issued: Sequence[Permit]) -> list[object]:
    """Median processor time of plans by the number of homes."""
    rows: list[object] = []
    for homes in HOMES:
        rng, took, methods = random.Random(homes), [], set()
        for _ in range(30):
            need, chargers = instance(homes, rng, issued, nominal=False)
            changed = [change(c, rng) for c in chargers]
            begin = time.process_time()
            methods.add(plan(need, changed, hold_s=1800, at=AT).method)
            took.append((time.process_time() - begin) * 1e3)
        label = {"methods": sorted(methods), "worst_ms": round(max(took), 1)}
        rows.append(result(f"{name}_{homes}_ms", statistics.median(took), label))
    return rows


def transformer(issued: Sequence[Permit], feeders: int = 5) -> object:
    """Feeders of 50 homes under a transformer that needs half as much again as they need themselves."""
    rng, needs, total = random.Random(5), [], [0.0, 0.0, 0.0]
    for n in range(feeders):
        need, chargers = instance(50, rng, issued[50 * n : 50 * n + 50])
        needs.append(FeederNeed(feeder_id=FeederId(f"f{n}"), required_a=need, chargers=tuple(chargers)))
        total = [t + 1.5 * a for t, a in zip(total, need, strict=True)]
    begin = time.process_time()
    made = plan_transformer(needs, transformer_required_a=(total[0], total[1], total[2]), hold_s=1800, at=AT)
    took = (time.process_time() - begin) * 1e3
    return result(f"transformer_{feeders}_feeders_ms", took, {"methods": [made.method], "chargers": 69})


def result(name: str, value: float, details: dict[str, object]) -> dict[str, object]:
    """One line of the report."""
    return {"name": name, "value": round(value, 3), "unit": "ms", "floor": None, "details": details}


def main() -> None:
    """Print a table, or JSON."""
    issued = permits(250)
    found: list[object] = list(results(feeders=1000, chargers=100_000, workers=None))
    found += [*bench("unequal", uneven, issued), *bench("mixed", mixed, issued), transformer(issued)]
    if "--json" in sys.argv:
        print(json.dumps({"bench": "planning", "results": found}))
        return
    for row in found:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
