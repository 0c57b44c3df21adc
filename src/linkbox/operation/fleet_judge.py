"""The fleet behind the watch: currents in, and which feeders need a look out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.fleet import Fleet, initial_state, observe
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.risk import RiskAssessment, RiskState, assess
from linkbox.grid.snapshot import from_bytes, to_bytes
from linkbox.grid.telemetry import FeederIndex
from linkbox.grid.thermal import Floats
from linkbox.operation.assessments import assessments_from_bytes, assessments_to_bytes

_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """After a step: the assessments of all feeders that are neither normal nor only blind, with their ``rows``;
    ``blind`` (feeders,) where a phase has not been read for too long."""

    rows: NDArray[np.intp]
    assessments: tuple[RiskAssessment, ...]
    blind: NDArray[np.bool_]


class FleetJudge(Protocol):
    """A fleet with its state."""

    @property
    def index(self) -> FeederIndex:
        """Its feeders and their rows."""

    @property
    def at(self) -> datetime:
        """When its state is of."""

    def take(self, current_a: Floats, transformer_current_a: Floats, at: datetime) -> None:
        """Take in readings (feeders, 3), NaN where nothing was read. ``at`` is a whole second after the last.

        A phase that was read before and has not been for longer than a minute is heated for that time with the larger
        of the currents at its two ends.
        """

    def judge(self) -> Found:
        """What is to be said of the fleet as of the last readings."""

    def to_bytes(self) -> bytes:
        """The state, bit for bit."""

    def restore(self, data: bytes) -> None:
        """Take the state that ``to_bytes`` gave. Raises SnapshotMismatch for altered bytes, or another fleet."""


@runtime_checkable
class Shared(Protocol):
    """A fleet that several processes share."""

    @property
    def facts(self) -> list[dict[str, int | None]]:
        """Of each: the number of the process (``pid``), and how many feeders it has."""


class ObjectFleet:
    """A FleetJudge whose feeders are objects: for some ten thousand feeders."""

    def __init__(self, fleet: Fleet, at: datetime, *, policy: RiskPolicy | None = None) -> None:
        self._fleet, self._policy = fleet, policy or RiskPolicy()
        self._state = initial_state(fleet, at)
        self._judged: tuple[RiskAssessment, ...] | None = None
        self.index = FeederIndex(fleet.ids)

    @property
    def at(self) -> datetime:
        return self._state.at

    def take(self, current_a: Floats, transformer_current_a: Floats, at: datetime) -> None:
        self._state = observe(
            self._state, self._fleet, current_a=current_a, transformer_current_a=transformer_current_a, at=at
        )

    def judge(self) -> Found:
        found = assess(
            self._state,
            self._fleet,
            policy=self._policy,
            returning_a=np.zeros((len(self._fleet), 3)),
            at=self._state.at,
            previous=self._judged,
        )
        self._judged = found
        rows = [row for row, a in enumerate(found) if a.state not in (RiskState.NORMAL, RiskState.BLIND)]
        return Found(
            rows=np.array(rows, dtype=np.intp),
            assessments=tuple(found[row] for row in rows),
            blind=np.array([a.state is RiskState.BLIND for a in found], dtype=np.bool_),
        )

    def to_bytes(self) -> bytes:
        state = to_bytes(self._state, self._fleet)
        judged = assessments_to_bytes(self._judged or ())
        return len(state).to_bytes(_LENGTH, "big") + state + judged

    def restore(self, data: bytes) -> None:
        length = int.from_bytes(data[:_LENGTH], "big")
        self._state = from_bytes(self._fleet, data[_LENGTH : _LENGTH + length])
        judged = assessments_from_bytes(data[_LENGTH + length :])
        self._judged = tuple(judged[feeder_id] for feeder_id in self._fleet.ids) if judged else None
