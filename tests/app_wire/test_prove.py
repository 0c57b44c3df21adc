"""``linkbox bench plan`` and ``linkbox prove``: names, form, and a short form of what they show."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app_wire.tool import linkbox, right


def test_bench_plan_has_the_form_that_every_bench_has() -> None:
    told = right("bench", "plan", "--json", "--feeders", 20, "--chargers", 1000, "--workers", 1).json
    assert told["bench"] == "plan"
    assert [r["name"] for r in told["results"]] == ["plans_1000_s", "plans_1000_cpu_s", "ledger_100k_ms"]
    for result in told["results"]:
        assert result["value"] >= 0
        assert result["floor"] >= 0
    assert told["results"][0]["details"]["not_exact"] == 0


def test_optimality_is_told_with_its_count(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    text = right("prove", "optimality", "--instances", 120, "--seed", 7, "--json", file).text
    assert "120 instances: 0 where the two differ, 0 where the fallback was better" in text
    found = json.loads(file.read_text("utf-8"))
    assert (found["instances"], found["unequal"], found["fallback_better"]) == (120, 0, 0)
    assert all(p["rotation_mean"] >= 1 and p["greedy_mean"] >= 1 for p in found["by_homes"])


def test_numbers_that_can_not_be_are_refused() -> None:
    assert linkbox("bench", "plan", "--feeders", 0).code == 2
    assert linkbox("bench", "plan", "--workers", 0).code == 2
    assert linkbox("prove", "optimality", "--instances", 0).code == 2
