"""What a worker process does: it owns the state of its feeders, and does what it is told until the pipe is closed."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.columns import FleetColumns
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.thermal import Floats
from linkbox.operation.column_fleet import ColumnFleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Readings of some feeders, ``rows`` of the part; no answer."""

    rows: NDArray[np.intp]
    current_a: Floats
    transformer_current_a: Floats
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Answer: Found, of the part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Give:
    """Answer: the state's bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Put the state into a file. Answer: True."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """Answer: the last readings of ``rows`` of the part, as ``FleetJudge.newest_a``."""

    rows: NDArray[np.intp]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Answer: what the forecast of ``rows`` of the part would be made of, as ``FleetJudge.forecast_moment``."""

    rows: NDArray[np.intp]
    at: datetime


Message: TypeAlias = Take | Judge | Give | Keep | Newest | Made


def serve(pipe: Connection, columns: FleetColumns, at: datetime, policy: RiskPolicy, kept: str | None) -> None:
    """Answer True when ready, then each message in turn. Ends when the other side has closed the pipe or is gone.

    Signals are the other side's affair: what stops the whole watch reaches it first, and it closes the pipe.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    fleet = ColumnFleet(columns, at, policy=policy)
    if kept is not None:
        fleet.restore(Path(kept).read_bytes())
    _compile(columns, at, policy)
    try:
        pipe.send(True)
        while True:
            answer = _answer(fleet, len(columns), pipe.recv())
            if answer is not None:
                pipe.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _compile(columns: FleetColumns, at: datetime, policy: RiskPolicy) -> None:
    """A minute of one feeder: what has to be compiled is, before anybody waits for an answer."""
    one = ColumnFleet(columns.take(np.zeros(1, dtype=np.intp)), at, policy=policy)
    one.take(np.full((1, 3), np.nan), np.full((1, 3), np.nan), at)
    one.judge()


def _answer(fleet: ColumnFleet, feeders: int, message: Message) -> Any:
    match message:
        case Take(rows=rows, current_a=current_a, transformer_current_a=bank_a, at=at):
            current, bank = np.full((feeders, 3), np.nan), np.full((feeders, 3), np.nan)
            current[rows], bank[rows] = current_a, bank_a
            fleet.take(current, bank, at)
            return None
        case Judge():
            return fleet.judge()
        case Give():
            return fleet.to_bytes()
        case Keep(path=path):
            Path(path).write_bytes(fleet.to_bytes())
            return True
        case Newest(rows=rows, at=at):
            return fleet.newest_a(rows, at)
        case Made(rows=rows, at=at):
            return fleet.forecast_moment(rows, at)
