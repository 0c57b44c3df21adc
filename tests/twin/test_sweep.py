"""The power flow agrees with hand calculation and with power-grid-model, and says so when there is no solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.phases import Phase
from linkbox.grid.topology import FeederNetwork, reduce_series
from linkbox.twin.sweep import pack, solve
from tests.network_import.trees import Rows, branch, feeders, load
from tests.twin.streets import network

pgm = pytest.importorskip("power_grid_model", reason="power-grid-model (development dependency) is not installed")


def one_section(*phases: Phase) -> FeederNetwork:
    """100 m of main: Z1 = 0.0166 + 0.0068j, Z0 = 0.058 + 0.0078j ohm."""
    loads = [load(i, "a", phase) for i, phase in enumerate(phases, start=1)]
    return Rows(branches=[branch(1, "n0", "a", length_m=100.0)], loads=loads).build()


def test_one_load_on_one_phase_settles_at_the_closed_form() -> None:
    """One load of 10 kW behind z = (2 Z1 + Z0) / 3 = 0.0304 + 0.00713j ohm at 240 V.

    With V real: V^2 - (240 - Re(z) I) ... solved as the larger root of V^4 + (2 P R - E^2) V^2 + P^2 |z|^2 = 0
    (Q = 0): R = 0.0304, |z|^2 = 0.000975, P = 10000 -> V^2 = (56992 + sqrt(56992^2 - 4 * 97501.2)) / 2.
    """
    z = (2 * (0.0166 + 0.0068j) + 0.058 + 0.0078j) / 3
    b = 2 * 10_000 * z.real - 240.0**2
    voltage = np.sqrt((-b + np.sqrt(b**2 - 4 * (10_000 * abs(z)) ** 2)) / 2)
    solution = solve(pack(one_section(Phase.L1)), np.array([10_000 + 0j]))
    assert solution.converged
    assert solution.load_voltage_v[0] == pytest.approx(voltage, abs=1e-3)
    assert solution.head_current_a[0] == pytest.approx(10_000 / voltage, abs=1e-3)
    assert solution.neutral_current_a == pytest.approx(10_000 / voltage, abs=1e-3)


def test_equal_loads_on_all_phases_leave_the_neutral_without_current_and_see_z1_only() -> None:
    """Balanced: each phase sees Z1 = 0.0166 + 0.0068j; larger root as above with P = 10 kW."""
    z1 = 0.0166 + 0.0068j
    b = 2 * 10_000 * z1.real - 240.0**2
    voltage = np.sqrt((-b + np.sqrt(b**2 - 4 * (10_000 * abs(z1)) ** 2)) / 2)
    solution = solve(pack(one_section(*Phase)), np.full(3, 10_000 + 0j))
    np.testing.assert_allclose(solution.load_voltage_v, voltage, atol=1e-3)
    assert solution.neutral_current_a < 1e-3


@settings(max_examples=25, deadline=None)
@given(rows=feeders(), seed=st.integers(0, 2**32 - 1))
def test_random_feeders_agree_with_power_grid_model_to_0_01_a(rows: Rows, seed: int) -> None:
    feeder = rows.build()
    load_va = np.random.default_rng(seed).uniform(0, 7000, feeder.homes).astype(np.complex128) * (1 + 0.33j)
    ours = solve(pack(feeder), load_va)
    np.testing.assert_allclose(ours.head_current_a, pgm_head_current_a(feeder, load_va), atol=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_the_ieee_feeder_agrees_with_power_grid_model_to_0_01_a(seed: int) -> None:
    rng = np.random.default_rng(seed)
    feeder = network()
    watts = rng.uniform(100, 3000, feeder.homes) + 7360 * (rng.random(feeder.homes) < 0.12)
    load_va = watts * (1 + 0.3287j)
    theirs = pgm_head_current_a(feeder, load_va)
    for form in (feeder, reduce_series(feeder)):
        ours = solve(pack(form), load_va)
        assert ours.converged
        np.testing.assert_allclose(ours.head_current_a, theirs, atol=0.01)


def test_collapse_is_reported_and_not_passed_off_as_a_solution() -> None:
    """Through z = 0.0304 + 0.0071j at 240 V at most E^2 / (2 (R + |z|)) = 467 kW can flow; ask for 500 kW."""
    feeder = pack(one_section(Phase.L1))
    assert solve(feeder, np.array([400_000 + 0j])).converged
    assert not solve(feeder, np.array([500_000 + 0j])).converged


def test_a_dead_phase_draws_nothing_and_leaves_the_others_alone() -> None:
    feeder = pack(one_section(*Phase))
    solution = solve(feeder, np.full(3, 5000 + 0j), live=np.array([True, False, True]))
    assert solution.converged
    assert solution.head_current_a[1] == 0.0
    assert solution.load_voltage_v[1] == 0.0
    assert solution.head_current_a[[0, 2]].min() > 20.0


def test_a_charger_keeps_its_power_until_its_current_limit_holds_it() -> None:
    """7.36 kW: 30.7 A at 240 V. Behind a 90 kW neighbour on the phase the voltage is under 230 V: 32 A and no more."""
    feeder = pack(one_section(Phase.L1, Phase.L1))
    charger, limit = np.array([7360 + 0j, 0j]), np.array([32.0, 0.0])

    def charger_a(neighbour_w: float) -> float:
        rest = np.array([0j, neighbour_w + 0j])
        both = solve(feeder, rest, charger_va=charger, charger_limit_a=limit)
        return float(both.head_current_a[0]) - neighbour_w / float(both.load_voltage_v[0])

    assert charger_a(0.0) == pytest.approx(7360 / 239.06, abs=0.02)  # 240 V less 0.0304 ohm * 30.8 A
    assert charger_a(90_000.0) == pytest.approx(32.0, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(rows=feeders(), seed=st.integers(0, 2**32 - 1))
def test_power_out_of_the_source_is_what_the_loads_take_plus_losses(rows: Rows, seed: int) -> None:
    feeder = rows.build()
    load_va = np.random.default_rng(seed).uniform(0, 5000, feeder.homes).astype(np.complex128)
    solution = solve(pack(feeder), load_va)
    source = 240.0 * np.exp(-2j * np.pi * np.arange(3) / 3)
    fed_w = float((source * solution.head_a.conj()).sum().real)
    assert fed_w >= load_va.real.sum() - 0.1
    assert np.all(solution.load_voltage_v <= 1.2 * 240.0)


def pgm_head_current_a(feeder: FeederNetwork, load_va: Any) -> Any:
    """Phase currents out of the source by power-grid-model, asymmetric iterative current."""
    nodes = len(feeder.nodes)
    count = nodes - 1
    line_voltage = feeder.source_voltage_v * np.sqrt(3.0)
    node = pgm.initialize_array("input", "node", nodes)
    node["id"], node["u_rated"] = np.arange(nodes), line_voltage
    line = pgm.initialize_array("input", "line", count)
    line["id"] = nodes + np.arange(count)
    line["from_node"], line["to_node"] = feeder.branch_from, feeder.branch_to
    line["from_status"] = line["to_status"] = 1
    for key in ("r1", "x1", "r0", "x0"):
        line[key] = getattr(feeder, f"branch_{key}_ohm")
    # power-grid-model wants no zero impedance; a micro-ohm moves no current by as much as 0.01 A
    line["x1"], line["x0"] = np.maximum(line["x1"], 1e-6), np.maximum(line["x0"], 1e-6)
    for key in ("c1", "tan1", "c0", "tan0"):
        line[key] = 0.0
    line["i_n"] = 1000.0
    source = pgm.initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"] = 10_000, 0, 1, 1.0
    source["sk"], source["rx_ratio"], source["z01_ratio"] = 1e15, 0.1, 1.0
    taken = pgm.initialize_array("input", "asym_load", feeder.homes)
    taken["id"], taken["node"] = 20_000 + np.arange(feeder.homes), feeder.load_node
    taken["status"], taken["type"] = 1, pgm.LoadGenType.const_power
    p, q = np.zeros((feeder.homes, 3)), np.zeros((feeder.homes, 3))
    p[np.arange(feeder.homes), feeder.load_phase] = load_va.real
    q[np.arange(feeder.homes), feeder.load_phase] = load_va.imag
    taken["p_specified"], taken["q_specified"] = p, q
    model = pgm.PowerGridModel({"node": node, "line": line, "source": source, "asym_load": taken})
    result = model.calculate_power_flow(
        symmetric=False,
        calculation_method=pgm.CalculationMethod.iterative_current,
        error_tolerance=1e-10,
        max_iterations=100,
    )
    return result["source"]["i"][0]
