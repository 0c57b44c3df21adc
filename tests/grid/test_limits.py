"""Inversion: an allowed current, flowing for its time, ends at its level; times to a limit are the model's own."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from linkbox.grid.limits import (
    MAX_TRANSFORMER_LOAD_PU,
    cable_allowable_a,
    fuse_allowable_a,
    fuse_time_to_melt_s,
    time_to_level_s,
    transformer_allowable_a,
)
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS
from linkbox.grid.thermal import (
    CableParameters,
    FuseParameters,
    TransformerParameters,
    cable_degc,
    cable_steady,
    cable_step,
    fuse_steady,
    fuse_step,
    hot_spot_degc,
    load_per_unit,
    transformer_steady,
    transformer_step,
)

FUSE = FuseParameters.of([FUSES[200].pessimistic()])
CABLE = CableParameters.of([CABLES["4c_70"]])
TRANSFORMER = TransformerParameters.of([TRANSFORMERS[500]])


def amps(value: float) -> np.ndarray:
    return np.full((1, 3), value)


def test_time_to_level_of_one_lag_is_its_logarithm() -> None:
    # from 0 towards 2 with tau 100 s, 1 is reached after 100 ln 2 = 69.3147 s
    got = time_to_level_s(np.zeros((1, 1)), np.full((1, 1), 2.0), np.full((1, 1), 100.0), 1.0)
    np.testing.assert_allclose(got, 100.0 * np.log(2.0), rtol=1e-7)


def test_time_to_level_is_zero_when_it_is_reached_and_infinite_when_it_never_is() -> None:
    terms, tau = np.array([[1.2, 0.2]]), np.array([[100.0, 100.0]])
    assert time_to_level_s(terms, np.array([[0.5, 0.9]]), tau, 1.0).tolist() == [0.0, np.inf]


def test_first_passage_is_found_where_the_state_rises_and_falls_again() -> None:
    # body 0.75 falling to 0, element rising to 0.3 within a minute: over 1 only for a while
    terms = np.array([[0.0], [0.75]])
    got = time_to_level_s(terms, np.array([[0.3], [0.0]]), np.array([[25.0], [7677.0]]), 1.0).item()
    assert 25.0 < got < 100.0


@given(preload=st.floats(0, 200), current_a=st.floats(251, 2000))
def test_fuse_is_just_at_its_limit_after_the_time_to_melt(preload: float, current_a: float) -> None:
    warm = fuse_steady(amps(preload), FUSE)
    after_s = fuse_time_to_melt_s(warm, amps(current_a), FUSE)
    assume(after_s[0, 0] < 86400.0)
    np.testing.assert_allclose(fuse_step(warm, amps(current_a), FUSE, after_s).sum(axis=0), 1.0, rtol=1e-6)


@given(preload=st.floats(0, 235), after_min=st.integers(10, 240), level=st.floats(0.5, 0.99))
def test_fuse_holding_the_allowed_current_ends_at_the_level(preload: float, after_min: int, level: float) -> None:
    warm = fuse_steady(amps(preload), FUSE)
    allowed = fuse_allowable_a(warm, FUSE, level=level, after_s=60.0 * after_min)
    end = fuse_step(warm, allowed, FUSE, 60.0 * after_min).sum(axis=0)
    assert (end <= level + 1e-9).all() or (allowed == 0.0).all()
    states = [fuse_step(warm, allowed, FUSE, float(t)).sum(axis=0) for t in np.linspace(1, 60 * after_min, 200)]
    assert np.max(states) <= max(1.0, warm.sum(axis=0).max()) + 1e-3
    peak_binds = np.max(states) > 0.999
    assert (end >= level - 1e-9).all() or peak_binds


@given(preload=st.floats(0, 230))
def test_fuse_allowed_current_for_a_very_long_time_is_the_steady_one(preload: float) -> None:
    warm = fuse_steady(amps(preload), FUSE)
    allowed = fuse_allowable_a(warm, FUSE, level=0.95, after_s=30 * 86400.0)
    np.testing.assert_allclose(allowed, np.sqrt(0.95) * 250.0, rtol=1e-6)


@given(preload=st.floats(0, 190), after_min=st.integers(30, 480), level=st.floats(0.7, 0.99))
def test_cable_holding_the_allowed_current_never_passes_the_level(preload: float, after_min: int, level: float) -> None:
    warm = cable_steady(amps(preload), CABLE)
    allowed = cable_allowable_a(warm, CABLE, level=level, after_s=60.0 * after_min)
    terms = warm
    for _ in range(after_min):
        terms = cable_step(terms, allowed, CABLE, 60.0)
    end = terms.sum(axis=0) / CABLE.rated_rise_k
    assert (end <= level + 1e-9).all() or (allowed == 0.0).all()
    assert (cable_degc(terms, CABLE) <= 80.0 + 1e-6).all()


def test_cable_at_its_hold_level_may_carry_the_current_that_keeps_it_there() -> None:
    hold = 0.95
    at_hold = CABLE.shares * CABLE.rated_rise_k * hold + np.zeros((5, 1, 3))
    allowed = cable_allowable_a(at_hold, CABLE, level=hold, after_s=3600.0)
    np.testing.assert_allclose(allowed, np.sqrt(hold) * 197.2, rtol=1e-6)


@given(preload=st.floats(0, 1.0), after_min=st.integers(10, 240), ambient_degc=st.floats(-10, 30))
def test_transformer_at_the_allowed_load_ends_at_a_limit(preload: float, after_min: int, ambient_degc: float) -> None:
    ambient = np.array([ambient_degc])
    warm = transformer_steady(np.array([preload]), np.array([preload]), ambient, TRANSFORMER)
    allowed = transformer_allowable_a(warm, ambient, TRANSFORMER, level=0.95, after_s=60.0 * after_min)
    oil_pu, winding_pu = load_per_unit(np.full((1, 3), allowed.item()), TRANSFORMER)
    end = transformer_step(warm, oil_pu, winding_pu, TRANSFORMER, ambient_degc=ambient, dt_s=60.0 * after_min)
    hot_cap, oil_cap = (ambient_degc + 0.95 * (limit - ambient_degc) for limit in (120.0, 105.0))
    assert hot_spot_degc(end).item() <= hot_cap + 1e-6
    assert end[0].item() <= oil_cap + 1e-6
    assert winding_pu.item() <= MAX_TRANSFORMER_LOAD_PU + 1e-9
    used = (hot_spot_degc(end).item() - hot_cap, end[0].item() - oil_cap, 50 * (winding_pu.item() - 1.5))
    assert max(used) > -0.01


@given(a=st.floats(0, 240), b=st.floats(0, 240))
def test_a_warmer_fuse_never_may_carry_more(a: float, b: float) -> None:
    cool, warm = sorted((a, b))
    cool_a, warm_a = (
        fuse_allowable_a(fuse_steady(amps(p), FUSE), FUSE, level=0.95, after_s=3600.0) for p in (cool, warm)
    )
    assert (warm_a <= cool_a + 1e-9).all()
