"""The transformer recursion against transformer-thermal-model 0.6.0 (recorded) and hand calculations."""

from __future__ import annotations

from dataclasses import replace
from math import exp, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.grid.limits import transformer_time_to_limit_s
from linkbox.grid.network import TRANSFORMERS, TransformerSpec
from linkbox.grid.thermal import (
    TransformerParameters,
    hot_spot_degc,
    load_per_unit,
    transformer_steady,
    transformer_step,
)

# transformer-thermal-model 0.6.0 run in its own environment: DistributionTransformer(load_loss=3900, no_load_loss=459,
# nom_load_sec_side=667, top_oil_temp_rise=55, winding_oil_gradient=23, hot_spot_fac=1, amb_temp_surcharge=0), minute k
# with load 667 * (0.6 + 0.7 sin(k/97)^2) A and ambient 8 + 3 sin(k/200) degC, started at ambient: (top oil, hot spot).
RECORDED_DEGC = {
    1: (8.15446987368971, 9.348197661327209),
    2: (8.308236301293084, 10.556135506111398),
    30: (12.524536935448353, 23.58491344509401),
    60: (17.60821061867583, 33.349072364837795),
    120: (32.22720277554348, 62.44402051756214),
    240: (54.61082972655947, 74.82539790374344),
    360: (49.31804990440729, 64.14709731196436),
    480: (64.37781266117591, 98.43174901155191),
}

# The same package with its defaults (oil rise 60 K plus 10 K indoor surcharge, gradient 1.2 * 23 K) and losses of
# 4800/600 W, minute by minute: (ambient, steady preload, load): hours to hot spot 120 degC and to top oil 105 degC.
TABLE = {
    (5.0, 0.4, 1.3): (2.967, 10.233),
    (5.0, 0.4, 1.5): (1.417, 4.017),
    (5.0, 0.7, 1.3): (2.100, 9.367),
    (5.0, 0.7, 1.5): (0.783, 3.383),
    (20.0, 0.4, 1.3): (1.733, 4.517),
    (20.0, 0.4, 1.5): (0.800, 2.700),
    (20.0, 0.7, 1.3): (0.867, 3.650),
    (20.0, 0.7, 1.5): (0.300, 2.067),
}


def one(spec: TransformerSpec) -> TransformerParameters:
    return TransformerParameters.of([spec])


def pu(value: float) -> np.ndarray:
    return np.array([value])


def test_recursion_equals_the_package_to_a_billionth_of_a_kelvin() -> None:
    unit = one(replace(TRANSFORMERS[500], rated_current_a=667.0, loss_ratio=3900 / 459))
    terms = np.array([[8.0], [0.0], [0.0]])
    for k in range(1, 481):
        load = pu(0.6 + 0.7 * sin(k / 97) ** 2)
        terms = transformer_step(terms, load, load, unit, ambient_degc=8.0 + 3.0 * sin(k / 200), dt_s=60.0)
        if k in RECORDED_DEGC:
            assert terms[0].item() == pytest.approx(RECORDED_DEGC[k][0], abs=1e-9)
            assert hot_spot_degc(terms).item() == pytest.approx(RECORDED_DEGC[k][1], abs=1e-9)


@pytest.mark.parametrize(("ambient", "preload", "load"), sorted(TABLE))
def test_hours_to_the_limits_are_those_of_the_package(ambient: float, preload: float, load: float) -> None:
    spec = replace(TRANSFORMERS[500], loss_ratio=8.0, top_oil_rise_k=70.0, hot_spot_gradient_k=1.2 * 23.0)
    hot_only = one(replace(spec, top_oil_limit_degc=1e6))
    oil_only = one(replace(spec, hot_spot_limit_degc=1e6))
    air = np.array([ambient])
    warm = transformer_steady(pu(preload), pu(preload), air, hot_only)
    phases = np.full((1, 3), load * spec.rated_current_a)
    for unit, hours in zip((hot_only, oil_only), TABLE[ambient, preload, load], strict=True):
        got = transformer_time_to_limit_s(warm, phases, air, unit).item() / 3600
        assert got == pytest.approx(hours, abs=1.1 / 60)


def test_rated_load_in_twenty_degrees_gives_ninety_eight_degrees() -> None:
    for spec in TRANSFORMERS.values():
        assert hot_spot_degc(transformer_steady(pu(1.0), pu(1.0), 20.0, one(spec))).item() == pytest.approx(98.0)


def test_one_step_is_the_hand_calculation() -> None:
    # 500 kVA, R 8.5, K 1.2 from 10 degC for 10 min: ((1+8.5*1.44)/9.5)^0.8 = 1.39368^0.8 = 1.30417; * 55 = 71.73
    # top oil 10 + 71.73*(1-exp(-10/180)) = 13.876 ; gradient 23*1.2^1.6*(1-exp(-10/8)) = 23*1.33875*0.713495 = 21.969
    got = transformer_step(
        np.array([[10.0], [0.0], [0.0]]), pu(1.2), pu(1.2), one(TRANSFORMERS[500]), ambient_degc=10.0, dt_s=600.0
    )
    assert got[0].item() == pytest.approx(10 + 71.73 * (1 - exp(-10 / 180)), abs=0.01)
    assert got[1].item() == pytest.approx(21.969, abs=0.01)
    assert got[2].item() == 0.0


def test_oil_follows_the_mean_square_and_the_winding_the_most_loaded_phase() -> None:
    oil, winding = load_per_unit(
        np.array([[667.0, 0.0, 333.5]]), one(replace(TRANSFORMERS[500], rated_current_a=667.0))
    )
    assert oil.item() == pytest.approx(((1 + 0 + 0.25) / 3) ** 0.5)
    assert winding.item() == pytest.approx(1.0)


@given(load=st.floats(0, 2), ambient=st.floats(-15, 35), minutes=st.integers(1, 600))
def test_hot_spot_is_never_cooler_than_the_oil(load: float, ambient: float, minutes: int) -> None:
    unit = one(TRANSFORMERS[315])
    start = transformer_steady(pu(0.3), pu(0.3), ambient, unit)
    terms = transformer_step(start, pu(load), pu(load), unit, ambient_degc=ambient, dt_s=60.0 * minutes)
    assert hot_spot_degc(terms).item() >= terms[0].item()


@given(load=st.floats(0, 2), k21=st.floats(1, 3), minutes=st.integers(2, 300))
def test_splitting_a_step_changes_nothing(load: float, k21: float, minutes: int) -> None:
    unit = one(replace(TRANSFORMERS[800], k21=k21))
    start = transformer_steady(pu(0.4), pu(0.5), 10.0, unit)
    whole = transformer_step(start, pu(load), pu(load), unit, ambient_degc=10.0, dt_s=60.0 * minutes)
    split = start
    for _ in range(minutes):
        split = transformer_step(split, pu(load), pu(load), unit, ambient_degc=10.0, dt_s=60.0)
    np.testing.assert_allclose(split, whole, rtol=1e-9, atol=1e-9)
