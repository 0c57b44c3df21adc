"""kill -9 between any two steps: whoever goes on comes to the same end, to the byte, and nothing happens twice.

CI kills a few evenings at the moments that matter. ``LINKBOX_KILLS=20`` kills one at every 20th commit and before it
(``LINKBOX_KILLS=1`` at every one, which takes hours)."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.study.crashing import Kill, Survived, survive
from tests.study.evenings import SHORT

IN_THE_MIDDLE = (
    Kill(at="intervention/opened", before=True),  # decided, nothing stored
    Kill(at="plan/made"),  # minutes reserved, commands signed and queued, nothing sent
    Kill(at="command/confirmed", before=True),  # a device acted and answered, nobody noted it
    Kill(at="command/confirmed", nth=3),  # some of the order answered, the rest on its way
    Kill(at="release/expiry", before=True),
    Kill(at="intervention/closed"),
)
BETWEEN_SEND_AND_ANSWER = (
    Kill(at="device/label_read", nth=20),
    Kill(at="plan/made", before=True),
    Kill(nth=2, before=True),  # the DCC has the requests, their Pre-Commands came, and are lost with the process
    Kill(nth=1, before=True),
    Kill(nth=2),
    Kill(at="intervention/closed", before=True),
)

_EVERY = int(os.environ.get("LINKBOX_KILLS", "0"))


def check_same(survived: Survived, uninterrupted: Path) -> None:
    result = json.loads((uninterrupted / "result.json").read_text("utf-8"))
    for name, value in result["with_control"].items():
        assert survived.facts[name] == value, name
    assert survived.audit == (uninterrupted / "evening" / "audit.jsonl").read_bytes()
    check_once(survived)


def check_once(survived: Survived) -> None:
    assert all(survived.facts["invariants"].values()), survived.facts["invariants"]
    assert any(count for count, _ in survived.executed.values())
    assert all(told == confirmed for told, confirmed in survived.executed.values()), survived.executed


@pytest.mark.parametrize("kills", [IN_THE_MIDDLE, BETWEEN_SEND_AND_ANSWER], ids=["steps", "commits"])
def test_evening_killed_again_and_again_ends_as_if_it_had_never_been(
    kills: tuple[Kill, ...], uninterrupted: Path, tmp_path: Path
) -> None:
    check_same(survive(SHORT, tmp_path, *kills), uninterrupted)


def test_bad_night_with_kills_ends_as_the_bad_night_without(tmp_path: Path) -> None:
    rough = replace(SHORT, faults="rough", hours=2.0)
    whole = survive(rough, tmp_path / "whole")
    killed = survive(rough, tmp_path / "killed", Kill(at="command/unknown"), Kill(at="dcc/unreachable", before=True))
    assert killed == whole


def test_an_evening_killed_while_the_market_is_called_and_orders_ends_as_without(tmp_path: Path) -> None:
    """The sealed messages go out again as they were; the provider knows them, and nothing is ordered twice."""
    brief = replace(SHORT, seed=2, provider="part", starts="00:25", hours=0.5)
    whole = survive(brief, tmp_path / "whole")
    kills = (
        Kill(at="market/called"),  # requests stored, none sent
        Kill(at="market/message", nth=2, before=True),  # an offer arrived, and nobody noted it
        Kill(at="market/ordered"),  # the order stored, not sent
        Kill(nth=1, before=True),  # the order sent, and nobody noted that
        Kill(at="market/shortfall", before=True),
    )
    killed = survive(brief, tmp_path / "killed", *kills)
    assert killed == whole
    told = [
        line for line in killed.audit.decode().splitlines() if '"kind":"ordered"' in line or '"type":"ordered"' in line
    ]
    assert len(told) == 1


def test_another_evening_in_the_same_folder_starts_anew(tmp_path: Path) -> None:
    brief = replace(SHORT, hours=0.1)
    first = survive(brief, tmp_path)
    assert survive(replace(brief, seed=35), tmp_path).audit != first.audit
    assert survive(brief, tmp_path) == first


@pytest.mark.skipif(not _EVERY, reason="LINKBOX_KILLS is not set: it takes hours to kill at every commit")
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(1, 330, _EVERY or 330))
def test_kill_at_any_commit_changes_nothing(commit: int, before: bool, uninterrupted: Path, tmp_path: Path) -> None:
    check_same(survive(SHORT, tmp_path, Kill(nth=commit, before=before)), uninterrupted)
