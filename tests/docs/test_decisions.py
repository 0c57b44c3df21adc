"""The decision records are numbered, say the three things, and are listed; the list of dependencies is whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.guides import DOCS, ROOT

FOLDER = DOCS / "decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))
MADE_OF = re.compile(r"^[A-Za-z0-9_.-]+")


def test_every_number_is_given_once() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]  # a gap is a number that somebody works on
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_says_why_what_and_what_follows(record: Path) -> None:
    text = record.read_text("utf-8")
    assert text.startswith(f"# {record.name[:4]} ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]
    assert re.search(r"^\d{4}-\d\d-\d\d, (in force|replaced by)", text, re.MULTILINE)


def test_every_record_is_listed_with_its_title() -> None:
    listed = dict(re.findall(r"^\| \[\d{4}\]\((.*?)\) \| (.*?) \|$", (FOLDER / "README.md").read_text("utf-8"), re.M))
    titles = {path.name: path.read_text("utf-8").splitlines()[0][7:] for path in RECORDS}
    assert listed == titles


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {found[0] for line in project["dependencies"] if (found := MADE_OF.match(line))}
    extras = {
        found[0]
        for lines in project["optional-dependencies"].values()
        for line in lines
        if (found := MADE_OF.match(line))
    }
    text = (FOLDER / "0013-dependencies.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == needed
    assert all(f"`{name}`" in text for name in extras)


def test_the_record_counts_the_locked_packages() -> None:
    def count(name: str) -> int:
        text = (ROOT / "requirements" / name).read_text("utf-8")
        return len(re.findall(r"^[a-z0-9][a-z0-9._-]*==", text, re.MULTILINE))

    text = (FOLDER / "0013-dependencies.md").read_text("utf-8")
    assert (
        f"{count('runtime.txt')} packages are installed in all for running, {count('dev.txt')} for developing" in text
    )
