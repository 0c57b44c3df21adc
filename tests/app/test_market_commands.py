"""``linkbox market`` and ``linkbox provider``: by the command line, and a provider served over real HTTP."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.market_uftp import (
    PATH,
    Correspondent,
    Peer,
    UftpMarketGateway,
    UftpWire,
    public_text,
    signing_key,
)
from linkbox.app.market_keys import read_key
from linkbox.app.provider_server import ProviderServer, settings
from linkbox.base.errors import InvalidInput
from linkbox.base.identifiers import FeederId
from linkbox.base.phases import Phase
from linkbox.base.time import ManualClock
from linkbox.market import FlexRequest, UftpIdentity
from linkbox.market.messages import flex_order, flex_request, read_offer
from tests.app.commandline import call

ME = UftpIdentity()
PROVIDER = "dawn-flexibility.example"
OURS = signing_key(b"d" * 32)

CONTRACT = """[[contract]]
contract_id = "C1"
provider = "Dawn"
feeders = ["F1"]
capacity_kw = 23
answer_within_s = 60
deliver_within_s = 120
"""


def test_a_contract_file_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.toml").write_text(CONTRACT)
    said = call(capsys, "market", "check", tmp_path / "c.toml", "--feeder", "F1")
    assert (said.code, "C1: Dawn" in said.out, "100 A in all" in said.out) == (0, True, True)
    said = call(capsys, "market", "check", tmp_path / "c.toml", "--feeder", "F2")
    assert (said.code, "is not a feeder that is watched" in said.error) == (2, True)


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "market", "key", tmp_path / "k")
    assert said.out.strip() == public_text(read_key(tmp_path / "k"))
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert call(capsys, "market", "key", tmp_path / "k").code == 2
    (tmp_path / "k").chmod(0o600)
    (tmp_path / "k").write_text("no key")
    with pytest.raises(InvalidInput):
        read_key(tmp_path / "k")


def test_a_finding_needs_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = call(capsys, "market", "finding", tmp_path, "LB-1", "damage", "--who", "A")
    assert (said.code, "has no linkbox.sqlite" in said.error) == (2, True)
    assert call(capsys, "market", "finding", tmp_path, "LB-1", "bad luck", "--who", "A").code == 2


def test_what_is_wrong_with_a_providers_options_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["--behaviour", "sulks", "--chargers", "0", "--price", "-1", "--answer-s", "nan", "--port", "99999"]
    said = call(capsys, "provider", "--key", tmp_path / "k", "--distributor-key", "cs1.x", "--seed", "-1", *wrong)
    assert (said.code, "6 issue(s)" in said.error) == (2, True)


class Distributor:
    """A distributor's endpoint that keeps what it is sent, and its way to the provider."""

    def __init__(self, provider_key: bytes) -> None:
        sender = Correspondent(domain=PROVIDER, role="AGR", public_key=provider_key)
        self.wire = UftpWire(ME.domain, "DSO", OURS, (sender,))
        self.received: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        app = FastAPI(openapi_url=None)

        @app.post(PATH)
        async def take(request: Request) -> Response:
            self.received.append(self.wire.unseal(await request.body()))
            self.arrived.set()
            return Response(status_code=200)

        self.host = Hosted(app)

    async def until(self, kind: str) -> dict[str, Any]:
        """The first message of a kind, once it has come."""
        while not any(m["type"] == kind for m in self.received):
            self.arrived.clear()
            await self.arrived.wait()
        return next(m for m in self.received if m["type"] == kind)


@pytest.mark.parametrize("behaviour", ["delivers", "rejects"])
async def test_a_served_provider_answers_a_request_and_takes_an_order(tmp_path: Path, behaviour: str) -> None:
    (tmp_path / "k").write_text((b"p" * 32).hex())
    distributor = Distributor(signing_key(b"p" * 32).public)
    url = await distributor.host.start()
    chosen = settings(
        key_file=tmp_path / "k",
        domain=PROVIDER,
        distributor_domain=ME.domain,
        distributor_key=public_text(OURS),
        distributor_url=url + PATH,
        behaviour=behaviour,
        chargers=9,
        price=0.3,
        seed=1,
        answer_s=0.0,
        port=0,
    )
    told: list[dict[str, Any]] = []
    now = datetime(2026, 1, 13, 18, 1, tzinfo=UTC)
    wanted = FlexRequest(
        request_id="LB-1/C1/L1/1",
        event_id="LB-1",
        contract_id="C1",
        provider="Dawn",
        domain=PROVIDER,
        congestion_point=FeederId("F1"),
        phase=Phase.L1,
        current_a=64.0,
        start=now,
        end=now + timedelta(seconds=30),
        expiration_at=now + timedelta(minutes=1),
        deliver_within_s=60.0,
        price_gbp_per_kwh=0.3,
    )
    async with ProviderServer(chosen, ManualClock(now), told.append) as address:
        peer = Peer(domain=PROVIDER, public_key=chosen.key.public, url=address)
        async with UftpMarketGateway(ME.domain, OURS, [peer]) as gateway:
            await gateway.send(flex_request(wanted, ME, now))
            if behaviour == "rejects":
                answer = await asyncio.wait_for(distributor.until("FlexRequestResponse"), 20)
                assert (answer["result"], answer["rejection_reason"]) == ("Rejected", "no capacity to offer")
            else:
                offer = read_offer(await asyncio.wait_for(distributor.until("FlexOffer"), 20), wanted, ME, now)
                assert not isinstance(offer, str), offer
                assert offer.offered_a == pytest.approx(64.0)
                await gateway.send(flex_order(offer, wanted, ME, now))
                assert (await asyncio.wait_for(distributor.until("FlexOrderResponse"), 20))["result"] == "Accepted"
                assert [record["holds"] for record in told if "holds" in record] == [0, 3]
    await distributor.host.stop()
