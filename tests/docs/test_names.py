"""What the pages name is there: Python names, files of the repository, and the links of the pages at the top."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

import linkbox
from tests.docs.guides import DOCS, ROOT

ROOMS = {path.name for path in Path(linkbox.__path__[0]).iterdir() if (path / "__init__.py").exists()}
PAGES = (
    DOCS / "explanation" / "architecture.md",
    DOCS / "explanation" / "an-evening.md",
    *sorted((DOCS / "decisions").glob("*.md")),
    *sorted((DOCS / "reference").glob("*.md")),
    *sorted((DOCS / "tutorial").glob("*.md")),
)
CODE = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"(?:linkbox\.)?([a-z_]+)(?:\.[A-Za-z_][A-Za-z0-9_]*)+$")
FILE = re.compile(r"(?:src|tests|docs|scripts|requirements|benchmarks)/[A-Za-z0-9_./-]+$")


def names(page: Path) -> set[str]:
    """Dotted names below ``linkbox`` that begin with a room."""
    found = (NAME.match(text) for text in CODE.findall(page.read_text("utf-8")))
    return {match[0].removeprefix("linkbox.") for match in found if match and match[1] in ROOMS}


def resolve(name: str) -> None:
    """Import ``linkbox.NAME``, or get it from the longest part that is a module; raise where it is not there."""
    found: object = linkbox
    for depth, part in enumerate(name.split("."), 1):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            importlib.import_module("linkbox." + ".".join(name.split(".")[:depth]))
        found = getattr(found, part)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_python_name_on_the_page_exists(page: Path) -> None:
    for name in sorted(names(page)):
        resolve(name)


def test_names_are_found_at_all() -> None:
    assert {"control.planning", "operation.desk.Desk", "study.invariants"} <= names(PAGES[0])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_on_the_page_is_in_the_repository(page: Path) -> None:
    files = {text for text in CODE.findall(page.read_text("utf-8")) if FILE.match(text)}
    assert {name for name in files if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.stem)
def test_every_link_at_the_top_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_picture_is_small_and_is_shown_somewhere() -> None:
    text = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *DOCS.rglob("*.md")))
    for picture in (DOCS / "pictures").iterdir():
        assert picture.stat().st_size < 300_000
        assert f"pictures/{picture.name}" in text
