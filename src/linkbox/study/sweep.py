"""Many evenings, one after another on every core: which streets control saves, and at what price."""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from linkbox.base.errors import LinkboxError
from linkbox.study.evening import prepare, run_controlled, run_uncontrolled
from linkbox.study.scenario import Scenario
from linkbox.study.summary import control_facts, run_facts, street_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One evening of a sweep. ``household_only`` is the same evening without any car: what control can not help."""

    scenario: Scenario
    facts: dict[str, Any] | None
    error: str | None = None

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.facts is None:
            return "failed"
        without, control = self.facts["without_control"], self.facts["with_control"]
        if without["fuse_blown_at"] is None:
            return "no overload"
        if control is None:
            return "not controlled"
        return "saved" if control["fuse_blown_at"] is None else "not saved"


def run_one(scenario: Scenario) -> Outcome:
    """The evening without control and, where the fuse blows then, with control and once more without cars."""
    try:
        street, minutes = run_uncontrolled(scenario)
        without = _brief(run_facts(street, minutes))
        facts: dict[str, Any] = {"without_control": without, "with_control": None, "household_only": None}
        if without["fuse_blown_at"] is not None:
            facts["household_only"] = _brief(run_facts(*run_uncontrolled(replace(scenario, ev_share=0.0))))
            facts |= _controlled(scenario)
    except LinkboxError as error:
        return Outcome(scenario=scenario, facts=None, error=str(error))
    return Outcome(scenario=scenario, facts=facts)


def _controlled(scenario: Scenario) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="linkbox-study-") as folder:
        prepare(scenario, Path(folder))
        evening = asyncio.run(run_controlled(scenario, Path(folder)))
        try:
            control = run_facts(evening.world.street, evening.world.truth) | control_facts(evening)
            return {"street": street_facts(evening.people), "with_control": _brief(control)}
        finally:
            evening.store.close()


_LONG = ("series", "events", "allowable_a", "upper_a", "risk_state", "curtailments")


def _brief(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in _LONG}


def sweep(
    scenarios: Sequence[Scenario], *, workers: int, done: Callable[[Outcome], None] | None = None
) -> list[Outcome]:
    """Run all scenarios; ``done`` is told of each as it ends. The result is in the order of the scenarios."""
    found: dict[int, Outcome] = {}
    for place, outcome in _run_all(scenarios, workers):
        found[place] = outcome
        if done is not None:
            done(outcome)
    return [found[place] for place in range(len(scenarios))]


def _run_all(scenarios: Sequence[Scenario], workers: int) -> Iterator[tuple[int, Outcome]]:
    if workers <= 1:
        yield from ((place, run_one(scenario)) for place, scenario in enumerate(scenarios))
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = {pool.submit(run_one, scenario): place for place, scenario in enumerate(scenarios)}
        for job in as_completed(jobs):
            yield jobs[job], job.result()
