"""Evenings that several tests look at, played once."""

from __future__ import annotations

import pytest

from tests.docs.evenings import ESCALATED, HELD, Played, play


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """An evening with an intervention, from its detection to its end."""
    return play(HELD, tmp_path_factory.mktemp("held"))


@pytest.fixture(scope="session")
def escalated(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """An evening on which the rules forbid to switch, so that the intervention is escalated."""
    return play(ESCALATED, tmp_path_factory.mktemp("escalated"))
