"""A feeder is a checked tree, and its electrical reduction changes nothing that can be measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.base.phases import Phase
from linkbox.grid.topology import reduce_series
from linkbox.twin.sweep import pack, solve
from tests.network_import.trees import CODES, Rows, branch, feeders, load


def test_nodes_stand_root_first_whatever_the_order_and_direction_of_the_rows() -> None:
    rows = Rows(
        branches=[branch(1, "c", "b"), branch(2, "b", "a"), branch(3, "n0", "a", length_m=500.0)], loads=[load(1, "c")]
    )
    network = rows.build()
    assert network.nodes == ("n0", "a", "b", "c")
    assert network.branch_from.tolist() == [0, 1, 2]
    assert network.branch_names == ("b3", "b2", "b1")
    assert network.branch_r1_ohm[0] == pytest.approx(0.166 * 0.5)  # 0.5 km of 0.166 ohm/km


def test_all_that_is_wrong_is_reported_at_once_with_its_place() -> None:
    rows = Rows(
        branches=[
            branch(1, "n0", "a"),
            branch(2, "a", "b", code="nowhere"),
            branch(3, "b", "n0"),  # closes a loop
            branch(4, "x", "y"),  # an island
            branch(5, "a", "c", length_m=-1.0),
        ],
        loads=[load(1, "b"), load(2, "y"), load(3, "unheard of"), load(3, "a")],
    )
    with pytest.raises(InvalidInput) as error:
        rows.build()
    assert {(issue.where, issue.rule.split(";")[0]) for issue in error.value.issues} == {
        ("Lines:2", "line code is not defined"),
        ("Lines:3", "branch closes a loop"),
        ("Lines:4", "branch is not connected to the source"),
        ("Lines:5", "length must be between 0 and 100000 m"),
        ("Loads:2", "orphan load: its node is not connected to the source"),
        ("Loads:3", "orphan load: unknown node, no branch ends there"),
        ("Loads:3", "load name is used twice"),
    }


@pytest.mark.parametrize(
    ("rows", "changes", "rule"),
    [
        (Rows([branch(1, "n0", "a")], []), {}, "a feeder needs at least one load"),
        (Rows([branch(1, "b", "a")], [load(1, "a")]), {}, "no branch starts at the source node"),
        (Rows([branch(1, "n0", "n0")], [load(1, "n0")]), {}, "branch closes a loop; a feeder must be a tree"),
        (
            Rows([branch(1, "n0", "a")], [load(1, "a", nominal_w=math.nan)]),
            {},
            "nominal load must be between 0 and 1000000 W",
        ),
        (
            Rows([branch(1, "n0", "a")], [load(1, "a")]),
            {"source_voltage_v": 0.0},
            "the source voltage, phase to neutral, must be above 0 and at most 1000 V",
        ),
    ],
)
def test_a_feeder_that_can_not_be_one_is_refused(rows: Rows, changes: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidInput) as error:
        rows.build(**changes)
    assert rule in [issue.rule for issue in error.value.issues]


def test_the_head_is_the_section_that_feeds_most_homes() -> None:
    rows = Rows(
        branches=[branch(1, "n0", "a", code="service"), branch(2, "n0", "b")],
        loads=[load(1, "a"), load(2, "b"), load(3, "b")],
    )
    assert rows.build().head_line_code() == "main"


def test_series_sections_merge_and_dead_ends_go() -> None:
    """n0 -100 m- a -50 m- b(load) -10 m- c(dead end): one section of 150 m is left."""
    rows = Rows(
        branches=[branch(1, "n0", "a", length_m=100.0), branch(2, "a", "b", length_m=50.0), branch(3, "b", "c")],
        loads=[load(1, "b", Phase.L2)],
    )
    reduced = reduce_series(rows.build())
    assert reduced.nodes == ("n0", "b")
    assert reduced.branch_length_m.tolist() == [150.0]
    assert reduced.branch_x0_ohm[0] == pytest.approx(0.15 * CODES["main"].x0_ohm_per_km)


@settings(deadline=None)  # the first call compiles the sweep
@given(rows=feeders(), seed=st.integers(0, 2**32 - 1))
def test_reduction_keeps_head_currents_within_1_ma(rows: Rows, seed: int) -> None:
    full = rows.build()
    reduced = reduce_series(full)
    load_va = np.random.default_rng(seed).uniform(0, 6000, full.homes).astype(np.complex128) * (1 + 0.33j)
    before, after = solve(pack(full), load_va), solve(pack(reduced), load_va)
    assert before.converged
    assert after.converged
    assert np.max(np.abs(before.head_a - after.head_a)) < 1e-3
    assert np.max(np.abs(before.load_voltage_v - after.load_voltage_v)) < 1e-3


@given(rows=feeders())
def test_reduction_leaves_only_junctions_and_homes_and_no_home_moves_away(rows: Rows) -> None:
    full = rows.build()
    reduced = reduce_series(full)
    children = np.bincount(reduced.branch_from, minlength=len(reduced.nodes))
    homes = set(reduced.load_node.tolist())
    assert all(n in homes or children[n] > 1 for n in range(1, len(reduced.nodes)))
    assert [reduced.nodes[n] for n in reduced.load_node] == [full.nodes[n] for n in full.load_node]


@given(rows=feeders())
def test_arrays_of_a_feeder_can_not_be_written_to(rows: Rows) -> None:
    network = rows.build()
    with pytest.raises(ValueError, match="read-only"):
        network.branch_r1_ohm[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        reduce_series(network).load_node[0] = 0
