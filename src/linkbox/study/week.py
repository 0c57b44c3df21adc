"""A winter week on many real feeders, with variants: one night at a time, each feeder's quotas carried from night to
night. A feeder is a partition: its result is one line of a file, so that a study that was cut off goes on where it was.

A night is first lived through without control. Where its assets stay far from their limits the controller is not run:
such nights count as calm. That is what makes 64 feeders tractable; the levels are below."""

from __future__ import annotations

import asyncio
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.errors import LinkboxError
from linkbox.control.fairness import jain_index
from linkbox.control.intervention import Intervention
from linkbox.control.ledger import Ledger, entry_from_row
from linkbox.operation.desk import HABIT
from linkbox.operation.entities import Command, CommandKind
from linkbox.operation.ports import Row, Store
from linkbox.study.evening import Evening, prepare, run_controlled, run_uncontrolled
from linkbox.study.scenario import Scenario
from linkbox.twin.street import Minute

CALM_FUSE, CALM_CABLE = 0.4, 0.75
"""Without control: highest fuse state (1 melts), and highest cable temperature as a fraction of its limit, below which
a night is calm. The controller alarms on a pessimistic curve at 0.8, which is 0.65 to 0.7 of these fuses' own."""

MONDAY = "2026-01-12"
NIGHTS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What is compared. ``known_state``: some channel tells which chargers draw; else it is estimated."""

    market: bool
    devices: str
    known_state: bool

    @property
    def name(self) -> str:
        """As the table has it."""
        told = "known" if self.known_state else "unknown"
        return f"market {'on' if self.market else 'off'}, {self.devices.upper()}, state {told}"


VARIANTS = tuple(
    Variant(market=market, devices=devices, known_state=known)
    for market in (False, True)
    for devices in ("hcalcs", "apc")
    for known in (False, True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """Which feeders, nights and variants. ``seed`` decides everything that is drawn; ``calm_fuse``: see CALM_FUSE."""

    feeders: tuple[str, ...]
    variants: tuple[Variant, ...] = VARIANTS
    nights: int = NIGHTS
    seed: int = 1
    ev_share: float = 0.8
    session_probability: float = 1.0
    starts: str = "17:00"
    hours: float = 14.0
    calm_fuse: float = CALM_FUSE


def feeders_of(archive: Path) -> tuple[str, ...]:
    """Every feeder of the ENWL archive, in the form of ``linkbox demo --feeder``."""
    with tarfile.open(archive) as tar:
        masters = [PurePosixPath(m.name) for m in tar.getmembers() if m.name.endswith("/Master.txt")]
    return tuple(f"{archive}:{m.parent.parent.name}/{m.parent.name}" for m in sorted(masters))


def scenario_of(plan: WeekPlan, feeder: str, variant: Variant, night: int) -> Scenario:
    """One night of a feeder in a variant: the same people and devices every night, another evening."""
    day = date.fromisoformat(MONDAY) + timedelta(days=night)
    return Scenario(
        seed=plan.seed,
        night=night + 1,
        day=day.isoformat(),
        feeder=feeder,
        ev_share=plan.ev_share,
        session_probability=plan.session_probability,
        provider="seed" if variant.market else "none",
        devices=variant.devices,
        profile="secmp0046-proportional" if variant.devices == "apc" else "secmp0046",
        known_state=variant.known_state,
        starts=plan.starts,
        hours=plan.hours,
    )


def key_of(feeder: str) -> str:
    """A feeder's name in the file of results."""
    return feeder.rsplit(":", 1)[-1]


def run_feeder(plan: WeekPlan, feeder: str) -> dict[str, Any]:
    """All nights of one feeder in every variant; a feeder that can not be run says so instead."""
    head = {"key": key_of(feeder)}
    try:
        bare = [_without(plan, scenario_of(plan, feeder, plan.variants[0], n)) for n in range(plan.nights)]
        return head | {"variants": {v.name: _nights(plan, feeder, v, bare) for v in plan.variants}}
    except LinkboxError as error:
        return head | {"error": str(error)}


def _nights(plan: WeekPlan, feeder: str, variant: Variant, bare: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The nights of one feeder in one variant, one after another: its quotas go on, and what was learned."""
    found, left = [], dict[str, list[Row]]()
    for night, without in enumerate(bare):
        if without["calm"]:
            found.append(without)
            continue
        facts, left = _with(scenario_of(plan, feeder, variant, night), left)
        found.append(without | facts)
    return found


def _without(plan: WeekPlan, scenario: Scenario) -> dict[str, Any]:
    """What the night is when nobody acts."""
    street, _ = run_uncontrolled(scenario)
    truth, limit = street.truth(), street.assets.cable.max_conductor_degc
    return {
        "day": scenario.day,
        "over_without": _over(truth.max_fuse_state, truth.max_cable_degc, limit),
        "fuse_without": round(truth.max_fuse_state, 3),
        "cable_without": round(truth.max_cable_degc / limit, 3),
        "delivered_without_kwh": round(truth.energy_delivered_kwh, 2),
        "calm": truth.max_fuse_state < plan.calm_fuse and truth.max_cable_degc < CALM_CABLE * limit,
    }


def _with(scenario: Scenario, earlier: dict[str, list[Row]]) -> tuple[dict[str, Any], dict[str, list[Row]]]:
    """What the night is with control, and the ledger and habits after it."""
    with tempfile.TemporaryDirectory(prefix="linkbox-week-") as folder:
        prepare(scenario, Path(folder))
        evening = asyncio.run(
            run_controlled(scenario, Path(folder), open_store=_in_memory, direct=True, earlier=earlier)
        )
        try:
            left = {kind: evening.store.rows(kind) for kind in ("hold", HABIT)}
            return _facts(evening, evening.world.street.assets.cable.max_conductor_degc), left
        finally:
            evening.store.close()


def _in_memory(_: Path) -> SqliteStore:
    return SqliteStore(None)


def _over(fuse_state: float, cable_degc: float, limit_degc: float) -> bool:
    return fuse_state >= 1.0 or cable_degc > limit_degc


def _facts(evening: Evening, cable_limit_degc: float) -> dict[str, Any]:
    store, truth = evening.store, evening.world.street.truth()
    commands = [Command.from_row(row) for row in store.rows("command")]
    holds = [c for c in commands if c.kind is CommandKind.HOLD and c.confirmed]
    interventions = [Intervention.from_record(row.body) for row in store.rows("intervention")]
    borne: dict[str, float] = {}
    for hold in holds:
        start, end = hold.answered_at or hold.start, hold.ended_at or hold.end
        minutes = (end - start).total_seconds() / 60 * hold.weight
        customer = evening.controller.desk.site.pseudonym(hold.mpan)
        borne[customer] = borne.get(customer, 0.0) + minutes
    return {
        "blown": truth.fuse_blown_at is not None,
        "over": _over(truth.max_fuse_state, truth.max_cable_degc, cable_limit_degc),
        "fuse": round(truth.max_fuse_state, 3),
        "interventions": len(interventions),
        "by_market_alone": sum(i.market_outcome == "delivered" and i.first_command_at is None for i in interventions),
        "escalated": sum(i.escalated for i in interventions),
        "commands": sum(c.kind is CommandKind.HOLD for c in commands),
        "borne_min": {name: round(minutes, 2) for name, minutes in sorted(borne.items())},
        "held_back_kwh": round(truth.energy_held_kwh, 2),
        "delivered_kwh": round(truth.energy_delivered_kwh, 2),
        "still_wanted_kwh": round(truth.energy_remaining_kwh, 2),
        "second_peak": _second_peak(evening.world.truth, _first_release(commands), cable_limit_degc),
        "free_at_end": evening.world.chargers_free(evening.clock.now()),
        "quota_kept": not _breached(store),
    }


def _breached(store: Store) -> bool:
    return bool(Ledger.from_entries(entry_from_row(dict(row.body)) for row in store.rows("hold")).breaches())


def _first_release(commands: Sequence[Command]) -> datetime | None:
    """When load first came back: by expiry or early, not by a renewal."""
    ends = [c.ended_at for c in commands if c.kind is CommandKind.HOLD and c.ended_by in {"expiry", "release"}]
    return min((at for at in ends if at is not None), default=None)


def _second_peak(minutes: Sequence[Minute], since: datetime | None, limit_degc: float) -> bool:
    """Whether an asset passed its limit after load had begun to come back, having been within it until then."""
    if since is None:
        return False
    before = any(_beyond(m, limit_degc) for m in minutes if m.at <= since)
    return not before and any(_beyond(m, limit_degc) for m in minutes if m.at > since)


def _beyond(minute: Minute, limit_degc: float) -> bool:
    return bool(minute.fuse_state.max() >= 1.0 or minute.cable_degc.max() > limit_degc)


def rows_of(results: Sequence[dict[str, Any]], variants: Sequence[Variant]) -> Iterator[dict[str, Any]]:
    """One row of the table for each variant, over all feeders and nights that were run."""
    for variant in variants:
        mine = {r["key"]: r["variants"][variant.name] for r in results if variant.name in r.get("variants", {})}
        yield {"variant": variant.name, "feeders": len(mine)} | _totals(mine)


def _totals(mine: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    nights = [night for feeder in mine.values() for night in feeder]
    run = [n for n in nights if not n["calm"]]
    over = [n for n in nights if n["over_without"]]
    borne: dict[str, float] = {}
    for feeder, its_nights in mine.items():
        for night in its_nights:
            for customer, minutes in night.get("borne_min", {}).items():
                key = f"{feeder}/{customer}"
                borne[key] = borne.get(key, 0.0) + minutes
    return {
        "nights": len(nights),
        "calm": len(nights) - len(run),
        "overloads": len(over),
        "prevented": sum(not n["over"] for n in over),
        "made_worse": sum(n["over"] and not n["over_without"] for n in run),
        "interventions": sum(n["interventions"] for n in run),
        "by_market_alone": sum(n["by_market_alone"] for n in run),
        "escalated": sum(n["escalated"] for n in run),
        "customers": len(borne),
        "commands": sum(n["commands"] for n in run),
        "minutes": round(sum(borne.values())),
        "jain": round(jain_index(list(borne.values())), 3),
        "held_back_kwh": round(sum(n["held_back_kwh"] for n in run)),
        "still_wanted_kwh": round(sum(n["still_wanted_kwh"] for n in run)),
        "second_peaks": sum(n["second_peak"] for n in run),
        "quota_kept": all(n["quota_kept"] for n in run),
        "free_at_end": all(n["free_at_end"] for n in run),
    }


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """What earlier runs left in a file of results, by key. A last line that was cut off is left out."""
    if not path.exists():
        return {}
    found: dict[str, dict[str, Any]] = {}
    for raw in path.read_bytes().split(b"\n")[:-1]:
        line = json.loads(raw)
        found[line["key"]] = line
    return found
