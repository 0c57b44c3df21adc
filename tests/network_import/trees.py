"""Random radial feeders for property tests, and where the ENWL archive lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import strategies as st

from linkbox.base.phases import Phase
from linkbox.grid.topology import BranchRow, FeederNetwork, LineCode, LoadRow, build_network

PROJECT = Path(__file__).resolve().parents[2]
ARCHIVE = Path(os.environ.get("LINKBOX_DATA", PROJECT.parent / "shared" / "data")) / "enwl-lvns.tar.xz"
needs_archive = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE} is absent (set LINKBOX_DATA)")

CODES = {
    "main": LineCode(name="main", r1_ohm_per_km=0.166, x1_ohm_per_km=0.068, r0_ohm_per_km=0.58, x0_ohm_per_km=0.078),
    "service": LineCode(
        name="service", r1_ohm_per_km=1.15, x1_ohm_per_km=0.088, r0_ohm_per_km=1.2, x0_ohm_per_km=0.088
    ),
}


@dataclass(frozen=True)
class Rows:
    """A feeder before it is built."""

    branches: list[BranchRow]
    loads: list[LoadRow]

    def build(self, **changes: object) -> FeederNetwork:
        values = {
            "name": "test feeder",
            "source": "a test",
            "source_node": "n0",
            "source_voltage_v": 240.0,
            "line_codes": CODES,
            "branches": self.branches,
            "loads": self.loads,
            "where": "test",
        }
        return build_network(**(values | changes))  # type: ignore[arg-type]  # a test may pass wrong values


def branch(number: int, up: str, down: str, *, code: str = "main", length_m: float = 10.0) -> BranchRow:
    return BranchRow(
        name=f"b{number}", from_node=up, to_node=down, line_code=code, length_m=length_m, where=f"Lines:{number}"
    )


def load(number: int, node: str, phase: Phase = Phase.L1, *, nominal_w: float = 1000.0) -> LoadRow:
    return LoadRow(
        name=f"h{number}", node=node, phase=phase, nominal_w=nominal_w, power_factor=0.95, where=f"Loads:{number}"
    )


@st.composite
def feeders(draw: st.DrawFn) -> Rows:
    """2 to 25 nodes, sections in any order and direction, 1 to 12 homes, some dead ends and long series."""
    count = draw(st.integers(2, 25))
    ups = [draw(st.integers(max(0, n - 3), n - 1)) for n in range(1, count)]
    branches = []
    for number, up in enumerate(ups, start=1):
        ends = (f"n{up}", f"n{number}")
        a, b = ends if draw(st.booleans()) else ends[::-1]
        code, length = draw(st.sampled_from(sorted(CODES))), draw(st.floats(0.0, 60.0))
        branches.append(branch(number, a, b, code=code, length_m=length))
    loads = [
        load(i, f"n{draw(st.integers(0, count - 1))}", draw(st.sampled_from(list(Phase))))
        for i in range(1, draw(st.integers(1, 12)) + 1)
    ]
    return Rows(branches=draw(st.permutations(branches)), loads=loads)
