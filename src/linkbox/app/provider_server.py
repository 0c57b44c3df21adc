"""``linkbox provider``: the simulated provider as a program of its own, in real time."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.market_uftp import (
    MAX_SIGNED_BYTES,
    PATH,
    Correspondent,
    Peer,
    SigningKey,
    UftpMarketGateway,
    UftpWire,
    key_from_text,
    public_text,
)
from linkbox.app.market_keys import read_key
from linkbox.base.errors import InvalidInput, Issue
from linkbox.base.time import Clock, SystemClock, format_utc
from linkbox.market import RemoteProtocolError, UftpIdentity
from linkbox.market.messages import Plain
from linkbox.operation.ports import PeerUnreachable
from linkbox.study.flex_provider import FlexProvider
from linkbox.twin.provider import Behaviour, ProviderOptions

_ATTEMPTS, _AGAIN_AFTER_S = 6, 5.0
_AMPS = 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One provider that is served: who it is, whom it talks to, what it does."""

    key: SigningKey
    domain: str
    distributor: Peer
    options: ProviderOptions
    price_gbp_per_kwh: float
    seed: int
    port: int


def settings(
    *,
    key_file: Path,
    domain: str,
    distributor_domain: str,
    distributor_key: str,
    distributor_url: str,
    behaviour: str,
    chargers: int,
    price: float,
    seed: int,
    answer_s: float,
    port: int,
) -> ProviderSettings:
    """The settings of a command line; raise InvalidInput with everything that is wrong with it."""
    choices = [b.value for b in Behaviour]
    issues = []
    if behaviour not in (*choices, "seed"):
        issues.append(_issue("--behaviour", behaviour, f"must be one of {', '.join([*choices, 'seed'])}"))
    if not 1 <= chargers <= 10_000:
        issues.append(_issue("--chargers", chargers, "must be within 1..10000"))
    if not 0.0 <= price < 1000.0:
        issues.append(_issue("--price", price, "must be within 0..1000"))
    if not 0.0 <= answer_s <= 3600.0:
        issues.append(_issue("--answer-s", answer_s, "must be within 0..3600"))
    if not 0 <= port <= 65535:
        issues.append(_issue("--port", port, "must be within 0..65535"))
    if seed < 0:
        issues.append(_issue("--seed", seed, "must not be negative"))
    if issues:
        raise InvalidInput("provider", issues)
    public = key_from_text(distributor_key, where="--distributor-key")
    options = ProviderOptions(
        subscribed=tuple(range(chargers)),
        behaviour=None if behaviour == "seed" else Behaviour(behaviour),
        answer_s=(min(2.0, answer_s), answer_s),
        deliver_s=(20.0, 60.0),
        amps_per_charger=_AMPS,
    )
    return ProviderSettings(
        key=read_key(key_file),
        domain=domain,
        distributor=Peer(domain=distributor_domain, public_key=public, url=distributor_url),
        options=options,
        price_gbp_per_kwh=price,
        seed=seed,
        port=port,
    )


def _issue(where: str, value: object, rule: str) -> Issue:
    return Issue(where=where, value=str(value), rule=rule)


class ProviderServer:
    """A FlexProvider behind an HTTP endpoint. ``tell`` gets one record for each thing that happens."""

    def __init__(self, chosen: ProviderSettings, clock: Clock, tell: Any) -> None:
        self._chosen, self._clock, self._tell = chosen, clock, tell
        peer = chosen.distributor
        sender = Correspondent(domain=peer.domain, role="DSO", public_key=peer.public_key)
        self._wire = UftpWire(chosen.domain, "AGR", chosen.key, (sender,))
        self._gateway = UftpMarketGateway(chosen.domain, chosen.key, [peer], role="AGR", peer_role="DSO")
        count = len(chosen.options.subscribed)
        self.provider = FlexProvider(
            UftpIdentity(domain=chosen.domain),
            chosen.options,
            home_phase=[home % 3 for home in range(count)],
            seed=chosen.seed,
            price_gbp_per_kwh=chosen.price_gbp_per_kwh,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._host = Hosted(self._app(), port=chosen.port)

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post(PATH)
        async def message(request: Request) -> Response:
            body = bytearray()
            async for part in request.stream():
                body += part
                if len(body) > MAX_SIGNED_BYTES:
                    return Response(status_code=400, content="message too long", media_type="text/plain")
            return self._take(bytes(body))

        return app

    def _take(self, body: bytes) -> Response:
        try:
            message = self._wire.unseal(body)
        except RemoteProtocolError as error:
            self._tell({"refused": error.reason, "status": error.status})
            return Response(status_code=error.status, content=error.reason, media_type="text/plain")
        self._tell({"received": message["type"], "message_id": message["message_id"]})
        before = len(self.provider.holds)
        for at, answer in self.provider.take(message, self._clock.now()):
            task = asyncio.get_running_loop().create_task(self._send(at, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        for hold in self.provider.holds[before:]:
            self._tell({"holds": hold.home, "from": format_utc(hold.start), "until": format_utc(hold.end)})
        return Response(status_code=200)

    async def _send(self, at: datetime, message: Plain) -> None:
        """At its time, and again a few times where the distributor can not be reached."""
        await asyncio.sleep(max(0.0, (at - self._clock.now()).total_seconds()))
        for _ in range(_ATTEMPTS):
            try:
                await self._gateway.send(message)
            except PeerUnreachable as error:
                self._tell({"not_sent": message["type"], "why": error.why})
                await asyncio.sleep(_AGAIN_AFTER_S)
                continue
            self._tell({"sent": message["type"], "message_id": message["message_id"], **_result(message)})
            return

    async def __aenter__(self) -> str:
        """Serve; the full address that messages are taken at."""
        await self._gateway.__aenter__()
        return await self._host.start() + PATH

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._host.stop()
        await self._gateway.__aexit__(None, None, None)


def _result(message: Plain) -> dict[str, Any]:
    return {name: message[name] for name in ("result", "rejection_reason") if name in message}


def serve(chosen: ProviderSettings, *, as_json: bool) -> None:
    """Serve until interrupted."""

    def tell(record: Mapping[str, Any]) -> None:
        line = {"at": format_utc(SystemClock().now()), **record}
        text = json.dumps(line) if as_json else "  ".join(f"{key} {value}" for key, value in line.items())
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    async def run() -> None:
        async with ProviderServer(chosen, SystemClock(), tell) as url:
            tell({"serving": url, "domain": chosen.domain, "public_key": public_text(chosen.key)})
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return
    except OSError as error:
        rule = f"can not be served on: {error.strerror}"
        raise InvalidInput("provider", [_issue("--port", chosen.port, rule)]) from error
