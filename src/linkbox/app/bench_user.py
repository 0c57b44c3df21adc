"""A user of the DCC for measuring: critical exchanges side by side, every step committed before it has an effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from linkbox.base.identifiers import Eui64, RequestId
from linkbox.base.time import Clock
from linkbox.dcc.duis import ServiceRequest, read_response
from linkbox.dcc.duis.bodies import DeactivateAuxiliaryLoad
from linkbox.dcc.eligibility import Profile, UserRole
from linkbox.dcc.exchange import Exchange, ExchangeState, open_exchange, receive_reply, receive_response, request_of
from linkbox.dcc.smki import Signer, TrustStore
from linkbox.operation.ports import DccGateway, InboxItem, Row, Store, Transaction

Write = Callable[[Transaction], None]


class GroupCommit:
    """One transaction for everything that is ready at the same moment; who waits goes on when it is on disk.

    The rows are written where they are decided, and only the commit, which waits for the disk, is another thread's: two
    threads that both run Python would wait for one another at every row.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ready: list[tuple[Write, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self.commits = 0

    async def write(self, write: Write) -> None:
        """Return once what ``write`` puts is committed."""
        done = asyncio.get_running_loop().create_future()
        self._ready.append((write, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._ready = self._ready, []
            with ExitStack() as stack:
                tx = stack.enter_context(self._store.transaction())
                for write, _ in batch:
                    write(tx)
                await asyncio.to_thread(stack.pop_all().close)
            self.commits += 1
            for _, done in batch:
                done.set_result(None)


@dataclass(slots=True, kw_only=True)
class User:
    """The user's keys, rules and ways out, and the exchanges under way."""

    eui: Eui64
    xml_signer: Signer
    gbcs_signer: Signer
    trust: TrustStore
    profile: Profile
    gateway: DccGateway
    journal: GroupCommit
    clock: Clock
    live: dict[RequestId, Exchange] = field(default_factory=dict)
    ended: dict[RequestId, asyncio.Future[Exchange]] = field(default_factory=dict)

    async def hold(self, meter: Eui64, counter: int) -> Exchange:
        """One critical exchange, from the request to the device's verified answer."""
        request = ServiceRequest(
            request_id=RequestId(self.eui, meter, counter),
            command_variant=4,
            srv="7.6",
            body=DeactivateAuxiliaryLoad(index=3, duration_min=60),
        )
        exchange = open_exchange(
            request,
            xml_signer=self.xml_signer,
            profile=self.profile,
            role=UserRole.ELECTRICITY_DISTRIBUTOR,
            at=self.clock.now(),
        )
        ended = asyncio.get_running_loop().create_future()
        self.ended[request.request_id] = ended
        while exchange.outgoing is not None:
            await self._keep(exchange)
            exchange = await self._post(exchange)
        if exchange.is_final:
            return exchange
        found: Exchange = await ended
        return found

    async def _post(self, exchange: Exchange) -> Exchange:
        """Post what goes out, take the reply. The answer may have overtaken it."""
        assert exchange.outgoing is not None  # noqa: S101 - the caller looked
        answer = await self.gateway.post(exchange.service, exchange.outgoing)
        known = self.live[exchange.request.request_id]
        taken = receive_reply(
            known,
            answer.body,
            trust=self.trust,
            xml_signer=self.xml_signer,
            gbcs_signer=self.gbcs_signer,
            at=self.clock.now(),
        )
        self.live[exchange.request.request_id] = taken
        return taken

    async def _keep(self, exchange: Exchange, arrival: InboxItem | None = None) -> None:
        request_id = str(exchange.request.request_id)
        self.live[exchange.request.request_id] = exchange
        row = Row(key=request_id, state=exchange.state, owner=request_id, body=exchange.to_record())

        def write(tx: Transaction) -> None:
            if arrival is not None:
                tx.put_inbox(arrival)
            tx.put("exchange", row)

        await self.journal.write(write)

    async def receive(self, body: bytes) -> None:
        """A message at the receive endpoint: on return, it and what follows from it are committed."""
        now = self.clock.now()
        response = read_response(body, trust=self.trust, at=now)
        request_id = request_of(response.value)
        if request_id is None or request_id not in self.live:
            return
        exchange = receive_response(self.live[request_id], response, trust=self.trust, at=now)
        identity = str(response.value.response_id or request_id)
        await self._keep(exchange, InboxItem(kind="dcc", identity=identity, received_at=now, body=body))
        if exchange.is_final and not self.ended[request_id].done():
            self.ended[request_id].set_result(exchange)


def succeeded(exchanges: Sequence[Exchange]) -> int:
    """How many ended with the device's success."""
    return sum(exchange.state is ExchangeState.SUCCEEDED for exchange in exchanges)
