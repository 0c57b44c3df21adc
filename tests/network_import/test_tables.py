"""Linkbox's own table format: what is written reads back, and bad tables are refused with every fault at once."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.adapters.network_tables import default_street, read_network_tables, write_network_tables
from linkbox.base.errors import InvalidInput, Issue
from linkbox.grid.topology import FeederNetwork
from tests.network_import.trees import Rows, branch, feeders, load

FILES = ("feeder.toml", "line_codes.csv", "branches.csv", "loads.csv")


def assert_same(a: FeederNetwork, b: FeederNetwork) -> None:
    for field in fields(FeederNetwork):
        left, right = getattr(a, field.name), getattr(b, field.name)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right, err_msg=field.name)
        else:
            assert left == right, field.name


def test_the_default_street_is_the_ieee_feeder_with_its_55_homes() -> None:
    """906 nodes and 55 single-phase loads: IEEE European LV Test Feeder, published description."""
    street = default_street()
    assert len(street.nodes) == 906
    assert street.homes_per_phase() == (21, 19, 15)
    assert street.head_line_code() == "4c_70"
    assert street.fuse_rated_a == 200
    assert street.transformer_kva == 800
    assert "BSD-3-Clause" in street.source


@settings(max_examples=30, deadline=None)
@given(rows=feeders(), name=st.text(min_size=1).filter(lambda t: t.strip() and t.isprintable()))
def test_what_is_written_reads_back_unchanged(rows: Rows, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    network = rows.build(name=name, fuse_rated_a=315, transformer_kva=500)
    folder = tmp_path_factory.mktemp("tables")
    write_network_tables(network, folder)
    assert_same(read_network_tables(folder), network)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    write_network_tables(default_street(), tmp_path)
    return tmp_path


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


def issues_of(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as error:
        read_network_tables(folder)
    return [(issue.where.removeprefix(f"{folder}/"), issue.value, issue.rule) for issue in error.value.issues]


def test_every_fault_is_reported_at_once_with_file_and_line(street: Path) -> None:
    replace_in(street / "feeder.toml", "fuse_rated_a = 200", "fuse_rated_a = -1")
    replace_in(street / "line_codes.csv", "4c_70,0.446", "4c_70,about half")
    replace_in(street / "branches.csv", "LINE905,905,906,2c_16", "LINE905,905,906,2c_x")
    replace_in(street / "branches.csv", "LINE1,1,2,4c_70,1.098", "LINE1,1,2,4c_70")
    replace_in(street / "loads.csv", "LOAD55,906,L1", "LOAD55,906,L9")
    replace_in(street / "loads.csv", "LOAD54,900,", "LOAD54,90000,")
    found = issues_of(street)
    assert ("feeder.toml", "-1", "fuse_rated_a must be a whole number above 0") in found
    assert ("line_codes.csv:2", "about half", "r1_ohm_per_km must be a finite number") in found
    assert ("branches.csv:906", "2c_x", "line code is not defined") in found
    assert ("branches.csv:2", "LINE1,1,2,4c_70", "a row has 5 columns") in found
    assert ("loads.csv:56", "L9", "unknown phase: must be L1, L2 or L3") in found
    assert ("loads.csv:55", "90000", "orphan load: unknown node, no branch ends there") in found


def test_a_loop_is_found_where_it_closes(street: Path) -> None:
    with (street / "branches.csv").open("a") as file:
        file.write("EXTRA,906,2,4c_70,5\n")
    assert issues_of(street) == [("branches.csv:907", "906-2", "branch closes a loop; a feeder must be a tree")]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, street: Path) -> None:
    (street / name).unlink()
    assert (name, name, "file is missing") in issues_of(street)


def test_a_folder_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        read_network_tables(tmp_path / "nothing")


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(FILES),
    cut=st.integers(0, 400),
    data=st.one_of(
        st.binary(max_size=120),
        st.lists(st.sampled_from([",", '"', "\n", "=", "[", "nan", "1e999", "L1", "1", "name", "\x00", "é"])).map(
            lambda words: "".join(words).encode()
        ),
    ),
)
def test_garbage_gives_a_network_or_invalid_input_and_nothing_else(
    name: str, cut: int, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    rows = Rows(branches=[branch(1, "n0", "a"), branch(2, "a", "b")], loads=[load(1, "b"), load(2, "a")])
    write_network_tables(rows.build(), folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:cut] + data)
    issues: tuple[Issue, ...] = ()
    try:
        read_network_tables(folder)
    except InvalidInput as error:
        issues = error.issues
    assert all(issue.where and issue.rule for issue in issues)
