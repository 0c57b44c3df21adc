"""Our recursions against other programs, by what those said (``scripts/oracles.py`` runs them and keeps it)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from linkbox.grid import thermal
from linkbox.grid.cables import CABLE_TAU_S, CableSpec
from linkbox.grid.thermal import CableParameters, TransformerParameters
from linkbox.grid.transformers import TRANSFORMERS
from tests.oracles import cable_oracle, transformer_oracle

KEPT = Path(__file__).parents[1] / "oracles"
TRANSFORMER = json.loads((KEPT / "transformer.json").read_text("utf-8"))
CABLE = json.loads((KEPT / "cable.json").read_text("utf-8"))


@pytest.mark.parametrize("said", TRANSFORMER["cases"], ids=lambda said: f"{said['case']['kva']} kVA")
def test_transformer_follows_transformer_thermal_model_within_a_billionth_of_a_kelvin(said: dict) -> None:
    case, every = said["case"], TRANSFORMER["every"]
    spec = replace(
        TRANSFORMERS[case["kva"]], rated_current_a=case["rated_a"], loss_ratio=case["load_w"] / case["no_load_w"]
    )
    parameters, dt_s = TransformerParameters.of([spec]), 60.0 * case["step_min"]
    n = int(transformer_oracle.DAYS * 1440 / case["step_min"])
    load, ambient = transformer_oracle.load_pu(case, n), transformer_oracle.ambient_degc(case, n)
    terms = np.array([[ambient[0]], [0.0], [0.0]])  # the package starts at the ambient
    oil, hot = [terms[0, 0]], [thermal.hot_spot_degc(terms)[0]]
    for k in range(1, n):
        pu = np.array([load[k]])
        terms = thermal.transformer_step(terms, pu, pu, parameters, ambient_degc=ambient[k], dt_s=dt_s)
        oil.append(terms[0, 0])
        hot.append(thermal.hot_spot_degc(terms)[0])
    np.testing.assert_allclose(oil[::every], said["top_oil_degc"], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(hot[::every], said["hot_spot_degc"], rtol=0.0, atol=1e-9)


def fitted_cable() -> CableSpec:
    """The five shares, by least squares, of the response to a step with the resistance of 20 degC; the rating follows
    from its height and the resistance at 90 degC."""
    minutes, degc = np.array(CABLE["step"]).T
    lags = thermal.approach(60.0 * minutes[:, None], np.array(CABLE_TAU_S))
    rises, *_ = np.linalg.lstsq(lags, degc - cable_oracle.GROUND_DEGC, rcond=None)
    assert np.abs(lags @ rises + cable_oracle.GROUND_DEGC - degc).max() < 0.015 * rises.sum()
    alpha, allowed = 0.00403, 90.0 - cable_oracle.GROUND_DEGC
    rated = cable_oracle.STEP_A * np.sqrt(allowed / rises.sum() / (1.0 + alpha * 70.0))
    return CableSpec(
        name=cable_oracle.CABLE,
        rated_current_a=float(rated),
        ambient_degc=cable_oracle.GROUND_DEGC,
        max_conductor_degc=90.0,
        shares=tuple((rises / rises.sum()).tolist()),
        resistance_per_k=alpha,
        source=CABLE["package"],
    )


def test_cable_stays_within_a_kelvin_of_cable_thermal_model_over_fourteen_days() -> None:
    cable, dt_min = CableParameters.of([fitted_cable()]), cable_oracle.LOAD_STEP_MIN
    terms = np.zeros((5, 1, 1))
    followed = [cable_oracle.GROUND_DEGC]
    for k in range(1, cable_oracle.DAYS * 1440 // dt_min + 1):
        amps = np.array([[cable_oracle.evening_load_a(float(dt_min * k), k)]])
        terms = thermal.cable_step(terms, amps, cable, 60.0 * dt_min)
        followed.append(thermal.cable_degc(terms, cable)[0, 0])
    error = np.array(followed)[:: CABLE["every"]] - np.array(CABLE["days_degc"])
    assert max(CABLE["days_degc"]) > 45.0
    assert np.abs(error).max() < 1.0
    assert abs(error.mean()) < 0.1
