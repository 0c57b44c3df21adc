"""A headless Chromium for tests of pages, or the reason why there is none."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_chromium = pytest.mark.skipif(
    not PATH, reason="needs Chromium; on Debian: apt-get update && apt-get install -y chromium"
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser of the system, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PATH, args=FLAGS, timeout=60_000)
        yield browser
        await browser.close()
