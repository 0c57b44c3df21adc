"""The page of state tables shows every table of the code as it is."""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import linkbox
from linkbox.base.statetable import StateTable
from tests.docs.guides import DOCS, ROOT

PAGE = DOCS / "reference" / "state-tables.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("state_tables", ROOT / "scripts" / "state_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def tables() -> Iterator[StateTable[Any, Any]]:
    for found in pkgutil.walk_packages(linkbox.__path__, "linkbox."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, StateTable):
                yield value


def test_the_page_is_what_the_script_writes(script: ModuleType) -> None:
    assert PAGE.read_text("utf-8") == script.render(), "run: python scripts/state_tables.py"


def test_every_state_table_of_the_code_is_on_the_page(script: ModuleType) -> None:
    shown = {id(chapter.table) for chapter in script.CHAPTERS}
    assert {table.name for table in tables() if id(table) not in shown} == set()


def test_each_table_is_named_where_it_is(script: ModuleType) -> None:
    for chapter in script.CHAPTERS:
        module, _, name = chapter.where.rpartition(".")
        assert getattr(importlib.import_module(module), name) is chapter.table


def test_a_diagram_has_every_row_of_its_table(script: ModuleType) -> None:
    for chapter in script.CHAPTERS:
        arrows = [line for line in script.diagram(chapter.table).splitlines() if "-->" in line and "[*]" not in line]
        shown = {event for line in arrows for event in line.split(": ", 1)[1].split(", ")}
        assert shown == {str(event) for row in chapter.table.rows.values() for event in row}
