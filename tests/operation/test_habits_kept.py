"""What each event teaches of a charger is kept, outlives a restart, and weighs on the evenings that follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from linkbox.control.policy import ControlPolicy
from linkbox.operation import drawing_desk, habit_desk
from linkbox.operation.desk import HABIT
from linkbox.operation.drawing_desk import belief_of
from tests.operation.conftest import MakeRig
from tests.operation.rig import CHARGERS, Rig, assert_memory_equals_store, mpan

VERY_HOT, COOL = (160.0, 160.0, 160.0), (20.0, 20.0, 20.0)
EVERYBODY = set(range(CHARGERS))
QUICK = ControlPolicy(min_hold_s=180, release_gap_s=60, quiet_s=120)


def seen(rig: Rig, number: int, hour: int) -> tuple[float, float]:
    habit = rig.controller.desk.habits[mpan(number)].habit
    return habit.seen[hour], habit.drew[hour]


async def test_a_drop_teaches_the_habit_of_those_who_were_held_once_an_hour(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, control=QUICK)
    await rig.run(8)
    held = {c.mpan for c in rig.commands()}
    known = rig.controller.desk.habits
    assert set(known) <= held, "only those of whom something was shown"
    assert known, "the drop told that they drew"
    taught = next(iter(known))
    habit = known[taught].habit
    assert habit.probability(rig.clock.now().time(), 0.08) > 0.2
    assert (habit.seen[12], habit.drew[12]) == (0.0, 0.0), "midday was not seen"
    await rig.run(30)
    assert known[taught].habit.seen[18] <= 1.0, "an evening is one"
    assert_memory_equals_store(rig)


async def test_habits_outlive_a_restart_to_the_byte(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, control=QUICK)
    await rig.run(8)
    before = [(row.key, row.body) for row in rig.store.rows(HABIT)]
    known = dict(rig.controller.desk.habits)
    rig.start()
    assert rig.controller.desk.habits == known
    assert [(row.key, row.body) for row in rig.store.rows(HABIT)] == before


async def test_a_habit_weighs_who_is_believed_to_draw_and_leaves_their_sum_as_measured(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(30.0, 30.0, 30.0), drawing=set())
    rig.controller.act(lambda s: habit_desk.learn(s, {mpan(0): 0.99, mpan(3): 0.01}))  # both on L1
    await rig.run(2)
    desk, now = rig.controller.desk, rig.clock.now()
    often, seldom = (belief_of(desk, mpan(n), now).probability for n in (0, 3))
    unknown = [belief_of(desk, mpan(n), now).probability for n in (1, 4)]
    assert often > unknown[0] > seldom
    assert unknown[0] == unknown[1], "nothing is known of them: one rate"
    assert (often + seldom) == pytest.approx(sum(unknown), abs=0.01), "the same current flows on both phases"


async def test_what_a_channel_tells_every_minute_is_one_evening(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=COOL)
    for _ in range(5):
        rig.controller.act(lambda s: drawing_desk.told(s, {mpan(1): True}))
        await rig.run(1)
    assert seen(rig, 1, 18) == pytest.approx((0.98, 0.98 * 0.99))
    rig.clock.move_to(rig.clock.now() + timedelta(days=1))
    rig.controller.act(lambda s: drawing_desk.told(s, {mpan(1): False}))
    assert seen(rig, 1, 18)[0] == pytest.approx(0.98 * 0.95 + 0.98)


async def test_before_the_first_reading_the_hour_the_tariff_and_the_habit_are_all_that_is_known(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(base_a=COOL)
    now = rig.clock.now()
    general = belief_of(rig.controller.desk, mpan(1), now).probability
    assert general == habit_desk.general_prior(rig.controller.desk, now) == pytest.approx(0.079)
    rig.site = replace(rig.site, tariff_start=now.time(), tariff_share=1.0)
    rig.start()
    herd = belief_of(rig.controller.desk, mpan(1), now).probability
    assert herd == pytest.approx(0.46), "all with a session today begin at once"
    rig.controller.act(lambda s: habit_desk.learn(s, {mpan(1): 0.01}))
    assert belief_of(rig.controller.desk, mpan(1), now).probability < herd
