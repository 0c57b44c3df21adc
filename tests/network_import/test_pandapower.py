"""pandapower's JSON: by hand for every rule, and by pandapower itself, which runs in an environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linkbox.adapters.network_pandapower import read_pandapower
from linkbox.adapters.network_tables import default_street
from linkbox.base.errors import InvalidInput
from linkbox.base.phases import Phase

LINE = ("name", "std_type", "from_bus", "to_bus", "length_km", "r_ohm_per_km", "x_ohm_per_km", "parallel", "in_service")
ZERO = ("r0_ohm_per_km", "x0_ohm_per_km")


def frame(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> dict[str, Any]:
    body = {"columns": columns, "index": list(range(len(rows))), "data": rows}
    return {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(body), "orient": "split"}


def network(**changes: Any) -> dict[str, Any]:
    """A 500 kVA transformer, 100 m of twin main to a joint, a spur of each of two feeders, two homes."""
    lines = [("main", "NAYY", 1, 2, 0.1, 0.2, 0.08, 2, True), ("spur", "NAYY", 2, 3, 0.05, 0.2, 0.08, 1, True)]
    zeros = [(0.8, 0.3), (0.8, 0.3)]
    tables = {
        "bus": frame(("name", "vn_kv", "in_service"), ("hv", 11.0, True), *((f"b{n}", 0.4, True) for n in (1, 2, 3))),
        "ext_grid": frame(("bus", "vm_pu", "in_service"), (0, 1.02, True)),
        "trafo": frame(("hv_bus", "lv_bus", "sn_mva", "vn_lv_kv", "in_service"), (0, 1, 0.5, 0.4, True)),
        "line": frame(LINE + ZERO, *(line + zero for line, zero in zip(lines, zeros, strict=True))),
        "asymmetric_load": frame(
            ("name", "bus", "p_a_mw", "q_a_mvar", "p_b_mw", "q_b_mvar", "p_c_mw", "q_c_mvar", "scaling", "in_service"),
            ("one", 2, 0, 0, 0.003, 0.004, 0, 0, 1.0, True),
            ("gone", 3, 0.001, 0, 0, 0, 0, 0, 1.0, False),
        ),
        "load": frame(("name", "bus", "p_mw", "q_mvar", "scaling", "in_service"), ("shop", 3, 0.009, 0.0, 0.5, True)),
    }
    return {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": tables | changes}


def written(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "net.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def rules(tmp_path: Path, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read_pandapower(written(tmp_path, network(**changes)))
    return [(i.where.rpartition(": ")[2], i.rule) for i in caught.value.issues]


def test_lines_loads_and_source_are_read(tmp_path: Path) -> None:
    found = read_pandapower(written(tmp_path, network()))
    assert found.nodes == ("bus 1", "bus 2", "bus 3")
    assert found.source_voltage_v == pytest.approx(400 / 3**0.5 * 1.02)
    assert found.transformer_kva == 500
    assert found.branch_r1_ohm.tolist() == pytest.approx([0.1 * 0.2 / 2, 0.05 * 0.2])  # two cables side by side
    assert found.branch_r0_ohm.tolist() == pytest.approx([0.1 * 0.8 / 2, 0.05 * 0.8])
    assert found.load_names == ("one #0", "shop #0.1", "shop #0.2", "shop #0.3")
    assert found.load_phase.tolist() == [Phase.L2, 0, 1, 2]
    assert found.load_nominal_w.tolist() == pytest.approx([3000, 1500, 1500, 1500])  # 9 kW, scaled by half, on three
    assert found.load_power_factor[0] == pytest.approx(3 / 5)


def test_one_feeder_of_several_is_chosen_by_its_first_line(tmp_path: Path) -> None:
    lines = [
        ("east", "", 1, 2, 0.1, 0.2, 0.08, 1, True, 0.8, 0.3),
        ("west", "", 1, 3, 0.1, 0.2, 0.08, 1, True, 0.8, 0.3),
    ]
    path = written(tmp_path, network(line=frame(LINE + ZERO, *lines)))
    assert read_pandapower(path).homes == 4
    assert read_pandapower(path, feeder="east").load_names == ("one #0",)
    with pytest.raises(InvalidInput, match=r"there are east #0, west #1"):
        read_pandapower(path, feeder="north")


def test_without_zero_sequence_a_ratio_is_asked_for(tmp_path: Path) -> None:
    lines = frame(
        LINE, ("main", "NAYY", 1, 2, 0.1, 0.2, 0.08, 1, True), ("spur", "NAYY", 2, 3, 0.1, 0.2, 0.08, 1, True)
    )
    assert [where for where, rule in rules(tmp_path, line=lines) if "zero sequence" in rule] == ["line 0", "line 1"]
    found = read_pandapower(written(tmp_path, network(line=lines)), zero_sequence_ratio=4.0)
    assert (found.branch_r0_ohm / found.branch_r1_ohm).tolist() == pytest.approx([4.0, 4.0])


def test_an_open_switch_opens_its_line(tmp_path: Path) -> None:
    opened = frame(("bus", "element", "et", "closed"), (2, 1, "l", False))
    assert ("load 0", "orphan load: unknown node, no branch ends there") in rules(tmp_path, switch=opened)


def test_what_would_change_the_currents_silently_is_refused(tmp_path: Path) -> None:
    generator = frame(("name", "bus", "p_mw", "in_service"), ("pv", 2, 0.004, True))
    two = frame(("hv_bus", "lv_bus", "sn_mva", "vn_lv_kv"), (0, 1, 0.5, 0.4), (0, 2, 0.5, 0.4))
    coupler = frame(("bus", "element", "et", "closed"), (1, 2, "b", True))
    assert ("sgen 0", "sgen is not supported") in rules(tmp_path, sgen=generator)
    assert ("trafo", "a feeder has one transformer") in rules(tmp_path, trafo=two)
    assert ("switch 0", "switches between busbars are not supported") in rules(tmp_path, switch=coupler)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"_class": "pandapowerNet", "_object": []}',
        "[" * 100_000,
        '{"_class": "pandapowerNet"}',
        "\x00",
    ],
)
def test_a_file_of_another_kind_is_one_issue(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_pandapower(written(tmp_path, content))
    assert len(caught.value.issues) == 1


@pytest.mark.parametrize("table", ["bus", "line", "trafo", "asymmetric_load", "load"])
@pytest.mark.parametrize("content", [3, "no frame", {"_object": "{"}, {"_object": {"columns": [], "index": [1]}}])
def test_a_damaged_table_is_an_issue_and_no_crash(tmp_path: Path, table: str, content: Any) -> None:
    path = written(tmp_path, network(**{table: content}))
    if table == "bus":  # only the voltage of an external grid's own busbar is taken from it
        read_pandapower(path)
        return
    with pytest.raises(InvalidInput, match=table):
        read_pandapower(path)


SCRIPT = """
import pandapower, pandapower.networks
pandapower.to_json(pandapower.networks.ieee_european_lv_asymmetric("on_peak_566"), "{}")
"""


def test_the_european_feeder_that_pandapower_ships_is_our_default_street(tmp_path: Path) -> None:
    """The same street from another source: IEEE's feeder is in pandapower, ours was converted from IEEE's own files."""
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    file = tmp_path / "ieee.json"
    command = [
        uv,
        "run",
        "--no-project",
        "--isolated",
        "--with",
        "pandapower==3.5.6",
        "python",
        "-c",
        SCRIPT.format(file),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"pandapower can not be run in an environment of its own: {error}")
    if done.returncode != 0:
        pytest.skip(f"pandapower can not be installed in an environment of its own: {done.stderr[-200:]}")
    theirs, ours = read_pandapower(file), default_street()
    assert (theirs.homes, len(theirs.nodes)) == (ours.homes, len(ours.nodes))
    assert theirs.homes_per_phase() == ours.homes_per_phase()
    assert np.sum(theirs.branch_length_m) == pytest.approx(np.sum(ours.branch_length_m), rel=1e-6)
    assert np.sum(theirs.branch_r1_ohm) == pytest.approx(np.sum(ours.branch_r1_ohm), rel=1e-3)
    assert np.sum(theirs.branch_x0_ohm) == pytest.approx(np.sum(ours.branch_x0_ohm), rel=1e-3)
