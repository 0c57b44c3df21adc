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
