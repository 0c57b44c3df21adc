"""The world's own memory on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkbox.base.errors import InvalidInput
from linkbox.study.journal import WorldEvent, WorldJournal, read_journal

AT = datetime(2026, 1, 13, 23, 30, tzinfo=UTC)


def events(count: int) -> list[WorldEvent]:
    return [
        WorldEvent(at=AT + timedelta(seconds=n), kind="post", name="T", body=bytes(range(n % 7))) for n in range(count)
    ]


def write(path: Path, wanted: list[WorldEvent]) -> None:
    journal = WorldJournal(path)
    for event in wanted:
        journal.add(event)
    journal.close()


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    write(path, events(9))
    assert list(read_journal(path)) == events(9)


def test_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "none.jsonl")) == []


@given(cut=st.integers(min_value=1, max_value=60))
def test_torn_last_line_is_left_out_and_the_next_event_does_not_join_it(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("torn") / "world.jsonl"
    write(path, events(3))
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(read_journal(path)) == events(2)
    write(path, events(4)[3:])
    assert list(read_journal(path)) == [*events(2), events(4)[3]]


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"at": "yesterday", "kind": "post", "name": "T"}'])
def test_line_that_is_no_event_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    write(path, events(2))
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InvalidInput) as caught:
        list(read_journal(path))
    assert caught.value.issues[0].where == f"{path}:3"
