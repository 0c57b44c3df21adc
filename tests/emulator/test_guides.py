"""The guides are run, and their diagrams are those of the tables in the code."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from linkbox.base.statetable import StateTable
from linkbox.dcc.exchange import TABLE
from linkbox.dcc.exchange.dsp import DSP_TABLE

DOCS = Path(__file__).parents[2] / "docs"


def test_the_examples_of_the_emulator_guide_do_what_they_show() -> None:
    outcome = doctest.testfile(
        str(DOCS / "how-to/emulator.md"), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    assert outcome.attempted > 15
    assert outcome.failed == 0


def diagram(table: StateTable[Any, Any]) -> str:
    """The table as a mermaid diagram; a state's name may have blanks only in its description."""
    alias = {state: re.sub(r"\W", "_", state) for state in table.rows}
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {name}' for state, name in alias.items() if name != state]
    lines += [f"    [*] --> {alias[table.initial]}"]
    lines += [f"    {alias[s]} --> {alias[t]}: {e}" for s, row in table.rows.items() for e, t in row.items()]
    lines += [f"    {alias[s]} --> [*]" for s in table.rows if s in table.final]
    return "\n".join(lines)


@pytest.mark.parametrize("table", [TABLE, DSP_TABLE], ids=lambda table: str(table.name))
def test_the_diagrams_of_the_service_request_are_those_of_its_tables(table: StateTable[Any, Any]) -> None:
    page = (DOCS / "explanation/service-request.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{diagram(table)}\n```" in page
