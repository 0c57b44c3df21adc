"""A FleetJudge whose feeders are shared by worker processes: every substation whole in one of them.

The answers and the state's bytes are those of a ``ColumnFleet`` in this process, bit for bit, with any number of
workers; so a state that was saved with three may be gone on from with two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from linkbox.adapters.fleet_workers.serving import Judge, Made, Newest, Take
from linkbox.adapters.fleet_workers.worker import ANSWER_S, Loss, Worker
from linkbox.grid import hot_parts, hot_snapshot
from linkbox.grid.columns import FleetColumns, partition
from linkbox.grid.forecast import Floats32, ForecastModel
from linkbox.grid.hot import HotState
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.refit import Moment
from linkbox.grid.telemetry import FeederIndex
from linkbox.grid.thermal import Floats
from linkbox.operation.fleet_judge import Found


class WorkerFleet:
    """``workers`` processes, at most one for each substation; ``lost`` is told of each that dies. To be used in a
    ``with`` statement, at whose end the processes end."""

    def __init__(
        self,
        columns: FleetColumns,
        at: datetime,
        *,
        workers: int,
        policy: RiskPolicy | None = None,
        lost: Callable[[Loss], None] = lambda _: None,
        answer_s: float = ANSWER_S,
    ) -> None:
        """Raises ValueError for more workers than substations, or less than one."""
        if workers > (most := len(set(columns.substations))):
            raise ValueError(f"a substation is whole in one worker: at most {most} workers, not {workers}")
        policy = policy or RiskPolicy()
        columns = replace(columns, model=columns.model.until(policy.horizon_s))  # as a ColumnFleet follows them
        self._columns, self._at = columns, at
        self.index = FeederIndex(tuple(columns.ids))
        self.losses = 0
        self._said, self._parts = lost, partition(columns, workers)
        self._folder = tempfile.TemporaryDirectory(prefix="linkbox-workers-")
        self._workers: list[Worker] = []
        try:
            for number, rows in enumerate(self._parts):
                own = columns.take(rows)
                worker = Worker(
                    number,
                    own,
                    at,
                    policy,
                    kept_in=Path(self._folder.name),
                    lost=self._lost,
                    answer_s=answer_s,
                )
                self._workers.append(worker)
                if number == 0:
                    worker.wait()  # what it compiles, the others need not
            for worker in self._workers[1:]:
                worker.wait()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def at(self) -> datetime:
        return self._at

    @property
    def facts(self) -> list[dict[str, int | None]]:
        """Of each worker: the number of its process and of its feeders."""
        return [{"pid": w.pid, "feeders": len(p)} for w, p in zip(self._workers, self._parts, strict=True)]

    @property
    def model(self) -> ForecastModel:
        return self._columns.model

    def use(self, model: ForecastModel) -> None:
        """Every worker is begun anew, which takes some seconds: once a night at most."""
        states = self._states()
        self._columns = replace(self._columns, model=model)
        for rows, worker, state in zip(self._parts, self._workers, states, strict=True):
            own = self._columns.take(rows)
            worker.use(own, hot_snapshot.to_bytes(state, own), self._at)
        for worker in self._workers:
            worker.wait()

    def newest_a(self, rows: NDArray[np.intp], at: datetime) -> Floats32:
        found = np.empty((len(rows), 3), dtype=np.float32)
        for worker, places, own in self._owners(rows):
            found[places] = worker.ask(Newest(rows=own, at=at))
        return found

    def forecast_moment(self, rows: NDArray[np.intp], at: datetime) -> Moment:
        asked = [(places, worker.ask(Made(rows=own, at=at))) for worker, places, own in self._owners(rows)]
        order = np.argsort(np.concatenate([places for places, _ in asked]))
        axes = (1, 0, 1, 1, 0)  # of the feeders, in each part of a moment
        inputs, now, then, sigma, level = (
            np.take(np.concatenate([made[k] for _, made in asked], axis=axis), order, axis=axis)
            for k, axis in enumerate(axes)
        )
        return inputs, now, then, sigma, level

    def _owners(self, rows: NDArray[np.intp]) -> Iterator[tuple[Worker, NDArray[np.intp], NDArray[np.intp]]]:
        """Who has some of the rows: their places among those asked for, and their rows in its part."""
        for worker, part in zip(self._workers, self._parts, strict=True):
            places = np.flatnonzero(np.isin(rows, part))
            if len(places):
                yield worker, places, np.searchsorted(part, rows[places])

    def take(self, current_a: Floats, transformer_current_a: Floats, at: datetime) -> None:
        read = np.asarray(~np.isnan(current_a).all(axis=1) | np.isfinite(transformer_current_a).any(axis=1))
        for worker, rows in zip(self._workers, self._parts, strict=True):
            worker.keep(self._at)
            own = np.flatnonzero(read[rows])
            taken = rows[own]
            worker.tell(
                Take(rows=own, current_a=current_a[taken], transformer_current_a=transformer_current_a[taken], at=at)
            )
        self._at = at

    def judge(self) -> Found:
        for worker in self._workers:
            worker.tell(Judge())
        found = [worker.answer() for worker in self._workers]
        blind = np.ones(len(self._columns), dtype=np.bool_)
        for rows, part in zip(self._parts, found, strict=True):
            blind[rows] = part.blind
        rows = np.concatenate([own[part.rows] for own, part in zip(self._parts, found, strict=True)])
        assessments = [a for part in found for a in part.assessments]
        order = np.argsort(rows, kind="stable")
        return Found(rows=rows[order], assessments=tuple(assessments[k] for k in order), blind=blind)

    def to_bytes(self) -> bytes:
        return hot_snapshot.to_bytes(hot_parts.joined(self._columns, self._parts, self._states()), self._columns)

    def _states(self) -> list[HotState]:
        return [hot_snapshot.from_bytes(worker.columns, worker.give()) for worker in self._workers]

    def restore(self, data: bytes) -> None:
        whole = hot_snapshot.from_bytes(self._columns, data)
        for rows, worker in zip(self._parts, self._workers, strict=True):
            state = hot_parts.part_of(whole, self._columns, rows)
            worker.restore(hot_snapshot.to_bytes(state, worker.columns), whole.at)
        for worker in self._workers:
            worker.wait()
        self._at = whole.at

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.close()
        self._folder.cleanup()

    def _lost(self, loss: Loss) -> None:
        self.losses += 1
        self._said(loss)
