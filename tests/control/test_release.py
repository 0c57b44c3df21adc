"""Giving the supply back: in steps, with room, and never all at once."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.phases import PHASES, Phase
from linkbox.control.release import Held, ReleasePlan, plan_release
from tests.control.permits import T0, mpan

L1, L2, L3 = PHASES
WIDE = (1000.0, 1000.0, 1000.0)
NOW = (100.0, 100.0, 100.0)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def held(
    number: int,
    phase: Phase | None = L1,
    *,
    p: float = 1.0,
    since: float = -20,
    until: float = 40,
    used: float = 20,
    amps: float = 32.0,
    idle: bool = False,
) -> Held:
    return Held(
        mpan=mpan(number),
        phase=phase,
        amps=amps,
        probability_drawing=p,
        since=T0 + minutes(since),
        until=T0 + minutes(until),
        used_24h_s=used * 60,
        idle=idle,
    )


def decided(
    holds: Sequence[Held],
    allowable: tuple[float, float, float] = WIDE,
    *,
    min_hold_s: float = 0,
    last: Sequence[datetime | None] = (None, None, None),
    margin: float = 0.0,
) -> ReleasePlan:
    return plan_release(
        allowable,
        NOW,
        holds,
        at=T0,
        lead_s=240,
        margin_a=margin,
        min_hold_s=min_hold_s,
        gap_s=120,
        last_release_at=last,
    )


def test_who_has_borne_most_is_released_first_and_alone() -> None:
    plan = decided([held(1, used=20), held(2, used=45), held(3, used=45, since=-30)])
    assert [r.mpan for r in plan.release] == [mpan(3)]
    assert "room" in plan.release[0].reason


def test_a_quarter_of_a_phase_may_go_at_once_where_there_is_room() -> None:
    assert len(decided([held(n) for n in range(8)]).release) == 2
    assert len(decided([held(n) for n in range(7)]).release) == 1


def test_last_one_held_may_go() -> None:
    assert len(decided([held(1)]).release) == 1


def test_two_on_different_phases_do_not_go_together() -> None:
    assert len(decided([held(1, L1), held(2, L2)]).release) == 1


def test_nobody_is_released_into_an_overload() -> None:
    assert decided([held(1), held(2)], (131.0, 1000, 1000)).release == ()
    assert len(decided([held(1), held(2)], (132.0, 1000, 1000)).release) == 1
    assert decided([held(1), held(2)], (132.0, 1000, 1000), margin=1.0).release == ()


def test_idle_charger_is_freed_though_there_is_no_room_for_a_drawing_one() -> None:
    plan = decided([held(1, used=60), held(2, p=0.0, used=5)], (110.0, 1000, 1000))
    assert [r.mpan for r in plan.release] == [mpan(2)]


def test_room_is_kept_for_what_comes_back_by_itself() -> None:
    # one hold ends in two minutes and takes the room that the other would need
    assert decided([held(1, until=2), held(2)], (140.0, 1000, 1000)).release == ()
    assert decided([held(1, until=2), held(2)], (140.0, 1000, 1000)).expiring == (mpan(1),)


def test_end_that_would_overload_asks_for_replacement() -> None:
    plan = decided([held(1, until=2), held(2, L2)], (120.0, 1000, 1000))
    assert plan.replace_a == pytest.approx((12.0, 0.0, 0.0))
    assert decided([held(1, until=10)], (120.0, 1000, 1000)).replace_a == (0.0, 0.0, 0.0)


def test_luck_of_the_draw_is_reckoned_with() -> None:
    # two of p = 0.5: mean 32 A, standard deviation sqrt(2) x 16 = 22.6 A, times 1.28 = 29.0
    plan = decided([held(1, until=2, p=0.5), held(2, until=2, p=0.5)], (100.0, 1000, 1000))
    assert plan.replace_a[0] == pytest.approx(32 + 1.28 * math.sqrt(2) * 16)


def test_shortest_hold_and_the_gap_are_respected() -> None:
    assert decided([held(1, since=-10)], min_hold_s=900).release == ()
    assert decided([held(1)], last=(T0 - minutes(1), None, None)).release == ()
    assert len(decided([held(1)], last=(T0 - minutes(2), None, None)).release) == 1
    assert len(decided([held(1)], last=(None, T0 - minutes(1), None)).release) == 1


def test_blind_feeder_releases_nobody_early() -> None:
    assert decided([held(1), held(2)], (math.nan, 1000, 1000)).release == ()


def test_three_phase_charger_needs_room_everywhere() -> None:
    assert decided([held(1, None), held(2, L1)], (140.0, 140.0, 120.0)).release[0].mpan == mpan(2)


holds = st.lists(
    st.builds(
        held,
        st.integers(0, 40),
        st.sampled_from([L1, L2, L3, None]),
        p=st.floats(0, 1),
        since=st.floats(-120, 0),
        until=st.floats(0.1, 60),
        used=st.floats(0, 120),
        amps=st.sampled_from([16.0, 32.0]),
    ),
    max_size=15,
    unique_by=lambda h: h.mpan,
)


@given(holds, st.tuples(*[st.floats(50, 400)] * 3))
def test_projected_current_with_rebound_stays_under_the_limit(
    street: list[Held], allowable: tuple[float, float, float]
) -> None:
    plan = decided(street, allowable)
    gone = {r.mpan for r in plan.release}
    for phase in PHASES:
        if any(h.mpan in gone and h.touches(phase) for h in street):
            assert plan.projected_a[phase] <= allowable[phase] + 1e-9
    if len(street) > 1:
        assert len(gone) < len(street)
    assert gone.isdisjoint(plan.expiring)


@given(st.integers(1, 30))
def test_with_room_everybody_is_free_after_some_steps(count: int) -> None:
    street = [held(n, PHASES[n % 3], until=200) for n in range(count)]
    steps = 0
    while street:
        gone = {r.mpan for r in decided(street).release}
        assert gone
        street = [h for h in street if h.mpan not in gone]
        steps += 1
    assert steps >= math.ceil(count / 3) / 3


# -- holds that buy nothing -----------------------------------------------------------------------------------


def test_one_shown_not_to_draw_is_freed_before_the_least_hold_and_before_those_who_have_borne_most() -> None:
    holds = [held(1, used=90), held(2, p=0.03, since=-3, used=1, idle=True), held(3), held(4)]
    (first,) = decided(holds, min_hold_s=900).release
    assert first.mpan == mpan(2)
    assert first.reason.startswith("shown not to draw when it was held (probability 0.03 now): its hold buys nothing")


def test_one_shown_not_to_draw_needs_room_only_for_what_is_believed_of_it() -> None:
    idle = [held(n, p=0.05, idle=True) for n in range(4)]
    room_for = (102.0, 102.0, 102.0)  # 32 A x 0.05 = 1.6 A come back in the mean
    assert len(decided(idle, room_for).release) == 1
    assert decided(idle, (101.0,) * 3).release == ()
    assert decided([held(n, p=0.05) for n in range(4)], room_for).release == (), "not shown: luck is reckoned with"
    assert plan_release(room_for, NOW, idle, at=T0, lead_s=240, margin_a=8.0).release == (), "beside the margin"


def test_idle_ones_too_go_a_few_at_a_time_and_after_the_gap() -> None:
    idle = [held(n, p=0.01, idle=True) for n in range(8)]
    assert len(decided(idle).release) == 2
    just_now = [T0 - minutes(1), None, None]
    assert plan_release(WIDE, NOW, idle, at=T0, lead_s=240, gap_s=120, last_release_at=just_now).release == ()


def test_an_idle_one_whose_phase_has_no_room_at_all_stays() -> None:
    assert decided([held(1, p=0.01, idle=True), held(2)], (99.0, 99.0, 99.0)).release == ()
