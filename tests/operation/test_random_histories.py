"""Random histories of consent, tenancy, supplier change and objection, in any order of arrival, around interventions
that really happen: against a naive model that plays each customer's story from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linkbox.base.identifiers import Mpan
from linkbox.base.time import format_utc
from linkbox.customers import (
    ConsentEvent,
    ConsentKind,
    CustomerEvent,
    CustomerFile,
    Objection,
    Scope,
    SupplierChange,
    TenancyChange,
    event_to_row,
)
from tests.adapters.contracts.fakes import MemoryDisk, MemoryStore
from tests.operation.rig import CHARGERS, START, Plan, Rig, after, assert_memory_equals_store, mpan, willing

HOMES = range(CHARGERS)
NEARLY_A_MINUTE_AND_A_REQUEST = timedelta(seconds=120)


@dataclass
class Story:
    """One customer's story as it is known at a moment, played from its beginning."""

    tenant: str | None = None
    consent: ConsentEvent | None = None
    supplier: str | None = None
    objections: set[str] = field(default_factory=set)

    def in_force(self, at: datetime) -> bool:
        return self.consent is not None and (self.consent.expires_at is None or at < self.consent.expires_at)

    def may_be_held(self, at: datetime, intervention: str) -> bool:
        off = self.consent is not None and self.consent.scope.off
        return off and self.in_force(at) and intervention not in self.objections


def play(events: Iterable[CustomerEvent], at: datetime, known_at: datetime) -> Story:
    """Day by day: a move empties the slate, the tenant's word is written on it, no beats yes at the same moment."""
    story = Story()
    known = [e for e in events if e.recorded_at <= known_at and e.at <= at]
    for event in sorted(known, key=lambda e: (e.at, not isinstance(e, TenancyChange), _no(e), e.recorded_at)):
        match event:
            case TenancyChange():
                story.tenant, story.consent = event.tenancy, None
            case SupplierChange():
                story.supplier = event.supplier
            case Objection():
                story.objections.add(event.intervention_id)
            case ConsentEvent() if event.kind is not ConsentKind.SOUGHT and story.tenant in (None, event.tenancy):
                if event.kind is ConsentKind.GIVEN:
                    story.consent = event
                elif event.kind is not ConsentKind.SUPERSEDED or _given_to(story.consent) == event.text_version:
                    story.consent = None
    return story


def _given_to(consent: ConsentEvent | None) -> str | None:
    return None if consent is None else consent.text_version


def _no(event: CustomerEvent) -> bool:
    return isinstance(event, ConsentEvent) and event.kind is not ConsentKind.GIVEN


# -- what may be told, and when it is said to have been -------------------------------------------------------

moments_s = st.integers(-7 * 86400, 1200) | st.integers(-60, 900)
tenancies = st.sampled_from(["T1", "T2", "T3"])


@st.composite
def facts(draw: st.DrawFn) -> CustomerEvent:
    """Something about a home; when it is told is decided later."""
    who, at = mpan(draw(st.sampled_from(HOMES))), after(draw(moments_s))
    times = {"at": at, "recorded_at": at}
    match draw(st.integers(0, 7)):
        case 0:
            return TenancyChange(mpan=who, tenancy=draw(tenancies), **times)
        case 1:
            return SupplierChange(mpan=who, supplier=draw(st.sampled_from(["Elm", "Fir"])), **times)
        case 2:
            return Objection(mpan=who, intervention_id="LB-20260113-001", **times)
        case _:
            expires = draw(st.none() | st.integers(-60, 1200))
            return ConsentEvent(
                mpan=who,
                kind=draw(st.sampled_from([ConsentKind.GIVEN, ConsentKind.GIVEN, *ConsentKind])),
                text_version=draw(st.sampled_from(["2025-3", "2026-1"])),
                channel="web",
                evidence="form",
                tenancy=draw(tenancies),
                scope=draw(st.sampled_from([Scope(), Scope(), Scope(off=False)])),
                expires_at=None if expires is None else after(expires),
                **times,
            )


ways = st.sampled_from(["door", "import", "desk"])
histories = st.lists(st.tuples(facts(), ways, st.integers(0, 150)), min_size=3, max_size=10)


class Watched:
    """A street under watch: everything that was told, and what the model thinks of every hold at every step."""

    def __init__(self) -> None:
        self.rig = Rig(MemoryStore(MemoryDisk()), Plan(), base_a=(160.0, 160.0, 160.0), drawing=set(HOMES))
        self.told: list[CustomerEvent] = list(willing(HOMES))
        self.seen: list[tuple[datetime, Mpan, bool, str | None]] = []
        self.knew: dict[str, int] = {}
        self._unwanted_since: dict[int, datetime] = {}
        self._messages = 0
        self.rig.on_step = lambda _: self.look()

    def note_decisions(self) -> None:
        """How much had been told when each hold was decided: the clock may stand still in between."""
        for hold in self.rig.commands():
            self.knew.setdefault(hold.id, len(self.told))

    def tell(self, event: CustomerEvent, way: str) -> None:
        self.note_decisions()
        now = self.rig.clock.now()
        event = replace(event, recorded_at=now)
        self.seen = [seen for seen in self.seen if seen[0] < now]  # what was seen in the same moment, before this
        if any(replace(old, recorded_at=now) == event for old in self.told):
            return  # the same fact again is no new fact
        self.told.append(event)
        row = event_to_row(event)
        if way == "door":
            self._messages += 1
            message = {name: value for name, value in row.items() if name != "recorded_at"}
            assert self.rig.controller.receive_customer({**message, "event_id": f"E{self._messages}"}) is None
        elif way == "desk":
            self.rig.controller.customer_said(event)
        else:
            with self.rig.store.transaction() as tx:
                tx.append_customer_event(row)

    def look(self) -> None:
        """After every step: nobody is held for long who may not be, and memory says what the model says."""
        self.note_decisions()
        now = self.rig.clock.now()
        held = self.rig.held_in_truth()
        for number in HOMES:
            who = mpan(number)
            story = play([e for e in self.told if e.mpan == who], now, now)
            status = self.rig.controller.desk.customers.consent(who, now)
            supplier = self.rig.controller.desk.customers.supplier(who, now)
            assert status.valid == story.in_force(now), f"home {number} at {format_utc(now)}: {status.reason}"
            assert supplier == story.supplier
            self.seen.append((now, who, status.valid, supplier))
            mine = [c for c in self.rig.commands() if c.mpan == who and c.holding]
            wanted = all(story.may_be_held(now, c.intervention_id) for c in mine)
            if number in held and not wanted:
                since = self._unwanted_since.setdefault(number, now)
                assert now - since <= NEARLY_A_MINUTE_AND_A_REQUEST, f"home {number} is still held"
            else:
                self._unwanted_since.pop(number, None)

    def judge(self) -> None:
        """At the end: every decision was right as things were known then, and every past moment is reproduced."""
        for hold in self.rig.commands():
            mine = [e for e in self.told[: self.knew[hold.id]] if e.mpan == hold.mpan]
            story = play(mine, hold.decided_at, hold.decided_at)
            assert story.may_be_held(hold.decided_at, hold.intervention_id), f"{hold.id} had no consent"
        stored = [event for _, event in self.rig.store.customer_facts()]
        for order in (stored, stored[::-1]):
            file = CustomerFile.of(order)
            for then, who, valid, supplier in self.seen:
                assert file.consent(who, then, known_at=then).valid == valid
                assert file.supplier(who, then, known_at=then) == supplier
        assert_memory_equals_store(self.rig)


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(history=histories, restart=st.booleans())
def test_never_a_command_without_consent_valid_at_that_moment_and_every_past_moment_is_reproduced(
    history: list[tuple[CustomerEvent, str, int]], restart: bool
) -> None:
    watched = Watched()

    async def live() -> None:
        await watched.rig.run(1)
        for event, way, wait_s in history:
            watched.tell(event, way)
            if way == "import" or wait_s:
                await watched.rig.step(watched.rig.clock.now())
                await watched.rig.run(wait_s / 60)
        if restart:
            watched.rig.start()
        await watched.rig.run(4)

    asyncio.run(live())
    watched.judge()


def test_the_model_and_the_street_see_holds_at_all() -> None:
    watched = Watched()
    asyncio.run(watched.rig.run(4))
    assert watched.rig.held_in_truth() == set(HOMES)
    watched.judge()
    assert watched.seen[0][0] > START
