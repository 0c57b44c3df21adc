"""One worker process seen from the other side: told what to do, asked for answers, and begun anew when it dies.

Whatever changes its state is remembered until the worker has put its state into a file: a new process takes that file
and is told the rest again, and so stands where the old one stood, bit for bit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from linkbox.adapters.fleet_workers.serving import Give, Judge, Keep, Made, Message, Newest, Take, serve
from linkbox.base.errors import LinkboxError
from linkbox.grid.columns import FleetColumns
from linkbox.grid.policy import RiskPolicy

START_S, ANSWER_S = 900.0, 120.0
"""How long a worker may take to start, which compiles on a new machine, and to answer."""

MOST_LOSSES = 3
"""How often in a row, without an answer between, a worker is begun anew."""

KEEP_AFTER = 240
"""Messages after which a worker's state is put into a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A worker has died, or did not answer (``exit_code`` None) and was ended. It is begun anew from the state of
    ``since`` (None: the start), and told ``told_again`` messages."""

    worker: int
    feeders: int
    exit_code: int | None
    since: datetime | None
    told_again: int


class WorkerLost(LinkboxError):
    """A worker dies again and again."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        how = "does not answer" if loss.exit_code is None else f"ended with {loss.exit_code}"
        super().__init__(f"worker {loss.worker} ({loss.feeders} feeders) {how}, {MOST_LOSSES + 1} times in a row")


class Worker:
    """``kept_in`` is a folder of our own for its state; ``lost`` is called for each loss, before it is begun anew."""

    def __init__(
        self,
        number: int,
        columns: FleetColumns,
        at: datetime,
        policy: RiskPolicy,
        *,
        kept_in: Path,
        lost: Callable[[Loss], None],
        answer_s: float = ANSWER_S,
    ) -> None:
        self._number, self._columns, self._begin, self._policy = number, columns, at, policy
        self._folder, self._lost, self._answer_s = kept_in, lost, answer_s
        self._kept: Path | None = None
        self._kept_at: datetime | None = None
        self._keepings = 0
        self._told: list[Take | Judge] = []
        self._losses = 0
        self._process, self._pipe = self._started()

    @property
    def pid(self) -> int | None:
        """The number of its process."""
        return self._process.pid

    @property
    def columns(self) -> FleetColumns:
        """Its feeders."""
        return self._columns

    def tell(self, message: Take | Judge) -> None:
        """Do this. What a Judge found is had by ``answer``."""
        self._told.append(message)
        try:
            self._pipe.send(message)
        except OSError:
            self._begin_anew()

    def answer(self) -> Any:
        """What came of the Judge that was told last."""
        while True:
            try:
                found = self._received(self._answer_s)
            except (OSError, EOFError):
                self._begin_anew()
            else:
                self._losses = 0
                return found

    def give(self) -> bytes:
        """Its state."""
        return bytes(self._asked(Give()))

    def ask(self, question: Newest | Made) -> Any:
        """The answer to a question that changes nothing."""
        return self._asked(question)

    def use(self, columns: FleetColumns, data: bytes, at: datetime) -> None:
        """Go on from this state with another forecast model, which the columns have."""
        self._columns = columns
        self.restore(data, at)

    def keep(self, at: datetime, *, now: bool = False) -> None:
        """Put its state of ``at`` into a file, if there is much that it would have to be told again. Before a Take
        only: what a state does not hold is made anew by that."""
        if now or len(self._told) >= KEEP_AFTER:
            self._keepings += 1
            path = self._folder / f"worker-{self._number}.{self._keepings}"
            self._asked(Keep(path=str(path)))
            self._from_now_on(path, at)

    def restore(self, data: bytes, at: datetime) -> None:
        """Go on from this state of its feeders."""
        self._keepings += 1
        path = self._folder / f"worker-{self._number}.{self._keepings}"
        path.write_bytes(data)
        self._from_now_on(path, at)
        self.close()
        self._process, self._pipe = self._started()

    def wait(self) -> None:
        """Until it is ready."""
        while True:
            try:
                self._received(START_S)
            except (OSError, EOFError):
                self._losses += 1
                self._end_and_say()
                self._process, self._pipe = self._started()
            else:
                return

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _from_now_on(self, path: Path, at: datetime) -> None:
        if self._kept is not None:
            self._kept.unlink(missing_ok=True)
        self._kept, self._kept_at = path, at
        self._told.clear()

    def _started(self) -> tuple[BaseProcess, Connection]:
        context = get_context("spawn")  # the event loop and its threads are no thing to be copied
        ours, theirs = context.Pipe()
        kept = None if self._kept is None else str(self._kept)
        given = (theirs, self._columns, self._begin, self._policy, kept)
        process = context.Process(target=serve, args=given, name=f"linkbox-worker-{self._number}", daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _asked(self, message: Message) -> Any:
        """A question that changes nothing: may be asked again."""
        while True:
            try:
                self._pipe.send(message)
                found = self._received(self._answer_s)
            except (OSError, EOFError):
                self._begin_anew(all_heard=True)
            else:
                self._losses = 0
                return found

    def _received(self, patience_s: float) -> Any:
        if not self._pipe.poll(patience_s):
            raise TimeoutError
        return self._pipe.recv()

    def _begin_anew(self, *, all_heard: bool = False) -> None:
        """A new process that stands where the old one stood. The answer to a Judge that was told last is still to come,
        unless ``all_heard``."""
        while True:
            self._losses += 1
            self._end_and_say()
            self._process, self._pipe = self._started()
            self.wait()
            try:
                for place, message in enumerate(self._told, start=1):
                    self._pipe.send(message)
                    if isinstance(message, Judge) and (all_heard or place < len(self._told)):
                        self._received(self._answer_s)
            except (OSError, EOFError):
                continue
            return

    def _end_and_say(self) -> None:
        """Raises WorkerLost where it has died too often in a row."""
        self._process.join(1.0)
        code = self._process.exitcode
        with contextlib.suppress(OSError):
            self._pipe.close()
        if code is None:
            self._process.kill()
            self._process.join()
        loss = Loss(
            worker=self._number,
            feeders=len(self._columns),
            exit_code=code,
            since=self._kept_at,
            told_again=len(self._told),
        )
        self._lost(loss)
        if self._losses > MOST_LOSSES:
            raise WorkerLost(loss)
