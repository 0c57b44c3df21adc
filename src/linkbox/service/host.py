"""A controller hosted in real time: work whenever something came or is due, and the duties of the day.

The controller commits before it answers and before it sends, so this loop may be killed at any moment. Asked to end,
it finishes what it is at, signs the chain's head and leaves; held chargers are free when their time is over, whoever
lives."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from linkbox.base.errors import LinkboxError
from linkbox.base.time import Clock
from linkbox.operation.controller import Controller
from linkbox.operation.daily_desk import CLOCK_CHECK, SUPPLIER_DAYS, check_clocks, due_days, send_supplier_days
from linkbox.operation.ports import Store
from linkbox.service.status import health_of, status_of, status_text

LOGGER = "linkbox.service"
_log = logging.getLogger(LOGGER)


class ServiceFailed(LinkboxError):
    """The controller could not do its work for so long that another process has to try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often, and when. Civil times are British. ``look_every_s``: how long a word that another process left in the
    store may wait; ``give_up_s``: after so long without success the program ends, for a supervisor to start it anew."""

    look_every_s: float = 1.0
    retry_s: float = 2.0
    give_up_s: float = 60.0
    supplier_days_at: time | None = time(6, 0)
    clocks_at: time | None = time(7, 0)
    clocks_tell: str = ""


class ServiceHost:
    """One controller, its store, and the clock on the wall."""

    def __init__(self, controller: Controller, store: Store, clock: Clock, rhythm: Rhythm) -> None:
        self._controller, self._store, self._clock, self._rhythm = controller, store, clock, rhythm
        self._something_came = asyncio.Event()
        self._ending = asyncio.Event()
        self._started_at = clock.now()
        self._failing_since: datetime | None = None
        self._failing: str | None = None

    def nudge(self) -> None:
        """Something came: there may be something to send at once."""
        self._something_came.set()

    def end(self) -> None:
        """Finish what is being done, and leave."""
        self._ending.set()
        self._something_came.set()

    async def run(self) -> None:
        """Until ``end``; raise ServiceFailed where nothing has worked for too long."""
        try:
            while not self._ending.is_set():
                self._something_came.clear()
                await self._once()
                await self._pause()
        finally:
            await self._controller.stop_telling()
        self._controller.seal()

    async def _once(self) -> None:
        try:
            await self._controller.work()
            self._do_duties()
        except LinkboxError as error:
            self._note_failure(str(error).partition("\n")[0])
            return
        if self._failing is not None:
            _log.info("works again", extra={"facts": {"after": self._failing}})
        self._failing = self._failing_since = None

    def _note_failure(self, why: str) -> None:
        now = self._clock.now()
        if self._failing is None:
            self._failing_since = now
            _log.error("the controller failed", extra={"facts": {"why": why}})
        self._failing = why
        if self._failing_since is not None and (now - self._failing_since).total_seconds() > self._rhythm.give_up_s:
            raise ServiceFailed(f"nothing has worked for {self._rhythm.give_up_s:g} s: {why}")

    async def _pause(self) -> None:
        """Until something came, or is due, or another process may have left a word in the store."""
        if self._failing is not None:
            await self._wait(self._ending, self._rhythm.retry_s)
            return
        wake, now = self._controller.next_wake(), self._clock.now()
        until_s = self._rhythm.look_every_s if wake is None else (wake - now).total_seconds()
        await self._wait(self._something_came, min(max(until_s, 0.0), self._rhythm.look_every_s))

    @staticmethod
    async def _wait(event: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    def _do_duties(self) -> None:
        now, rhythm, store = self._clock.now(), self._rhythm, self._store
        if rhythm.supplier_days_at is not None:
            for day in due_days(store, SUPPLIER_DAYS, now, rhythm.supplier_days_at, lag=1):
                with self._controller.session() as session:
                    files = send_supplier_days(session, store, day)
                _log.info("suppliers' day", extra={"facts": {"day": day.isoformat(), "files": files}})
        if rhythm.clocks_at is not None:
            for day in due_days(store, CLOCK_CHECK, now, rhythm.clocks_at, lag=0)[-1:]:
                with self._controller.session() as session:
                    new = check_clocks(session, store, day, tell=rhythm.clocks_tell)
                _log.info("clocks checked", extra={"facts": {"day": day.isoformat(), "new_warnings": new}})

    def status(self) -> dict[str, Any]:
        """See status_of."""
        desk = self._controller.desk
        return status_of(desk, now=self._clock.now(), started_at=self._started_at, failing=self._failing)

    def health(self) -> dict[str, Any]:
        """See health_of."""
        return health_of(self.status())

    def screen(self) -> str:
        """See status_text."""
        return status_text(self.status())
