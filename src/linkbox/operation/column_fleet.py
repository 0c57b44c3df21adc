"""A FleetJudge whose feeders are columns and whose minutes are compiled: for a million feeders on two cores."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import hot_snapshot, refit
from linkbox.grid.columns import FleetColumns
from linkbox.grid.forecast import Floats32, ForecastModel
from linkbox.grid.hot import initial
from linkbox.grid.hot_parts import joined, part_of
from linkbox.grid.hot_rows import rows_of
from linkbox.grid.minute import ControlMinute, Sifted, Spread
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.refit import Moment
from linkbox.grid.risk import RiskState
from linkbox.grid.telemetry import FeederIndex
from linkbox.grid.thermal import Floats
from linkbox.operation.fleet_judge import Found, fresh_a


class ColumnFleet:
    """The same judgement as an ObjectFleet gives, within float32; a transformer is that of its substation.

    ``spread`` and ``workers`` as for ``grid.minute.ControlMinute``. Horizons beyond the policy's and the neutral are
    not followed: they would take a million feeders 90 and 20 MB. Within, feeders stand in the order that makes the
    minute quick, by type; all that is given and had is in the order of ``columns``.
    """

    def __init__(
        self,
        columns: FleetColumns,
        at: datetime,
        *,
        policy: RiskPolicy | None = None,
        workers: int = 1,
        spread: Spread = map,
    ) -> None:
        policy = policy or RiskPolicy()
        columns = replace(columns, model=columns.model.until(policy.horizon_s))
        self._columns, self._rows = columns, columns.sorted_rows()
        self._places, self._banks = np.argsort(self._rows), np.unique(columns.bank)
        self._in_order = bool((np.diff(self._rows) > 0).all()) and len(self._banks) == len(columns.bank_type)
        self._policy, self._workers, self._spread = policy, workers, spread
        self.use(columns.model)
        self._state = part_of(initial(columns, at), columns, self._rows)
        self._sifted: Sifted | None = None
        self.index = FeederIndex(tuple(columns.ids))

    @property
    def at(self) -> datetime:
        return self._state.at

    @property
    def model(self) -> ForecastModel:
        return self._columns.model

    def use(self, model: ForecastModel) -> None:
        self._columns = replace(self._columns, model=model)
        self._sorted = self._columns.take(self._rows)
        self._minute = ControlMinute(self._sorted, self._policy, workers=self._workers, spread=self._spread)

    def newest_a(self, rows: NDArray[np.intp], at: datetime) -> Floats32:
        return fresh_a(rows_of(self._state, self._sorted, self._places[rows]), at)

    def forecast_moment(self, rows: NDArray[np.intp], at: datetime) -> Moment:
        some = rows_of(self._state, self._sorted, self._places[rows])
        return refit.moment(some.forecast, self.model, fresh_a(some, at), at=at)

    @property
    def state_bytes(self) -> int:
        """What the state of the fleet takes in memory."""
        return self._state.state_bytes

    def take(self, current_a: Floats, transformer_current_a: Floats, at: datetime) -> None:
        self._sifted = self._minute.observe(
            self._state,
            current_a=np.asarray(current_a, dtype=np.float32)[self._rows],
            bank_current_a=self._of_banks(transformer_current_a),
            at=at,
        )

    def judge(self) -> Found:
        if self._sifted is None:
            nobody = np.zeros(0, dtype=np.intp)
            return Found(rows=nobody, assessments=(), blind=np.ones(len(self._columns), dtype=np.bool_))
        inner, judged = self._minute.judge(self._state, self._sifted)
        order = np.argsort(self._rows[inner])
        rows, assessments = self._rows[inner][order], [judged[k] for k in order]
        told = np.array([a.state not in (RiskState.NORMAL, RiskState.BLIND) for a in assessments], dtype=np.bool_)
        blind = np.empty(len(self._columns), dtype=np.bool_)
        blind[self._rows] = self._sifted.blind
        blind[rows] = [a.state is RiskState.BLIND for a in assessments]
        return Found(
            rows=rows[told], assessments=tuple(a for a, t in zip(assessments, told, strict=True) if t), blind=blind
        )

    def to_bytes(self) -> bytes:
        if self._in_order:
            return hot_snapshot.to_bytes(self._state, self._columns)
        return hot_snapshot.to_bytes(joined(self._columns, [self._rows], [self._state]), self._columns)

    def restore(self, data: bytes) -> None:
        state = hot_snapshot.from_bytes(self._columns, data)
        self._state = state if self._in_order else part_of(state, self._columns, self._rows)
        self._sifted = None

    def _of_banks(self, transformer_current_a: Floats) -> NDArray[np.float32]:
        """(banks, 3): what any feeder of a substation says of its transformer; of several the last one's row."""
        banks = np.full((len(self._columns.bank_type), 3), np.nan, dtype=np.float32)
        rows = np.flatnonzero(np.isfinite(transformer_current_a).all(axis=-1))
        banks[self._columns.bank[rows]] = transformer_current_a[rows]
        return banks[self._banks]  # of those that feeders hang on
