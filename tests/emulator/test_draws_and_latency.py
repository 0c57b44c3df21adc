"""Randomness by key, and the delays drawn with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.emulator.draws import Draws
from linkbox.emulator.latency import Latency, LatencyPlan

ANY_KEY = st.tuples(st.text(max_size=5), st.integers())


@given(st.integers(), ANY_KEY)
def test_a_draw_depends_on_seed_and_key_only(seed: int, key: tuple[str, int]) -> None:
    used = Draws(seed)
    for other in range(5):
        used.uniform("other", other)
    assert used.uniform(*key) == Draws(seed).uniform(*key)
    assert 0.0 < used.uniform(*key) < 1.0


def test_draws_of_different_seeds_and_keys_differ() -> None:
    assert len({Draws(seed).uniform(key) for seed in range(10) for key in range(10)}) == 100


def test_draws_are_uniform() -> None:
    draws = [Draws(7).uniform("k", n) for n in range(4000)]
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=0.02)  # standard error 0.289 / sqrt(4000) = 0.0046
    assert sum(d < 0.1 for d in draws) / len(draws) == pytest.approx(0.1, abs=0.02)


def test_what_has_no_probability_never_happens_and_what_is_certain_always() -> None:
    draws = Draws(1)
    assert not any(draws.happens(0.0, n) for n in range(100))
    assert all(draws.happens(1.0, n) for n in range(100))


def test_a_latency_has_the_median_and_percentile_asked_for() -> None:
    delays = sorted(Latency(median_s=2.0, p95_s=9.0).delay_s(Draws(3), n) for n in range(4000))
    assert delays[2000] == pytest.approx(2.0, rel=0.1)
    assert delays[3800] == pytest.approx(9.0, rel=0.15)


@given(st.integers(), st.integers())
def test_a_latency_stays_within_its_bounds(seed: int, key: int) -> None:
    latency = Latency(median_s=1.0, p95_s=30.0, minimum_s=0.5, maximum_s=40.0)
    assert 0.5 <= latency.delay_s(Draws(seed), key) <= 40.0


@pytest.mark.parametrize(("median", "p95"), [(0.0, 1.0), (2.0, 1.0), (1.0, 1000.0), (-1.0, 2.0)])
def test_an_impossible_latency_is_refused(median: float, p95: float) -> None:
    with pytest.raises(InvalidInput, match="minimum <= median <= p95 <= maximum"):
        Latency(median_s=median, p95_s=p95)


def test_a_region_that_is_not_in_the_plan_has_a_delay_too() -> None:
    assert LatencyPlan().one_way_s(Draws(1), region="Atlantis", hub="dual-band", key=("a",)) > 0.0
