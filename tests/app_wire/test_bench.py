"""``linkbox bench wire``: its names and form. What it measures is no test's business."""

from __future__ import annotations

from tests.app_wire.tool import linkbox, right

NAMES = ["sign", "verify", "precommand", "decode"]


def test_the_result_has_the_form_that_every_bench_has() -> None:
    told = right("bench", "wire", "--json", "--seconds", 0.02, "--exchanges", 12).json
    assert told["bench"] == "wire"
    assert [result["name"] for result in told["results"]] == [*NAMES, "exchange"]
    for result in told["results"]:
        assert {"name", "value", "unit", "floor"} <= set(result)
        assert result["value"] > 0
        assert result["floor"] > 0
    assert told["results"][-1]["details"]["exchanges"] == 12


def test_the_exchanges_can_be_left_out() -> None:
    text = right("bench", "wire", "--seconds", 0.02, "--exchanges", 0).text
    assert [line.split()[0] for line in text.splitlines()[1:]] == NAMES


def test_numbers_that_can_not_be_are_refused() -> None:
    for words in (("--seconds", 0), ("--seconds", "nan"), ("--exchanges", -1)):
        assert linkbox("bench", "wire", *words).code == 2
