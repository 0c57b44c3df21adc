"""Bad input, as a user gives it: everything that is wrong at once, exit code 2, and nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from linkbox.adapters.network_tables import default_street, write_network_tables
from linkbox.study.evening import SCENARIO_FILE, STORE_FILE, WORLD_FILE, prepare
from linkbox.study.scenario import Scenario
from tests.app.commandline import Said, call

QUICK = ("--starts", "23:30", "--hours", "0.1", "--ev-share", "0.1")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), "utf-8")


def wrong_tables(folder: Path) -> dict[str, str]:
    """The package's own street with four faults; where each is, and what is wrong there."""
    write_network_tables(default_street(), folder)
    edit(folder / "branches.csv", "LINE905,905,906,2c_16", "LINE905,905,906,2c_x")
    rows = (folder / "branches.csv").read_text("utf-8").splitlines()
    (folder / "branches.csv").write_text("\n".join([*rows, "LINE999,34,1,4c_70,5.0"]) + "\n", "utf-8")
    edit(folder / "loads.csv", "LOAD55,906,L1", "LOAD55,906,L9")
    edit(folder / "loads.csv", "LOAD54,900,", "LOAD54,90000,")
    return {
        f"{folder}/branches.csv:906": "line code",
        f"{folder}/branches.csv:{len(rows) + 1}": "loop",
        f"{folder}/loads.csv:56": "phase",
        f"{folder}/loads.csv:55": "node",
    }


def wrong_opendss(folder: Path) -> dict[str, str]:
    """A small OpenDSS feeder with the same four faults."""
    write = {
        "Master.txt": "clear\nnew circuit.ENWL BasekV=11 pu=1.00 ISC3=3000 ISC1=5\n"
        "Redirect LineCode.txt\nRedirect Transformers.txt\nRedirect Lines.txt\nRedirect Loads.txt\n"
        "Set voltagebases=[11 0.416]\nCalcvoltagebases\n",
        "LineCode.txt": "New LineCode.main nphases=3 R1=0.166 X1=0.068 R0=0.58 X0=0.078 C1=0 C0=0 Units=km\n",
        "Transformers.txt": "New Transformer.TR1 Buses=[SourceBus 1] Conns=[Delta Wye] kVs=[11 0.416] "
        "kVAs=[800 800] XHL=4 phases=3\n",
        "Lines.txt": "New Line.LINE1 Bus1=1 Bus2=2 phases=3 Linecode=main Length=10 Units=m\n"
        "New Line.LINE2 Bus1=2 Bus2=3 phases=3 Linecode=nosuch Length=10 Units=m\n"
        "New Line.LINE3 Bus1=3 Bus2=1 phases=3 Linecode=main Length=10 Units=m\n",
        "Loads.txt": "New Load.LOAD1 Phases=1 Bus1=3.7 kV=0.23 kW=1 PF=0.95\n"
        "New Load.LOAD2 Phases=1 Bus1=77.1 kV=0.23 kW=1 PF=0.95\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in write.items():
        (folder / name).write_text(text, "utf-8")
    return {"Lines.txt:2": "line code", "Lines.txt:3": "loop", "Loads.txt:1": "phase", "Loads.txt:2": "node"}


def check_refused(said: Said, expected: dict[str, str]) -> None:
    assert said.code == 2
    assert "Traceback" not in said.error
    for where, word in expected.items():
        about = [line for line in said.error.splitlines() if f"{where}:" in line]
        assert about, f"nothing about {where} in\n{said.error}"
        assert any(word in line for line in about), about


@pytest.mark.parametrize("make", [wrong_tables, wrong_opendss], ids=["tables", "opendss"])
def test_feeder_with_many_faults_is_refused_with_all_of_them_and_nothing_is_written(
    make: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = make(tmp_path / "feeder")  # type: ignore[operator]  # one of the two functions above
    said = call(capsys, "demo", "--feeder", tmp_path / "feeder", "--out", tmp_path / "out", "--json", tmp_path / "x")
    check_refused(said, expected)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["feeder"]


def test_feeder_is_refused_together_with_wrong_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = wrong_tables(tmp_path / "feeder")
    said = call(capsys, "demo", "--feeder", tmp_path / "feeder", "--hours", "99", "--provider", "x", "--speed", "-2")
    check_refused(said, expected | {"--hours": "48 hours", "--provider": "must be one of", "--speed": "must be 0"})


def test_earlier_results_survive_a_refused_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert call(capsys, "demo", *QUICK, "--out", out).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    assert {STORE_FILE, WORLD_FILE, SCENARIO_FILE, "report.html", "audit.jsonl"} <= before.keys()
    assert call(capsys, "demo", "--feeder", tmp_path / "none", "--out", out).code == 2
    assert call(capsys, "demo", "--fuse", "123", "--out", out).code == 2
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--feeder", "nowhere"], "can not be read"),
        (["--feeder", "nowhere.tar.xz:network_1/Feeder_1"], "can not be read"),
        (["--seed", "one"], "--seed"),
        (["--frobnicate"], "--frobnicate"),
        (["--fuse", "123"], "must be one of 100, 160"),
        (["--profile", "anything-goes"], "must be one of duis-5.4"),
        (["--starts", "17:00:30"], "--starts"),
        (["--stop-emulator-at", "noon"], "--stop-emulator-at"),
        (["--charger-kw", "nan"], "--charger-kw"),
        (["--speed", "inf"], "--speed"),
    ],
)
def test_wrong_option_is_named_without_a_traceback(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = call(capsys, "demo", *arguments, "--out", tmp_path / "out")
    assert (said.code, said.out) == (2, "")
    assert words in said.error
    assert "Traceback" not in said.error
    assert not (tmp_path / "out").exists()


def test_place_where_nothing_can_be_written_is_found_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    said = call(capsys, "demo", *QUICK, "--out", tmp_path / "file" / "out", "--json", tmp_path)
    assert said.code == 2
    assert "--out" in said.error
    assert "--json" in said.error
    assert (tmp_path / "file").read_text() == "mine"


def test_there_is_nothing_to_go_on_with_in_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "demo", "--resume", tmp_path)
    assert said.code == 2
    assert "no evening to go on with" in said.error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "no evening to go on with"), ('{"seed": -3}', "--seed"), ('{"colour": 1}', "colour"), ("[]", "scenario")],
)
def test_scenario_file_that_is_none_is_refused(
    content: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SCENARIO_FILE).write_text(content)
    said = call(capsys, "demo", "--resume", tmp_path)
    assert said.code == 2
    assert words in said.error


def test_damaged_journal_is_named_by_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(Scenario(starts="23:30", hours=0.1), tmp_path)
    (tmp_path / WORLD_FILE).write_text(json.dumps({"at": "2026-01-13T23:31:00.000Z"}) + "\n")
    said = call(capsys, "demo", "--resume", tmp_path)
    assert said.code == 2
    assert f"{WORLD_FILE}:1" in said.error


def test_file_that_is_no_store_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(Scenario(starts="23:30", hours=0.1), tmp_path)
    (tmp_path / STORE_FILE).write_text("this is not a database, it is a text of some length")
    said = call(capsys, "demo", "--resume", tmp_path)
    assert said.code == 1
    assert "can not be used as a Linkbox store" in said.error
    assert "Traceback" not in said.error


CONTRACT = """
[[contract]]
contract_id = "{id}"
provider = "North Flexibility"
domain = "{domain}"
feeders = {feeders}
capacity_a = [10, 10, 10]
answer_within_s = 60
deliver_within_s = 120
price_gbp_per_kwh = 0.3
"""
OURS = "IEEE-European-LV-Test-Feeder"


def test_contracts_that_overlap_or_name_a_feeder_nobody_watches_are_refused_with_all_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contracts.toml"
    domain = "dawn-flexibility.example"
    file.write_text(
        CONTRACT.format(id="A", domain=domain, feeders=f'["{OURS}"]')
        + CONTRACT.format(id="B", domain=domain, feeders=f'["{OURS}", "nowhere"]'),
        "utf-8",
    )
    out = tmp_path / "out"
    said = call(capsys, "demo", "--contracts", str(file), "--fuse", "7", "--out", str(out))
    assert said.code == 2
    for part in ("overlaps contract A of the same provider", "'nowhere': is not a feeder", "--fuse: '7'"):
        assert part in said.error
    assert not out.exists()


def test_contracts_with_somebody_who_is_not_simulated_are_refused_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contracts.toml"
    file.write_text(CONTRACT.format(id="A", domain="elsewhere.example", feeders=f'["{OURS}"]'), "utf-8")
    said = call(capsys, "demo", "--contracts", str(file), "--out", str(tmp_path / "out"))
    assert said.code == 2
    assert "contract A: domain: 'elsewhere.example': must be dawn-flexibility.example" in said.error
