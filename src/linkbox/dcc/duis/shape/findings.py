"""What reading an element needs: a place for problems, a walk over children, and what parts and shapes must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from linkbox.base.errors import Issue
from linkbox.dcc.duis.xmltext import SR, Element, local_name, path

Values = dict[str, Any]
Out = list[str]
_MAX_ISSUES = 50


@dataclass(slots=True)
class Findings:
    """What is wrong with a message: against the schema, and against our own rules.

    ``count`` counts everything; of each list only the first 50 are kept.
    """

    structure: list[Issue] = field(default_factory=list)
    rules: list[Issue] = field(default_factory=list)
    count: int = 0

    def misshaped(self, where: str, value: str, rule: str) -> None:
        """Note a breach of the schema."""
        self.count += 1
        if len(self.structure) < _MAX_ISSUES:
            self.structure.append(Issue(where=where, value=value[:80], rule=rule))

    def against_rule(self, where: str, value: str, rule: str) -> None:
        """Note a breach of a rule that the schema does not know."""
        self.count += 1
        if len(self.rules) < _MAX_ISSUES:
            self.rules.append(Issue(where=where, value=value[:80], rule=rule))


class Kids:
    """The child elements of an element, read from first to last."""

    __slots__ = ("at", "items", "owner")

    def __init__(self, owner: Element) -> None:
        self.owner = owner
        self.items: Sequence[Element] = list(owner)
        self.at = 0

    def take(self, tag: str) -> Element | None:
        """The next child if it is a ``tag``, else None."""
        if self.at < len(self.items) and self.items[self.at].tag == tag:
            self.at += 1
            return self.items[self.at - 1]
        return None

    def missing(self, wanted: str, found: Findings) -> None:
        """Note that ``wanted`` should stand here."""
        there = local_name(self.items[self.at]) if self.at < len(self.items) else ""
        found.misshaped(path(self.owner), there, f"must have {wanted} here")


class Part(Protocol):
    """One piece of an element's content."""

    def read(self, kids: Kids, into: Values, found: Findings) -> None:
        """Read the piece into ``into``, noting what is wrong."""
        ...

    def write(self, value: Any, out: Out) -> None:
        """Write the piece of ``value`` that it describes."""
        ...


class Shape(Protocol):
    """The content of an element whose name is given by whoever holds it."""

    def read(self, node: Element, found: Findings) -> Any:
        """The value, or None where the content is wrong (noted in ``found``)."""
        ...

    def write(self, name: str, value: Any, out: Out) -> None:
        """Write the element ``name``."""
        ...


def tag_of(name: str) -> str:
    """The name with the DUIS namespace, as lxml has it."""
    return f"{{{SR}}}{name}"
