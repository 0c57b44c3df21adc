"""A small street for tests of the operation: six chargers on one feeder, a real store, a real emulated DCC in memory.

Nothing is random and nothing is waited for: the clock stands still until the rig moves it. The feeder's current follows
from what the switches really do, so a hold is seen, and a charger that was never switched is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.identifiers import Eui64, FeederId, Mpan, RequestId
from linkbox.base.phases import PHASES, Phase
from linkbox.base.time import ManualClock
from linkbox.control.intervention import Intervention
from linkbox.control.ledger import Ledger, entry_from_row
from linkbox.control.policy import ControlPolicy
from linkbox.customers import ConsentEvent, ConsentKind, CustomerEvent, TenancyChange, event_to_row
from linkbox.dcc.duis import ServiceRequest, decode_request
from linkbox.dcc.eligibility import PROFILES, UserRole
from linkbox.dcc.inventory import Installation, Inventory
from linkbox.dcc.smki import Role, TestPki
from linkbox.emulator import DccEmulator, EmulatorConfig, FaultPlan
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, ConnectionPoint, FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.market import Contract
from linkbox.operation.commands import remember_label
from linkbox.operation.controller import Controller
from linkbox.operation.desk import load_desk
from linkbox.operation.entities import ChargerPoint, Command, CommandKind
from linkbox.operation.personal import values_of
from linkbox.operation.ports import DccGateway, HttpAnswer, PeerUnreachable, Row, Store
from linkbox.operation.site import DccIdentity, Site
from linkbox.records.audit import AuditRecord, verify
from linkbox.records.commitments import readable
from linkbox.records.pseudonym import derived_salts, salted_token
from tests.adapters.contracts.fakes import FakeMarketGateway, FakeNoticeChannel
from tests.operation.provider_messages import PROVIDER, offer_to, rejection_of

START = datetime(2026, 1, 13, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USER = Eui64("90-B3-D5-1F-30-02-00-00")
FEEDER = FeederId("F1")
AMPS = 32.0
EV = "EV CHARGER"
SALTS = derived_salts(b"operation tests of the linkbox 32")
CHARGERS = 6
Triple = tuple[float, float, float]


def after(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def mpan(number: int) -> Mpan:
    """The MPAN of home 0, 1, 2 …"""
    return Mpan.from_core(f"{200000000000 + number}")


def phase_of(number: int) -> Phase:
    """Homes go round the phases."""
    return PHASES[number % 3]


def installation(number: int, label: str = EV) -> Installation:
    """The devices of home ``number``."""
    kinds = (2, 0, 5)
    chf, esme, hcalcs = (Eui64.from_octets(bytes([0, 0xDB, 0x12, 0x34, 0x56, kind, 0, number])) for kind in kinds)
    return Installation(
        mpan=mpan(number),
        chf=chf,
        gpf=None,
        esme=esme,
        hcalcs=hcalcs,
        slot=1 + number % 5,
        label=label,
        region="4G South",
        hub="dual-band",
    )


def consent(number: int, kind: ConsentKind, at: datetime, tenancy: str = "T1") -> ConsentEvent:
    """What the tenant of home ``number`` said."""
    return ConsentEvent(
        mpan=mpan(number),
        at=at,
        recorded_at=at,
        kind=kind,
        text_version="2025-3",
        channel="web",
        evidence="form",
        tenancy=tenancy,
    )


def moved_in(number: int, at: datetime, tenancy: str = "T1") -> TenancyChange:
    """A tenancy of home ``number`` that begins at ``at``."""
    return TenancyChange(mpan=mpan(number), at=at, recorded_at=at, tenancy=tenancy)


YEAR_AGO = START - timedelta(days=365)


def willing(numbers: Iterable[int]) -> list[CustomerEvent]:
    """Tenants who live there and have consented."""
    events: list[CustomerEvent] = []
    for number in numbers:
        events += [moved_in(number, YEAR_AGO), consent(number, ConsentKind.GIVEN, YEAR_AGO + timedelta(days=3))]
    return events


@cache
def pki() -> TestPki:
    """Keys for every home that a test may have; made once."""
    made = TestPki("operation tests", YEAR_AGO, START + timedelta(days=365))
    DccEmulator(EmulatorConfig(), [installation(n) for n in range(CHARGERS)], made, USER)
    return made


def provider(capacity_a: float = 64.0, *, answer_s: float = 60.0, deliver_s: float = 120.0) -> Contract:
    """A contract that covers the feeder with so much on each phase."""
    return Contract(
        contract_id="FLEX-1",
        provider="Dawn Flexibility",
        feeder_ids=frozenset({FEEDER}),
        capacity_a=(capacity_a, capacity_a, capacity_a),
        answer_within_s=answer_s,
        deliver_within_s=deliver_s,
        domain=PROVIDER,
    )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a test sets up. ``faults`` are the emulator's; ``shops`` and ``priority`` are numbers of homes."""

    contracts: tuple[Contract, ...] = ()
    profile: str = "secmp0046"
    control: ControlPolicy = field(default_factory=ControlPolicy)
    risk: RiskPolicy = field(default_factory=RiskPolicy)
    faults: FaultPlan = field(default_factory=FaultPlan)
    shops: frozenset[int] = frozenset()
    priority: frozenset[int] = frozenset()
    wrong_label: frozenset[int] = frozenset()
    phase_unknown: frozenset[int] = frozenset()
    willing: frozenset[int] = frozenset(range(CHARGERS))
    know_labels: bool = True
    fuse: int = 100
    feeders: int = 1
    poll_s: tuple[int, int] = (20, 40)

    def told_phase(self, number: int) -> Phase | None:
        """What the register says of a home's phase; the current flows where it is in truth."""
        return None if number in self.phase_unknown else phase_of(number)

    def feeder(self, number: int = 0) -> FeederModel:
        """The feeder; a second one has nobody on it."""
        points = tuple(
            ConnectionPoint(
                mpan=mpan(n),
                phase=self.told_phase(n),
                domestic=n not in self.shops,
                priority_register=n in self.priority,
            )
            for n in range(CHARGERS)
        )
        return FeederModel(
            feeder_id=FEEDER if number == 0 else FeederId(f"F{number + 1}"),
            substation="Cellar Street",
            fuse=FUSES[self.fuse],
            cable=CABLES["3c_185_SAC_XC"],
            transformer=TRANSFORMERS[500],
            points=points if number == 0 else (),
        )

    def installations(self) -> list[Installation]:
        """The devices as they are labelled in truth."""
        return [installation(n, "IMMERSION HEATER" if n in self.wrong_label else EV) for n in range(CHARGERS)]

    def site(self) -> Site:
        """The controller's set-up."""
        keys = pki()
        return Site(
            feeders=tuple(self.feeder(n) for n in range(self.feeders)),
            chargers={
                mpan(n): ChargerPoint(
                    mpan=mpan(n), phase=self.told_phase(n), rated_a=AMPS, supplier="Alder Energy", channel="SMS"
                )
                for n in range(CHARGERS)
            },
            inventory=Inventory(self.installations()),
            contracts=self.contracts,
            dcc=DccIdentity(
                user=USER,
                role=UserRole.ELECTRICITY_DISTRIBUTOR,
                xml_signer=keys.signer(USER, Role.XML_SIGNING),
                gbcs_signer=keys.signer(USER, Role.NETWORK_OPERATOR),
                trust=keys.trust_store(),
                profile=PROFILES[self.profile],
            ),
            pseudonym=lambda mpan: salted_token(mpan, SALTS)[0],
            salts=SALTS,
            risk=self.risk,
            control=self.control,
        )

    def emulator(self) -> DccEmulator:
        """A new world of devices."""
        profile = "secmp0046" if self.profile == "duis-5.4" else self.profile
        config = EmulatorConfig(seed=1, profile=profile, hcalcs_poll_s=self.poll_s, faults=self.faults)
        return DccEmulator(config, self.installations(), pki(), USER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post that reached the gateway, and what the emulator did not lose of it."""

    at: datetime
    service: str
    body: bytes
    request: ServiceRequest
    arrived: bool


class ScriptedDcc:
    """The gateway to the emulator. ``reachable`` and ``loses_answers`` are switched by tests; ``before`` and ``after``
    are called around each post, and may raise."""

    def __init__(self, emulator: DccEmulator, clock: ManualClock) -> None:
        self.emulator, self._clock = emulator, clock
        self.reachable, self.loses_answers = True, False
        self.posts: list[Post] = []
        self.before: Callable[[Post], None] = lambda post: None
        self.after: Callable[[Post], None] = lambda post: None

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        now = self._clock.now()
        post = Post(at=now, service=service, body=body, request=decode_request(body), arrived=self.reachable)
        self.before(post)
        await asyncio.sleep(0)  # others are sent meanwhile
        self.posts.append(post)
        if not self.reachable:
            raise PeerUnreachable("DCC", "connection refused")
        reply = self.emulator.post(service, body, at=now)
        self.after(post)
        if self.loses_answers or reply.status >= 500 or reply.content_type != "application/xml":
            raise PeerUnreachable("DCC", "connection reset")
        return HttpAnswer(status=reply.status, body=reply.body)


StoreMaker = Callable[[], Store]


@dataclass
class Rig:
    """The street and its controller. ``base_a`` is what the households draw on each phase; ``drawing`` says which
    chargers would draw if their switch is closed."""

    store: Store
    plan: Plan = field(default_factory=Plan)
    base_a: Triple = (60.0, 60.0, 60.0)
    drawing: set[int] = field(default_factory=set)
    measured: bool = True
    dcc_delivers: bool = True
    max_in_flight: int = 40
    provider_holds: set[int] = field(default_factory=set)
    on_step: Callable[[Rig], None] = lambda rig: None
    refused: list[str] = field(default_factory=list)
    told: list[tuple[datetime, str, str, Mapping[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = ManualClock(START)
        self.site = self.plan.site()
        self.emulator = self.plan.emulator()
        self.dcc = ScriptedDcc(self.emulator, self.clock)
        self.gateway: DccGateway = self.dcc
        self.market, self.notices = FakeMarketGateway(), FakeNoticeChannel()
        self.last_reading = START
        self.undelivered: list[bytes] = []
        if not self.store.customer_events():
            with self.store.transaction() as tx:
                for event in willing(sorted(self.plan.willing)):
                    tx.append_customer_event(event_to_row(event))
        self.start()
        if self.plan.know_labels:
            self.controller.act(self._tell_labels)

    def start(self) -> None:
        """A new controller over the store, as after a restart."""
        self.controller = Controller(
            self.site,
            self.store,
            self.clock,
            dcc=self.gateway,
            market=self.market,
            notices=self.notices,
            max_in_flight=self.max_in_flight,
            told=lambda at, stream, kind, facts: self.told.append((at, stream, kind, facts)),
        )
        self.controller.catch_up()

    def _tell_labels(self, session: Any) -> None:
        for home in self.plan.installations():
            remember_label(session, home.mpan, home.label)

    # -- time ---------------------------------------------------------------------------------------------

    async def run(self, minutes: float) -> None:
        """Let time pass: devices, deliveries, readings and the controller's own wake-ups, in their order."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end:
            await self.step(min(self.next_at(), end))

    def next_at(self) -> datetime:
        """When something happens next."""
        if self.undelivered and self.dcc_delivers:
            return self.clock.now()
        times = [self.last_reading + MINUTE]
        times += [at for at in (self.controller.next_wake(), self.emulator.next_event_at()) if at is not None]
        return max(min(times), self.clock.now())

    async def step(self, at: datetime) -> None:
        """Move to ``at`` and do what is due."""
        alone = at == self.controller.next_wake() and not self.undelivered and self.last_reading + MINUTE > at
        alone = alone and (self.emulator.next_event_at() or after(1e6)) > at
        before = self._deeds()
        self.clock.move_to(at)
        self.take_deliveries()
        if self.last_reading + MINUTE <= at:
            if self.measured:
                self.read(self.current_a())
            self.last_reading = at
        await self.controller.work()
        self.on_step(self)
        wake = self.controller.next_wake()
        assert wake is None or wake > at, f"work() left something due at {at}: it would be called for ever"
        assert not alone or self._deeds() != before, f"the controller wanted to be woken at {at}, and did nothing"

    def _deeds(self) -> tuple[int, ...]:
        """How much the controller has done so far, as far as anybody can see."""
        signed = self.controller.desk.signed.seq
        return len(self.told), len(self.dcc.posts), len(self.market.received), self.notices.calls, signed

    def take_deliveries(self) -> None:
        """Hand over what the DCC has to tell; what is not answered stays with it and comes again."""
        self.undelivered += [d.body for d in self.emulator.run_until(self.clock.now())]
        while self.dcc_delivers and self.undelivered:
            refused = self.controller.receive_dcc(self.undelivered[0])
            self.undelivered.pop(0)
            if refused is not None:
                self.refused.append(refused)

    def current_a(self) -> Triple:
        """What flows at the head of the feeder in the minute that ends now."""
        now = self.clock.now()
        amps = list(self.base_a)
        for number in self.drawing - self.provider_holds:
            amps[phase_of(number)] += AMPS * self.emulator.closed_fraction(mpan(number), now - MINUTE, now)
        return (amps[0], amps[1], amps[2])

    def read(self, current_a: Sequence[float], feeder: str = FEEDER, at: datetime | None = None) -> str | None:
        """Give the controller a reading."""
        return self.controller.receive_reading(feeder, at or self.clock.now(), list(current_a), list(current_a))

    def offer(
        self, result: str = "accepted", *, name: str = "offer-1", current_a: Sequence[float] | None = None, **more: Any
    ) -> None:
        """The provider answers the latest call, on every phase: an offer of what is asked or of ``current_a``, or a no
        with the ``reason``."""
        requests = [m for m in self.market.received if m["type"] == "FlexRequest"]
        for request in [m for m in requests if m["conversation_id"] == requests[-1]["conversation_id"]]:
            if result == "rejected":
                self.tell(rejection_of(request, name=name, **more))
                continue
            phase = int(request["congestion_point"][-1]) - 1
            power = None if current_a is None else round(-230 * current_a[phase])
            self.tell(offer_to(request, name=name, power_w=power, **more))

    def tell(self, message: Mapping[str, Any]) -> None:
        """The provider sends a message, and it is taken."""
        assert self.controller.receive_market(json.dumps(message).encode()) is None

    # -- looking ------------------------------------------------------------------------------------------

    @property
    def intervention(self) -> Intervention:
        """The latest intervention, from the store."""
        return self.interventions()[-1]

    def interventions(self) -> list[Intervention]:
        """All interventions, from the store."""
        return [Intervention.from_record(row.body) for row in self.store.rows("intervention")]

    def commands(self, kind: CommandKind = CommandKind.HOLD) -> list[Command]:
        """All commands of a kind, from the store, in order of decision."""
        return [c for c in map(Command.from_row, self.store.rows("command")) if c.kind is kind]

    def ledger(self) -> Ledger:
        """The ledger as a fold over the stored rows."""
        return Ledger.from_entries(entry_from_row(dict(row.body)) for row in self.store.rows("hold"))

    def audit(self, stream: str | None = None, kind: str | None = None) -> list[AuditRecord]:
        """The audit records, of one stream and kind if named."""
        records = [AuditRecord.from_line(line.encode()) for line in self.store.audit_lines()]
        return [r for r in records if stream in (None, r.stream) and kind in (None, r.kind)]

    def facts(self, stream: str, kind: str) -> list[Mapping[str, Any]]:
        """What the audit records of a stream and kind say, with the personal values that are kept beside them."""
        values = values_of(self.store)
        return [readable(r.facts, values.get(r.seq, {})) for r in self.audit(stream, kind) if r.facts is not None]

    def bodies_by_request(self) -> dict[tuple[RequestId, int], set[bytes]]:
        """Everything posted, by Request ID and command variant."""
        found: dict[tuple[RequestId, int], set[bytes]] = {}
        for post in self.dcc.posts:
            found.setdefault((post.request.request_id, post.request.command_variant), set()).add(post.body)
        return found

    def held_in_truth(self) -> set[int]:
        """Whose switch is open now."""
        now = self.clock.now()
        share = {n: self.emulator.closed_fraction(mpan(n), now, now + timedelta(seconds=1)) for n in range(CHARGERS)}
        return {n for n, closed in share.items() if closed < 1.0}

    def open_seconds(self, number: int) -> float:
        """How long a switch has been open in truth since the start."""
        now = self.clock.now()
        seconds = (now - START).total_seconds()
        return seconds and seconds * (1.0 - self.emulator.closed_fraction(mpan(number), START, now))


def sqlite(path: Path) -> SqliteStore:
    """The store that most tests use."""
    return SqliteStore(path / "linkbox.sqlite")


def assert_memory_equals_store(rig: Rig) -> None:
    """The desk in memory is what a restart would load."""
    fresh = load_desk(rig.site, rig.store, rig.clock.now())
    now = rig.clock.now()
    held, loaded = rig.controller.desk, fresh
    for name in (
        "customers",
        "chain",
        "interventions",
        "commands",
        "exchanges",
        "labels",
        "beliefs",
        "habits",
        "boost",
    ):
        assert getattr(held, name) == getattr(loaded, name), f"{name} differs from the store"
    for name in ("habits", "outbox", "tested_at", "released_at", "refusals", "stopped", "tracks"):
        assert getattr(held, name) == getattr(loaded, name), f"{name} differs from the store"
    assert list(held.ledger.entries()) == list(loaded.ledger.entries())
    assert repr(held.assessments) == repr(loaded.assessments)  # NaN is not equal to itself
    assert repr(held.current_a) == repr(loaded.current_a)
    assert {m: t for m, t in held.resting.items() if t > now} == {m: t for m, t in loaded.resting.items() if t > now}
    assert +held.numbers == +loaded.numbers
    assert held.fresh == loaded.fresh == set()


def assert_invariants(rig: Rig) -> None:
    """What must be true at every moment, whatever goes wrong."""
    holds, entries = rig.commands(), list(rig.ledger().entries())
    assert sorted(e.command for e in entries) == sorted(c.id for c in holds), "every hold has its row, and no other"
    assert not rig.ledger().breaches()
    exchanges = rig.store.rows("exchange")
    assert len({row.owner for row in exchanges}) == len(exchanges) == len(rig.store.rows("command"))
    assert all(len(bodies) == 1 for bodies in rig.bodies_by_request().values()), "the identical bytes again, or none"
    called = {i.id for i in rig.interventions() if i.market_outcome is not None}
    assert {c.intervention_id for c in holds} <= called, "no last resort without its market record"
    records = rig.audit()
    assert verify(records).ok
    secrets = [mpan(n) for n in range(CHARGERS)]
    assert not [line for line in rig.store.audit_lines() if any(secret in line for secret in secrets)]


def patched(rig: Rig, **changes: Any) -> None:
    """Change the site that the controller works for, as a new configuration at a restart does."""
    rig.site = replace(rig.site, **changes)


def dumps(row: Row) -> str:
    """A row's body as text, for searching."""
    return json.dumps(row.body)
