"""Retries of deliveries, certificate search, the control interface, and the server of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from fastapi import FastAPI, Request, Response

from linkbox.base.time import ManualClock
from linkbox.dcc.duis import read_response
from linkbox.dcc.exchange import ExchangeState, receive_reply, receive_response
from linkbox.emulator import Delivery, EmulatorConfig, Latency, LatencyPlan
from linkbox.emulator.certificatesearch import RETRIEVE_PATH, SEARCH_PATH, create_certificate_app
from linkbox.emulator.control import create_control_app
from linkbox.emulator.postbox import Postbox
from linkbox.emulator.server import SERVICE_PATHS
from linkbox.emulator.standalone import StandaloneConfig, run_standalone

from .test_server import serving
from .world import START, USER, World, after, hold, installation, read

MPAN = installation(1).mpan


def test_a_refused_delivery_is_tried_again_within_300_seconds_and_then_kept_for_two_days() -> None:
    box = Postbox()
    box.add(Delivery(at=START, body=b"x", request_id=None))
    at, tried = START, []
    while (following := box.next_at()) is not None:
        at = following
        for parcel in box.due(at):
            tried.append((at - START).total_seconds())
            box.refused(parcel, at)
    assert tried == [0.0, 5.0, 35.0, 155.0]
    assert len(box.failed) == 1
    box.due(after(2 * 86400 - 1))
    assert len(box.failed) == 1
    box.due(after(2 * 86400))
    assert box.failed == []


def test_what_was_taken_is_not_sent_again() -> None:
    box = Postbox()
    box.add(Delivery(at=after(5), body=b"x", request_id=None))
    assert box.due(START) == []
    assert len(box.due(after(5))) == 1
    assert box.next_at() is None


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks an application over HTTP, one request at a time."""

    app: FastAPI

    def ask(self, method: str, path: str, *, content: str | None = None, body: Any = None) -> Answer:
        return asyncio.run(self._ask(method, path, content, body))

    async def _ask(self, method: str, path: str, content: str | None, body: Any) -> Answer:
        async with (
            serving(self.app) as base,
            aiohttp.ClientSession() as session,
            session.request(method, base + path, data=content, json=body) as answer,
        ):
            return Answer(answer.status, answer.content_type, await answer.text())


def search_client(world: World) -> Client:
    return Client(create_certificate_app(world.pki.certificates()))


def test_a_certificate_is_found_by_its_eui_and_retrieved_by_its_serial() -> None:
    world = World()
    client = search_client(world)
    name = f"<CertificateSubjectName>{USER.lower()}</CertificateSubjectName>"
    asked = f"<CertificateSearchRequest>{name}</CertificateSearchRequest>"
    answer = client.ask("POST", SEARCH_PATH + "?apikey=any", content=asked)
    assert (answer.status, answer.content_type) == (200, "application/xml")
    found = re.findall(
        r"<Result><CertificateSerial>([0-9a-f]+)</CertificateSerial><CertificateUsage>(DS|KA)</CertificateUsage>"
        r"<CertificateStatus>I</CertificateStatus><CertificateRole>(\d+)</CertificateRole></Result>",
        answer.text,
    )
    assert sorted((usage, role) for _, usage, role in found) == [("DS", "135"), ("DS", "3"), ("KA", "3")]
    serial = next(serial for serial, usage, role in found if (usage, role) == ("DS", "135"))
    asked = f"<CertificateDataRequest><CertificateSerial>{serial}</CertificateSerial></CertificateDataRequest>"
    answer = client.ask("POST", RETRIEVE_PATH, content=asked)
    body = re.search(r"<CertificateBody>([^<]+)</CertificateBody>", answer.text)
    assert body is not None
    certificate = x509.load_der_x509_certificate(base64.b64decode(body[1]))
    assert certificate.serial_number == int(serial, 16) == world.xml_signer.certificate.serial
    assert "<CertificateSubjectName>" in answer.text


def test_a_device_certificate_is_named_by_its_alternative_name() -> None:
    world = World()
    serial = next(c.serial for c in world.pki.certificates() if c.eui == installation(1).esme)
    asked = f"<CertificateDataRequest><CertificateSerial>{serial:X}</CertificateSerial></CertificateDataRequest>"
    assert "<CertificateSubjectAltName>" in search_client(world).ask("POST", RETRIEVE_PATH, content=asked).text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SEARCH_PATH, "", 401),
        (SEARCH_PATH, "<a/>", 401),
        (SEARCH_PATH, "<a><CertificateSubjectAltName>none</CertificateSubjectAltName></a>", 401),
        (SEARCH_PATH, "<a><CertificateSubjectAltName>00-00-00-00-00-00-00-00</CertificateSubjectAltName></a>", 402),
        (RETRIEVE_PATH, "<a><CertificateSerial>xyz</CertificateSerial></a>", 401),
        (RETRIEVE_PATH, "<a><CertificateSerial>1</CertificateSerial></a>", 402),
        (SEARCH_PATH, '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 401),
    ],
)
def test_a_search_that_finds_nothing_or_can_not_be_read_says_so(path: str, body: str, status: int) -> None:
    assert search_client(World()).ask("POST", path, content=body).status == status


def control(world: World) -> tuple[Client, ManualClock]:
    clock = ManualClock(START)
    return Client(create_control_app(world.dcc, clock)), clock


def test_the_control_interface_shows_the_devices_as_they_are() -> None:
    world = World()
    client, clock = control(world)
    world.send(hold(1), after(0))
    clock.move_to(after(300))
    told: dict[str, Any] = client.ask("GET", f"/control/homes/{MPAN}").json()
    assert (told["contact_closed"], told["bound_slot"], told["slots"][2]["mode"]) == (False, 3, "held off")
    assert told["counters"] == {str(USER): 1}
    state = client.ask("GET", f"/control/requests/{hold(1).request_id}").json()
    assert state["state"] == "answered"


def test_a_fault_can_be_scripted_while_the_world_runs() -> None:
    world = World()
    client, _ = control(world)
    fault = {"kind": "command lost", "srv": "7.6", "target": str(MPAN)}
    assert client.ask("POST", "/control/faults", body=fault).status == 204
    world.send(hold(1), after(0))
    world.run_until(after(100))
    assert world.result(hold(1)).response_code == "E21"
    assert client.ask("DELETE", "/control/faults").status == 204
    world.send(hold(2), after(200))
    world.run_until(after(400))
    assert world.result(hold(2)).state is ExchangeState.SUCCEEDED


def test_a_hub_can_be_taken_off_line_while_the_world_runs() -> None:
    world = World()
    client, _ = control(world)
    fault = {
        "kind": "hub off-line",
        "target": str(MPAN),
        "start": "2026-01-13T18:00:00Z",
        "end": "2026-01-13T19:00:00Z",
    }
    assert client.ask("POST", "/control/faults", body=fault).status == 204
    world.send(read(1), after(0))
    world.run_until(after(100))
    assert world.result(read(1)).response_code == "E20"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/control/homes/123", None, 404),
        ("GET", "/control/homes/2000000000000", None, 404),
        ("POST", "/control/faults", {"kind": "meteor"}, 422),
        ("POST", "/control/faults", {"kind": "delay", "probability": 2}, 422),
        ("POST", "/control/faults", {"kind": "hub off-line"}, 422),
        ("POST", f"/control/homes/{MPAN}/boost", {"minutes": 0}, 422),
        ("POST", "/control/quarantine/nonsense", {"release": True}, 422),
        ("POST", f"/control/quarantine/{hold(1).request_id}", {"release": True}, 409),
        ("GET", f"/control/requests/{hold(1).request_id}", None, 404),
    ],
)
def test_the_control_interface_refuses_what_makes_no_sense(
    method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    client, _ = control(World())
    assert client.ask(method, path, body=body).status == status


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


XML = {"Content-Type": "application/xml"}


async def exchange_with_a_server() -> ExchangeState:
    """A hold in real time, against a server whose WAN takes some milliseconds."""
    at_once = Latency(median_s=0.05, p95_s=0.06, minimum_s=0.05, maximum_s=0.06)
    plan = LatencyPlan(wan={"South": at_once}, han={"dual-band": at_once})
    answered: asyncio.Queue[bytes] = asyncio.Queue()
    addresses: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    app = FastAPI()

    @app.post("/smartdcc/duis")
    async def receive(request: Request) -> Response:
        answered.put_nowait(await request.body())
        return Response(status_code=204)

    async def started(found: dict[str, str]) -> None:
        addresses.set_result(found)

    async with serving(app) as user, aiohttp.ClientSession() as session:
        config = StandaloneConfig(
            emulator=EmulatorConfig(latency=plan),
            installations=(installation(1),),
            user=USER,
            user_endpoint=user + "/smartdcc/duis",
            pki_seed="tests",
            dcc_port=free_port(),
            smki_port=free_port(),
            control_port=free_port(),
        )
        server = asyncio.create_task(run_standalone(config, started=started))
        try:
            found = await asyncio.wait_for(addresses, 20)
            assert set(found) == {"dcc", "smki", "control"}
            return await hold_over_http(found, session, answered)
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)


async def hold_over_http(
    found: dict[str, str], session: aiohttp.ClientSession, answered: asyncio.Queue[bytes]
) -> ExchangeState:
    """Whoever knows the seed has the same keys and serials; dates are checked at the time that the tests go by."""
    user = World()
    exchange = user.open(hold(1), START)
    for _ in range(2):
        assert exchange.outgoing is not None
        url = found["dcc"] + SERVICE_PATHS[exchange.service]
        async with session.post(url, data=exchange.outgoing, headers=XML) as answer:
            body = await answer.read()
        exchange = receive_reply(
            exchange, body, trust=user.trust, xml_signer=user.xml_signer, gbcs_signer=user.gbcs_signer, at=START
        )
    assert exchange.state is ExchangeState.AWAITING_RESPONSE
    body = await asyncio.wait_for(answered.get(), 20)
    response = read_response(body, trust=user.trust, at=START)
    return receive_response(exchange, response, trust=user.trust, at=START).state


def test_a_server_of_its_own_answers_in_real_time_and_delivers_by_itself() -> None:
    assert asyncio.run(exchange_with_a_server()) is ExchangeState.SUCCEEDED
