"""The customers' page: say no to one intervention, or leave the scheme, by a link, without login and without script.

GET shows a page with one button and changes nothing, so a program that opens links in advance says nothing for anybody;
POST takes the customer's word. For every link that can not be used (unknown, expired, used, made up) there is one and
the same answer, after the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, StrictUndefined

from linkbox.base.errors import LinkboxError
from linkbox.operation.objection_desk import Invitation
from linkbox.operation.rate_limit import RateLimit
from linkbox.records.links import Purpose
from linkbox.records.page_texts import TEXTS, choose_language, time_words

_FOLDER = files("linkbox.adapters") / "customer_pages"
_PATHS = {Purpose.REJECT: "no", Purpose.LEAVE: "leave"}
_DONE = {Purpose.REJECT: "rejected", Purpose.LEAVE: "left"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}


class CustomerFront(Protocol):
    """What the page leads to."""

    def look(self, purpose: Purpose, token: str) -> Invitation | None:
        """What a link is about; None for any link that can not be used now."""

    def use(self, purpose: Purpose, token: str) -> bool:
        """Take the customer's word; False for any link that can not be used now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSetup:
    """``base`` is the path under which the page is mounted. ``dead_after_s``: when a link that can not be used is
    answered, counted from its arrival; long enough that no work of ours is longer."""

    sender: str = "Linkbox Networks"
    phone: str = "105"
    base: str = ""
    dead_after_s: float = 0.25


class _Pages:
    """Renders the one template."""

    def __init__(self, setup: PageSetup) -> None:
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        self._template = environment.from_string((_FOLDER / "page.html").read_text("utf-8"))
        self._setup = setup

    def page(self, language: str, title: str, lead: str, *, status: int = 200, **parts: str) -> HTMLResponse:
        """A page in ``language``; ``parts`` are the optional ones of the template."""
        texts, setup = TEXTS[language], self._setup
        values = {"action": "", "button": "", "after": "", "leave": "", "reference": "", **parts}
        html = self._template.render(
            t=texts,
            language=language,
            title=title,
            lead=lead,
            base=setup.base,
            sender=setup.sender,
            help=texts["help"].format(phone=setup.phone),
            **values,
        )
        return HTMLResponse(html, status_code=status, headers={**_HEADERS, "Content-Language": language})

    def plain(self, language: str, name: str, *, status: int) -> HTMLResponse:
        """One of the pages without a button."""
        return self.page(language, TEXTS[language][f"{name}_title"], TEXTS[language][f"{name}_lead"], status=status)

    def question(self, purpose: Purpose, language: str, token: str, found: Invitation) -> HTMLResponse:
        """The page with the button."""
        texts, base, name = TEXTS[language], self._setup.base, purpose.value
        reject = purpose is Purpose.REJECT
        return self.page(
            language,
            texts[f"{name}_title"],
            texts[f"{name}_lead"].format(**time_words(language, found.until)),
            action=f"{base}/{_PATHS[purpose]}/{token}",
            button=texts[f"{name}_button"],
            after=texts[f"{name}_after"],
            leave=f"{base}/leave/{found.leave_token}" if reject else "",
            reference=found.intervention_id,
        )


def create_customer_app(
    front: CustomerFront,
    setup: PageSetup | None = None,
    *,
    limit: RateLimit | None = None,
    steady_s: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """``/no/<token>`` and ``/leave/<token>``, to look at (GET) and to use (POST); nothing else of interest."""
    setup, limit = setup or PageSetup(), limit or RateLimit()
    app, pages = FastAPI(title="Linkbox customers", openapi_url=None), _Pages(setup)

    @app.middleware("http")
    async def guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        address = request.client.host if request.client else ""
        if not request.url.path.endswith("/page.css") and not limit.allows(address, steady_s()):
            slow = pages.plain(_language(request), "slow", status=429)
            slow.headers["Retry-After"] = "60"
            return slow
        return await proceed(request)

    @app.exception_handler(LinkboxError)
    async def fail(request: Request, _: Exception) -> Response:
        return pages.plain(_language(request), "down", status=503)

    async def dead(language: str, since_s: float) -> Response:
        await asyncio.sleep(max(0.0, setup.dead_after_s - (steady_s() - since_s)))
        return pages.plain(language, "dead", status=404)

    @app.get("/page.css")
    async def style() -> Response:
        css = (_FOLDER / "page.css").read_text("utf-8")
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=3600"}
        return Response(css, media_type="text/css", headers=headers)

    @app.get("/said/{word}")
    async def said(request: Request, word: str) -> Response:
        language, known = _language(request), word in _DONE.values()
        return pages.plain(language, word if known else "dead", status=200 if known else 404)

    def routes(purpose: Purpose) -> None:
        path = f"/{_PATHS[purpose]}/{{token}}"

        @app.get(path, name=f"look {purpose.value}")
        async def look(request: Request, token: str) -> Response:
            since_s, found = steady_s(), front.look(purpose, token)
            language = _language(request, None if found is None else found.language)
            return await dead(language, since_s) if found is None else pages.question(purpose, language, token, found)

        @app.post(path, name=f"use {purpose.value}")
        async def use(request: Request, token: str) -> Response:
            since_s, language = steady_s(), _language(request)
            if not front.use(purpose, token):
                return await dead(language, since_s)
            target = f"{setup.base}/said/{_DONE[purpose]}?lang={language}"
            return RedirectResponse(target, status_code=303, headers=_HEADERS)

    routes(Purpose.REJECT)
    routes(Purpose.LEAVE)
    return app


def _language(request: Request, own: str | None = None) -> str:
    return choose_language(request.query_params.get("lang"), own, request.headers.get("accept-language", ""))
