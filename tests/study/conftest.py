"""What the tests of whole evenings share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.study.evenings import SHORT, Ended, live_through
from tests.study.once import make_once, run_short_evening


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short evening as the command line leaves it, never disturbed."""
    return make_once(tmp_path_factory, "uninterrupted", run_short_evening)


@pytest.fixture(scope="session")
def short_evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """The short evening in this process, to look into."""
    ended = live_through(SHORT, tmp_path_factory.mktemp("short"))
    yield ended
    ended.evening.store.close()
