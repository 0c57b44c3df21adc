"""Notices: tracked until they are sent or given up, in the customer's own time, and never in the way of a command."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from linkbox.customers import SupplierChange
from linkbox.operation.contact_desk import choose
from linkbox.operation.controller import Controller
from linkbox.operation.entities import CommandState
from linkbox.operation.notice_setup import NoticeSetup
from linkbox.operation.ports import PeerRefused
from linkbox.records.contact import Channel, Contact, Language, QuietHours
from tests.operation.conftest import MakeRig
from tests.operation.rig import (
    CHARGERS,
    START,
    Rig,
    assert_invariants,
    assert_memory_equals_store,
    mpan,
    patched,
)

HOT = (95.0, 60.0, 60.0)
COOL = (20.0, 20.0, 20.0)
PEOPLE = Contact(channel=Channel.SMS, address="+447700900001")


def made(make_rig: MakeRig, contact: Contact = PEOPLE, **settings: Any) -> Rig:
    rig = make_rig(**{"base_a": HOT, "drawing": {0, 3}, **settings})
    patched(rig, notices=NoticeSetup(contacts={mpan(n): contact for n in range(CHARGERS)}))
    rig.start()
    return rig


def outcomes(rig: Rig, stage: str | None = None) -> list[tuple[str, int]]:
    rows = [row.body for row in rig.store.rows("delivery")]
    return [(b["outcome"], b["attempts"]) for b in rows if stage in (None, b["stage"])]


def sound(rig: Rig) -> None:
    assert_memory_equals_store(rig)
    assert_invariants(rig)


class Hanging:
    """A channel that never answers, and one can see that it was asked."""

    def __init__(self) -> None:
        self.asked, self.never = 0, asyncio.Event()

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        self.asked += 1
        await self.never.wait()


class Refusing:
    """A channel that will never take anything."""

    async def deliver(self, notice: Mapping[str, Any]) -> None:
        raise PeerRefused("SMS gateway", "HTTP 404")


async def test_a_channel_that_hangs_for_ever_delays_no_command(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    hanging = Hanging()
    rig.controller = Controller(
        rig.site,
        rig.store,
        rig.clock,
        dcc=rig.gateway,
        market=rig.market,
        notices=hanging,
        tell_in_background=True,
    )
    for minute in range(1, 7):
        rig.clock.move_to(START + timedelta(minutes=minute))
        rig.take_deliveries()
        rig.read(rig.current_a())
        async with asyncio.timeout(30):
            await rig.controller.work()
        await asyncio.sleep(0)
    assert hanging.asked > 0
    assert {c.state for c in rig.commands()} == {CommandState.CONFIRMED}
    assert {outcome for outcome, _ in outcomes(rig)} == {"queued"}
    await rig.controller.stop_telling()


async def test_what_is_refused_for_good_is_given_up_at_once_and_said(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    rig.controller = Controller(rig.site, rig.store, rig.clock, dcc=rig.gateway, market=rig.market, notices=Refusing())
    await rig.run(4)
    assert {row.state for row in rig.store.rows("notice")} == {"given up"}
    assert set(outcomes(rig)) == {("given up", 1)}
    assert rig.facts("outbox", "given_up")
    sound(rig)


async def test_a_start_notice_is_given_up_when_the_hold_is_over_and_the_end_is_told_later(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    rig.notices.broken = True
    await rig.run(3)
    rig.base_a = COOL
    await rig.run(75)
    assert {outcome for outcome, _ in outcomes(rig, "start")} == {"given up"}
    assert {outcome for outcome, _ in outcomes(rig, "end")} == {"failed"}
    rig.notices.broken = False
    await rig.run(31)
    assert {outcome for outcome, _ in outcomes(rig, "end")} == {"sent"}
    assert {n["stage"] for n in rig.notices.delivered.values() if n["audience"] == "customer"} == {"end"}
    sound(rig)


async def test_nothing_queued_is_lost_in_a_restart_and_its_attempts_are_not_forgotten(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    rig.notices.broken = True
    await rig.run(3)
    tried = [attempts for _, attempts in outcomes(rig)]
    assert min(tried) >= 2
    rig.start()
    rig.notices.broken = False
    await rig.run(3)
    assert [attempts - before for (_, attempts), before in zip(outcomes(rig), tried, strict=True)] == [1, 1]
    assert {outcome for outcome, _ in outcomes(rig)} == {"sent"}
    sound(rig)


QUIET = QuietHours(start=time(17), end=time(19, 30))


@pytest.mark.parametrize("starts_too", [False, True])
async def test_quiet_hours_hold_back_what_can_wait_and_starts_by_choice(make_rig: MakeRig, starts_too: bool) -> None:
    rig = made(make_rig, replace(PEOPLE, quiet=QUIET, start_in_quiet=starts_too))
    await rig.run(3)
    rig.base_a = COOL
    await rig.run(75)
    stages = [n["stage"] for n in rig.notices.delivered.values() if n["audience"] == "customer"]
    assert set(stages) == ({"start"} if starts_too else set())
    await rig.run(15)  # until 19:33
    late = [n["stage"] for n in rig.notices.delivered.values() if n["audience"] == "customer"]
    assert late.count("end") == late.count("start") == 2
    sound(rig)


async def test_what_a_customer_chose_is_kept_and_its_address_stands_in_no_record(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    chosen = Contact(channel=Channel.EMAIL, address="me@customers.example", language=Language.WELSH)
    for number in range(CHARGERS):
        rig.controller.act(lambda session, number=number: choose(session, mpan(number), chosen))
    rig.start()
    await rig.run(3)
    notices = [n for n in rig.notices.delivered.values() if n["audience"] == "customer"]
    assert {(n["channel"], n["to"], n["language"]) for n in notices} == {("e-mail", "me@customers.example", "cy")}
    assert all("Bydd eich gwefrydd" in n["subject"] for n in notices)
    assert not [line for line in rig.store.audit_lines() if "customers.example" in line]
    sound(rig)


async def test_a_supplier_that_loses_a_customer_during_a_hold_is_told_of_its_own_part(make_rig: MakeRig) -> None:
    rig = made(make_rig)
    await rig.run(4)
    held = rig.commands()[0]
    changed_at = rig.clock.now()
    change = SupplierChange(mpan=held.mpan, at=changed_at, recorded_at=changed_at, supplier="Birch Power")
    rig.controller.customer_said(change)
    rig.base_a = COOL
    await rig.run(90)
    told = {n["supplier"]: n["json"]["points"] for n in rig.notices.delivered.values() if n["audience"] == "supplier"}
    mine = {supplier: [p for p in points if p["mpan"] == str(held.mpan)] for supplier, points in told.items()}
    (alder,), (birch,) = mine["Alder Energy"], mine["Birch Power"]
    assert datetime.fromisoformat(alder["end"]) == datetime.fromisoformat(birch["start"])
    assert abs(datetime.fromisoformat(birch["start"]) - changed_at) < timedelta(milliseconds=1)
    assert {p["mpan"] for p in told["Birch Power"]} == {str(held.mpan)}, "and of nobody else"
    sound(rig)
