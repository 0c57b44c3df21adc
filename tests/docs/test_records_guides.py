"""The pages about records, run over one evening that was played before: reports, clocks, the auditor's exercise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.evenings import Played
from tests.docs.guides import DOCS, blocks, check, commands, shell

PAGES = [DOCS / "how-to" / f"{name}.md" for name in ("reports", "clocks", "audit", "data-protection")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_does_what_it_shows(page: Path, held: Played, tmp_path: Path) -> None:
    shutil.copytree(held.folder, tmp_path / "linkbox-demo")
    shown = [command for kind, text in blocks(page) if kind == "console" for command in commands(text)]
    assert len(shown) > 1
    for command in shown:
        if not command.line.startswith("linkbox demo"):
            check(command, shell(command.line, tmp_path))


def test_the_evening_leaves_everything_that_others_get(held: Played) -> None:
    names = {str(path.relative_to(held.folder)) for path in held.folder.rglob("*") if path.is_file()}
    assert {"reports/2026-01.pdf", "reports/LB-20260113-001.pdf", "reports/LB-20260113-001.jsonl"} <= names
    assert "records-key.pem" in names
    for ending, least in ((".eml", 1), (".sms.txt", 1), (".csv.sig", 2)):
        assert sum(name.endswith(ending) for name in names) >= least
    assert not [name for name in names if name.endswith(".part")]
