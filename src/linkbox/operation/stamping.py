"""Getting time stamps on checkpoints: beside all other work, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from linkbox.operation.checkpoint_desk import ToStamp, keep_failure, keep_stamp, to_stamp
from linkbox.operation.ports import PeerUnreachable, Store, TimeStamper
from linkbox.operation.session import Session


class Stamping:
    """Asks the authority about the newest checkpoint. A failure is counted, and tried again later."""

    def __init__(
        self,
        stamper: TimeStamper,
        store: Store,
        session: Callable[[], AbstractContextManager[Session]],
        *,
        in_background: bool,
    ) -> None:
        self._stamper, self._store, self._session = stamper, store, session
        self._in_background = in_background
        self._task: asyncio.Task[None] | None = None

    async def work(self, now: datetime) -> None:
        """Ask, if there is something to ask: in a task of its own where the clock is real."""
        if self._task is not None:
            if not self._task.done():
                return
            task, self._task = self._task, None
            task.result()  # a store that failed it fails us too
        asked = to_stamp(self._store, now)
        if asked is None:
            return
        if self._in_background:
            self._task = asyncio.create_task(self._ask(asked))
        else:
            await self._ask(asked)

    async def _ask(self, asked: ToStamp) -> None:
        try:
            answer = await self._stamper.stamp(asked.octets)
        except PeerUnreachable as error:
            with self._session() as session:
                keep_failure(session.tx, asked, error.why, session.now)
            return
        with self._session() as session:
            keep_stamp(session.tx, self._store, asked, answer, session.now)

    async def stop(self) -> None:
        """End the task; what is not stamped is asked about another time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
