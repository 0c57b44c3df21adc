"""A controller that dies between any two steps, and is started again over what it left behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.customers import CustomerEvent
from linkbox.operation.ports import InboxItem, Row, Store, Transaction
from tests.operation.rig import MINUTE, Plan, Post, Rig


class Crash(BaseException):
    """The process is gone: nothing that the controller would still do happens."""


class WatchedStore:
    """A store whose commits are seen: ``before`` is called when all is written but not committed, and may raise."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.before: Callable[[], None] = lambda: None

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as tx:
            yield tx
            self.before()

    def rows(self, table: str, *, states: Sequence[str] | None = None, owner: str | None = None) -> list[Row]:
        return self._store.rows(table, states=states, owner=owner)

    def row(self, table: str, key: str) -> Row | None:
        return self._store.row(table, key)

    def snapshot(self, name: str) -> tuple[datetime, bytes] | None:
        return self._store.snapshot(name)

    def readings(self, feeder: str, *, after: datetime | None) -> list[tuple[datetime, Mapping[str, Any]]]:
        return self._store.readings(feeder, after=after)

    def pending_inbox(self) -> list[InboxItem]:
        return self._store.pending_inbox()

    def audit_lines(self) -> list[str]:
        return self._store.audit_lines()

    def customer_events(self) -> list[Mapping[str, Any]]:
        return self._store.customer_events()

    def customer_facts(
        self, *, after: int = 0, mpans: Collection[str] | None = None, most: int | None = None
    ) -> list[tuple[int, CustomerEvent]]:
        return self._store.customer_facts(after=after, mpans=mpans, most=most)

    def last_customer_fact(self) -> int:
        return self._store.last_customer_fact()

    def close(self) -> None:
        self._store.close()


class Mortal:
    """A rig whose controller dies at the n-th point of its life, counted over every post and every commit.

    Each point lies just before: what it was about to do did not happen. Between two points nothing else is done, so a
    death just after a post or a commit is the same as one before the next."""

    def __init__(self, path: Path, plan: Plan, **settings: Any) -> None:
        self._path = path
        self.points, self.deaths, self._dies_at = 0, 0, frozenset[int]()
        self._dead = False
        self.rig = Rig(self._open(), plan, **settings)
        self.rig.dcc.before = self._pass_by_post
        self.points = 0

    def _open(self) -> WatchedStore:
        store = WatchedStore(SqliteStore(self._path))
        store.before = self._pass
        return store

    def _pass_by_post(self, _: Post) -> None:
        self._pass()

    def _pass(self) -> None:
        if self._dead:
            raise Crash
        self.points += 1
        if self.points in self._dies_at:
            self._dead = True
            raise Crash

    async def live(self, minutes: float, *, dying_at: frozenset[int] = frozenset()) -> None:
        """Run; at each death, open the file again and go on with a new controller."""
        self._dies_at = dying_at
        end = self.rig.clock.now() + minutes * MINUTE
        unfinished = True
        while unfinished or self.rig.clock.now() < end:
            try:
                await self.rig.step(min(self.rig.next_at(), end))
                unfinished = False
            except Crash:
                self._rise_again()
                unfinished = True

    def _rise_again(self) -> None:
        self.rig.store.close()
        while True:
            self._dead = False
            self.deaths += 1
            self.rig.store = self._open()
            try:
                self.rig.start()
                return
            except Crash:
                self.rig.store.close()
