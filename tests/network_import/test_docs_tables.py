"""The example on the page about network tables is a feeder that reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from linkbox.adapters.network_tables import read_network_tables, write_network_tables
from tests.network_import.trees import PROJECT

PAGE = PROJECT / "docs" / "reference" / "network-tables.md"


def test_the_example_of_the_page_reads_and_writes_itself_again(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = dict(re.findall(r"`([\w.]+)`\n\n```\w+\n(.*?)```", page, flags=re.DOTALL))
    assert set(files) == {"feeder.toml", "line_codes.csv", "branches.csv", "loads.csv"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    street = read_network_tables(tmp_path)
    assert street.load_names == ("no 1", "no 2")
    assert street.branch_r1_ohm[0] == pytest.approx(0.322 * 0.060)
    write_network_tables(street, tmp_path / "again")
    for name, text in files.items():
        assert (tmp_path / "again" / name).read_text(encoding="utf-8") == text
