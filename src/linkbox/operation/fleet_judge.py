"""The fleet behind the watch: currents in, and which feeders need a look out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import refit
from linkbox.grid.fleet import Fleet, FleetState, initial_state, observe
from linkbox.grid.forecast import Floats32, ForecastModel
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.refit import Moment
from linkbox.grid.risk import RiskAssessment, RiskState, assess
from linkbox.grid.snapshot import from_bytes, to_bytes
from linkbox.grid.telemetry import FeederIndex
from linkbox.grid.thermal import Floats
from linkbox.operation.assessments import assessments_from_bytes, assessments_to_bytes

_LENGTH = 8
FRESH_S = 90.0
"""A reading of one-minute windows that is older than this is not that of the present minute."""


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

    @property
    def model(self) -> ForecastModel:
        """The forecast model in use."""

    def use(self, model: ForecastModel) -> None:
        """Forecast with other coefficients from now on; what was learned of each feeder stays. The model must have the
        same horizons and levels."""

    def newest_a(self, rows: NDArray[np.intp], at: datetime) -> Floats32:
        """(rows, 3): the last readings of some feeders, NaN where they are older than FRESH_S at ``at``."""

    def forecast_moment(self, rows: NDArray[np.intp], at: datetime) -> Moment:
        """What the forecast of some feeders would be made of at ``at``."""

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


def fresh_a(state: FleetState, at: datetime) -> Floats32:
    """(feeders, 3): the last readings, NaN where they are older than FRESH_S."""
    return np.where(state.age_s(at) <= FRESH_S, state.current_a, np.nan).astype(np.float32)


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

    @property
    def model(self) -> ForecastModel:
        return self._fleet.model

    def use(self, model: ForecastModel) -> None:
        self._fleet = replace(self._fleet, model=model)

    def newest_a(self, rows: NDArray[np.intp], at: datetime) -> Floats32:
        return fresh_a(self._state, at)[rows]

    def forecast_moment(self, rows: NDArray[np.intp], at: datetime) -> Moment:
        inputs, now, then, sigma, level = refit.moment(
            self._state.forecast, self.model, fresh_a(self._state, at), at=at
        )
        return inputs[:, rows], now[rows], then[:, rows], sigma[:, rows], level[rows]

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
