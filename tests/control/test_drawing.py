"""The probability that a charger draws: the prior against the data it comes from, Bayes against full enumeration."""

import csv
import lzma
import math
import os
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.phases import PHASES, Phase
from linkbox.control.drawing import (
    PRIOR_BY_HOUR,
    SESSIONS_PER_DAY,
    Belief,
    expected_current_a,
    learn,
    prior,
    relax,
)
from tests.control.permits import mpan

DATA = Path(os.environ.get("LINKBOX_DATA", Path(__file__).parents[2] / "../shared/data"))
SESSIONS = DATA / "norway-home-charging-sessions.csv.xz"


def believed(number: int, p: float, phase: Phase | None = Phase.L1, amps: float = 32.0) -> Belief:
    return Belief.of(mpan(number), amps, p, phase)


@pytest.mark.skipif(not SESSIONS.exists(), reason="the Norwegian sessions are not there (LINKBOX_DATA)")
def test_prior_is_what_the_norwegian_sessions_say() -> None:
    with lzma.open(SESSIONS, "rt") as file:
        sessions = [
            (row["user_id"], datetime.fromisoformat(row["plugin_time"]), float(row["energy_session"]))
            for row in csv.DictReader(file)
        ]
    by_user: dict[str, list[datetime]] = {}
    for user, start, _ in sessions:
        by_user.setdefault(user, []).append(start)

    def counts(day: datetime) -> bool:
        return day.weekday() < 5 and day.month in (11, 12, 1, 2, 3)

    days = 0
    for starts in by_user.values():
        first, last = min(starts).date(), max(starts).date()
        every = (datetime.combine(first, time(0)) + timedelta(days=n) for n in range((last - first).days + 1))
        days += sum(map(counts, every))
    drawing_s = [0.0] * 24
    for _, start, kwh in sessions:
        now, left_s = start, kwh / 7.4 * 3600
        while left_s > 0:
            hour_ends = now.replace(minute=0, second=0) + timedelta(hours=1)
            part = min(left_s, (hour_ends - now).total_seconds())
            drawing_s[now.hour] += part * counts(now)
            now, left_s = hour_ends, left_s - part
    assert [s / 3600 / days for s in drawing_s] == pytest.approx(list(PRIOR_BY_HOUR), abs=0.0006)


def test_prior_peaks_in_the_evening_without_a_tariff() -> None:
    assert max(range(24), key=lambda h: prior(time(h))) == 17
    assert prior(time(18, 30)) == PRIOR_BY_HOUR[18]


def test_cheap_hours_start_a_herd_that_thins_out() -> None:
    def at(hour: int, minute: int) -> float:
        return prior(time(hour, minute), tariff_start=time(0, 30), tariff_share=1.0)

    assert at(0, 30) == SESSIONS_PER_DAY
    # half the sessions need more than the median of 9.2 kWh, which 32 A x 230 V deliver in 75 min
    assert at(1, 45) == pytest.approx(SESSIONS_PER_DAY / 2, rel=0.01)
    assert at(18, 0) < 0.001
    assert at(0, 30) > at(1, 0) > at(2, 0) > at(6, 0)


def test_drop_of_one_charger_among_three_tells_how_many_not_which() -> None:
    after = learn([believed(n, 0.5) for n in range(3)], (32.0, 0.0, 0.0), sigma_a=5.0)
    # k = 1 of |S| = 3
    assert [b.probability for b in after] == pytest.approx([1 / 3] * 3, abs=0.02)


def test_no_drop_means_nobody_was_drawing() -> None:
    after = learn([believed(n, 0.5) for n in range(3)], (0.5, 0.0, 0.0), sigma_a=4.0)
    # all idle: 1/8 x 1; any given one drawing: 4 of 8 combinations x 2 % outliers = 0.01; 0.01 / (0.125 + 7/8 x 0.02)
    assert [b.probability for b in after] == pytest.approx([0.07] * 3, abs=0.002)


def test_belief_survives_the_odd_measurement() -> None:
    after = learn([believed(1, 0.9)], (400.0, 0.0, 0.0), sigma_a=4.0)
    assert after[0].probability == pytest.approx(0.9, abs=0.01)


def test_drop_shows_the_phase_of_a_charger() -> None:
    (after,) = learn([believed(1, 0.6, None)], (1.0, 30.0, -2.0), sigma_a=4.0)
    assert after.probability > 0.9
    assert after.phase_probability[Phase.L2] > 0.9


def test_three_phase_charger_is_seen_on_all_phases() -> None:
    both = [Belief.of(mpan(1), 16.0, 0.5, None, three_phase=True), believed(2, 0.5, Phase.L1, 16.0)]
    three, single = learn(both, (16.0, 16.0, 16.0), sigma_a=3.0)
    assert three.probability > 0.95
    assert single.probability < 0.6


def test_phase_that_was_not_measured_teaches_nothing() -> None:
    before = believed(1, 0.4)
    assert learn([before], (math.nan, 0.0, 0.0), sigma_a=4.0)[0].probability == pytest.approx(0.4)


def test_error_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="sigma_a"):
        learn([believed(1, 0.5)], (0.0, 0.0, 0.0), sigma_a=0.0)


def test_belief_ages_towards_the_prior() -> None:
    sure = believed(1, 0.95)
    assert relax(sure, 0.1, 0.0).probability == pytest.approx(0.95)
    assert relax(sure, 0.1, 3600.0).probability < 0.7
    assert relax(sure, 0.1, 10 * 3600.0).probability == pytest.approx(0.1, abs=0.01)


chargers = st.lists(st.tuples(st.floats(0.02, 0.98), st.sampled_from([16.0, 32.0])), min_size=1, max_size=6).map(
    lambda rows: [believed(n, p, Phase.L1, a) for n, (p, a) in enumerate(rows)]
)


@given(chargers, st.floats(-20, 150), st.floats(2, 20))
@settings(deadline=None)
def test_learning_equals_summing_over_every_combination(
    before: Sequence[Belief], measured: float, sigma: float
) -> None:
    total, drawing = 0.0, [0.0] * len(before)
    for combination in product((0, 1), repeat=len(before)):
        current = sum(x * b.amps for x, b in zip(combination, before, strict=True))
        likelihood = 0.98 * math.exp(-0.5 * ((measured - current) / sigma) ** 2) + 0.02
        weight = likelihood * math.prod(
            b.probability if x else 1 - b.probability for x, b in zip(combination, before, strict=True)
        )
        total += weight
        for i, x in enumerate(combination):
            drawing[i] += x * weight
    after = learn(before, (measured, 0.0, 0.0), sigma_a=sigma)
    wanted = [min(0.995, max(0.005, d / total)) for d in drawing]
    assert [b.probability for b in after] == pytest.approx(wanted, abs=1e-6)


@given(chargers)
def test_expected_current_is_the_sum_of_the_means(street: Sequence[Belief]) -> None:
    assert expected_current_a(street) == pytest.approx((sum(b.amps * b.probability for b in street), 0.0, 0.0))


def test_phases_are_independent_where_they_are_known() -> None:
    street = [believed(n, 0.5, PHASES[n % 3]) for n in range(6)]
    after = learn(street, (64.0, 0.0, 32.0), sigma_a=3.0)
    assert [round(b.probability, 1) for b in after] == [1.0, 0.0, 0.5, 1.0, 0.0, 0.5]
