"""What the market does, who consents and what the rules allow: each decides what Linkbox may do in an evening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from linkbox.operation.entities import Command, CommandKind
from linkbox.study.evening import run_uncontrolled
from linkbox.study.summary import household_facts
from tests.study.evenings import SHORT, Ended

Live = Callable[..., Ended]

MILD = replace(SHORT, seed=2, hours=2.25)
"""An evening in which the market has time to answer, and what it was asked for is enough."""

OUTCOMES = {
    "accepts": "delivered",
    "rejects": "rejected",
    "silent": "no_answer",
    "no-delivery": "not_delivered",
    "none": "no_contract",
}


def kept(ended: Ended) -> bool:
    return ended.uncovered == [] and all(ended.facts["invariants"].values())


def holds(ended: Ended) -> list[Command]:
    every = [Command.from_row(row) for row in ended.evening.store.rows("command")]
    return [c for c in every if c.kind is CommandKind.HOLD]


@pytest.mark.parametrize("provider", OUTCOMES)
def test_provider_decides_whether_anybody_is_held(provider: str, live: Live, tmp_path: Path) -> None:
    ended = live(replace(MILD, provider=provider), tmp_path)
    first = ended.facts["interventions"][0]
    assert first["market"]["outcome"] == OUTCOMES[provider]
    called = Counter(r.stream + "/" + r.kind for r in ended.evening.audit())["market/called"]
    assert (called > 0) is (provider != "none")
    if provider == "accepts":
        assert (first["customers"], ended.truly_held()) == (0, set())
    else:
        assert first["customers"] > 0
        decided = [r.at for r in ended.evening.audit() if (r.stream, r.kind) == ("market", "shortfall")]
        decided += [r.at for r in ended.evening.audit() if (r.stream, r.kind) == ("market", "no_cover")]
        assert min(decided) <= min(c.decided_at for c in holds(ended))
    assert kept(ended)


def test_published_rules_forbid_a_distributor_to_switch_and_that_is_escalated(live: Live, tmp_path: Path) -> None:
    ended = live(replace(SHORT, profile="duis-5.4", hours=2.0), tmp_path)
    assert holds(ended) == []
    assert ended.truly_held() == set()
    escalation, lost = ended.facts["escalations"]
    assert "the supply is lost" in lost["why"]
    assert "duis-5.4: SRV 7.6 is for IS" in escalation["why"]
    assert sum(escalation["missing_a"]) > 100.0
    assert ended.facts["fuse_blown_at"] is not None
    assert ended.facts["service_requests"]["by_srv"].keys() == {"7.7"}  # reading is allowed, and was done
    assert kept(ended)


def test_where_nobody_consents_nobody_is_touched_and_the_emergency_is_escalated(live: Live, tmp_path: Path) -> None:
    ended = live(replace(SHORT, consent_share=0.0, hours=2.0), tmp_path)
    assert (holds(ended), ended.truly_held()) == ([], set())
    assert ended.facts["escalations"]
    owners = sum(home.charger is not None for home in ended.evening.people.homes)
    assert len(ended.why("permit", "refused")) == owners
    assert kept(ended)


def test_where_all_consent_those_whom_other_rules_protect_are_left_alone(live: Live, tmp_path: Path) -> None:
    ended = live(replace(SHORT, consent_share=1.0, hours=2.0), tmp_path)
    by_mpan = {home.point.mpan: home for home in ended.evening.people.homes}
    protected = {
        mpan
        for mpan, home in by_mpan.items()
        if home.installation is not None
        and (not home.point.domestic or home.installation.label != "EV charger" or len(home.history) > 3)
    }
    assert len(protected) >= 3  # a shop, a wrong label, a new tenant or a priority customer's own word
    opted_in = {mpan for mpan in protected if by_mpan[mpan].point.priority_register}
    assert ended.truly_held() & (protected - opted_in) == set()
    assert ended.facts["customers_curtailed"] > 5
    assert ended.facts["fuse_blown_at"] is None
    assert kept(ended)


def test_without_cars_there_is_nothing_to_control_and_nothing_is_sent(live: Live, tmp_path: Path) -> None:
    ended = live(replace(SHORT, ev_share=0.0, hours=0.5), tmp_path)
    assert ended.facts["service_requests"]["count"] == 0
    assert ended.facts["interventions"] == []
    assert kept(ended)


def test_household_load_alone_over_the_limit_is_said_and_escalated(live: Live, tmp_path: Path) -> None:
    scenario = replace(SHORT, seed=27, fuse_a=100, starts="17:30", hours=1.0)
    ended = live(scenario, tmp_path)
    assert ended.facts["fuse_blown_at"] is not None
    assert ended.facts["escalations"]
    bare, _ = run_uncontrolled(replace(scenario, ev_share=0.0))
    said = household_facts(bare, cable_limit_degc=65.0)
    assert said["fuse_blown_at"] == "2026-01-13T18:13:00.000Z"
    assert said["verdict"].startswith("The load of the households alone is over the limit: without any car the fuse")
    assert "can not prevent" in said["verdict"]
    assert kept(ended)


def test_households_that_stay_within_the_limits_are_not_blamed() -> None:
    bare, _ = run_uncontrolled(replace(SHORT, ev_share=0.0, hours=1.0))
    said = household_facts(bare, cable_limit_degc=65.0)
    assert said["fuse_blown_at"] is None
    assert "stay within the limits" in said["verdict"]
    assert "over the limit" in household_facts(bare, cable_limit_degc=5.0)["verdict"]


def test_a_reduced_rate_is_preferred_to_nothing_and_goes_no_further_than_the_consent(
    live: Live, tmp_path: Path
) -> None:
    ended = live(replace(SHORT, devices="reduced", hours=2.0, provider="none"), tmp_path)
    chargers, customers = ended.evening.controller.desk.site.chargers, ended.evening.controller.desk.customers
    made = holds(ended)
    assert {c.level_fraction for c in made} == {0.0, 0.3}
    for hold in made:
        assert hold.level_fraction == chargers[hold.mpan].reduced_fraction
        word = customers.consent(hold.mpan, hold.decided_at).event
        assert word is not None
        assert word.scope.off or hold.level_fraction > 0.0
    assert any(not customers.consent(c.mpan, c.decided_at).event.scope.off for c in made)  # type: ignore[union-attr]  # all have one
    reduced = {mpan for mpan, spans in ended.evening.world.open_spans().items() if any(w < 1.0 for _, _, w in spans)}
    assert reduced == {c.mpan for c in made if c.level_fraction > 0.0}, "the street kept charging, slower"
    assert "slowed down to 2.2 kW" in " ".join(_told(ended).split())
    assert kept(ended)


def _told(ended: Ended) -> str:
    """All customer notices, one after another."""
    return " ".join(str(row.body["body"]) for row in ended.evening.store.rows("notice") if "body" in row.body)


def test_contracts_of_a_file_are_called_as_they_are_written(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "contracts.csv"
    file.write_text(
        "contract_id,provider,feeders,capacity_a,answer_within_s,deliver_within_s,price_gbp_per_kwh\n"
        "OURS-7,North Flexibility,IEEE-European-LV-Test-Feeder,40;40;40,60,120,0.21\n",
        "utf-8",
    )
    ended = live(replace(MILD, provider="accepts", contracts=str(file), hours=1.5), tmp_path / "evening")
    called = [r.facts or {} for r in ended.evening.audit() if (r.stream, r.kind) == ("market", "called")]
    assert called
    assert called[0]["providers"] == ["North Flexibility"]
    (contract,) = ended.evening.controller.desk.site.contracts
    assert (contract.contract_id, contract.price_gbp_per_kwh) == ("OURS-7", 0.21)
    assert kept(ended)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_street_whose_phases_are_not_on_file_is_saved_and_its_phases_are_learned(
    share: float, live: Live, tmp_path: Path
) -> None:
    ended = live(replace(SHORT, phase_known_share=share), tmp_path)
    assert not ended.facts["blown_phases"]
    assert kept(ended)
    held = holds(ended)
    unknown = [c for c in held if c.phase is None]
    assert unknown
    assert all(c.phase is None for c in held) is (share == 0.0)
    desk, truth = ended.evening.controller.desk, ended.evening.world.street.phase
    homes = {home.point.mpan: index for index, home in enumerate(ended.evening.people.homes)}
    told = [desk.beliefs[c.mpan].phase_probability[int(truth[homes[c.mpan]])] for c in unknown]
    assert sum(told) / len(told) > 0.4, "a third at first; what the drops taught points to the phase that it is"
