"""Jain's index against its definition's two ends and a hand calculation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.control.fairness import jain_index


def test_equal_burdens_are_fair_and_a_single_bearer_is_not() -> None:
    assert jain_index([30, 30, 30]) == pytest.approx(1.0)
    assert jain_index([90, 0, 0]) == pytest.approx(1 / 3)
    assert jain_index([]) == 1.0
    assert jain_index([0, 0]) == 1.0


def test_hand_calculation() -> None:
    # (30 + 60 + 0)^2 / (3 x (900 + 3600)) = 8100 / 13500
    assert jain_index([30, 60, 0]) == pytest.approx(0.6)


def test_negative_burden_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        jain_index([1, -1])


@given(st.lists(st.floats(0, 500), min_size=1))
def test_index_lies_between_one_over_n_and_one(burdens: list[float]) -> None:
    assert 1 / len(burdens) - 1e-9 <= jain_index(burdens) <= 1 + 1e-9
