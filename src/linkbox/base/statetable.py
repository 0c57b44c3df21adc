"""State machines are tables: every (state, event) pair is listed, or the table can not be built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from linkbox.base.errors import LinkboxError

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class IncompleteTable(LinkboxError):
    """A state table lacks rows, or leads to a state that can never be left though it waits."""

    def __init__(self, name: str, gaps: Iterable[str]) -> None:
        self.name, self.gaps = name, tuple(gaps)
        super().__init__(f"state table {name!r}: " + "; ".join(self.gaps))


class ImpossibleEvent(LinkboxError):
    """An event came that the table says can not happen in this state."""

    def __init__(self, name: str, state: str, event: str) -> None:
        self.name, self.state, self.event = name, state, event
        super().__init__(f"{name}: event '{event}' is impossible in state '{state}'")


@dataclass(frozen=True, slots=True)
class StateTable(Generic[S, E]):
    """Rows ``state -> event -> next state``. A final state has an empty row; ``waiting`` states need the events
    in ``must_handle`` (a time-out and an error, say). An event that is absent from a row is impossible there."""

    name: str
    initial: S
    rows: Mapping[S, Mapping[E, S]]
    waiting: frozenset[S]
    must_handle: frozenset[E]

    def __post_init__(self) -> None:
        gaps = [f"no row for state {s}" for s in type(self.initial) if s not in self.rows]
        gaps += [
            f"waiting state {s} has no row for {e}"
            for s in self.waiting
            for e in self.must_handle
            if e not in self.rows.get(s, {})
        ]
        gaps += [f"state {s} can not be reached" for s in self.rows if s not in self._reachable()]
        gaps += [f"waiting state {s} is final" for s in self.waiting if not self.rows.get(s)]
        if gaps:
            raise IncompleteTable(self.name, gaps)

    def _reachable(self) -> set[S]:
        seen, edge = {self.initial}, [self.initial]
        while edge:
            new = set(self.rows.get(edge.pop(), {}).values()) - seen
            seen |= new
            edge += sorted(new)
        return seen

    def next(self, state: S, event: E) -> S:
        """The state after ``event``; raise ImpossibleEvent where the table has no such row."""
        try:
            return self.rows[state][event]
        except KeyError:
            raise ImpossibleEvent(self.name, state, event) from None

    @property
    def final(self) -> frozenset[S]:
        """The states that nothing leaves."""
        return frozenset(s for s, row in self.rows.items() if not row)

    def mermaid(self) -> str:
        """The diagram of this table, as the documentation shows it."""
        lines = ["stateDiagram-v2", f"    [*] --> {_node(self.initial)}"]
        lines += [f"    {_node(s)} --> {_node(t)}: {e}" for s, row in self.rows.items() for e, t in row.items()]
        lines += [f"    {_node(s)} --> [*]" for s in self.rows if s in self.final]
        return "\n".join(lines)


def _node(state: StrEnum) -> str:
    """A state's name as the diagram language takes it: without blanks or dashes."""
    return state.value.replace(" ", "_").replace("-", "_")
