"""Two short evenings whose results the reference pages are compared with: one with holds, one that was escalated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs.guides import shell

HELD = "--starts 00:00 --hours 3"
ESCALATED = "--starts 00:00 --hours 1 --profile duis-5.4"


@dataclass(frozen=True, slots=True)
class Played:
    """An evening that was run by the command line: its JSON and its folder."""

    result: dict[str, Any]
    folder: Path


def play(options: str, folder: Path) -> Played:
    """Run ``linkbox demo`` with ``options`` in ``folder``."""
    shell(f"linkbox demo {options} --out out --json result.json", folder)
    return Played(json.loads((folder / "result.json").read_text("utf-8")), folder / "out")


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The path of every leaf; ``[]`` for the elements of a list. Objects and lists that are empty are leaves too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from paths(inner, f"{path}[]")
    else:
        yield path
