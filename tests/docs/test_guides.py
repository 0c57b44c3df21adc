"""The commands and examples of README, tutorial and guides do what the pages say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.guides import BRIEF, DOCS, ROOT, WITH_INTERVENTION, blocks, run_page

GUIDES = ("authorise-and-stop.md", "own-feeder.md", "watch-live.md", "when-something-failed.md")
NEED_AN_INTERVENTION = {"authorise-and-stop", "first-evening", "when-something-failed"}
PAGES = (ROOT / "README.md", DOCS / "tutorial" / "first-evening.md", *(DOCS / "how-to" / name for name in GUIDES))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_everything_on_the_page_runs_and_prints_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert blocks(page)
    run_page(page, tmp_path, WITH_INTERVENTION if page.stem in NEED_AN_INTERVENTION else BRIEF)
