"""The glossary and the map of the documentation say only what is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"`((?:[a-z_0-9]+\.)*[A-Za-z_0-9]+)`")


def names_of(page: Path) -> list[str]:
    """Python names in the last column of three-column tables."""
    rows = [line.split("|") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [name for cells in rows if len(cells) == 5 for name in NAME.findall(cells[3])]


def resolve(name: str) -> object:
    parts = name.split(".")
    found: object = importlib.import_module("linkbox." + parts[0])
    for index, part in enumerate(parts[1:], 1):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            found = importlib.import_module("linkbox." + ".".join(parts[: index + 1]))
        else:
            found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(set(names_of(DOCS / "glossary.md"))))
def test_every_python_name_in_the_glossary_exists(name: str) -> None:
    resolve(name)


def test_the_glossary_is_read_by_the_test_above() -> None:
    assert len(names_of(DOCS / "glossary.md")) > 100


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_every_relative_link_in_the_documentation_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_page_of_the_documentation_is_on_the_map() -> None:
    index = DOCS / "index.md"
    linked = {
        (index.parent / link).resolve()
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", index.read_text(encoding="utf-8"))
    }
    pages = {page.resolve() for page in DOCS.rglob("*.md")} - {index.resolve()}
    pages = {page for page in pages if "decisions" not in page.parts}
    assert {str(page.relative_to(DOCS.resolve())) for page in pages - linked} == set()
