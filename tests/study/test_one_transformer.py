"""Three feeders under one transformer that is too small for their cars: planned together, each with its own owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from linkbox.records.audit import AuditRecord
from tests.study.substation import Substation


def facts(lived: Substation, stream: str, kind: str) -> list[Mapping[str, Any]]:
    records = [AuditRecord.from_line(line.encode()) for line in lived.store.audit_lines()]
    return [r.facts for r in records if (r.stream, r.kind) == (stream, kind) and r.facts is not None]


@pytest.fixture(scope="module")
def together() -> Substation:
    return Substation().run()


@pytest.fixture(scope="module")
def apart() -> Substation:
    return Substation(together=False).run()


def test_the_transformer_is_saved_where_nobody_acting_would_overheat_it(together: Substation) -> None:
    limit = together.assets.transformer.hot_spot_limit_degc
    assert max(Substation(control=False).run().hot_spot_degc) > limit
    assert max(together.hot_spot_degc) < limit
    assert not together.controller.desk.ledger.breaches()


def test_what_the_transformer_needs_is_shared_out_over_its_feeders_at_the_least_burden(together: Substation) -> None:
    coupled = facts(together, "plan", "coupled")
    assert any(sum(count > 0 for count in plan["commands"].values()) > 1 for plan in coupled)
    assert all(plan["method"] == "cp-sat" or plan["cost"] >= plan["bound"] - 1e-6 for plan in coupled)
    for plan in coupled:
        got = zip(plan["transformer_required_a"], plan["transformer_relief_a"], strict=True)
        short = plan["transformer_shortfall_a"]
        assert all(r - g <= s + 1e-3 for (r, g), s in zip(got, short, strict=True)), "covered, or said to be short"


def test_each_feeder_has_one_owner_who_commands_nobody_elsewhere(together: Substation) -> None:
    owner = {f["intervention"]: f["feeder"] for f in facts(together, "intervention", "opened")}
    assert Counter(owner.values()) == {"F1": 1, "F2": 1, "F3": 1}
    assert together.holds()
    assert all(together.feeder_of(c.mpan) == owner[c.intervention_id] for c in together.holds())


def test_feeders_that_each_shed_for_the_whole_transformer_hold_more_people_for_the_same(
    together: Substation, apart: Substation
) -> None:
    assert max(apart.hot_spot_degc) < apart.assets.transformer.hot_spot_limit_degc
    assert len(together.holds()) < 0.9 * len(apart.holds())
    assert together.held_minutes() < 0.95 * apart.held_minutes()
    assert facts(together, "escalation", "raised") == []
    assert facts(apart, "escalation", "raised"), "one feeder can not shed what three should"
