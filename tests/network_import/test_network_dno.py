"""A distributor's own exports: gaps in the map, codes of its own, records that hang nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.adapters.network_dno import DnoImport, DnoOptions, read_dno
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Mpan
from linkbox.grid.snapping import nearest, snap

A, B, C, D = (str(Mpan.from_core(f"{120000000000 + n}")) for n in range(4))
# Feeder 1 of substation S1: 60 m of main, a gap of 4 mm, then 40 m more; a spur that begins 3 m away is not joined.
GOOD = {
    "substations.csv": "substation,name,transformer_kva,x_m,y_m\nS1,Mill Lane,500,0,0\nS2,Dock Road,800,5000,0\n",
    "feeders.csv": "substation,feeder,fuse_rated_a,cable_code\nS1,1,400,WF185\nS2,1,315,WF95\n",
    "cable_codes.csv": "cable_code,line_code,r1,x1,r0,x0\n"
    "WF185,3c_185_SAC_XC,0.166,0.068,0.63,0.11\nWF95,3c_95_SAC_XC,0.322,0.074,1.28,0.125\n",
    "mpans.csv": "mpan,substation,feeder,phase,x_m,y_m\n"
    f"{A},S1,1,L1,61,5\n{B},S1,1,L2,100,-8\n{C},S1,1,,100,3\n{D},S2,1,L1,5000,10\n",
    "sections.csv": "section,substation,feeder,cable_code,x1_m,y1_m,x2_m,y2_m\n"
    "m1,S1,1,WF185,0,0,60,0\nm2,S1,1,WF95,60.004,0,100,0\nspur,S1,1,WF95,103,0,120,0\n",
}


def folder(tmp_path: Path, changes: dict[str, str] | None = None) -> Path:
    for name, text in (GOOD | (changes or {})).items():
        (tmp_path / name).write_text(text)
    return tmp_path


def orphans(found: DnoImport) -> list[tuple[str, str]]:
    return [(Path(issue.where).name, issue.rule) for issue in found.orphans]


def test_gaps_are_closed_and_homes_hang_at_the_nearest_joint(tmp_path: Path) -> None:
    found = read_dno(folder(tmp_path))
    network = found.networks["S1/1"]
    assert network.branch_names == ("m1", "m2")
    assert network.branch_length_m.tolist() == pytest.approx([60.0, 39.996])
    assert network.load_node.tolist() == [1, 2]
    assert network.head_line_code() == "WF185"
    assert found.tables.model(0).feeder_id == "S1/1"
    assert found.tables.model(1).feeder_id == "S2/1"
    assert found.tables.model(0).cable.name == "3c_185_SAC_XC"


def test_what_hangs_nowhere_is_reported_with_its_line_and_left_out(tmp_path: Path) -> None:
    strays = GOOD["mpans.csv"] + f"{Mpan.from_core('120000000009')},S7,1,L1,0,0\n"
    found = read_dno(folder(tmp_path, {"mpans.csv": strays}))
    assert orphans(found) == [
        ("mpans.csv:6", "orphan MPAN: there is no such feeder"),
        ("sections.csv:4", "section is not joined to the mains of S1/1"),
        ("mpans.csv:4", "not in the power flow: its phase is not known"),
    ]
    assert found.tables.count("point") == 4
    assert "S2/1" not in found.networks  # its mains are not on the map: it can be watched all the same


def test_a_wider_tolerance_joins_the_spur(tmp_path: Path) -> None:
    found = read_dno(folder(tmp_path), DnoOptions(tolerance_m=3.5))
    assert found.networks["S1/1"].branch_names == ("m1", "m2", "spur")


def test_mains_far_from_their_substation_are_no_power_flow(tmp_path: Path) -> None:
    moved = GOOD["substations.csv"].replace("500,0,0", "500,900,0")
    found = read_dno(folder(tmp_path, {"substations.csv": moved}))
    assert found.networks == {}
    assert ("sections.csv:2", "the mains begin 780 m from the substation") in orphans(found)


def test_a_ring_is_reported_and_not_guessed_open(tmp_path: Path) -> None:
    ring = GOOD["sections.csv"] + "m3,S1,1,WF95,0,0,100,0\n"
    found = read_dno(folder(tmp_path, {"sections.csv": ring}))
    assert ("sections.csv:5", "branch closes a loop; a feeder must be a tree") in orphans(found)


def test_everything_that_can_not_be_understood_is_said_at_once(tmp_path: Path) -> None:
    bad = {
        "cable_codes.csv": "cable_code,line_code,r1,x1,r0,x0\n"
        "WF185,nothing,0.1,0.1,0.1,0.1\nWF95,3c_95_XC,a,0.1,0.1,0.1\n",
        "feeders.csv": "substation,feeder,fuse_rated_a,cable_code\nS1,1,400,WF185\nS2,1,315\n",
    }
    with pytest.raises(InvalidInput) as caught:
        read_dno(folder(tmp_path, bad))
    said = [(Path(i.where).name, i.value) for i in caught.value.issues]
    assert ("cable_codes.csv:2", "nothing") in said
    assert ("cable_codes.csv:3", "a") in said
    assert ("feeders.csv:3", "S2,1,315") in said
    assert ("feeders.csv:2", "WF185") in said


def test_a_missing_file_is_named_and_the_map_may_be_left_out(tmp_path: Path) -> None:
    (folder(tmp_path) / "sections.csv").unlink()
    assert read_dno(tmp_path).networks == {}
    (tmp_path / "mpans.csv").unlink()
    with pytest.raises(InvalidInput, match=r"mpans.csv"):
        read_dno(tmp_path)


POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25)


@given(POINTS, st.floats(0.0, 6.0))
def test_points_within_the_tolerance_share_a_node(places: list[tuple[int, int]], tolerance_m: float) -> None:
    points = np.array(places, dtype=np.float64)
    nodes = snap(points, tolerance_m)
    near = np.hypot(*(points[:, None] - points[None, :]).transpose(2, 0, 1)) <= tolerance_m
    assert (nodes[:, None] == nodes[None, :])[near].all()
    # and no node joins what no chain of near points joins
    joined = near.copy()
    for _ in range(len(points)):
        joined = joined @ near
    assert ((nodes[:, None] == nodes[None, :]) == joined).all()


@given(POINTS, POINTS)
def test_the_nearest_is_the_nearest(places: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    points, to = np.array(places, dtype=np.float64), np.array(others, dtype=np.float64)
    found, far = nearest(points, to)
    for point, position, distance in zip(points, found, far, strict=True):
        assert distance == pytest.approx(min(np.hypot(*(point - other)) for other in to))
        assert np.hypot(*(point - to[position])) == pytest.approx(distance)


def test_places_that_are_no_places_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        snap(np.array([[np.nan, 0.0]]), 1.0)
    with pytest.raises(ValueError, match="nothing to be near"):
        nearest(np.zeros((1, 2)), np.zeros((0, 2)))
