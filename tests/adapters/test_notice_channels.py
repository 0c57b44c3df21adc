"""Every way to a customer or a supplier, against real servers on this machine: the contract, and what is its own."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from aiohttp import web
from aiosmtpd.controller import UnthreadedController
from cryptography.hazmat.primitives.asymmetric import ec

from linkbox.adapters.notices_files import SupplierDrop
from linkbox.adapters.notices_routed import RoutedNoticeChannel
from linkbox.adapters.notify_http import (
    SIGNATURE_HEADER,
    SmsGateway,
    SmsNoticeChannel,
    WebhookNoticeChannel,
    signature,
)
from linkbox.adapters.notify_smtp import MailServer, SmtpNoticeChannel
from linkbox.adapters.suppliers_sftp import SftpPlace, SftpSupplierChannel
from linkbox.operation.ports import NoticeChannel, PeerRefused, PeerUnreachable
from linkbox.records.canonical import canonical_json
from linkbox.records.signing import checker, signer
from tests.adapters.contracts.fakes import FakeNoticeChannel

KEY = ec.generate_private_key(ec.SECP256R1())
CSV, JSON = "intervention,feeder\r\nLB-1,F1\r\n", {"supplier": "Alder Energy", "points": []}
NOTICE: dict[str, Any] = {
    "id": "LB-20260113-001-0001-start",
    "audience": "customer",
    "channel": "e-mail",
    "to": "home1@customers.example",
    "language": "cy",
    "stage": "start",
    "at": "2026-01-14T02:14:00.000Z",
    "subject": "Bydd eich gwefrydd wedi'i oedi: ŵ",
    "body": "Mae'r Botwm Hwb ar eich mesurydd yn dal i weithio. ŵ £\n\nhttps://page/no/" + "T" * 48 + "\n",
    "short": "Bydd eich gwefrydd wedi'i oedi.",
    "supplier": "Alder Energy",
    "csv": CSV,
    "json": JSON,
    "signatures": {"csv": signer(KEY)(CSV.encode()).hex(), "json": signer(KEY)(canonical_json(JSON)).hex()},
}


@dataclass
class Other:
    """The other side: what it got, by id, and what it answers."""

    got: dict[str, Any] = field(default_factory=dict)
    times: int = 0
    answer: int = 200


Opened = Callable[[Other], Any]


@asynccontextmanager
async def smtp(other: Other) -> AsyncIterator[NoticeChannel]:
    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            other.times += 1
            if other.answer != 200:
                return f"{other.answer} no"
            other.got[str(mail["Message-ID"])[1:].rpartition("@")[0]] = mail
            return "250 OK"

    controller = UnthreadedController(Handler(), hostname="127.0.0.1", port=0, loop=asyncio.get_running_loop())
    server = await controller._create_server()
    port = server.sockets[0].getsockname()[1]
    yield SmtpNoticeChannel(MailServer(host="127.0.0.1", port=port, tls="none", timeout_s=5))
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def http(other: Other, make: Callable[[str], NoticeChannel]) -> AsyncIterator[NoticeChannel]:
    async def take(request: web.Request) -> web.Response:
        other.times += 1
        if other.answer == 200:
            other.got[request.headers["Idempotency-Key"]] = (request.headers.copy(), await request.read())
        return web.Response(status=other.answer, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_post("/take", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield make(f"http://127.0.0.1:{port}/take")
    await runner.cleanup()


def sms(other: Other) -> Any:
    return http(other, lambda url: SmsNoticeChannel(SmsGateway(url=url, token="secret")))


class ToOne:
    """A webhook channel whose notices all go to one address."""

    def __init__(self, url: str) -> None:
        self._url, self._channel = url, WebhookNoticeChannel(lambda _: b"agreed", allow_private=True)

    async def deliver(self, notice: Any) -> None:
        await self._channel.deliver({**notice, "to": self._url})


def webhook(other: Other) -> Any:
    return http(other, ToOne)


@asynccontextmanager
async def memory(other: Other) -> AsyncIterator[NoticeChannel]:
    channel = FakeNoticeChannel()
    channel.delivered = other.got
    yield channel


CHANNELS: dict[str, Opened] = {"smtp": smtp, "sms": sms, "webhook": webhook, "memory": memory}


@pytest.mark.parametrize("name", CHANNELS)
async def test_a_notice_arrives_and_a_second_copy_can_be_told_by_its_id(name: str) -> None:
    other = Other()
    async with CHANNELS[name](other) as channel:
        for _ in range(2):
            await channel.deliver(NOTICE)
        await channel.deliver({**NOTICE, "id": "another"})
    assert set(other.got) == {NOTICE["id"], "another"}


HTTP_ANSWERS = ((500, False), (429, False), (404, True), (302, True))
ANSWERS = [("smtp", 451, False), ("smtp", 552, True)]
ANSWERS += [(name, *answer) for name in ("sms", "webhook") for answer in HTTP_ANSWERS]


@pytest.mark.parametrize(("name", "answer", "lasting"), ANSWERS)
async def test_a_refusal_for_good_is_told_from_one_for_now(name: str, answer: int, lasting: bool) -> None:
    other = Other(answer=answer)
    async with CHANNELS[name](other) as channel:
        with pytest.raises(PeerUnreachable) as caught:
            await channel.deliver(NOTICE)
    assert isinstance(caught.value, PeerRefused) == lasting
    assert NOTICE["to"] not in str(caught.value)
    assert other.times == 1, "no redirect was followed"


@pytest.mark.parametrize("name", ["smtp", "sms", "webhook"])
async def test_a_server_that_is_gone_is_unreachable_for_now(name: str) -> None:
    async with CHANNELS[name](Other()) as channel:
        pass
    with pytest.raises(PeerUnreachable) as caught:
        await channel.deliver(NOTICE)
    assert not isinstance(caught.value, PeerRefused)


async def test_a_mail_says_everything_in_the_customers_language() -> None:
    other = Other()
    async with smtp(other) as channel:
        await channel.deliver(NOTICE)
    mail = other.got[NOTICE["id"]]
    assert (mail["To"], mail["Content-Language"]) == (NOTICE["to"], "cy")
    assert mail["Subject"] == NOTICE["subject"]
    assert mail.get_content().replace("\r\n", "\n") == NOTICE["body"]
    assert mail["Date"].datetime.isoformat() == "2026-01-14T02:14:00+00:00"


@pytest.mark.parametrize("address", ["", "a@b\r\nBcc: c@d"])
async def test_a_mail_without_a_usable_address_is_given_up(address: str) -> None:
    other = Other()
    async with smtp(other) as channel:
        with pytest.raises(PeerRefused):
            await channel.deliver({**NOTICE, "to": address})
    assert other.times == 0


async def test_a_text_message_is_one_json_object_with_our_token() -> None:
    other = Other()
    async with sms(other) as channel:
        await channel.deliver({**NOTICE, "to": "+447700900001"})
    headers, body = other.got[NOTICE["id"]]
    assert headers["Authorization"] == "Bearer secret"
    assert json.loads(body) == {
        "to": "+447700900001",
        "from": "Linkbox",
        "text": NOTICE["short"],
        "reference": NOTICE["id"],
    }
    assert "secret" not in repr(SmsGateway(url="x", token="secret"))


async def test_a_webhook_is_signed_over_its_bytes_and_tells_no_address() -> None:
    other = Other()
    async with webhook(other) as channel:
        await channel.deliver(NOTICE)
    headers, body = other.got[NOTICE["id"]]
    assert headers[SIGNATURE_HEADER] == signature(b"agreed", body) != signature(b"agreed", body + b" ")
    assert "to" not in json.loads(body)


@pytest.mark.parametrize(
    "url", ["http://customers.example/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1", "ftp://x", ""]
)
async def test_a_webhook_never_calls_into_our_own_network(url: str) -> None:
    with pytest.raises(PeerRefused):
        await WebhookNoticeChannel(lambda _: b"agreed").deliver({**NOTICE, "to": url})


async def test_a_name_that_leads_into_our_own_network_is_not_called() -> None:
    with pytest.raises(PeerUnreachable):
        await WebhookNoticeChannel(lambda _: b"agreed").deliver({**NOTICE, "to": "https://localhost:1/x"})


# -- suppliers --------------------------------------------------------------------------------------------------


class _Open(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("alder", "secret")


@asynccontextmanager
async def sftp(folder: Path, **changes: Any) -> AsyncIterator[NoticeChannel]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Open,
        server_host_keys=[key],
        sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(folder).encode()),
    )
    place: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.get_port(),
        "user": "alder",
        "password": "secret",
        "host_key": key.export_public_key().decode().strip(),
        **changes,
    }
    yield SftpSupplierChannel({"Alder Energy": SftpPlace(**place)})
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def drop(folder: Path) -> AsyncIterator[NoticeChannel]:
    yield SupplierDrop(folder)


@pytest.mark.parametrize("way", ["sftp", "drop"])
async def test_a_supplier_gets_whole_files_whose_signatures_are_good(way: str, tmp_path: Path) -> None:
    async with (sftp if way == "sftp" else drop)(tmp_path) as channel:
        for _ in range(2):
            await channel.deliver(NOTICE)
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    name = NOTICE["id"]
    assert set(files) == {f"{name}.{kind}{sig}" for kind in ("csv", "json") for sig in ("", ".sig")}
    check = checker(KEY.public_key())
    for kind in ("csv", "json"):
        assert check(files[f"{name}.{kind}"], files[f"{name}.{kind}.sig"])
        assert not check(files[f"{name}.{kind}"] + b" ", files[f"{name}.{kind}.sig"])


async def test_a_server_with_another_key_or_without_our_password_gets_nothing(tmp_path: Path) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    for changes in ({"host_key": stranger}, {"password": "wrong"}):
        async with sftp(tmp_path, **changes) as channel:
            with pytest.raises(PeerUnreachable):
                await channel.deliver(NOTICE)
    assert list(tmp_path.iterdir()) == []


async def test_a_supplier_without_a_place_is_refused(tmp_path: Path) -> None:
    async with sftp(tmp_path) as channel:
        with pytest.raises(PeerRefused, match="Birch"):
            await channel.deliver({**NOTICE, "supplier": "Birch Power"})


async def test_each_notice_goes_its_way_and_a_copy_of_all_is_kept() -> None:
    mail, copies = FakeNoticeChannel(), FakeNoticeChannel()
    routed = RoutedNoticeChannel({"e-mail": mail}, copies=[copies])
    await routed.deliver(NOTICE)
    with pytest.raises(PeerRefused, match="pigeon"):
        await routed.deliver({**NOTICE, "id": "other", "channel": "pigeon"})
    assert list(mail.delivered) == [NOTICE["id"]]
    assert list(copies.delivered) == [NOTICE["id"], "other"]
