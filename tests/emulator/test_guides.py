"""The guides are run, and their diagrams are those of the tables in the code."""

import doctest
from pathlib import Path

from linkbox.dcc.exchange import TABLE
from linkbox.dcc.exchange.dsp import DSP_TABLE

DOCS = Path(__file__).parents[2] / "docs"


def test_the_examples_of_the_emulator_guide_do_what_they_show() -> None:
    outcome = doctest.testfile(
        str(DOCS / "how-to/emulator.md"), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert outcome.attempted > 15
    assert outcome.failed == 0


def test_the_diagrams_of_the_service_request_are_those_of_its_tables() -> None:
    page = (DOCS / "explanation/service-request.md").read_text(encoding="utf-8")
    for table in (TABLE, DSP_TABLE):
        assert f"```mermaid\n{table.mermaid()}\n```" in page
