"""A whole network as five tables: what is read, what is refused, what comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.adapters.network_store import Form, read_network, write_network
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import Mpan
from linkbox.base.phases import Phase
from linkbox.grid.schema import SCHEMA, THREE_PHASE, UNKNOWN_PHASE, mpan_is_right
from linkbox.grid.tables import MOST_ISSUES

A, B, C = (str(Mpan.from_core(f"{120000000000 + n}")) for n in range(3))
GOOD = {
    "substation": "substation,name\nS1,Mill Lane\nS2,Dock Road\n",
    "transformer": "transformer,substation,rated_kva\nT1,S1,500\nT2,S2,800\n",
    "feeder": "feeder,transformer,fuse_rated_a,cable\nF1,T1,400,3c_185_SAC_XC\nF2,T2,315,3C_95_sac_xc\n",
    "point": f"mpan,feeder,phase,domestic,priority_register\n{A},F2,L3,yes,no\n{B},F1,,no,no\n{C},F1,three,yes,yes\n",
    "charger": f"mpan,kind,rated_a\n{A},hcalcs,32\n{C},apc,16\n",
}


def folder(tmp_path: Path, **changes: str) -> Path:
    for name, text in (GOOD | changes).items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def issues(tmp_path: Path, **changes: str) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read_network(folder(tmp_path, **changes))
    return [(Path(i.where).name, i.value, i.rule) for i in caught.value.issues]


def test_points_stand_in_the_order_of_their_feeders_and_chargers_find_theirs(tmp_path: Path) -> None:
    network = read_network(folder(tmp_path))
    assert network.tables["point"]["mpan"].tolist() == [int(B), int(C), int(A)]
    assert network.mpans(0).tolist() == [int(B), int(C)]
    assert network.tables["point"]["phase"].tolist() == [UNKNOWN_PHASE, THREE_PHASE, Phase.L3]
    assert network.tables["point"]["mpan"][network.charger_point].tolist() == [int(A), int(C)]
    assert network.substation_of_feeder().tolist() == [0, 1]
    assert not any(c.flags.writeable for columns in network.tables.values() for c in columns.values())


def test_a_feeder_is_given_as_the_controller_wants_it(tmp_path: Path) -> None:
    model = read_network(folder(tmp_path)).model(1)
    assert (model.feeder_id, model.substation) == ("F2", "S2")
    assert (model.fuse.rated_current_a, model.transformer.rated_kva) == (315, 800)
    assert model.cable.name == "3c_95_SAC_XC"  # letter case does not matter
    assert [(p.mpan, p.phase, p.domestic) for p in model.points] == [(A, Phase.L3, True)]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_written_reads_back_equal(tmp_path: Path, form: Form) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs the extra 'arrow'")
    network = read_network(folder(tmp_path))
    write_network(network, tmp_path / "again", form=form)
    again = read_network(tmp_path / "again")
    for name, columns in network.tables.items():
        for column, values in columns.items():
            assert again.tables[name][column].tolist() == values.tolist(), (name, column)


def test_everything_that_is_wrong_is_said_at_once_with_file_line_and_rule(tmp_path: Path) -> None:
    found = issues(
        tmp_path,
        transformer="transformer,substation,rated_kva\nT1,S9,500\nT1,S2,17\n",
        feeder="feeder,transformer,fuse_rated_a,cable\nF 1,T1,400,3c_185_SAC_XC\nF2,T9,401,string\n",
        point=f"mpan,feeder,phase\n{A},F2,L4\n1200000000012,F2,L1\n{B},F9,L1\n{B},F2\n{A},F2,L1\n",
        charger=f"mpan,kind,rated_a\n{A},kettle,-32\n{C},apc,nan\n",
    )
    assert ("transformer.csv:3", "T1", "transformer stands there twice") in found
    assert ("transformer.csv:2", "S9", "orphan transformer: no substation has this id") in found
    assert ("feeder.csv:3", "T9", "orphan feeder: no transformer has this id") in found
    assert ("point.csv:4", "F9", "orphan point: no feeder has this id") in found
    assert ("point.csv:5", f"{B},F2", "must have 3 fields") in found
    assert ("point.csv:6", A, "mpan stands there twice") in found
    assert ("point.csv:3", "1200000000012", "mpan: must be 13 digits with a right check digit") in found
    assert ("charger.csv:3", C, "no connection point has this MPAN") in [(w, v.zfill(13), r) for w, v, r in found]
    said = {(where, value) for where, value, _ in found}
    assert {
        ("feeder.csv:2", "F 1"),
        ("feeder.csv:3", "401"),
        ("feeder.csv:3", "string"),
        ("transformer.csv:3", "17"),
    } <= said
    assert {
        ("point.csv:2", "L4"),
        ("charger.csv:2", "kettle"),
        ("charger.csv:2", "-32"),
        ("charger.csv:3", "nan"),
    } <= said


@pytest.mark.parametrize("name", ["substation", "transformer", "feeder", "point"])
def test_a_missing_file_or_column_is_named(tmp_path: Path, name: str) -> None:
    assert ((f"{name}.csv:1", SCHEMA[name][0].name, "the table needs this column")) in issues(
        tmp_path, **{name: "nothing\n1\n"}
    )
    (tmp_path / f"{name}.csv").unlink()
    with pytest.raises(InvalidInput, match=f"{name}.csv: .*can not be read"):
        read_network(tmp_path)


def test_chargers_may_be_left_out(tmp_path: Path) -> None:
    (folder(tmp_path) / "charger.csv").unlink()
    assert read_network(tmp_path).count("charger") == 0


def test_a_file_in_the_wrong_form_does_not_list_all_its_lines(tmp_path: Path) -> None:
    rows = "".join(f"x{n},F1,L1\n" for n in range(MOST_ISSUES + 500))
    found = issues(tmp_path, point="mpan,feeder,phase\n" + rows, charger="mpan,kind\n")
    assert len(found) == MOST_ISSUES + 1
    assert found[-1][1] == "500 issues"


def test_a_damaged_parquet_file_is_one_issue(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs the extra 'arrow'")
    (folder(tmp_path) / "point.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InvalidInput, match=r"point.parquet: .*can not be read"):
        read_network(tmp_path)


@given(st.integers(10**11, 10**12 - 1))
def test_the_check_digit_of_many_is_that_of_one(core: int) -> None:
    right = Mpan.from_core(str(core))
    numbers = np.array([core * 10 + digit for digit in range(10)], dtype=np.int64)
    assert np.flatnonzero(mpan_is_right(numbers)).tolist() == [int(right[12])]
