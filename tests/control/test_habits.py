"""Habits: evidence by hour, mixed with what is known of chargers in general."""

from datetime import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linkbox.control.habits import Habit, share_out

SEVEN = time(19, 30)


def test_without_evidence_the_general_probability_holds() -> None:
    assert Habit().probability(SEVEN, 0.08) == 0.08


def test_one_sure_evening_counts_as_one_of_five() -> None:
    # four evenings of the general prior and one of its own: (4 x 0.08 + 1) / 5; the hours beside it half of that
    habit = Habit().after(SEVEN, 1.0)
    assert habit.probability(SEVEN, 0.08) == pytest.approx(1.32 / 5)
    assert habit.probability(time(20), 0.08) == pytest.approx((0.32 + 0.5) / 4.5)
    assert habit.probability(time(21), 0.08) == 0.08


def test_midnight_has_neighbours() -> None:
    habit = Habit().after(time(0, 5), 1.0)
    assert habit.probability(time(23), 0.0) == habit.probability(time(1), 0.0) == pytest.approx(0.5 / 4.5)


def test_an_even_chance_teaches_nothing() -> None:
    assert Habit().after(SEVEN, 1.0).after(SEVEN, 0.5) == Habit().after(SEVEN, 1.0)


def test_evidence_fades_when_habits_change() -> None:
    habit = Habit()
    for _ in range(40):
        habit = habit.after(SEVEN, 1.0)
    before = habit.probability(SEVEN, 0.08)
    for _ in range(40):
        habit = habit.after(SEVEN, 0.0)
    assert before > 0.8
    assert habit.probability(SEVEN, 0.08) < 0.15


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0, 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_habit_is_a_probability(evidence: list[float], general: float) -> None:
    habit = Habit()
    for p in evidence:
        habit = habit.after(SEVEN, p)
    assert 0.0 <= habit.probability(SEVEN, general) <= 1.0 + 1e-12


def test_senseless_evidence_is_refused() -> None:
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="probability"):
            Habit().after(SEVEN, wrong)
    with pytest.raises(ValueError, match="24 hours"):
        Habit(seen=(0.0,))


@given(
    st.lists(st.tuples(st.floats(6.0, 40.0), st.floats(0.005, 0.995)), min_size=1, max_size=12),
    st.floats(0.02, 0.98),
)
def test_shared_out_by_habit_the_sum_is_what_was_measured(chargers: list[tuple[float, float]], part: float) -> None:
    amps, expected = zip(*chargers, strict=True)
    found = share_out(part * sum(amps), amps, expected)
    assert sum(a * p for a, p in zip(amps, found, strict=True)) == pytest.approx(part * sum(amps), abs=1e-3)
    order = sorted(range(len(expected)), key=lambda i: expected[i])
    assert [found[i] for i in order] == sorted(found), "who is likelier stays likelier"


def test_shared_out_among_equals_all_get_the_rate() -> None:
    assert share_out(16.0, (32.0, 32.0), (0.3, 0.3)) == pytest.approx((0.25, 0.25))


def test_what_no_factor_reaches_gives_the_nearest() -> None:
    assert share_out(100.0, (32.0,), (0.5,)) == pytest.approx((1.0,), abs=1e-6)
    assert share_out(0.0, (32.0,), (0.5,)) == pytest.approx((0.0,), abs=1e-6)
