"""The customers' page as people use it: in a browser, with the keyboard alone, in both languages, without script.

``LINKBOX_PICTURES=1`` also writes the pictures of the documentation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser, Page

from linkbox.adapters.customer_page import PageSetup, create_customer_app
from linkbox.adapters.hosting import Hosted
from linkbox.operation.objection_desk import Invitation
from linkbox.operation.rate_limit import RateLimit
from linkbox.records.links import Purpose
from linkbox.records.page_texts import LANGUAGES, TEXTS
from tests.browser.chromium import chromium, needs_chromium

pytestmark = needs_chromium
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TOKEN = "T" * 48
SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"


@dataclass
class Front:
    """A page's other side that keeps what it was told. Every token is good once."""

    used: list[Purpose] = field(default_factory=list)

    def look(self, purpose: Purpose, token: str) -> Invitation | None:
        if token != TOKEN or purpose in self.used:
            return None
        return Invitation(
            intervention_id="LB-20260113-001",
            language="en",
            start=datetime(2026, 1, 14, 2, 14, tzinfo=UTC),
            until=datetime(2026, 1, 14, 2, 44, tzinfo=UTC),
            leave_token=TOKEN,
        )

    def use(self, purpose: Purpose, token: str) -> bool:
        good = self.look(purpose, token) is not None
        self.used += [purpose] if good else []
        return good


@asynccontextmanager
async def served(front: Front) -> AsyncIterator[tuple[Browser, str]]:
    app = create_customer_app(front, PageSetup(dead_after_s=0.0), limit=RateLimit(burst=1000))
    host = Hosted(app)
    base = await host.start()
    async with chromium() as browser:
        yield browser, base
    await host.stop()


async def opened(browser: Browser, url: str, *, width: int = 390, **context: Any) -> Page:
    view = {"width": width, "height": 844}
    made = await browser.new_context(viewport=view, **context)
    page = await made.new_page()
    await page.goto(url)
    return page


async def violations(page: Page) -> list[str]:
    """What axe-core has against the page."""
    await page.evaluate(Path(AXE_FILE_PATH).read_text("utf-8"))
    found = await page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    assert found["passes"], "axe looked at nothing"
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]]


async def picture(page: Page, name: str) -> None:
    if os.environ.get("LINKBOX_PICTURES"):
        await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


async def test_the_keyboard_alone_says_no_in_either_language() -> None:
    front = Front()
    async with served(front) as (browser, base):
        for language in LANGUAGES:
            front.used.clear()
            page = await opened(browser, f"{base}/no/{TOKEN}?lang={language}", java_script_enabled=False)
            assert front.used == [], "opening it says nothing"
            focused = page.locator(":focus")
            await page.keyboard.press("Tab")
            assert await focused.inner_text() == TEXTS[language]["skip"]
            await page.keyboard.press("Tab")
            assert await focused.inner_text() == TEXTS[language]["other"]
            await page.keyboard.press("Tab")
            assert await focused.inner_text() == TEXTS[language]["reject_button"]
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/said/rejected*")
            assert await page.locator("h1").inner_text() == TEXTS[language]["rejected_title"]
            assert front.used == [Purpose.REJECT]


async def test_leaving_the_scheme_is_one_page_further_and_as_easy() -> None:
    front = Front()
    async with served(front) as (browser, base):
        page = await opened(browser, f"{base}/no/{TOKEN}", java_script_enabled=False)
        await page.get_by_role("link", name="Leave the scheme for good").click()
        assert front.used == []
        await page.get_by_role("button", name="Leave the scheme for good").click()
        assert await page.locator("h1").inner_text() == "You have left the scheme"
        assert front.used == [Purpose.LEAVE]


async def test_the_visible_switch_changes_the_language_and_stays_on_the_page() -> None:
    async with served(Front()) as (browser, base):
        page = await opened(browser, f"{base}/no/{TOKEN}", locale="en-GB")
        await page.get_by_role("link", name="Cymraeg").click()
        assert await page.locator("html").get_attribute("lang") == "cy"
        assert await page.locator("button").inner_text() == TEXTS["cy"]["reject_button"]
        await page.get_by_role("link", name="English").click()
        assert await page.locator("button").inner_text() == TEXTS["en"]["reject_button"]


async def test_every_page_keeps_the_rules_of_accessibility_in_both_languages() -> None:
    async with served(Front()) as (browser, base):
        page = await opened(browser, f"{base}/no/{TOKEN}", bypass_csp=True)
        for language in LANGUAGES:
            for path in (f"no/{TOKEN}", f"leave/{TOKEN}", "said/rejected", "no/none"):
                await page.goto(f"{base}/{path}?lang={language}")
                assert await violations(page) == [], (language, path)
                assert not await page.evaluate(SIDEWAYS)
                if path == f"no/{TOKEN}":
                    await picture(page, f"customer-page-{language}")


async def test_the_page_is_whole_with_large_letters_and_axe_would_find_one_that_can_not_be_read() -> None:
    async with served(Front()) as (browser, base):
        page = await opened(browser, f"{base}/no/{TOKEN}", width=320, bypass_csp=True)
        await page.add_style_tag(content="html { font-size: 200%; }")
        assert not await page.evaluate(SIDEWAYS)
        assert await page.get_by_role("button").is_visible()
        await page.add_style_tag(content="button { color: #777 !important; background: #888 !important; }")
        assert [v for v in await violations(page) if v.startswith("color-contrast")]
