"""What other systems tell of customers, through the front door: authenticated, once, and obeyed within a minute."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.inbound_customers import MAX_MESSAGE_BYTES, Senders, WeakSecret, customer_router
from linkbox.adapters.inbound_http import create_inbound_app
from linkbox.base.time import format_utc
from linkbox.customers import Annulment, ConsentEvent, ConsentKind, Scope, SupplierChange, event_to_row, fact_id
from linkbox.emulator import FaultKind, FaultPlan, FaultRule
from linkbox.operation import customer_desk
from linkbox.operation.entities import CommandState
from linkbox.operation.letters import Asked, Letter, Seeking
from linkbox.operation.rate_limit import RateLimit
from linkbox.operation.stored_facts import stored
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    START,
    YEAR_AGO,
    Rig,
    after,
    assert_memory_equals_store,
    consent,
    moved_in,
    mpan,
    patched,
)
from tests.operation.test_who_is_held import EVERYBODY, OTHERS, VERY_HOT, held, refusals, sound

SECRET = b"a secret of a system that tells us of customers"
PATH = "/customers/events"


class Door:
    """The controller's own front door, over HTTP."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        app = create_inbound_app(rig.controller)
        app.include_router(customer_router(rig.controller, Senders({"settlement": SECRET})))
        self._host = Hosted(app)

    async def __aenter__(self) -> Door:
        self._http = aiohttp.ClientSession(base_url=await self._host.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self._host.stop()

    async def post(self, message: Any, headers: dict[str, str] | None = None) -> tuple[int, str]:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        bearer = {"Authorization": f"Bearer {SECRET.decode()}"}
        async with self._http.post(PATH, data=data, headers=bearer if headers is None else headers) as answer:
            return answer.status, await answer.text()


def tenancy(number: int, at: datetime, event_id: str = "E1", name: str = "T2") -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event": "tenancy_change",
        "mpan": str(mpan(number)),
        "at": format_utc(at),
        "tenancy": name,
    }


@pytest.fixture
async def door(make_rig: MakeRig) -> AsyncIterator[Door]:
    async with Door(make_rig(base_a=VERY_HOT, drawing=EVERYBODY)) as opened:
        yield opened


async def test_a_change_of_tenancy_frees_the_property_within_a_minute_and_the_new_tenant_is_to_be_asked(
    door: Door,
) -> None:
    rig = door.rig
    await rig.run(3)
    assert rig.held_in_truth() == EVERYBODY
    assert await door.post(tenancy(0, rig.clock.now())) == (204, "")
    await rig.run(1)
    assert rig.held_in_truth() == OTHERS
    await rig.run(20)
    assert len([c for c in rig.commands() if c.mpan == mpan(0)]) == 1, "and is not held again"
    (waiting,) = rig.store.rows("seeking")
    assert (waiting.state, waiting.body["tenancy"]) == ("open", "T2")
    assert rig.store.rows("review") == [], "what was done until then had a consent"
    sound(rig)


async def test_a_change_that_is_known_in_advance_ends_the_hold_when_it_comes(door: Door) -> None:
    rig = door.rig
    await rig.run(3)
    moves_at = rig.clock.now() + timedelta(minutes=5, seconds=30)
    assert (await door.post(tenancy(0, moves_at)))[0] == 204
    await rig.run(5)
    assert rig.held_in_truth() == EVERYBODY
    await rig.run(1.5)
    assert rig.held_in_truth() == OTHERS
    sound(rig)


async def test_a_consent_that_expires_under_a_hold_ends_it(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    short = replace(consent(0, ConsentKind.GIVEN, START - timedelta(days=1)), expires_at=after(7 * 60 + 10))
    rig.controller.customer_said(short)
    await rig.run(6)
    assert rig.held_in_truth() == EVERYBODY
    await rig.run(2.2)
    assert rig.held_in_truth() == OTHERS
    sound(rig)


async def test_a_consent_that_expires_while_the_hold_is_on_its_way_is_told_at_once_and_ends_it_when_it_is_there(
    make_rig: MakeRig,
) -> None:
    late = FaultPlan(rules=(FaultRule(kind=FaultKind.DELAY, probability=1.0, delay_s=40.0, srv="7.6"),))
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, faults=late)
    rig.controller.customer_said(consent(0, ConsentKind.WITHDRAWN, START))
    await rig.run(1.2)
    assert refusals(rig, 0), "the refusal is recorded, once for an intervention"
    ends_at = after(2 * 60 + 15)
    rig.controller.customer_said(replace(consent(0, ConsentKind.GIVEN, rig.clock.now()), expires_at=ends_at))
    await rig.run(1.2)  # the rig insists that a wake-up which was asked for leads to something
    (told,) = rig.audit("command", "unwanted")
    assert (told.at, told.facts and told.facts["customer"]) == (ends_at, rig.site.pseudonym(mpan(0)))
    (mine,) = [c for c in rig.commands() if c.mpan == mpan(0)]
    assert mine.state is CommandState.QUEUED, "a reset could overtake it"
    await rig.run(3)
    assert rig.held_in_truth() == OTHERS
    sound(rig)


async def test_a_consent_to_a_reduced_rate_stands_while_something_else_changes(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    slower = {m: replace(c, reduced_fraction=0.3) for m, c in rig.site.chargers.items()}
    patched(rig, chargers=slower)
    rig.start()
    word = replace(consent(0, ConsentKind.GIVEN, START - timedelta(days=1)), scope=Scope(off=False))
    rig.controller.customer_said(word)
    changes_at = after(3 * 60 + 30)
    change = SupplierChange(mpan=mpan(0), at=changes_at, recorded_at=START, supplier="Birch Power")
    rig.controller.customer_said(change)
    await rig.run(6)
    (mine,) = [c for c in rig.commands() if c.mpan == mpan(0)]
    assert mine.state is CommandState.CONFIRMED
    assert (mine.level_fraction, mine.unwanted) == (0.3, None)
    sound(rig)


async def test_a_change_that_is_told_late_marks_what_was_done_in_between_for_review(door: Door) -> None:
    rig = door.rig
    await rig.run(4)
    told_at = rig.clock.now()
    assert (await door.post(tenancy(0, START - timedelta(days=2))))[0] == 204
    await rig.run(1)
    assert rig.held_in_truth() == OTHERS
    (hold,) = [c for c in rig.commands() if c.mpan == mpan(0)]
    (review,) = rig.store.rows("review")
    assert (review.key, review.state, review.owner) == (hold.id, "open", rig.intervention.id)
    assert "tenancy changed" in review.body["why"]
    (record,) = rig.facts("customer", "review")
    assert record["command"] == hold.id
    assert record["customer"] == rig.site.pseudonym(mpan(0))
    assert record["known_since"] == format_utc(told_at)
    sound(rig)


async def test_what_an_import_recorded_meanwhile_is_acted_on_within_a_minute(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    stranger = mpan(CHARGERS + 5)
    now = rig.clock.now()
    facts = [moved_in(0, now - timedelta(hours=1), tenancy="T2"), replace(moved_in(1, now), mpan=stranger)]
    assert rig.store.record(stored(event_to_row(f)) for f in facts).new == 2  # type: ignore[attr-defined]  # SQLite here
    await rig.run(1.2)
    assert rig.held_in_truth() == OTHERS
    assert stranger not in rig.controller.desk.customers.mpans(), "only its own feeders' customers"
    sound(rig)


async def test_a_change_of_supplier_touches_no_consent(door: Door) -> None:
    rig = door.rig
    await rig.run(3)
    message = {"event_id": "S1", "event": "supplier_change", "mpan": str(mpan(0)), "supplier": "Elm Light"}
    assert await door.post({**message, "at": format_utc(rig.clock.now())}) == (204, "")
    await rig.run(2)
    assert rig.held_in_truth() == EVERYBODY
    assert rig.controller.desk.customers.supplier(mpan(0), rig.clock.now()) == "Elm Light"
    sound(rig)


async def test_a_new_tenant_is_asked_at_once_where_the_set_up_says_how(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(20.0, 20.0, 20.0))

    def render(asked: Asked, channel: str) -> Letter:
        return Letter(subject="May we?", body=f"{channel} {asked.language} {asked.text_version}")

    patched(rig, seeking=Seeking(text_version="2026-1", render=render))
    rig.start()
    now = rig.clock.now()
    rig.controller.customer_said(moved_in(0, now, tenancy="T2"))
    await rig.run(1)
    (letter,) = [n for n in rig.notices.delivered.values() if n["audience"] == "consent"]
    assert (letter["subject"], letter["body"]) == ("May we?", "letter en 2026-1")
    assert mpan(0) not in json.dumps(letter)
    sought = [e for e in rig.controller.desk.customers.history(mpan(0)) if isinstance(e, ConsentEvent)][-1]
    assert (sought.kind, sought.tenancy, sought.text_version) == (ConsentKind.SOUGHT, "T2", "2026-1")
    rig.controller.customer_said(moved_in(0, now - timedelta(days=9), tenancy="T1b"))
    assert len(rig.store.rows("seeking")) == 1, "a tenancy that is over already is not asked"
    sound(rig)


async def test_the_standing_opt_out_is_one_call_and_frees_at_once(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    await rig.run(3)
    rig.controller.act(lambda s: customer_desk.withdraw(s, mpan(0), channel="page", evidence="link", recorded_by="x"))
    await rig.run(1)
    assert rig.held_in_truth() == OTHERS
    rig.start()
    await rig.run(15)
    assert rig.held_in_truth() <= OTHERS
    sound(rig)


async def test_a_consent_to_a_reduced_rate_permits_no_switching_off(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY)
    now = rig.clock.now()
    rig.controller.customer_said(replace(consent(0, ConsentKind.GIVEN, now), scope=Scope(off=False)))
    await rig.run(3)
    assert held(rig) == OTHERS
    assert any("reduced rate only" in str(f["reasons"]) for f in rig.facts("permit", "refused"))
    sound(rig)


async def test_a_register_customer_whose_consent_says_so_is_held(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=VERY_HOT, drawing=EVERYBODY, priority=frozenset({0, 1}))
    rig.controller.customer_said(replace(consent(0, ConsentKind.GIVEN, START), scope=Scope(register_opt_in=True)))
    await rig.run(3)
    assert held(rig) == {0, 2, 3, 4, 5}
    sound(rig)


# -- the door itself ------------------------------------------------------------------------------------------


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    return {"X-Linkbox-Signature": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}


async def test_the_door_lets_in_who_knows_the_secret_and_nobody_else(door: Door) -> None:
    body = json.dumps(tenancy(0, START)).encode()
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {SECRET.decode()}"},
        {"Authorization": "Bearer "},
        signed(body, b"another secret of thirty-two octets or more"),
        signed(body + b" "),
        {"X-Linkbox-Signature": "sha256="},
        {"X-Linkbox-Signature": "é"},
    ):
        assert (await door.post(body, headers))[0] == 401
    assert door.rig.store.rows("customer_message") == []
    assert (await door.post(body, signed(body)))[0] == 204
    assert len(door.rig.store.rows("customer_message")) == 1


async def test_an_event_is_taken_once_by_its_id_and_an_id_names_one_message(door: Door) -> None:
    rig = door.rig
    before = rig.store.last_customer_fact()
    message = tenancy(0, START)
    for _ in range(3):
        assert await door.post(message) == (204, "")
    assert rig.store.last_customer_fact() == before + 1
    assert await door.post(tenancy(1, START)) == (400, "event_id: was used for another message before")
    rig.start()
    async with Door(rig) as after_restart:
        assert await after_restart.post(message) == (204, "")
    assert rig.store.last_customer_fact() == before + 1


async def test_everything_that_is_wrong_with_a_message_is_told_at_once_and_no_mpan_in_it(door: Door) -> None:
    wrong = {"event": "tenancy_change", "mpan": "2000000000001", "at": "yesterday", "recorded_at": "x", "colour": "red"}
    status, text = await door.post(wrong)
    assert status == 400
    for part in ("event_id:", "mpan:", "at:", "tenancy:", "recorded_at:", "colour:"):
        assert part in text
    assert "200000000000" not in text


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b'{"event_id": "\\ud800"}', b"[" * 9_000, b'{"event": []}']
)
async def test_what_is_no_message_is_refused(door: Door, body: bytes) -> None:
    status, _ = await door.post(body)
    assert status == 400


async def test_an_address_that_posts_too_often_is_told_to_come_again_before_anything_is_looked_at(
    make_rig: MakeRig,
) -> None:
    seconds: list[float] = []
    app = create_inbound_app(make_rig().controller)
    limit = RateLimit(burst=2, per_minute=60.0)
    router = customer_router(make_rig().controller, Senders({"settlement": SECRET}), limit=limit, steady_s=seconds.pop)
    app.include_router(router)
    host = Hosted(app)
    async with aiohttp.ClientSession(base_url=await host.start()) as http:
        answers = []
        for at_s in (0.0, 0.0, 0.5, 1.0):
            seconds.append(at_s)
            async with http.post(PATH, data=b"x", headers={"Authorization": "Bearer guess"}) as answer:
                answers.append((answer.status, "Retry-After" in answer.headers))
    await host.stop()
    assert answers == [(401, False), (401, False), (429, True), (401, False)]


async def test_a_message_that_is_too_long_is_refused(door: Door) -> None:
    assert (await door.post(b" " * (MAX_MESSAGE_BYTES + 1)))[0] == 413


def test_a_weak_secret_is_refused_and_no_secret_is_shown() -> None:
    with pytest.raises(WeakSecret) as caught:
        Senders({"x": b"short"})
    assert "short'" not in str(caught.value)
    assert "secret of a system" not in repr(Senders({"x": SECRET}))


async def test_a_consent_that_was_recorded_in_error_is_annulled_and_its_hold_ends(make_rig: MakeRig) -> None:
    rig = make_rig(base_a=(95.0, 60.0, 60.0), drawing={0, 3})
    await rig.run(3)
    assert rig.held_in_truth() == {0, 3}
    wrong = consent(0, ConsentKind.GIVEN, YEAR_AGO + timedelta(days=3))
    now = rig.clock.now()
    annulled = Annulment(
        mpan=mpan(0), at=wrong.at, recorded_at=now, fact=fact_id(wrong), reason="Mr Jones's form", recorded_by="A. Able"
    )
    with rig.store.transaction() as tx:  # as the command records it beside a controller at work
        tx.append_customer_event(event_to_row(annulled))
    await rig.run(2)
    assert rig.held_in_truth() == {3}
    assert [row.state for row in rig.store.rows("review")] != []
    (told,) = [f for f in rig.facts("customer", "told") if f["event"] == "Annulment"]
    assert (told["by"], told["reason"]) == ("A. Able", "Mr Jones's form")
    assert "Jones" not in "".join(rig.store.audit_lines())
    await rig.run(2)
    assert len([f for f in rig.facts("customer", "told") if f["event"] == "Annulment"]) == 1
    rig.start()
    assert_memory_equals_store(rig)
