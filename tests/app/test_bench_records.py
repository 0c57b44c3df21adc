"""``linkbox bench records`` in its short form: the figures that it promises, each a positive number."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from linkbox.app.cli import app
from tests.adapters.postgresql import schema_of_its_own

SHORT = [
    "bench",
    "records",
    "--json",
    "--points",
    "1000",
    "--consents",
    "500",
    "--audit-records",
    "500",
    "--interventions",
    "250",
]
ALWAYS = {
    "permit_feeder_ms",
    "permit_feeder_ms_sqlite",
    "consents_per_s_sqlite",
    "audit_verify_per_s",
    "month_report_s",
}


def figures(*more: str) -> dict[str, float]:
    done = CliRunner().invoke(app, [*SHORT, *more], catch_exceptions=False)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["bench"] == "records"
    assert all(set(r) == {"name", "value", "unit", "floor"} for r in told["results"])
    return {r["name"]: r["value"] for r in told["results"]}


def test_the_short_form_gives_every_figure_of_sqlite_and_leaves_nothing_behind(tmp_path: Path) -> None:
    found = figures("--folder", str(tmp_path))
    assert found.keys() >= ALWAYS
    assert all(value > 0 for value in found.values())
    assert list(tmp_path.iterdir()) == []


def test_with_postgresql_the_slower_store_counts(tmp_path: Path) -> None:
    with schema_of_its_own() as url:
        found = figures("--folder", str(tmp_path), "--postgresql", url)
    assert found.keys() >= {*ALWAYS, "permit_feeder_ms_postgresql", "consents_per_s_postgresql"}
    assert found["permit_feeder_ms"] == max(found["permit_feeder_ms_sqlite"], found["permit_feeder_ms_postgresql"])


def test_a_size_that_makes_no_sense_is_refused() -> None:
    done = CliRunner().invoke(app, ["bench", "records", "--points", "1000", "--consents", "2000"])
    assert "must be within 250..1000" in str(done.exception)
