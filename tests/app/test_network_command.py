"""``linkbox network``: from exports to tables, and from a feeder's file to one that the demo takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linkbox.adapters.network_tables import read_network_tables

from ..network_import.test_network_dno import folder as exports
from ..network_import.test_pandapower import network, written
from .commandline import call

Capsys = pytest.CaptureFixture[str]


def test_a_distributors_exports_become_tables_feeders_and_a_list_of_orphans(tmp_path: Path, capsys: Capsys) -> None:
    (tmp_path / "in").mkdir()
    done = call(capsys, "network", "import", str(exports(tmp_path / "in")), str(tmp_path / "out"), "--json")
    assert done.code == 0, done.error
    told = json.loads(done.out)
    assert (told["feeders"], told["points"], told["phase_unknown"], told["feeders_with_mains"]) == (2, 4, 1, 1)
    assert read_network_tables(tmp_path / "out" / "feeders" / "S1-1").homes == 2
    assert "section is not joined" in (tmp_path / "out" / "orphans.csv").read_text()
    again = call(capsys, "network", "show", str(tmp_path / "out"), "--json")
    assert json.loads(again.out)["feeders"] == 2


def test_a_pandapower_feeder_becomes_plain_tables(tmp_path: Path, capsys: Capsys) -> None:
    done = call(capsys, "network", "feeder", str(written(tmp_path, network())), str(tmp_path / "out"))
    assert done.code == 0, done.error
    assert read_network_tables(tmp_path / "out").homes == 4


@pytest.mark.parametrize("words", [("--form", "xlsx"), ("--tolerance", "-1"), ("--reach", "1e9")])
def test_bad_options_and_sources_are_said_in_one_list(tmp_path: Path, capsys: Capsys, words: tuple[str, str]) -> None:
    done = call(capsys, "network", "import", str(tmp_path), str(tmp_path / "out"), *words)
    assert done.code == 2
    assert words[0].removeprefix("--") in done.error
    assert not (tmp_path / "out").exists()


FLEET = """feeder_id,substation,fuse_a,cable,transformer_kva
CS-1,Cellar Street,400,3c_185_SAC_XC,500
CS-3,Cellar Street,630,3c_300_XC,1000
"""


def fleet_table(folder: Path) -> Path:
    file = folder / "fleet.csv"
    file.write_text(FLEET, encoding="utf-8")
    return file


def test_limits_stand_side_by_side_for_a_network_and_for_a_fleet_table(tmp_path: Path, capsys: Capsys) -> None:
    table = fleet_table(tmp_path)
    done = call(capsys, "network", "limits", table, "CS-1", "--load", "460,40,40", "--json")
    assert done.code == 0, done.error
    told = json.loads(done.out)["limits"]
    assert [(r["asset"], r["phase"]) for r in told][:4] == [
        ("fuse", "L1"),
        ("fuse", "L2"),
        ("fuse", "L3"),
        ("cable", "L1"),
    ]
    cable, neutral = told[3], told[7]
    assert (cable["static_a"], cable["cyclic_a"], cable["load_a"]) == (358.0, pytest.approx(461, abs=2), 460.0)
    assert 3600.0 < cable["time_to_limit_s"] < 86400.0
    assert (neutral["asset"], neutral["load_a"]) == ("neutral", pytest.approx(420.0))
    said = call(capsys, "network", "limits", table, "--minutes", "120")
    assert "CS-3: for 2.0 h to 100% of the limit, 10 degC, no readings" in said.out
    (tmp_path / "in").mkdir()
    call(capsys, "network", "import", str(exports(tmp_path / "in")), str(tmp_path / "out"))
    folder = call(capsys, "network", "limits", tmp_path / "out", "--json")
    assert folder.code == 0, folder.error
    assert len(json.loads(folder.out)["limits"]) == 2 * 8


def test_readings_warm_the_limits_up(tmp_path: Path, capsys: Capsys) -> None:
    table, readings = fleet_table(tmp_path), tmp_path / "evening.csv"
    lines = [f"CS-1,2026-01-13T18:{m:02d}:00Z,390,20,20" for m in range(60)]
    readings.write_text("\n".join(["feeder_id,at,l1_a,l2_a,l3_a", *lines]) + "\n", encoding="utf-8")
    cold = json.loads(call(capsys, "network", "limits", table, "CS-1", "--preload", "50", "--json").out)
    done = call(capsys, "network", "limits", table, "CS-1", "--preload", "50", "--readings", readings, "--json")
    assert done.code == 0, done.error
    warm = json.loads(done.out)
    assert (warm["readings"], warm["as_of"]) == (60, "2026-01-13T18:59:00.000Z")
    assert warm["limits"][3]["thermal_a"] < cold["limits"][3]["thermal_a"] - 20.0
    assert warm["limits"][3]["load_a"] == 390.0
    other = call(capsys, "network", "limits", table, "CS-3", "--readings", readings)
    assert other.code == 2
    assert "a reading of the feeders that are asked for" in other.error


def test_what_is_wrong_with_a_question_for_limits_is_said_at_once(tmp_path: Path, capsys: Capsys) -> None:
    words = ("--minutes", "nan", "--level", "2", "--ambient", "99", "--preload", "-1", "--load", "1,inf,3")
    done = call(capsys, "network", "limits", fleet_table(tmp_path), "CS-9", *words)
    assert done.code == 2
    for where in ("--minutes", "--level", "--ambient", "--preload", "--load", "CS-9"):
        assert where in done.error
    three = call(capsys, "network", "limits", fleet_table(tmp_path), "--load", "1,2")
    assert three.code == 2
    assert "must be three currents" in three.error
