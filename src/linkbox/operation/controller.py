"""The operation as a whole: arrivals in, decisions committed, then everything sent that is due.

``work`` may be called at any time and as often as one likes; what it does depends on the store and the clock
alone. In service a timer calls it, in a simulation the scheduler of virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from linkbox.base.identifiers import FeederId
from linkbox.base.time import Clock, format_utc
from linkbox.dcc.duis import read_response
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange import receive_reply
from linkbox.operation import arrivals, commands, interventions, label_desk, watch
from linkbox.operation.desk import Desk, LiveExchange, Told, load_desk
from linkbox.operation.ports import (
    DccGateway,
    HttpAnswer,
    InboxItem,
    MarketGateway,
    NoticeChannel,
    PeerUnreachable,
    Row,
    Store,
)
from linkbox.operation.session import Session
from linkbox.operation.site import Site
from linkbox.operation.veto import veto_reasons

MAX_IN_FLIGHT = 40
"""Unacknowledged sends at once: after a crash no more than these go out again in a burst."""

_BACKOFF_S = (2, 4, 8, 16)


class Controller:
    """Linkbox at work for one site. One writer: there is one controller per store."""

    def __init__(
        self,
        site: Site,
        store: Store,
        clock: Clock,
        *,
        dcc: DccGateway,
        market: MarketGateway,
        notices: NoticeChannel,
        told: Told | None = None,
    ) -> None:
        self._site, self._store, self._clock, self._told = site, store, clock, told
        self._dcc, self._market, self._notices = dcc, market, notices
        self.desk: Desk = self._load()

    def _load(self) -> Desk:
        return load_desk(self._site, self._store, self._clock.now(), self._told)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction. If it fails, memory is folded anew from what the store holds."""
        try:
            with self._store.transaction() as tx:
                session = Session(self.desk, tx, self._clock.now())
                yield session
                session.finish()
        except BaseException:
            self.desk = self._load()
            raise

    # -- the front door: commit, then answer -------------------------------------------------------------

    def receive_dcc(self, body: bytes) -> str | None:
        """Commit one DUIS message to the inbox; return why it is refused, if it is."""
        try:
            message = read_response(body, trust=self._site.dcc.trust, at=self._clock.now())
        except RemoteProtocolError as error:
            with self.session() as session:
                session.audit("dcc", "refused_arrival", what=error.what, rule=error.rule)
            return str(error)
        self._keep(arrivals.DCC, arrivals.dcc_identity(message), body)
        return None

    def receive_market(self, message: dict[str, Any]) -> str | None:
        """Commit one message of the provider to the inbox."""
        body = json.dumps(message, sort_keys=True).encode()
        self._keep(arrivals.MARKET, arrivals.market_identity(message), body)
        return None

    def _keep(self, kind: str, identity: str, body: bytes) -> None:
        item = InboxItem(kind=kind, identity=identity, received_at=self._clock.now(), body=body)
        with self._store.transaction() as tx:
            tx.put_inbox(item)

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        """Commit one reading; return why it is refused, if it is."""
        if feeder not in {f.feeder_id for f in self._site.feeders}:
            return f"feeder {feeder!r} is not watched here"
        body = {"current_a": current_a, "transformer_current_a": transformer_current_a}
        with self._store.transaction() as tx:
            tx.add_reading(feeder, at, body)
        return None

    # -- work ---------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Take in what came, decide, commit, send; again until nothing is due at this moment."""
        self._decide()
        while due := self._due():
            batch = due[:MAX_IN_FLIGHT]
            answers = await asyncio.gather(*(self._send(live) for live in batch))
            self._take_answers(list(zip(batch, answers, strict=True)))
        await self._deliver_outbox()

    def _decide(self) -> None:
        pending = self._store.pending_inbox()
        with self.session() as session:
            commands.expire(session)
            answers = []
            for item in pending:
                if item.kind == arrivals.DCC:
                    arrivals.take_dcc(session, item)
                else:
                    answers.append(arrivals.take_market(session, item))
            interventions.take_answers(session, answers)
            for feeder in self._site.feeders:
                after = self.desk.seen_until(feeder.feeder_id)
                for at, body in self._store.readings(feeder.feeder_id, after=after):
                    watch.take_reading(session, feeder.feeder_id, at, body)
                    interventions.after_reading(session, feeder.feeder_id)
            watch.look_for_blind(session)
            label_desk.ask_labels(session)
            interventions.step(session)

    def _due(self) -> list[LiveExchange]:
        """What must go out now; a hold that the veto no longer allows is stopped here, at the last moment."""
        if not commands.due_exchanges(self.desk, self._clock.now()):
            return []
        with self.session() as session:
            due = []
            for live in commands.due_exchanges(self.desk, session.now):
                reasons = veto_reasons(session, live)
                if reasons:
                    commands.stop(session, live, reasons)
                else:
                    due.append(commands.mark_sent(session, live))
            return due

    async def _send(self, live: LiveExchange) -> HttpAnswer | PeerUnreachable:
        if live.exchange.outgoing is None:
            return PeerUnreachable("DCC", "nothing to send")
        try:
            return await self._dcc.post(live.exchange.service, live.exchange.outgoing)
        except PeerUnreachable as error:
            return error

    def _take_answers(self, answers: list[tuple[LiveExchange, HttpAnswer | PeerUnreachable]]) -> None:
        dcc = self._site.dcc
        with self.session() as session:
            for sent, answer in answers:
                live = session.desk.exchanges.get(str(sent.exchange.request.request_id))
                if live is None or live.exchange.state is not sent.exchange.state:
                    continue  # an asynchronous answer was faster
                if isinstance(answer, PeerUnreachable):
                    self._postpone(session, live, answer)
                    continue
                exchange = receive_reply(
                    live.exchange,
                    answer.body,
                    trust=dcc.trust,
                    xml_signer=dcc.xml_signer,
                    gbcs_signer=dcc.gbcs_signer,
                    at=session.now,
                )
                commands.advance(session, live, exchange)

    def _postpone(self, session: Session, live: LiveExchange, error: PeerUnreachable) -> None:
        wait_s = _BACKOFF_S[min(live.attempts, len(_BACKOFF_S)) - 1]
        retry_at = session.now + timedelta(seconds=wait_s)
        session.put_exchange(replace(live, next_attempt_at=retry_at))
        request_id = str(live.exchange.request.request_id)
        session.audit("dcc", "unreachable", request_id=request_id, why=error.why, retry_at=retry_at)

    async def _deliver_outbox(self) -> None:
        for (table, key), body in list(self.desk.outbox.items()):
            if body.get("not_before", "") > format_utc(self._clock.now()):
                continue
            try:
                await (self._market.send(body) if table == "market_message" else self._notices.deliver(body))
            except PeerUnreachable as error:
                self._requeue(table, key, body, error)
                continue
            with self.session() as session:
                session.tx.put(table, Row(key=key, state="delivered", owner=str(body.get("owner", "")), body=body))
                session.desk.outbox.pop((table, key), None)

    def _requeue(self, table: str, key: str, body: dict[str, Any], error: PeerUnreachable) -> None:
        with self.session() as session:
            later = {**body, "not_before": format_utc(session.now + timedelta(seconds=_BACKOFF_S[-1]))}
            session.audit("outbox", "not_delivered", table=table, message=key, why=error.why)
            session.queue(table, key, str(body.get("owner", "")), later)

    # -- time and people ----------------------------------------------------------------------------------

    def next_wake(self) -> datetime | None:
        """When ``work`` has something to do although nothing arrives; the present where that is overdue."""
        times = list(commands.wake_times(self.desk))
        times += [i.deadline_at for i in self.desk.interventions.values() if i.deadline_at is not None]
        return max(min(times), self._clock.now()) if times else None

    def act(self, use_case: Callable[[Session], None]) -> None:
        """Run one use-case of a person (a stop, an authorisation, a finding) in a transaction of its own."""
        with self.session() as session:
            use_case(session)

    def feeder_ids(self) -> tuple[FeederId, ...]:
        """The feeders that are watched."""
        return tuple(feeder.feeder_id for feeder in self._site.feeders)
