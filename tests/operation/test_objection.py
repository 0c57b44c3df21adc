"""A customer's no, from the link in a notice through the page over HTTP to the charger."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp

from linkbox.adapters.customer_page import PageSetup, create_customer_app
from linkbox.adapters.hosting import Hosted
from linkbox.customers import ConsentKind, Objection, event_from_row
from linkbox.operation.entities import CommandKind
from linkbox.operation.notice_setup import NoticeSetup
from linkbox.operation.objection_desk import CustomerLinks
from linkbox.records.contact import Channel, Contact, Language
from linkbox.records.links import LinkSigner, Purpose
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    START,
    Rig,
    assert_invariants,
    assert_memory_equals_store,
    mpan,
    patched,
    provider,
)

HOT = (95.0, 60.0, 60.0)
LINKS = LinkSigner(b"a key of thirty-two octets or so!")


def setup(**contact: Any) -> NoticeSetup:
    chosen = Contact(**{"channel": Channel.EMAIL, "address": "somebody@customers.example", **contact})
    return NoticeSetup(contacts={mpan(n): chosen for n in range(CHARGERS)}, links=LINKS, page_url="https://page")


def made(make_rig: MakeRig, *, notices: NoticeSetup | None = None, **settings: Any) -> Rig:
    rig = make_rig(**{"base_a": HOT, "drawing": {0, 3}, **settings})
    patched(rig, notices=notices or setup())
    rig.start()
    return rig


def links(rig: Rig, stage: str, purpose: str = "no") -> list[str]:
    """The tokens in the notices that were delivered, in their order."""
    bodies = [n["body"] for n in rig.notices.delivered.values() if n.get("stage") == stage]
    return [found for body in bodies for found in re.findall(rf"https://page/{purpose}/([A-Za-z0-9_-]+)", body)]


async def until_told(rig: Rig, stage: str, purpose: str = "no") -> None:
    """Let time pass until notices of that stage are out."""
    for _ in range(40):
        if links(rig, stage, purpose):
            return
        await rig.run(0.25)
    raise AssertionError(f"nobody was told in ten minutes: {stage}")


@asynccontextmanager
async def page(rig: Rig) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """The page over the rig's controller, on a port, and a browser of a sort."""
    front = CustomerLinks(rig.controller, rig.store, LINKS, nudge=lambda: None)
    host = Hosted(create_customer_app(front, PageSetup(dead_after_s=0.0)))
    base = await host.start()
    async with aiohttp.ClientSession() as http:
        yield http, base
    await host.stop()


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


async def test_a_no_during_the_hold_frees_the_charger_within_a_minute(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(4)
    notice = next(n for n in rig.notices.delivered.values() if n.get("stage") == "start")
    home = next(n for n in range(CHARGERS) if rig.site.pseudonym(mpan(n)) == notice["customer"])
    assert home in rig.held_in_truth()
    async with page(rig) as (http, base), http.post(f"{base}/no/{links(rig, 'start')[0]}") as answer:
        assert answer.status == 200
        assert "We have your no" in await answer.text()
    said_at = rig.clock.now()
    while home in rig.held_in_truth() and rig.clock.now() < said_at + timedelta(minutes=5):
        await rig.step(rig.next_at())
    assert rig.clock.now() - said_at <= timedelta(minutes=1)
    await rig.run(2)
    told = [n for n in rig.notices.delivered.values() if n.get("stage") == "end"]
    assert "You said no" in told[0]["body"]
    sound(rig)


async def test_looking_at_the_page_says_nothing_for_anybody(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(3)
    before = (len(rig.store.audit_lines()), rig.store.customer_events())
    async with page(rig) as (http, base):
        for path in ("no", "leave"):
            for token in links(rig, "start", path):
                async with http.get(f"{base}/{path}/{token}") as answer:
                    assert answer.status == 200
    assert (len(rig.store.audit_lines()), rig.store.customer_events()) == before


async def test_a_no_before_the_command_stops_it(make_rig: MakeRig) -> None:
    rig = made(make_rig, contracts=(provider(),))
    await until_told(rig, "ahead")
    assert rig.commands() == [], "the market is being asked"
    who = next(n["customer"] for n in rig.notices.delivered.values() if n.get("stage") == "ahead")
    async with page(rig) as (http, base), http.post(f"{base}/no/{links(rig, 'ahead')[0]}") as answer:
        assert answer.status == 200
    await rig.run(6)
    held = {rig.site.pseudonym(c.mpan) for c in rig.commands()}
    assert held, "another is held"
    assert who not in held
    assert rig.intervention.market_outcome is not None
    sound(rig)


async def test_who_was_warned_and_never_held_is_told_so(make_rig: MakeRig) -> None:
    rig = made(make_rig, contracts=(provider(),))
    await until_told(rig, "ahead")
    rig.offer()
    rig.provider_holds, rig.base_a = {0, 3}, (60.0, 60.0, 60.0)
    await rig.run(40)
    assert rig.commands() == []
    ends = [n for n in rig.notices.delivered.values() if n.get("stage") == "end"]
    assert len(ends) == len({n["customer"] for n in ends}) == len(links(rig, "ahead")) > 0
    assert all("was not held" in n["subject"] for n in ends)
    sound(rig)


async def test_a_link_works_once_and_then_answers_like_one_that_never_was(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(3)
    token = links(rig, "start")[0]
    answers = []
    async with page(rig) as (http, base):
        async with http.post(f"{base}/no/{token}") as answer:
            assert answer.status == 200
        expired = LINKS.token(Purpose.REJECT, LINKS.reference(rig.intervention.id, mpan(0)), expires_at=START)
        other_purpose = links(rig, "start", "leave")[0]
        unknown = LINKS.token(Purpose.REJECT, LINKS.reference("LB-1", mpan(0)), expires_at=START + timedelta(hours=9))
        forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
        for bad in (token, expired, other_purpose, unknown, forged, "x", "A" * 48, "é" * 48):
            for method in ("GET", "POST"):
                async with http.request(method, f"{base}/no/{bad}") as answer:
                    headers = {k: v for k, v in answer.headers.items() if k not in ("Date",)}
                    answers.append((answer.status, headers, await answer.text()))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    objections = [e for e in map(event_from_row, rig.store.customer_events()) if isinstance(e, Objection)]
    assert len(objections) == 1


async def test_leaving_the_scheme_withdraws_the_consent_and_frees_the_charger(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await until_told(rig, "start", "leave")
    async with page(rig) as (http, base), http.post(f"{base}/leave/{links(rig, 'start', 'leave')[0]}") as answer:
        assert "You have left the scheme" in await answer.text()
    withdrawn = [
        e for e in map(event_from_row, rig.store.customer_events()) if getattr(e, "kind", None) is ConsentKind.WITHDRAWN
    ]
    assert [e.mpan for e in withdrawn] in ([mpan(0)], [mpan(3)])
    await rig.run(2)
    assert len(rig.commands(CommandKind.RESET)) == 1
    sound(rig)


async def test_objections_are_counted_in_the_events_record(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(3)
    async with page(rig) as (http, base), http.post(f"{base}/no/{links(rig, 'start')[0]}") as answer:
        assert answer.status == 200
    rig.base_a = (20.0, 20.0, 20.0)
    await rig.run(90)
    assert [row.body["objections"] for row in rig.store.rows("event")] == [1]
    assert [r.kind for r in rig.audit("objection")] == ["reject"]
    sound(rig)


async def test_the_page_speaks_welsh_to_who_chose_it_and_by_its_switch(make_rig: MakeRig) -> None:
    rig = made(make_rig, notices=setup(language=Language.WELSH))
    await rig.run(3)
    token = links(rig, "start")[0]
    async with page(rig) as (http, base):
        for query, accept, language in (
            ("", "", "cy"),
            ("?lang=en", "", "en"),
            ("", "en-GB,en;q=0.9", "cy"),
            ("?lang=xx", "", "cy"),
        ):
            async with http.get(f"{base}/no/{token}{query}", headers={"Accept-Language": accept}) as answer:
                assert answer.headers["Content-Language"] == language
        async with http.get(f"{base}/said/left", headers={"Accept-Language": "cy,en;q=0.5"}) as answer:
            assert "Rydych wedi gadael" in await answer.text()


async def test_the_page_allows_no_script_no_frame_and_nothing_from_elsewhere(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(3)
    async with page(rig) as (http, base), http.get(f"{base}/no/{links(rig, 'start')[0]}") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in text
    assert not re.search(r'(src|href|action)="(https?:)?//', text)
    assert not [n for n in range(CHARGERS) if mpan(n) in text]


async def test_who_asks_too_often_is_asked_to_wait(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    statuses = []
    async with page(rig) as (http, base):
        for _ in range(30):
            async with http.post(f"{base}/no/{'A' * 48}") as answer:
                statuses.append(answer.status)
    assert statuses[:20] == [404] * 20
    assert statuses[-1] == 429


async def test_a_failing_store_is_told_as_ours_and_the_no_can_be_said_again(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(3)
    token = links(rig, "start")[0]

    class Broken(CustomerLinks):
        def use(self, purpose: Purpose, token: str) -> bool:
            rig.controller.act(lambda session: (_ for _ in ()).throw(WeakStore()))
            return True

    from linkbox.base.errors import LinkboxError

    class WeakStore(LinkboxError):
        pass

    host = Hosted(create_customer_app(Broken(rig.controller, rig.store, LINKS, nudge=lambda: None)))
    base = await host.start()
    async with aiohttp.ClientSession() as http, http.post(f"{base}/no/{token}") as answer:
        assert answer.status == 503
        assert "could not take your answer" in await answer.text()
    await host.stop()
    assert CustomerLinks(rig.controller, rig.store, LINKS, nudge=lambda: None).use(Purpose.REJECT, token)
