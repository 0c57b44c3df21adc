"""What the tests of whole evenings share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.study.evenings import SHORT, Ended, live_through
from tests.study.once import make_once, run_short_evening


@pytest.fixture
def live() -> Iterator[Callable[..., Ended]]:
    """``live_through``, with the stores of its evenings closed after the test."""
    lived: list[Ended] = []

    def live_one(*arguments: Any, **options: Any) -> Ended:
        lived.append(live_through(*arguments, **options))
        return lived[-1]

    yield live_one
    for ended in lived:
        ended.evening.store.close()


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
