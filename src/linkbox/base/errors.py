"""The error root, and how bad input is reported: every problem at once, each with its place, value and rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class LinkboxError(Exception):
    """Root of every exception that Linkbox raises on purpose. Each room subclasses it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that is wrong with an input: where it stands, the value found, the rule that it breaks."""

    where: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"{self.where}: {self.value!r}: {self.rule}"


class InvalidInput(LinkboxError):
    """An input was refused as a whole. ``issues`` lists everything that is wrong with it, in reading order."""

    def __init__(self, what: str, issues: Iterable[Issue]) -> None:
        self.what = what
        self.issues = tuple(issues)
        if not self.issues:
            raise ValueError("InvalidInput needs at least one issue")
        super().__init__(f"{what}: {len(self.issues)} issue(s)\n" + "\n".join(f"  {i}" for i in self.issues))
