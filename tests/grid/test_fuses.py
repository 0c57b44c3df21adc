"""The fuse model against published curve points, the reference's table and hand calculations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.fuses import CURVE_POINTS_A
from linkbox.grid.limits import fuse_time_to_melt_s
from linkbox.grid.network import FUSES
from linkbox.grid.thermal import FuseParameters, fuse_steady, fuse_step

COLD = np.zeros((2, 1, 1))

# Reference section 1.1, computed with parameters rounded to 3 figures: hours to melt from cold at these multiples.
MULTIPLES = (1.4, 1.5, 1.6, 1.75, 2.0, 2.5, 3.0)
HOURS_TO_MELT = {
    250: (4.8, 3.0, 2.2, 1.5, 0.88, 0.34, 0.09),
    315: (7.1, 3.0, 2.0, 1.3, 0.73, 0.23, 0.02),
    400: (5.0, 3.0, 2.2, 1.5, 0.90, 0.37, 0.13),
    630: (7.2, 4.0, 2.8, 1.9, 1.09, 0.39, 0.08),
}


def amps(value: float) -> np.ndarray:
    return np.full((1, 1), value)


@pytest.mark.parametrize("rating", sorted(CURVE_POINTS_A))
def test_fuse_melts_at_the_published_time_of_every_curve_point(rating: int) -> None:
    fuse = FuseParameters.of([FUSES[rating]])
    for current_a, melts_after_s in CURVE_POINTS_A[rating]:
        assert fuse_time_to_melt_s(COLD, amps(current_a), fuse).item() == pytest.approx(melts_after_s, rel=1e-4)


@pytest.mark.parametrize("rating", sorted(HOURS_TO_MELT))
def test_fuse_reproduces_the_table_of_hours_to_melt(rating: int) -> None:
    fuse = FuseParameters.of([FUSES[rating]])
    for multiple, hours in zip(MULTIPLES, HOURS_TO_MELT[rating], strict=True):
        got = fuse_time_to_melt_s(COLD, amps(multiple * rating), fuse).item() / 3600
        assert got == pytest.approx(hours, abs=0.06 if hours > 1 else 0.006)


def test_small_fuses_have_the_curve_of_the_250_a_fuse_scaled_with_the_rating() -> None:
    big, small = FuseParameters.of([FUSES[250]]), FuseParameters.of([FUSES[200]])
    assert fuse_time_to_melt_s(COLD, amps(360.0), small) == pytest.approx(
        fuse_time_to_melt_s(COLD, amps(450.0), big), rel=1e-9
    )
    assert "250 A row" in FUSES[100].source


def test_steady_state_is_the_square_of_current_over_melting_current() -> None:
    fuse = FuseParameters.of([FUSES[400]])
    assert fuse_steady(amps(400.0), fuse).sum() == pytest.approx((1 / 1.350232) ** 2)


def test_one_step_is_the_hand_calculation() -> None:
    # 400 A fuse, 600 A for one minute from cold: m = (600/540.0928)^2 = 1.234143
    # element 0.147054*1.234143*(1-exp(-60/24.63275)) = 0.165603
    # body 0.852946*1.234143*(1-exp(-60/7184.978)) = 0.008754
    fuse = FuseParameters.of([FUSES[400]])
    element, body = fuse_step(COLD, amps(600.0), fuse, 60.0).ravel()
    assert element == pytest.approx(0.181485 * (1 - math.exp(-60 / 24.63275)), rel=1e-4)
    assert body == pytest.approx(1.052657 * (1 - math.exp(-60 / 7184.978)), rel=1e-4)
    assert element == pytest.approx(0.1656, abs=2e-4)
    assert body == pytest.approx(0.00875, abs=2e-5)


def test_no_fuse_melts_at_the_conventional_non_fusing_current_and_every_fuse_melts_at_the_fusing_current() -> None:
    for rating, spec in FUSES.items():
        fuse = FuseParameters.of([spec])
        conventional_s = 3 * 3600.0 if rating <= 400 else 4 * 3600.0
        assert fuse_time_to_melt_s(COLD, amps(1.25 * rating), fuse).item() > conventional_s
        assert fuse_time_to_melt_s(COLD, amps(1.6 * rating), fuse).item() < conventional_s


def test_pessimistic_fuse_may_melt_from_just_over_one_and_a_quarter_times_its_rating() -> None:
    spec = FUSES[315].pessimistic()
    fuse = FuseParameters.of([spec])
    assert spec.melt_current_a == pytest.approx(393.75)
    assert np.isinf(fuse_time_to_melt_s(COLD, amps(393.0), fuse)).all()
    assert np.isfinite(fuse_time_to_melt_s(COLD, amps(395.0), fuse)).all()
    assert "1.25 In" in spec.source


@given(current_a=st.floats(0, 2000), element=st.floats(0, 1), body=st.floats(0, 1))
def test_sixty_one_minute_steps_are_one_step_of_an_hour(current_a: float, element: float, body: float) -> None:
    fuse = FuseParameters.of([FUSES[200]])
    terms = np.array([element, body]).reshape(2, 1, 1)
    stepped = terms
    for _ in range(60):
        stepped = fuse_step(stepped, amps(current_a), fuse, 60.0)
    np.testing.assert_allclose(stepped, fuse_step(terms, amps(current_a), fuse, 3600.0), rtol=1e-9, atol=1e-12)


@given(less=st.floats(0, 3000), more=st.floats(0, 3000), rating=st.sampled_from(sorted(FUSES)))
def test_more_current_never_lengthens_the_time_to_melt(less: float, more: float, rating: int) -> None:
    less, more = sorted((less, more))
    fuse = FuseParameters.of([FUSES[rating]])
    warm = fuse_steady(amps(0.5 * rating), fuse)
    assert fuse_time_to_melt_s(warm, amps(more), fuse).item() <= fuse_time_to_melt_s(warm, amps(less), fuse).item()
