"""Feeders in OpenDSS text form: the ENWL set reads, and bad files are refused with every fault at once."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkbox.adapters.network_opendss import FILES, feeders_in_archive, read_opendss_feeder
from linkbox.adapters.network_tables import default_street
from linkbox.base.errors import InvalidInput, Issue
from tests.network_import.trees import ARCHIVE, needs_archive

GOOD = {
    "LineCode.txt": "New LineCode.Main nphases=3 R1=0.2 X1=0.07 R0=0.6 X0=0.08 C1=0 C0=0 Units=km\n",
    "Lines.txt": (
        "New Line.LINE1 Bus1=1 Bus2=2 phases=3 Linecode=MAIN Length=100 Units=m\n"
        "! a comment\n"
        "new line.line2 bus1=2 bus2=3\n"
        "~ phases=3 linecode=main length=0.05 units=km\n"
    ),
    "Loads.txt": (
        "New Load.LOAD1 Phases=1 Bus1=2.1 kV=0.23 kW=1 PF=0.95 Daily=Shape_1\n"
        "New Load.LOAD2 Phases=3 Bus1=3 kV=0.412 kW=3 PF=0.95 Daily=Shape_2\n"
    ),
    "Transformers.txt": "New Transformer.TR1 Buses=[SourceBus 1] kVs=[11 0.416] kVAs=[800 800] XHL=1\n",
}


def write(folder: Path, **changes: str | None) -> Path:
    """The good feeder with some files replaced (by their name without .txt) or left out (None)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in GOOD.items():
        changed = changes.get(name.removesuffix(".txt"), text)
        if changed is not None:
            (folder / name).write_text(changed)
    return folder


def issues_of(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as error:
        read_opendss_feeder(folder)
    return [(issue.where.removeprefix(f"{folder}/"), issue.value, issue.rule) for issue in error.value.issues]


def test_names_units_comments_and_continued_lines_are_read_as_opendss_reads_them(tmp_path: Path) -> None:
    network = read_opendss_feeder(write(tmp_path / "network_9" / "Feeder_1"))
    assert network.name == "network_9/Feeder_1"
    assert network.nodes == ("1", "2", "3")
    assert network.branch_length_m.tolist() == [100.0, 50.0]
    assert network.branch_r1_ohm.tolist() == pytest.approx([0.02, 0.01])  # 0.1 km and 0.05 km of 0.2 ohm/km
    assert network.source_voltage_v == pytest.approx(416 / 3**0.5)
    assert network.transformer_kva == 800
    assert network.head_line_code() == "Main"


def test_a_three_phase_load_becomes_three_single_phase_ones(tmp_path: Path) -> None:
    network = read_opendss_feeder(write(tmp_path))
    assert network.load_names == ("load1", "load2.1", "load2.2", "load2.3")
    assert network.load_phase.tolist() == [0, 0, 1, 2]
    assert network.load_nominal_w.tolist() == [1000.0] * 4


def test_every_fault_is_reported_at_once_with_file_and_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        Lines=(
            "New Line.A Bus1=1 Bus2=2 phases=3 Linecode=Main Length=100 Units=m\n"
            "New Line.B Bus1=2 Bus2=3 phases=3 Linecode=Absent Length=1 Units=m\n"
            "New Line.C Bus1=3 Bus2=1 phases=3 Linecode=Main Length=1 Units=m\n"
            "New Line.D Bus1=3 Bus2=4 phases=3 Linecode=Main Length=ten Units=m\n"
            "New Line.E Bus1=4 Bus2=5 phases=3 Linecode=Main Length=1 Units=ft\n"
            "New Load.F Bus1=4.1\n"
        ),
        Loads=(
            "New Load.ONE Phases=1 Bus1=2.4 kV=0.23 kW=1 PF=0.95\n"
            "New Load.TWO Phases=1 Bus1=99.1 kV=0.23 kW=1 PF=0.95\n"
            "New Load.THREE Phases=1 Bus1=2.1 kV=0.23 kW=nan\n"
        ),
    )
    assert issues_of(tmp_path) == [
        ("Lines.txt:4", "ten", "Length must be a finite number"),
        ("Lines.txt:5", "ft", "Units must be m or km"),
        ("Lines.txt:6", "New Load.F Bus1=4.1", "expected 'New Line.NAME key=value ...'"),
        (
            "Loads.txt:1",
            "Phases=1 Bus1=2.4",
            "unknown phase: a load needs Phases=1 and Bus1=node.1, .2 or .3, or Phases=3 and Bus1=node",
        ),
        ("Loads.txt:3", "nan", "kW must be a finite number"),
        ("Loads.txt:3", "THREE", "PF is missing"),
        ("Lines.txt:2", "absent", "line code is not defined"),
        ("Lines.txt:3", "3-1", "branch closes a loop; a feeder must be a tree"),
        ("Loads.txt:2", "99", "orphan load: unknown node, no branch ends there"),
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_and_the_others_are_still_read(name: str, tmp_path: Path) -> None:
    write(tmp_path, **{name.removesuffix(".txt"): None})
    assert (name, name, "file is missing") in issues_of(tmp_path)


def test_a_missing_line_code_file_does_not_repeat_itself_for_every_section(tmp_path: Path) -> None:
    assert issues_of(write(tmp_path, LineCode=None)) == [("LineCode.txt", "LineCode.txt", "file is missing")]


def test_a_line_code_may_be_repeated_word_for_word_but_not_changed(tmp_path: Path) -> None:
    code = GOOD["LineCode.txt"]
    read_opendss_feeder(write(tmp_path, LineCode=code + code))
    write(tmp_path, LineCode=code + code.replace("0.2", "0.3"))
    assert issues_of(tmp_path) == [("LineCode.txt:2", "Main", "line code is defined twice, with different values")]


def test_folder_and_file_names_ignore_letter_case_inside_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "set.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        for name, text in GOOD.items():
            entry = tarfile.TarInfo(f"enwl/networks/Network_8/Feeder_2/{name.upper()}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    assert read_opendss_feeder(f"{archive}:network_8/feeder_2").homes == 4
    assert feeders_in_archive(archive) == ("Network_8/Feeder_2",)


@pytest.mark.parametrize("path", ["no-such-folder", "no-such.tar.xz:network_1/Feeder_1"])
def test_a_path_that_is_not_there_is_bad_input(path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        read_opendss_feeder(tmp_path / path)


def test_an_archive_cut_short_is_bad_input(tmp_path: Path) -> None:
    archive = tmp_path / "cut.tar.xz"
    archive.write_bytes(b"\xfd7zXZ\x00\x00\x04 and no more")
    for read in (lambda: read_opendss_feeder(f"{archive}:network_1/Feeder_1"), lambda: feeders_in_archive(archive)):
        with pytest.raises(InvalidInput):
            read()


_WORDS = st.sampled_from(
    [
        "New ",
        "Line.",
        "LineCode.",
        "Load.",
        "Transformer.",
        "Bus1=",
        "Bus2=1.2",
        "=",
        "[",
        "]",
        "(",
        "1",
        ".2",
        "~",
        "\n",
        "Length=",
        "Units=m",
        "Linecode=Main",
        "kVs=[11",
        "Buses=[a 1]",
        "PF=",
        "1e999",
        "-1",
        "nan",
        "\x00",
        "é",
        '"',
        "!",
    ]
)


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(FILES), data=st.one_of(st.binary(max_size=200), st.lists(_WORDS).map("".join)))
def test_garbage_gives_a_network_or_invalid_input_and_nothing_else(
    name: str, data: bytes | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write(tmp_path_factory.mktemp("fuzz"))
    raw = data if isinstance(data, bytes) else data.encode()
    (folder / name).write_bytes(GOOD[name].encode() + raw)
    issues: tuple[Issue, ...] = ()
    try:
        read_opendss_feeder(folder)
    except InvalidInput as error:
        issues = error.issues
    assert all(issue.where and issue.rule for issue in issues)


@needs_archive
def test_every_feeder_of_the_enwl_archive_reads(tmp_path: Path) -> None:
    names = feeders_in_archive(ARCHIVE)
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, filter="data")
    homes = [read_opendss_feeder(tmp_path / "enwl-lvns" / "networks" / name).homes for name in names]
    assert len(names) == 64
    # Counted in the files: 3805 lines with Phases=1 and 8 with Phases=3.
    assert sum(homes) == 3805 + 3 * 8


@needs_archive
def test_the_ieee_feeder_of_the_package_is_enwl_network_1_feeder_1() -> None:
    enwl, ieee = read_opendss_feeder(f"{ARCHIVE}:Network_1/feeder_1"), default_street()
    assert (len(enwl.nodes), enwl.homes) == (906, 55) == (len(ieee.nodes), ieee.homes)
    assert enwl.nodes == ieee.nodes
    assert enwl.load_phase.tolist() == ieee.load_phase.tolist()
    assert enwl.load_node.tolist() == ieee.load_node.tolist()
    np.testing.assert_allclose(enwl.branch_length_m, ieee.branch_length_m, rtol=1e-5)
    for field in ("branch_r1_ohm", "branch_x1_ohm", "branch_r0_ohm", "branch_x0_ohm"):
        np.testing.assert_allclose(getattr(enwl, field), getattr(ieee, field), rtol=1e-4)
