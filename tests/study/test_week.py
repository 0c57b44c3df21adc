"""The winter week: what a night's line says, what the table adds up, and that a run goes on where it was cut off."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from linkbox.adapters.store_sql import SqliteStore
from linkbox.app.week_cli import RESULTS_FILE, run_week, table_text
from linkbox.base.errors import InvalidInput
from linkbox.operation.entities import Command, CommandKind
from linkbox.study.evening import prepare, run_controlled, run_uncontrolled
from linkbox.study.scenario import Scenario
from linkbox.study.week import VARIANTS, WeekPlan, key_of, read_results, rows_of, scenario_of
from tests.docs.guides import ENWL
from tests.study.evenings import SHORT

BRIEF = replace(SHORT, starts="00:20", hours=0.6)
PLAN = WeekPlan(
    feeders=(f"{ENWL}:network_1/Feeder_4",), variants=VARIANTS[:1], nights=2, ev_share=1.0, starts="00:15", hours=1.0
)
"""Two nights in which somebody is held: with the defaults this feeder's nights may be calm, and are then not run."""


def lived(scenario: Scenario, folder: Path, *, direct: bool) -> list[str]:
    prepare(scenario, folder)
    store = SqliteStore(None)
    evening = asyncio.run(run_controlled(scenario, folder, open_store=lambda _: store, direct=direct))
    lines = evening.store.audit_lines()
    store.close()
    return lines


def touched_with_fresh_quotas(night: int, folder: Path) -> list[str]:
    """Whom one night of PLAN holds when nobody was held in the night before."""
    scenario = scenario_of(PLAN, PLAN.feeders[0], PLAN.variants[0], night)
    prepare(scenario, folder)
    evening = asyncio.run(run_controlled(scenario, folder, open_store=lambda _: SqliteStore(None), direct=True))
    commands = [Command.from_row(row) for row in evening.store.rows("command")]
    evening.store.close()
    held = {c.mpan for c in commands if c.kind is CommandKind.HOLD and c.confirmed}
    return sorted(evening.controller.desk.site.pseudonym(mpan) for mpan in held)


def test_an_evening_without_http_is_the_same_evening_record_for_record(tmp_path: Path) -> None:
    over_http = lived(BRIEF, tmp_path / "http", direct=False)
    assert lived(BRIEF, tmp_path / "direct", direct=True) == over_http
    assert any('"command"' in line for line in over_http), "something was switched"


def test_nights_of_one_street_have_the_same_owners_and_other_evenings() -> None:
    first, second = (run_uncontrolled(replace(BRIEF, night=n, hours=0.1))[0] for n in (1, 2))
    assert first.has_charger.tolist() == second.has_charger.tolist()
    assert first.sessions.plug_in_s.tolist() != second.sessions.plug_in_s.tolist()


@pytest.mark.skipif(not ENWL.exists(), reason="needs the ENWL archive: set LINKBOX_DATA to the folder that has it")
def test_a_week_carries_quotas_from_night_to_night_and_goes_on_where_it_was_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = run_week(PLAN, tmp_path, workers=1)
    (result,) = read_results(tmp_path / RESULTS_FILE).values()
    nights = result["variants"][VARIANTS[0].name]
    assert [night["day"] for night in nights] == ["2026-01-12", "2026-01-13"]
    assert not any(night["calm"] for night in nights)
    assert sorted(nights[0]["borne_min"]) == touched_with_fresh_quotas(0, tmp_path / "0")
    assert sorted(nights[1]["borne_min"]) != touched_with_fresh_quotas(1, tmp_path / "1"), "the first night counts"
    assert all(night["quota_kept"] and night["free_at_end"] for night in nights)
    assert rows[0]["nights"] == 2
    assert "| variant |" in capsys.readouterr().out
    file = tmp_path / RESULTS_FILE
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"key": "cut o')
    assert run_week(PLAN, tmp_path, workers=1) == rows
    assert file.read_bytes() == whole, "nothing is run again"
    with pytest.raises(InvalidInput, match="--nights"):
        run_week(replace(PLAN, nights=3), tmp_path, workers=1)


# -- the table, by hand ---------------------------------------------------------------------------------------


def night(**facts: Any) -> dict[str, Any]:
    busy = {
        "calm": False,
        "over_without": True,
        "over": False,
        "interventions": 1,
        "by_market_alone": 0,
        "escalated": 0,
        "commands": 3,
        "borne_min": {"a": 30.0, "b": 10.0},
        "held_back_kwh": 8.0,
        "still_wanted_kwh": 1.0,
        "second_peak": False,
        "quota_kept": True,
        "free_at_end": True,
    }
    return busy | facts


def test_the_table_adds_up_feeders_and_nights_and_counts_a_customer_once() -> None:
    """Two feeders: 30 + 10 and then 20 minutes for the same customer a of the first; 40 for one of the second."""
    name = VARIANTS[0].name
    calm = {"calm": True, "over_without": False}
    results = [
        {"key": "f1", "variants": {name: [night(), night(borne_min={"a": 20.0}, over=True, second_peak=True)]}},
        {"key": "f2", "variants": {name: [calm, night(borne_min={"a": 40.0})]}},
        {"key": "f3", "error": "no such feeder"},
    ]
    (row,) = rows_of(results, VARIANTS[:1])
    assert (row["feeders"], row["nights"], row["calm"]) == (2, 4, 1)
    assert (row["overloads"], row["prevented"], row["second_peaks"]) == (3, 2, 1)
    assert (row["customers"], row["minutes"]) == (3, 100)
    # Jain's index of 50, 10 and 40 minutes: 100^2 / (3 x (2500 + 100 + 1600)).
    assert row["jain"] == pytest.approx(10000 / (3 * 4200), abs=5e-4)
    assert "could not be run: f3: no such feeder" in table_text([row], results)


def test_a_broken_promise_stands_under_the_table() -> None:
    name = VARIANTS[0].name
    results = [{"key": "f1", "variants": {name: [night(quota_kept=False)]}}]
    assert "BROKEN: " + name in table_text(list(rows_of(results, VARIANTS[:1])), results)


def test_all_eight_variants_are_there_under_names_of_their_own() -> None:
    assert len({v.name for v in VARIANTS}) == 8
    assert key_of("archive.tar.xz:network_1/Feeder_1") == "network_1/Feeder_1"


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.write_bytes(json.dumps({"key": "a"}).encode() + b'\n{"key": "b"')
    assert set(read_results(path)) == {"a"}
