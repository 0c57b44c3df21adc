"""The HCALCS: a switch that polls its meter, and a contactor whose history has a resolution of one second.

It learns of a command only at its next poll, and it takes the end of the command with it: so it restores by itself
when the time is over, whether or not anybody can still reach it. Source: reference dcc.md section 7.3.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from linkbox.emulator.slots import Instruction

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """When a switch polls: every ``interval_s`` seconds, at ``phase_s`` after 2000-01-01 modulo the interval."""

    interval_s: int
    phase_s: int
    offline: tuple[tuple[datetime, datetime], ...] = ()

    def next_poll(self, at: datetime) -> datetime:
        """The first poll at or after ``at`` that reaches the meter."""
        while True:
            passed = ceil(((at - _EPOCH).total_seconds() - self.phase_s) / self.interval_s)
            poll = _EPOCH + timedelta(seconds=self.phase_s + passed * self.interval_s)
            end = max((end for start, end in self.offline if start <= poll < end), default=None)
            if end is None:
                return poll
            at = end


@dataclass(frozen=True, slots=True, kw_only=True)
class Contactor:
    """Every change of the contact, past and (while a held time runs) still to come: times and states from then on.

    Before the first change it is closed.
    """

    times: tuple[datetime, ...] = ()
    closed: tuple[bool, ...] = ()

    def closed_at(self, at: datetime) -> bool:
        """The state of the contact at ``at``."""
        index = bisect_right(self.times, at)
        return self.closed[index - 1] if index else True


def instruct(contactor: Contactor, told: Instruction, *, at: datetime) -> Contactor:
    """The contactor after a poll at ``at`` that brought ``told``: what it had planned from then on is replaced."""
    kept = bisect_right(contactor.times, at)
    changes = [*zip(contactor.times[:kept], contactor.closed[:kept], strict=True), (_whole_second(at), told.closed)]
    if told.until is not None:
        changes.append((max(_whole_second(told.until), _whole_second(at)), told.then_closed))
    return _from_changes(changes)


def closed_fraction(contactor: Contactor, start: datetime, end: datetime) -> float:
    """The share of [start, end) in which the contact is closed; requires start < end."""
    edges = [start, *(t for t in contactor.times if start < t < end), end]
    closed = sum(
        (later - earlier).total_seconds()
        for earlier, later in itertools.pairwise(edges)
        if contactor.closed_at(earlier)
    )
    return closed / (end - start).total_seconds()


def _from_changes(changes: Iterable[tuple[datetime, bool]]) -> Contactor:
    """Keep the last state of each moment, and only what changes something."""
    times: list[datetime] = []
    states: list[bool] = []
    for at, closed in dict(changes).items():
        if closed != (states[-1] if states else True):
            times.append(at)
            states.append(closed)
    return Contactor(times=tuple(times), closed=tuple(states))


def _whole_second(at: datetime) -> datetime:
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)
