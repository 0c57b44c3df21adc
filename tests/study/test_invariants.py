"""Each invariant of an evening can fail: a history that breaks it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from linkbox.base.identifiers import Mpan
from linkbox.base.time import ManualClock
from linkbox.control.intervention import Intervention
from linkbox.control.ledger import entry_from_row
from linkbox.operation.entities import Command, CommandKind, CommandState
from linkbox.study.evening import Evening
from linkbox.study.invariants import Facts, check
from linkbox.study.population import Home
from tests.study.evenings import Ended

Break = Callable[[Facts], Facts]


def facts_of(ended: Ended) -> Facts:
    store = ended.evening.store
    return Facts(
        evening=ended.evening,
        commands=[Command.from_row(row) for row in store.rows("command")],
        interventions=[Intervention.from_record(row.body) for row in store.rows("intervention")],
        exchanges=store.rows("exchange"),
        entries=[entry_from_row(dict(row.body)) for row in store.rows("hold")],
    )


class _Bent:
    """The real thing, but for what is bent. Used for the world and the store of a finished evening."""

    def __init__(self, real: Any, **bent: Any) -> None:
        self._real, self._bent = real, bent

    def __getattr__(self, name: str) -> Any:
        return self._bent[name] if name in self._bent else getattr(self._real, name)


def with_evening(facts: Facts, **changes: Any) -> Facts:
    evening = facts.evening
    parts = {name: getattr(evening, name) for name in ("people", "world", "controller", "store", "clock")}
    return replace(facts, evening=Evening(**(parts | changes)))


def first_hold(facts: Facts) -> Command:
    return next(c for c in facts.commands if c.kind is CommandKind.HOLD)


def with_command(facts: Facts, **changes: Any) -> Facts:
    hold = first_hold(facts)
    return replace(facts, commands=[replace(c, **changes) if c is hold else c for c in facts.commands])


def aimed_at(wanted: Callable[[Home], bool]) -> Break:
    """The first hold goes to another home."""

    def bend(facts: Facts) -> Facts:
        home = next(h for h in facts.evening.people.homes if h.charger is not None and wanted(h))
        return with_command(facts, mpan=home.point.mpan)

    return bend


def never_consented(home: Home) -> bool:
    return all(getattr(event, "kind", None) != "given" for event in home.history)


def switched_under_the_published_rules(facts: Facts) -> Facts:
    people = facts.evening.people
    return with_evening(facts, people=replace(people, scenario=replace(people.scenario, profile="duis-5.4")))


def really_open(*spans: tuple[float, float], level: float = 1.0) -> Break:
    """A charger was held for so long as its spans say: (hours after midnight, minutes); ``level`` 1 is fully off."""

    def bend(facts: Facts) -> Facts:
        mpan = first_hold(facts).mpan
        start = datetime.fromisoformat("2026-01-14T00:00:00+00:00").timestamp()
        open_spans = {mpan: [(start + h * 3600, start + h * 3600 + m * 60, level) for h, m in spans]}
        return with_evening(facts, world=_Bent(facts.evening.world, open_spans=lambda: open_spans))

    return bend


def ledger_over_quota(facts: Facts) -> Facts:
    entry = facts.entries[0]
    return replace(facts, entries=[replace(entry, end=entry.start + timedelta(minutes=121)), *facts.entries[1:]])


def hold_that_the_ledger_never_saw(facts: Facts) -> Facts:
    return replace(facts, entries=facts.entries[1:])


def minutes_for_a_hold_that_was_never_commanded(facts: Facts) -> Facts:
    return replace(facts, entries=[*facts.entries, replace(facts.entries[0], command="LB-0")])


def last_resort_without_market(facts: Facts) -> Facts:
    return replace(facts, interventions=[replace(i, market_outcome=None) for i in facts.interventions])


def last_resort_before_the_market_was_decided(facts: Facts) -> Facts:
    late = first_hold(facts).decided_at + timedelta(seconds=1)
    return replace(facts, interventions=[replace(i, market_decided_at=late) for i in facts.interventions])


def request_id_used_twice(facts: Facts) -> Facts:
    other = next(c for c in facts.commands if c is not first_hold(facts))
    return with_command(facts, request_id=other.request_id)


def executed_twice(facts: Facts) -> Facts:
    real = facts.evening.world.switch_offs()
    commanded: Mpan = first_hold(facts).mpan
    most = sum(c.kind is CommandKind.HOLD and c.mpan == commanded for c in facts.commands)
    bent = {**real, commanded: most + 1}
    return with_evening(facts, world=_Bent(facts.evening.world, switch_offs=lambda: bent))


def judged_while_somebody_is_held(facts: Facts) -> Facts:
    """The real devices, at a moment at which one of them is open."""
    spans = [span for spans in facts.evening.world.open_spans().values() for span in spans]
    start, end, _ = spans[0]
    middle = datetime.fromtimestamp((start + end) / 2, tz=facts.evening.clock.now().tzinfo)
    return with_evening(facts, clock=ManualClock(middle))


def chain_with(change: Callable[[list[str]], list[str]]) -> Break:
    def bend(facts: Facts) -> Facts:
        lines = change(facts.evening.store.audit_lines())
        return with_evening(facts, store=_Bent(facts.evening.store, audit_lines=lambda: lines))

    return bend


BROKEN: list[tuple[str, Break]] = [
    ("only_with_valid_consent", aimed_at(never_consented)),
    ("only_domestic", aimed_at(lambda home: not home.point.domestic)),
    ("only_ev_charger_labels", aimed_at(lambda h: h.installation is not None and "heater" in h.installation.label)),
    ("only_within_eligibility", switched_under_the_published_rules),
    ("quota_24h_kept_by_devices", really_open((0, 100), (20, 21))),
    ("quota_24h_kept_by_devices", really_open((0, 241), level=0.5)),
    ("quota_30d_kept_by_devices", really_open((0, 119), (30, 119), (60, 119), (90, 119), (120, 5))),
    ("quotas_kept_in_ledger", ledger_over_quota),
    ("ledger_has_every_hold", hold_that_the_ledger_never_saw),
    ("ledger_has_every_hold", minutes_for_a_hold_that_was_never_commanded),
    ("market_before_last_resort", last_resort_without_market),
    ("market_before_last_resort", last_resort_before_the_market_was_decided),
    ("every_request_id_once", request_id_used_twice),
    ("every_command_executed_at_most_once", executed_twice),
    ("every_command_closed_with_reason", lambda facts: with_command(facts, state=CommandState.QUEUED)),
    ("every_command_closed_with_reason", lambda facts: with_command(facts, outcome=None)),
    ("every_charger_free_at_end", judged_while_somebody_is_held),
    ("audit_chain_verifies", chain_with(lambda lines: [*lines[:5], *lines[6:]])),
    ("audit_chain_verifies", chain_with(lambda lines: [lines[1], lines[0], *lines[2:]])),
    ("audit_chain_verifies", chain_with(lambda lines: [lines[0].replace('"queued"', '"refused"'), *lines[1:]])),
]


def test_real_evening_keeps_every_invariant(short_evening: Ended) -> None:
    facts = facts_of(short_evening)
    assert any(c.kind is CommandKind.HOLD for c in facts.commands)
    assert check(facts) == short_evening.facts["invariants"]
    assert all(check(facts).values())


def test_every_invariant_has_a_history_that_breaks_it(short_evening: Ended) -> None:
    assert {name for name, _ in BROKEN} == set(check(facts_of(short_evening)))


@pytest.mark.parametrize(("name", "bend"), BROKEN, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BROKEN)])
def test_broken_history_is_seen(name: str, bend: Break, short_evening: Ended) -> None:
    found = check(bend(facts_of(short_evening)))
    assert found[name] is False


def test_quotas_within_the_limits_are_not_called_broken(short_evening: Ended) -> None:
    kept = check(really_open((0, 119), (30, 119), (60, 119), (90, 119))(facts_of(short_evening)))
    assert kept["quota_24h_kept_by_devices"]
    assert kept["quota_30d_kept_by_devices"]


def test_a_charger_held_half_down_may_be_held_for_twice_as_long(short_evening: Ended) -> None:
    """240 minutes at half are 120 of full off, which is the limit."""
    assert check(really_open((0, 240), level=0.5)(facts_of(short_evening)))["quota_24h_kept_by_devices"]
