"""An intervention from its opening to its end: rules that forbid, a person's stop, blindness, early release, expiry."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from linkbox.control.fairness import jain_index
from linkbox.control.intervention import InterventionState
from linkbox.control.ledger import EntryState
from linkbox.control.policy import ControlPolicy
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.grid.risk import RiskState
from linkbox.operation import drawing_desk, interventions, needs, release_desk
from linkbox.operation.entities import CommandKind, CommandState
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    FEEDER,
    Rig,
    after,
    assert_invariants,
    assert_memory_equals_store,
    mpan,
    provider,
)

HOT, COOL = (95.0, 60.0, 60.0), (20.0, 20.0, 20.0)
VERY_HOT = (160.0, 160.0, 160.0)
EVERYBODY = set(range(CHARGERS))
QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


def stop(rig: Rig) -> None:
    rig.controller.act(lambda s: interventions.stop(s, FEEDER, who="the control room", why="a fault on the street"))


def states(rig: Rig) -> list[str]:
    """The states that the latest intervention went through, notes apart."""
    return [s.state.value for s in rig.intervention.history if s.event != "note"]


def risk(rig: Rig) -> RiskState:
    return rig.controller.desk.assessments[FEEDER].state


# -- the plain way --------------------------------------------------------------------------------------------


async def test_a_calm_feeder_opens_nothing_and_sends_nothing(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL)
    await rig.run(15)
    assert rig.interventions() == []
    assert rig.dcc.posts == []
    sound(rig)


async def test_an_overload_is_met_by_holds_whose_effect_is_measured_and_all_are_free_at_the_end(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(3)
    assert states(rig)[-1] == "holding"
    assert rig.intervention.reduction_seen_at is not None
    assert rig.intervention.reduction_seen_at - rig.intervention.opened_at <= timedelta(minutes=5)
    assert rig.held_in_truth() == {0, 3}
    rig.base_a = COOL
    await rig.run(8)
    assert states(rig) == ["planned", "commanding", "holding", "releasing", "closed"]
    assert rig.held_in_truth() == set()
    assert {e.state for e in rig.ledger().entries()} == {EntryState.SETTLED}
    sound(rig)


async def test_one_intervention_owns_its_feeder(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(12)
    assert len(rig.interventions()) == 1
    sound(rig)


async def test_a_second_overload_after_the_first_is_over_is_an_intervention_of_its_own(make_rig: MakeRig) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(3)
    rig.base_a = COOL
    await rig.run(8)
    rig.base_a = (150.0, 60.0, 60.0)
    await rig.run(8)
    first, second = rig.interventions()
    assert first.id != second.id
    assert not first.open
    assert second.open
    sound(rig)


# -- rules that forbid ----------------------------------------------------------------------------------------


async def test_under_the_published_rules_nothing_is_switched_and_the_emergency_is_escalated(make_rig: MakeRig) -> None:
    rig = make_rig(profile="duis-5.4", base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(10)
    assert rig.commands() == []
    assert {p.request.srv for p in rig.dcc.posts} <= {"7.7"}
    assert rig.intervention.escalated
    (escalation,) = rig.facts("escalation", "raised")
    assert "may not switch load under the rules in force" in escalation["why"]
    assert rig.store.rows("escalation")[0].state == "open"
    sound(rig)


async def test_load_that_nobody_may_shed_is_escalated_once_and_named(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(230.0, 60.0, 60.0), drawing={0, 3})
    await rig.run(10)
    assert rig.intervention.escalated
    assert len(rig.audit("escalation", "raised")) == 1
    assert len(rig.store.rows("escalation")) == 1
    assert rig.held_in_truth() == {0, 3}, "what can be done is done all the same"
    sound(rig)


async def test_a_load_that_falls_by_itself_needs_nobody(make_rig: MakeRig) -> None:
    """The market is called, rejects a little later; by then the kettle is off."""
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    await rig.run(1)
    rig.base_a, rig.drawing = COOL, set()
    await rig.run(1.5)
    assert rig.intervention.state is InterventionState.MARKET_CALLED or not rig.intervention.open
    await rig.run(12)
    assert rig.commands() == []
    assert rig.intervention.state is InterventionState.CLOSED
    sound(rig)


# -- a person's stop ------------------------------------------------------------------------------------------


async def test_a_stop_releases_everybody_and_holds_nobody_again_while_the_risk_lasts(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}
    stop(rig)
    decided = len(rig.commands())
    await rig.run(3)
    assert rig.held_in_truth() == set()
    assert {c.ended_by for c in rig.commands()} == {"release"}
    await rig.run(12)
    assert risk(rig).needs_action, "the overload goes on"
    assert len(rig.commands()) == decided
    assert rig.held_in_truth() == set()
    sound(rig)


async def test_a_stopped_intervention_closes_when_the_risk_is_over_and_then_a_new_one_may_open(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(3)
    stop(rig)
    await rig.run(3)
    rig.base_a, rig.drawing = COOL, set()
    await rig.run(8)
    assert rig.intervention.state is InterventionState.CLOSED
    rig.base_a = (170.0, 60.0, 60.0)
    await rig.run(8)
    assert len(rig.interventions()) == 2
    sound(rig)


async def test_a_stop_while_commands_are_on_their_way_frees_those_who_are_held_all_the_same(make_rig: MakeRig) -> None:
    slow = FaultPlan(rules=(FaultRule(kind=FaultKind.DELAY, srv="7.6", delay_s=40),))
    rig = make_rig(base_a=HOT, drawing={0, 3}, faults=slow)
    await rig.run(1.2)
    assert {c.state for c in rig.commands()} == {CommandState.QUEUED}
    stop(rig)
    await rig.run(5)
    assert rig.held_in_truth() == set()
    assert {c.state for c in rig.commands()} == {CommandState.ENDED}
    assert all(rig.open_seconds(n) < 240 for n in (0, 3))
    sound(rig)


async def test_a_stop_before_anything_was_delivered_sends_nothing_any_more(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    rig.dcc.reachable = False
    await rig.run(1.2)
    assert {c.state for c in rig.commands()} == {CommandState.QUEUED}
    stop(rig)
    rig.dcc.reachable = True
    sent = len(rig.dcc.posts)
    await rig.run(5)
    assert len(rig.dcc.posts) == sent
    assert {c.state for c in rig.commands()} == {CommandState.REFUSED}
    assert {e.state for e in rig.ledger().entries()} == {EntryState.RELEASED}
    assert rig.commands(CommandKind.RESET) == []
    sound(rig)


async def test_a_stop_while_the_market_is_asked_means_that_nobody_is_held(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(),))
    await rig.run(1)
    assert rig.intervention.state is InterventionState.MARKET_CALLED
    stop(rig)
    await rig.run(8)
    assert rig.commands() == []
    assert len(rig.interventions()) == 1, "the feeder is left alone until the risk is over"
    assert risk(rig).needs_action
    sound(rig)


async def test_a_stop_survives_a_restart(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    await rig.run(3)
    stop(rig)
    rig.start()
    await rig.run(10)
    assert rig.held_in_truth() == set()
    assert {c.ended_by for c in rig.commands()} == {"release"}
    sound(rig)


async def test_one_customer_can_be_freed_alone(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    rig.controller.act(lambda s: release_desk.release_one(s, mpan(0), "the customer rejected it"))
    await rig.run(1)
    assert rig.held_in_truth() == EVERYBODY - {0}
    sound(rig)


# -- what else may happen on a feeder --------------------------------------------------------------------------


async def test_a_phase_that_goes_dead_is_told_as_a_lost_supply_and_never_as_a_risk_that_is_over(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(control=QUICK, base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    rig.base_a = (0.0, 20.0, 20.0)
    rig.drawing = EVERYBODY - {0, 3}
    await rig.run(14)
    assert rig.intervention.dead_phases == ("L1",)
    lost = [f for f in rig.facts("escalation", "raised") if f["reason"] == "supply lost on L1"]
    assert len(lost) == 1
    assert "send a crew" in lost[0]["why"]
    assert not rig.intervention.open
    assert "L1 is without supply" in rig.intervention.history[-1].why
    sound(rig)


async def test_a_further_risk_on_the_same_feeder_joins_the_intervention(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3})
    await rig.run(2)
    rig.base_a = (60.0, 190.0, 60.0)
    await rig.run(6)
    assert len(rig.interventions()) == 1
    assert any("L2" in risk for risk in rig.intervention.joined)
    assert rig.audit("intervention", "joined")
    sound(rig)


async def test_a_confirmed_renewal_is_not_counted_as_new_relief(make_rig: MakeRig) -> None:
    """Once a reading has been judged after it: its charger was off before, so nothing more will go."""
    rig = make_rig(base_a=(118.0, 60.0, 60.0), drawing={0, 3}, willing=frozenset({0, 3}))
    counted: list[list[float]] = []

    def look(at: Rig) -> None:
        held = at.controller.desk.held(FEEDER)
        judged = at.controller.desk.assessments[FEEDER].at if held else None
        if held and all(c.renews and c.answered_at is not None and c.answered_at <= judged for c in held):
            at.controller.act(lambda s: counted.append(needs.coming_a(s, FEEDER)))

    rig.on_step = look
    await rig.run(33)
    assert counted
    assert counted == [[0.0, 0.0, 0.0]] * len(counted)
    sound(rig)


async def test_those_held_take_turns_and_no_peak_comes_of_it(make_rig: MakeRig) -> None:
    """L1 may carry one of its two chargers: they share the burden, and never draw more than may flow."""
    rig = make_rig(base_a=(82.0, 60.0, 60.0), drawing={0, 3}, willing=frozenset({0, 3}))
    over: list[float] = []

    def look(at: Rig) -> None:
        if at.last_reading == at.clock.now() >= after(240):
            assessment = at.controller.desk.assessments[FEEDER]
            over.append(at.controller.desk.current_a[FEEDER][0] - assessment.allowable_current_a[0])

    rig.on_step = look
    await rig.run(100)
    assert max(over) < 0.0
    borne = [rig.open_seconds(n) for n in (0, 3)]
    assert min(borne) > 20 * 60
    assert jain_index(borne) > 0.9
    sound(rig)


# -- blindness ------------------------------------------------------------------------------------------------


async def test_a_blind_feeder_is_noticed_without_any_reading(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL)
    await rig.run(3)
    rig.measured = False
    await rig.run(5)
    assert risk(rig) is RiskState.NORMAL
    await rig.run(1)
    assert risk(rig) is RiskState.BLIND
    assert rig.audit("risk", "blind")
    rig.measured = True
    await rig.run(1)
    assert risk(rig) is RiskState.NORMAL
    sound(rig)


async def test_the_controller_wakes_by_itself_to_notice_blindness(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL)
    await rig.run(3)
    wake = rig.controller.next_wake()
    assert wake is not None
    assert after(180 + 300) < wake <= after(180 + 302)
    rig.clock.move_to(wake)
    await rig.controller.work()
    assert risk(rig) is RiskState.BLIND
    assert rig.controller.next_wake() is None, "a blind feeder waits for a reading, not for a time"


async def test_a_feeder_that_goes_blind_opens_nothing_releases_nobody_early_and_its_holds_expire(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(control=QUICK, base_a=HOT, drawing={0, 3})
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}
    rig.measured, rig.base_a = False, COOL
    await rig.run(12)
    assert risk(rig) is RiskState.BLIND
    assert rig.held_in_truth() == {0, 3}
    assert rig.commands(CommandKind.RESET) == []
    await rig.run(30)
    assert {c.ended_by for c in rig.commands()} == {"expiry"}
    assert rig.held_in_truth() == set()
    assert len(rig.commands()) == 2
    assert rig.intervention.open, "nobody knows whether the risk is over"
    rig.measured = True
    await rig.run(5)
    assert rig.intervention.state is InterventionState.CLOSED
    sound(rig)


async def test_an_intervention_that_waits_with_its_plan_is_not_closed_as_calm_when_it_goes_blind(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, contracts=(provider(answer_s=340.0, deliver_s=300.0),))
    await rig.run(1)
    assert rig.intervention.state is InterventionState.MARKET_CALLED
    rig.measured = False
    await rig.run(8)
    assert risk(rig) is RiskState.BLIND
    assert rig.intervention.market_outcome == "no_answer"
    assert rig.intervention.open
    assert "fell by itself" not in str(rig.intervention.history)
    sound(rig)


# -- fewest minutes, and ends by themselves -------------------------------------------------------------------


async def test_a_hold_that_turns_out_to_buy_nothing_is_ended_before_the_least_hold_and_the_reason_is_told(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, control=ControlPolicy())
    await rig.run(3)
    rig.base_a = COOL
    rig.controller.act(lambda s: drawing_desk.told(s, {mpan(0): False}))  # its car has left, as some channel knows
    await rig.run(8)
    (reset,) = rig.commands(CommandKind.RESET)
    assert reset.mpan == mpan(0)
    assert reset.reason.startswith("shown not to draw when it was held (probability 0.01 now): its hold buys nothing")
    assert reset.decided_at < rig.commands()[0].start + timedelta(seconds=rig.site.control.min_hold_s)
    assert rig.intervention.state is InterventionState.HOLDING, "the others are held on"
    told = [step.why for step in rig.intervention.history if "shown not to draw" in step.why]
    assert told == ["1 charger gets its supply back early, 1 of them shown not to draw"]
    used = rig.ledger().used_s(mpan(0), rig.clock.now(), timedelta(hours=24))
    assert used < 15 * 60, "what was not used is given back"
    sound(rig)


async def test_one_who_has_borne_much_hands_over_in_mid_hold_and_the_feeder_is_never_without_the_relief(
    make_rig: MakeRig,
) -> None:
    long_holds = ControlPolicy(hold_s=7200, min_hold_s=300)
    rig = make_rig(base_a=(80.0, 20.0, 20.0), drawing={0, 3}, control=long_holds)
    await rig.run(3)
    relieved: list[int] = []
    rig.on_step = lambda at: relieved.append(len(at.held_in_truth()))
    await rig.run(60)
    first, second = rig.commands()
    assert {first.mpan, second.mpan} == {mpan(0), mpan(3)}
    assert first.ended_by == "release"
    assert first.ended_at is not None
    assert second.start < first.ended_at < first.end, "the successor first, then the release, long before its end"
    assert min(relieved) == 1, "never nobody"
    (turn,) = rig.facts("plan", "turn")
    assert (turn["customer"], turn["successor"]) == (rig.site.pseudonym(first.mpan), rig.site.pseudonym(second.mpan))
    assert turn["why"] == "its burden is 201, that of who takes over 100"
    rotating = [s.why for s in rig.intervention.history if s.state is InterventionState.ROTATING]
    assert rotating == [f"1 charger to hold in turn for one that has borne most: {turn['why']}"]
    sound(rig)


async def test_nobody_hands_over_where_nobody_fresher_could_do_as_much(make_rig: MakeRig) -> None:
    long_holds = ControlPolicy(hold_s=7200, min_hold_s=300)
    rig = make_rig(base_a=(80.0, 20.0, 20.0), drawing={0, 3}, control=long_holds, willing=frozenset({0}))
    await rig.run(60)
    assert len(rig.commands()) == 1
    assert rig.facts("plan", "turn") == []


async def test_chargers_are_released_early_when_there_is_room_a_few_at_a_time(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    rig.base_a = COOL
    seen = []

    def look(at: Rig) -> None:
        seen.append(len(at.held_in_truth()))

    rig.on_step = look
    await rig.run(27)
    assert rig.held_in_truth() == set()
    endings = [c.ended_by for c in rig.commands()]
    assert set(endings) <= {"release", "expiry"}
    assert endings.count("release") >= 4
    steps = [b - a for a, b in pairwise(seen)]
    assert min(steps) >= -3, "never all at once"
    sound(rig)


async def test_holds_end_by_expiry_when_nothing_ends_them_earlier_and_use_what_they_took(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=HOT, drawing={0, 3}, control=ControlPolicy(headroom_margin_a=500.0))
    await rig.run(3)
    rig.base_a = COOL
    await rig.run(40)
    assert {c.ended_by for c in rig.commands()} == {"expiry"}
    for command in rig.commands():
        entry = rig.ledger().entry(command.id)
        assert entry is not None
        assert entry.state is EntryState.SETTLED
        used_s = (entry.end - entry.start).total_seconds()
        assert command.duration_s <= used_s <= command.duration_s + 180
    for number in (0, 3):
        counted_s = rig.ledger().used_s(mpan(number), rig.clock.now(), timedelta(hours=24))
        assert rig.open_seconds(number) <= counted_s, "no customer is held longer than the ledger says"
    sound(rig)


async def test_a_long_night_never_takes_more_than_the_quota_in_truth(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(118.0, 60.0, 60.0), drawing=EVERYBODY)
    await rig.run(130)
    assert rig.intervention.escalated
    assert max(rig.open_seconds(n) for n in EVERYBODY) > 90 * 60, "the quota was really used"
    assert max(rig.open_seconds(n) for n in EVERYBODY) <= 120 * 60
    sound(rig)


async def test_a_renewal_that_fails_leaves_the_first_hold_to_its_own_end(make_rig: MakeRig) -> None:
    from_then = after(10 * 60)
    lost = FaultPlan(rules=(FaultRule(kind=FaultKind.COMMAND_LOST, srv="7.6", start=from_then),))
    rig = make_rig(base_a=(118.0, 60.0, 60.0), drawing={0, 3}, willing=frozenset({0, 3}), faults=lost)
    await rig.run(60)
    firsts = [c for c in rig.commands() if c.start < from_then]
    renewals = [c for c in rig.commands() if c.start >= from_then]
    assert renewals
    assert {c.ended_by for c in firsts} == {"expiry"}
    assert all(c.state in {CommandState.UNKNOWN, CommandState.ENDED} for c in renewals)
    assert {c.ended_by for c in renewals} <= {"unknown", None}
    sound(rig)


async def test_a_refused_renewal_gives_its_minutes_back_and_the_first_hold_goes_on(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(118.0, 60.0, 60.0), drawing={0, 3}, willing=frozenset({0, 3}))
    await rig.run(5)
    firsts = rig.commands()
    rig.dcc.reachable = False
    await rig.run(40)
    renewals = rig.commands()[len(firsts) :]
    assert renewals
    assert {c.ended_by for c in rig.commands()[: len(firsts)]} == {"expiry"}
    assert {c.state for c in renewals} <= {CommandState.REFUSED, CommandState.QUEUED}
    entries = {e.command: e.state for e in rig.ledger().entries()}
    assert {entries[c.id] for c in renewals if c.state is CommandState.REFUSED} == {EntryState.RELEASED}
    sound(rig)


async def test_slow_answers_do_not_keep_an_intervention_in_commanding_for_ever(make_rig: MakeRig) -> None:
    patient = ControlPolicy(request_timeout_s=400)
    lost = FaultPlan(rules=(FaultRule(kind=FaultKind.DELIVERY_LOST, srv="7.6"),))
    rig = make_rig(base_a=HOT, drawing={0, 3}, control=patient, faults=lost)
    await rig.run(5)
    assert "holding" in states(rig)
    assert any(s.event == "time_out" for s in rig.intervention.history)
    assert len({c.mpan for c in rig.commands()}) == len(rig.commands()), "nobody is commanded twice meanwhile"
    await rig.run(8)
    assert {c.state for c in rig.commands()} == {CommandState.UNKNOWN}
    sound(rig)


# -- several feeders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag_s", [0, 1, 29, 59])
async def test_feeders_whose_monitors_are_not_in_step_are_all_watched(make_rig: MakeRig, lag_s: int) -> None:
    rig = make_rig(feeders=2, base_a=COOL)
    for minute in range(1, 8):
        rig.clock.move_to(after(60 * minute))
        assert rig.read(COOL) is None
        assert rig.read(COOL, "F2", at=after(60 * minute - lag_s)) is None
    assert {a.state for a in rig.controller.desk.assessments.values()} == {RiskState.NORMAL}
    await rig.controller.work()
    sound(rig)
