"""The operation as a whole: arrivals in, decisions committed, then everything sent that is due.

``work`` may be called at any time and as often as one likes; what it does depends on the store and the clock
alone. In service a timer calls it, in a simulation the scheduler of virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from linkbox.base.errors import InvalidInput, LinkboxError
from linkbox.base.identifiers import FeederId, InvalidIdentifier
from linkbox.base.time import Clock
from linkbox.customers import CustomerEvent
from linkbox.dcc.duis import read_response
from linkbox.dcc.errors import RemoteProtocolError
from linkbox.dcc.exchange import Exchange, receive_reply
from linkbox.grid.telemetry import Reading
from linkbox.market import RemoteProtocolError as MarketRefusal
from linkbox.operation import (
    arrivals,
    clock_desk,
    commands,
    customer_desk,
    customer_messages,
    interventions,
    label_desk,
    market_inbox,
    operator_desk,
    outbox,
    watch,
)
from linkbox.operation.desk import Desk, LiveExchange, Told, load_desk
from linkbox.operation.foreign import said
from linkbox.operation.operators import OPERATOR, word_identity
from linkbox.operation.ports import (
    DccGateway,
    HttpAnswer,
    InboxItem,
    MarketGateway,
    NoticeChannel,
    PeerUnreachable,
    Store,
    TimeStamper,
)
from linkbox.operation.session import Session
from linkbox.operation.site import Site
from linkbox.operation.stamping import Stamping
from linkbox.operation.veto import veto_reasons

MAX_IN_FLIGHT = 40
"""Unacknowledged sends at once: after a crash no more than these go out again in a burst."""

_BACKOFF_S = (2, 4, 8, 16)
_AT_ONCE = 20
"""So many messages are handed over at once, and committed together."""

_UNFIT = (LinkboxError, ArithmeticError, LookupError, TypeError, ValueError)
"""What acting on an arrival may raise because of what it says. A failing store is not among it."""


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
        stamper: TimeStamper | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        tell_in_background: bool = False,
    ) -> None:
        """``tell_in_background``: notices go out in a task of their own, so that no channel, however slow, delays
        ``work``. A simulation leaves it off, for its clock stands still meanwhile."""
        self._site, self._store, self._clock, self._told = site, store, clock, told
        self._max_in_flight = max_in_flight
        self._in_background = tell_in_background
        self._telling: asyncio.Task[None] | None = None
        self._dcc, self._market, self._notices = dcc, market, notices
        background = tell_in_background
        self._stamping = None if stamper is None else Stamping(stamper, store, self.session, in_background=background)
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
        """Commit one DUIS message, with what follows from it; return why it is refused, if it is."""
        try:
            message = read_response(body, trust=self._site.dcc.trust, at=self._clock.now())
        except RemoteProtocolError as error:
            with self.session() as session:
                session.audit("dcc", "refused_arrival", what=said(error.what), rule=said(error.rule))
            return str(error)
        self._arrive(arrivals.DCC, arrivals.dcc_identity(message), body)
        return None

    def receive_market(self, body: bytes) -> MarketRefusal | None:
        """Commit one sealed message of a provider, with what follows from it; return why it is refused, if it is."""
        try:
            message = self._market.read(body)
        except MarketRefusal as error:
            with self.session() as session:
                session.audit("market", "refused_arrival", status=error.status, why=said(error.reason))
            return error
        self._arrive(arrivals.MARKET, market_inbox.identity(message), body)
        return None

    def receive_operator(self, body: bytes) -> str | None:
        """Commit an operator's word, sealed by ``operators.sealed``, with what follows from it; return why it does not
        count, if it does not."""
        self._arrive(OPERATOR, word_identity(body), body)
        return operator_desk.not_taken(self._store, word_identity(body))

    def _arrive(self, kind: str, identity: str, body: bytes) -> None:
        """Inbox row and consequences in one commit. If acting on it fails, it is kept all the same."""
        item = InboxItem(kind=kind, identity=identity, received_at=self._clock.now(), body=body)
        try:
            with self.session() as session:
                if session.tx.put_inbox(item):
                    self._take_item(session, item)
                    self._take(session)
        except _UNFIT as error:
            with self.session() as session:
                session.tx.put_inbox(item)
                why = said(f"{type(error).__name__}: {error}")
                session.audit("inbox", "kept_unprocessed", arrival=kind, identity=said(identity), why=why)
            self._take_alone(item)

    def receive_reading(
        self, feeder: str, at: datetime, current_a: list[float], transformer_current_a: list[float] | None
    ) -> str | None:
        """Commit one reading, with what follows from it; return why it is refused, if it is."""
        try:
            reading = Reading(
                feeder_id=FeederId(feeder),
                at=at,
                current_a=_triple(current_a),
                transformer_current_a=None if transformer_current_a is None else _triple(transformer_current_a),
            )
        except InvalidIdentifier as error:
            return str(error)
        return self.receive_readings([reading])[0]

    def receive_readings(self, readings: Sequence[Reading]) -> list[str | None]:
        """Commit several readings at once, with what follows from them; for each why it is refused, if it is."""
        with self.session() as session:
            wrong = [watch.judge_reading(session, reading) for reading in readings]
            if not all(wrong):
                self._take(session)
        return ["; ".join(str(issue) for issue in issues) or None for issues in wrong]

    # -- work ---------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Decide what time or a restart has left to decide, then send; again until nothing is due at this moment."""
        for item in self._store.pending_inbox():
            self._take_alone(item)
        self._take_recorded()
        if any(at <= self._clock.now() for at in self._decision_times()):
            with self.session() as session:
                self._take(session)
        while due := self._due():
            batch = due[: self._max_in_flight]
            answers = await asyncio.gather(*(self._send(live) for live in batch))
            self._take_answers(list(zip(batch, answers, strict=True)))
        if self._checkpoint_due():
            with self.session():
                pass  # finishing it signs
        await self._deliver_outbox()
        if self._stamping is not None:
            await self._stamping.work(self._clock.now())

    def seal(self) -> None:
        """Sign the chain's head: Linkbox is going to stop."""
        with self.session() as session:
            session.sign()

    def _checkpoint_due(self) -> bool:
        at = self._checkpoint_at()
        return at is not None and at <= self._clock.now()

    def _checkpoint_at(self) -> datetime | None:
        """When the chain is to be signed although nothing happens."""
        if self._site.notices.records_key is None:
            return None
        return self.desk.signed.due_at(self._site.checkpoints)

    def catch_up(self) -> None:
        """After a restart: take in what was committed but not yet acted on."""
        for item in self._store.pending_inbox():
            self._take_alone(item)
        self._take_recorded()
        with self.session() as session:
            self._take(session)

    def _take_alone(self, item: InboxItem) -> None:
        """Act on an arrival that was kept. One that can not be acted on is set aside for a person: it must not stop
        what protects the street."""
        try:
            with self.session() as session:
                self._take_item(session, item)
        except _UNFIT as error:
            with self.session() as session:
                session.tx.finish_inbox(item.kind, item.identity, "set aside")
                why = said(f"{type(error).__name__}: {error}")
                session.audit("inbox", "set_aside", arrival=item.kind, identity=said(item.identity), why=why)

    def _take_recorded(self) -> None:
        """Act on what others have recorded about our customers: an import from a file, for example."""
        last = self._store.last_customer_fact()
        if last == self.desk.facts_seen:
            return
        facts = self._store.customer_facts(after=self.desk.facts_seen, mpans=self._site.mpans)
        new = [event for _, event in facts if event not in self.desk.customers.told(event.mpan)]
        if new:
            with self.session() as session:
                for event in new:
                    customer_desk.learn(session, event)
        self.desk.facts_seen = last

    def _take_item(self, session: Session, item: InboxItem) -> None:
        if item.kind == arrivals.DCC:
            arrivals.take_dcc(session, item)
        elif item.kind == OPERATOR:
            operator_desk.take_word(session, item)
        elif item.kind == clock_desk.DECISION:
            clock_desk.take_decision(session, item)
        else:
            market_inbox.take(session, item, self._market.read(item.body))

    def _take(self, session: Session) -> None:
        """Everything that follows from what was told, from new readings and from the time that it is."""
        commands.expire(session)
        customer_desk.recheck(session)
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
        due = commands.due_exchanges(self.desk, self._clock.now())
        vetoed = {live.command_id: why for live in due if (why := veto_reasons(self.desk, live, self._clock.now()))}
        if vetoed:
            with self.session() as session:
                for live in due:
                    if live.command_id in vetoed:
                        commands.stop(session, live, vetoed[live.command_id])
                interventions.step(session)
        return [live for live in due if live.command_id not in vetoed]

    async def _send(self, live: LiveExchange) -> HttpAnswer | PeerUnreachable:
        if live.exchange.outgoing is None:
            return PeerUnreachable("DCC", "nothing to send")
        try:
            return await self._dcc.post(live.exchange.service, live.exchange.outgoing)
        except PeerUnreachable as error:
            return error

    def _take_answers(self, answers: Sequence[tuple[LiveExchange, HttpAnswer | PeerUnreachable]]) -> None:
        dcc = self._site.dcc
        with self.session() as session:
            for sent, answer in answers:
                live = session.desk.exchanges.get(str(sent.exchange.request.request_id))
                if live is None or live.exchange.state is not sent.exchange.state:
                    continue  # an asynchronous answer was faster
                live = commands.attempted(live, session.now)
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
                if exchange.outgoing is not None and exchange.outgoing == live.exchange.outgoing:
                    self._postpone(session, replace(live, exchange=exchange), _no_progress(live, exchange))
                    continue
                commands.advance(session, live, exchange)
            interventions.step(session)

    def _postpone(self, session: Session, live: LiveExchange, error: PeerUnreachable) -> None:
        wait_s = _BACKOFF_S[min(live.attempts, len(_BACKOFF_S)) - 1]
        retry_at = session.now + timedelta(seconds=wait_s)
        session.put_exchange(replace(live, next_attempt_at=retry_at, trouble=str(error)))
        request_id = str(live.exchange.request.request_id)
        session.audit("dcc", "unreachable", request_id=request_id, why=error.why, retry_at=retry_at)

    async def _deliver_outbox(self) -> None:
        """Hand over what is queued: first what the market is asked, then the notices, which nothing waits for."""
        await self._deliver("market_message")
        if not self._in_background:
            await self._deliver("notice")
        elif self._telling is None or self._telling.done():
            if self._telling is not None:
                self._telling.result()  # a store that failed it fails us too
            self._telling = asyncio.create_task(self._deliver("notice"))

    def _is_telling(self) -> bool:
        return self._telling is not None and not self._telling.done()

    async def stop_telling(self) -> None:
        """End the tasks in which notices go out and time stamps are asked for. What is not handed over stays queued."""
        if self._stamping is not None:
            await self._stamping.stop()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
            self._telling = None

    async def _deliver(self, table: str) -> None:
        """Hand over what is due; a peer that can not be reached gets it later, and delays nothing else."""
        now = self._clock.now()
        due = outbox.due(self.desk, now, table)
        for keys in _in_parts(list(due), _AT_ONCE):
            fit = [key for key in keys if not outbox.expired(self.desk, key, now)]
            failures = await asyncio.gather(*(self._hand_over(table, due[key]) for key in fit))
            answers = dict(zip(fit, failures, strict=True))
            with self.session() as session:
                for key in keys:
                    row, sent = self._store.row(*key), key in answers
                    outbox.take_answer(session, key, row, answers.get(key), sent=sent)

    async def _hand_over(self, table: str, body: dict[str, Any]) -> PeerUnreachable | None:
        try:
            await (self._market.send(body) if table == "market_message" else self._notices.deliver(body))
        except PeerUnreachable as error:
            return error
        return None

    # -- time and people ----------------------------------------------------------------------------------

    def next_wake(self) -> datetime | None:
        """When ``work`` has something to do although nothing arrives; the present where that is overdue."""
        times = [*self._decision_times(), *outbox.wake_times(self.desk, without_notices=self._is_telling())]
        sign_at = self._checkpoint_at()
        times += [] if sign_at is None else [sign_at]
        return max(min(times), self._clock.now()) if times else None

    def _decision_times(self) -> Iterator[datetime]:
        yield from commands.wake_times(self.desk)
        yield from (at for i in self.desk.interventions.values() if (at := i.wake_at) is not None)
        yield from watch.blind_times(self.desk)
        yield from customer_desk.wake_times(self.desk)

    def customer_said(self, event: CustomerEvent) -> None:
        """Keep what a customer said or what became of a tenancy; holds that it no longer allows are ended at once."""
        with self.session() as session:
            customer_desk.tell(session, event)

    def receive_customer(self, message: Mapping[str, Any]) -> str | None:
        """Commit what a system of the distributor or an industry party tells of a customer, once for each event id;
        return why it is refused, if it is."""
        try:
            told = customer_messages.read(message, recorded_at=self._clock.now())
        except InvalidInput as error:
            return "; ".join(f"{i.where}: {i.rule}" for i in error.issues)
        known = self._store.row(customer_messages.TABLE, told.event_id)
        if known is not None:
            return customer_messages.answer_to_repeat(known, told)
        with self.session() as session:
            customer_messages.take(session, told)
        return None

    def act(self, use_case: Callable[[Session], None]) -> None:
        """Run one use-case of a person (a stop, an authorisation, a finding) in a transaction of its own."""
        with self.session() as session:
            use_case(session)

    def now(self) -> datetime:
        """The time by the controller's own clock."""
        return self._clock.now()

    def feeder_ids(self) -> tuple[FeederId, ...]:
        """The feeders that are watched."""
        return tuple(feeder.feeder_id for feeder in self._site.feeders)


def _no_progress(before: LiveExchange, exchange: Exchange) -> PeerUnreachable:
    """Why the same bytes have to go out again although an answer came: at once would be for ever."""
    throttled = exchange.throttled > before.exchange.throttled
    why = "it has too many requests and asks to come again later" if throttled else "its reply brought nothing new"
    return PeerUnreachable("DCC", why)


def _in_parts(keys: list[outbox.Key], size: int) -> Iterator[list[outbox.Key]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _triple(values: Sequence[float]) -> tuple[float, float, float]:
    a, b, c = values
    return (a, b, c)
