"""Plans: hand-worked cases, and the exact minimum against every subset."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.phases import PHASES, Phase
from linkbox.control.cover import Amps3, Item, cheapest_cover
from linkbox.control.greedy import greedy_cover
from linkbox.control.planning import Charger, CurtailmentPlan, PlanMethod, PlanningError, plan
from tests.control.permits import T0, mpan, permit_for

L1, L2, L3 = PHASES


def charger(
    number: int,
    phase: Phase | None = L1,
    amps: float = 32.0,
    p: float = 1.0,
    *,
    left_min: int = 120,
    day_min: float = 0,
    month_min: float = 0,
    held: bool = False,
    three_phase: bool = False,
) -> Charger:
    return Charger(
        mpan=mpan(number),
        permit=permit_for(mpan(number)),
        phase=phase,
        amps=amps,
        probability_drawing=p,
        remaining_s=left_min * 60,
        used_24h_s=day_min * 60,
        used_30d_s=month_min * 60,
        held_now=held,
        three_phase=three_phase,
    )


def chosen(answer: CurtailmentPlan) -> set[str]:
    return {c.mpan for c in answer.commands}


def test_one_charger_is_taken_where_one_suffices() -> None:
    answer = plan((20.0, 0.0, 0.0), [charger(n) for n in range(5)], hold_s=1800, at=T0)
    assert len(answer.commands) == 1
    assert answer.shortfall_a == (0.0, 0.0, 0.0)
    assert answer.expected_relief_a == (32.0, 0.0, 0.0)
    assert answer.method is PlanMethod.PREFIX_ENUMERATION


def test_nothing_needed_takes_nobody() -> None:
    answer = plan((0.0, 0.0, 0.0), [charger(1)], hold_s=1800, at=T0)
    assert answer.commands == ()
    assert answer.sufficient


def test_who_has_borne_less_is_asked_first() -> None:
    # 100 x (1 + 3 x 60/480) = 137.5 against 100 x (1 + 2 x 15/120) = 125 against 100
    street = [charger(1, month_min=60), charger(2, day_min=15), charger(3)]
    assert [c.weight for c in street] == [137.5, 125.0, 100.0]
    assert chosen(plan((10.0, 0, 0), street, hold_s=900, at=T0)) == {mpan(3)}
    assert chosen(plan((40.0, 0, 0), street, hold_s=900, at=T0)) == {mpan(2), mpan(3)}


def test_a_charger_held_already_is_kept_among_equals() -> None:
    street = [charger(1), charger(2, held=True), charger(3)]
    assert chosen(plan((10.0, 0, 0), street, hold_s=900, at=T0)) == {mpan(2)}


def test_three_phase_charger_beats_three_single_ones() -> None:
    street = [charger(1, L1, 16), charger(2, L2, 16), charger(3, L3, 16), charger(4, None, 16, three_phase=True)]
    assert chosen(plan((10.0, 10.0, 10.0), street, hold_s=900, at=T0)) == {mpan(4)}


def test_charger_of_unknown_phase_counts_a_third_on_each() -> None:
    answer = plan((10.0, 0, 0), [charger(1, None, 32)], hold_s=900, at=T0)
    assert answer.expected_relief_a == pytest.approx((32 / 3, 32 / 3, 32 / 3))


def test_hold_ends_with_the_quota_and_says_so() -> None:
    answer = plan((10.0, 0, 0), [charger(1, left_min=20)], hold_s=1800, at=T0)
    assert answer.commands[0].duration_s == 20 * 60
    assert "no more is left" in answer.commands[0].reason


def test_charger_with_less_than_the_shortest_hold_left_is_no_candidate() -> None:
    answer = plan((10.0, 0, 0), [charger(1, left_min=14)], hold_s=1800, at=T0)
    assert answer.commands == ()
    assert answer.shortfall_a == (10.0, 0.0, 0.0)
    assert "only 14 min left" in answer.passed_over[0].reason


def test_stale_permit_is_no_permit() -> None:
    for at in (T0 + timedelta(seconds=61), T0 - timedelta(seconds=1)):
        answer = plan((10.0, 0, 0), [charger(1)], hold_s=1800, at=at)
        assert answer.commands == ()
        assert "permit" in answer.passed_over[0].reason


def test_part_of_a_minute_left_is_not_commanded() -> None:
    odd = Charger(
        mpan=mpan(1),
        permit=permit_for(mpan(1)),
        phase=L1,
        amps=32,
        probability_drawing=1,
        remaining_s=1019,
        used_24h_s=0,
        used_30d_s=0,
    )
    assert plan((10.0, 0, 0), [odd], hold_s=1800, at=T0).commands[0].duration_s == 960


def test_plan_that_can_not_suffice_takes_all_that_help_and_reports_the_rest() -> None:
    street = [charger(1), charger(2), charger(3, L2), charger(4, L1, p=0.0)]
    answer = plan((100.0, 0, 0), street, hold_s=900, at=T0)
    assert chosen(answer) == {mpan(1), mpan(2)}
    assert answer.shortfall_a == (36.0, 0.0, 0.0)
    assert not answer.sufficient


def test_every_charger_gets_a_reason_chosen_or_not() -> None:
    street = [charger(n, PHASES[n % 3], p=0.8, day_min=n) for n in range(6)]
    answer = plan((20.0, 0, 0), street, hold_s=900, at=T0)
    assert len(answer.commands) + len(answer.passed_over) == 6
    assert "25.6 of 20.0 A on L1" in answer.commands[0].reason
    assert "probability 0.80" in answer.commands[0].reason
    assert all(x.reason for x in answer.passed_over)


@pytest.mark.parametrize("required", [(-1.0, 0, 0), (float("nan"), 0, 0), (float("inf"), 0, 0)])
def test_senseless_requirement_is_refused(required: Amps3) -> None:
    with pytest.raises(PlanningError, match="required_a"):
        plan(required, [], hold_s=900, at=T0)


def test_senseless_chargers_are_refused() -> None:
    with pytest.raises(PlanningError, match="twice"):
        plan((1.0, 0, 0), [charger(1), charger(1)], hold_s=900, at=T0)
    with pytest.raises(PlanningError, match="hold_s"):
        plan((1.0, 0, 0), [], hold_s=7260, at=T0)
    with pytest.raises(PlanningError, match="another connection point"):
        Charger(
            mpan=mpan(1),
            permit=permit_for(mpan(2)),
            phase=L1,
            amps=32,
            probability_drawing=1,
            remaining_s=0,
            used_24h_s=0,
            used_30d_s=0,
        )


amps = st.sampled_from([0.0, 4.0, 16.0, 32.0])
nominal = st.one_of(
    st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from([16.0, 32.0])).map(
        lambda t: (t[1] * (t[0] == 0), t[1] * (t[0] == 1), t[1] * (t[0] == 2))
    ),
    st.sampled_from([16.0, 32.0]).map(lambda a: (a, a, a)),
)
uneven = st.tuples(*[st.one_of(st.just(0.0), st.floats(0.5, 32))] * 3)
needs = st.tuples(*[st.one_of(st.just(0.0), st.floats(0.0, 90.0))] * 3)


def items(relief: st.SearchStrategy[Amps3]) -> st.SearchStrategy[list[Item]]:
    return st.lists(st.builds(Item, relief_a=relief, weight=st.floats(80, 600), tie=st.integers(0, 9)), max_size=9)


def every_subset(need: Amps3, street: list[Item]) -> tuple[float, float]:
    """Least (shortfall, cost) over all subsets."""
    best = (float("inf"), float("inf"))
    for size in range(len(street) + 1):
        for subset in combinations(street, size):
            left = [need[p] - sum(i.relief_a[p] for i in subset) for p in range(3)]
            short = sum(a for a in left if a > 1e-6)
            best = min(best, (round(short, 5), sum(i.weight for i in subset)))
    return best


@given(needs, st.one_of(items(nominal), items(uneven)))
@settings(deadline=None)
def test_exact_cover_equals_the_best_of_all_subsets(need: Amps3, street: list[Item]) -> None:
    cover = cheapest_cover(need, street)
    assert cover is not None
    short, cost = every_subset(need, street)
    assert sum(cover.shortfall_a) == pytest.approx(short, abs=2e-5)
    assert cover.cost == pytest.approx(cost, rel=1e-9)


@given(needs, st.one_of(items(nominal), items(uneven)))
@settings(deadline=None)
def test_no_charger_could_have_been_spared(need: Amps3, street: list[Item]) -> None:
    cover = cheapest_cover(need, street)
    assert cover is not None
    for spared in cover.chosen:
        rest = [street[i] for i in cover.chosen if i != spared]
        left = [need[p] - sum(i.relief_a[p] for i in rest) for p in range(3)]
        assert sum(max(0.0, a) for a in left) > sum(cover.shortfall_a)


@given(needs, st.one_of(items(nominal), items(uneven)))
@settings(deadline=None)
def test_fallback_is_never_better_than_exact(need: Amps3, street: list[Item]) -> None:
    exact, fallback = cheapest_cover(need, street), greedy_cover(need, street)
    assert exact is not None
    if not any(fallback.shortfall_a):
        assert not any(exact.shortfall_a)
        assert fallback.cost >= exact.cost - 1e-6
    assert sum(fallback.shortfall_a) >= sum(exact.shortfall_a) - 1e-5


def test_too_many_different_three_phase_chargers_go_to_the_solver_and_without_it_fall_back_and_say_so() -> None:
    street = [charger(n, None, 16 + n / 10, three_phase=True) for n in range(20)]
    assert plan((30.0, 30.0, 30.0), street, hold_s=900, at=T0).method is PlanMethod.CP_SAT
    answer = plan((30.0, 30.0, 30.0), street, hold_s=900, at=T0, effort=0)
    assert answer.method is PlanMethod.GREEDY_SWAP
    assert answer.sufficient
    assert "greedy-swap" in answer.commands[0].reason
