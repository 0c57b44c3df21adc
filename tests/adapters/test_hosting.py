"""An application on a port: over TLS where it is told so, and what is asked already is answered before it closes."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
from fastapi import FastAPI, Request

from linkbox.adapters.hosting import Hosted
from tests.emulator.test_tls import Authority


def app_of(entered: asyncio.Event) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def slow() -> str:
        entered.set()
        await asyncio.sleep(0.2)
        return "here"

    return app


async def test_it_is_served_over_tls_with_the_certificate_that_it_is_given(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    hosted = Hosted(app_of(asyncio.Event()), tls=authority.issue("operators"))
    url = await hosted.start()
    assert url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=authority.file)
    async with aiohttp.ClientSession() as http:
        async with http.get(url, ssl=trusting) as answer:
            assert (answer.status, await answer.json()) == (200, "here")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(url)
        with pytest.raises(aiohttp.ClientError):
            await http.get(url.replace("https", "http"))
    await hosted.stop()


async def test_what_is_asked_already_is_answered_before_the_port_closes(tmp_path: Path) -> None:
    entered = asyncio.Event()
    hosted = Hosted(app_of(entered))
    url = await hosted.start()
    async with aiohttp.ClientSession() as http:

        async def ask() -> int:
            async with http.get(url) as answer:
                return answer.status

        asking = asyncio.create_task(ask())
        await entered.wait()
        await hosted.stop(at_once=False)
        assert await asking == 200
        assert not hosted.running
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(url)


@pytest.mark.parametrize(
    ("proxies", "seen"), [((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.7"), (("10.0.0.1",), "127.0.0.1")]
)
async def test_only_a_proxy_that_is_named_is_believed_whom_it_asks_for(proxies: tuple[str, ...], seen: str) -> None:
    app = FastAPI()

    @app.get("/")
    async def who(request: Request) -> str:
        return request.client.host if request.client else ""

    hosted = Hosted(app, proxies=proxies)
    url = await hosted.start()
    async with aiohttp.ClientSession() as http:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        async with http.get(url, headers=headers) as answer:
            assert await answer.json() == seen
    await hosted.stop()
