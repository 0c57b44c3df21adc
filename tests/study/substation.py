"""Several twin streets under one transformer, and one controller for all of them, joined in memory minute by minute."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import time, timedelta

import numpy as np

from linkbox.adapters.network_tables import default_street
from linkbox.adapters.store_sql import SqliteStore
from linkbox.base.identifiers import FeederId, Mpan
from linkbox.base.time import ManualClock
from linkbox.customers import event_to_row
from linkbox.dcc.inventory import Inventory
from linkbox.emulator import DccEmulator, EmulatorConfig
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, FeederModel
from linkbox.operation.commands import remember_label
from linkbox.operation.controller import Controller
from linkbox.operation.entities import Command, CommandKind
from linkbox.operation.ports import HttpAnswer, PeerUnreachable
from linkbox.operation.session import Session
from linkbox.operation.site import Site
from linkbox.study.population import EV_LABEL, Home
from linkbox.study.scenario import Scenario
from linkbox.study.wiring import USER, cast, site_of
from linkbox.twin.assets import AssetModel, Assets
from linkbox.twin.street import NeighbourOptions, Street
from linkbox.twin.vehicles import VehicleOptions
from tests.adapters.contracts.fakes import FakeMarketGateway, FakeNoticeChannel

MINUTE = timedelta(minutes=1)
HERD = Scenario(seed=1, starts="00:15", hours=1.75, provider="none", consent_share=1.0)
"""The herd of three streets comes at 00:30."""


@dataclass(kw_only=True)
class Substation:
    """``together`` False: the controller does not know that the feeders share their transformer."""

    scenario: Scenario = HERD
    feeders: int = 3
    kva: int = 315
    control: bool = True
    together: bool = True
    hot_spot_degc: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        network = default_street()
        self.clock = ManualClock(self.scenario.start)
        self.assets = Assets(fuse=FUSES[400], cable=CABLES["3c_300"], transformer=TRANSFORMERS[self.kva])
        seeds = [replace(self.scenario, seed=self.scenario.seed + n) for n in range(self.feeders)]
        self.streets = [
            Street(
                network,
                assets=self.assets,
                start=s.start,
                minutes=s.minutes,
                seed=s.seed,
                vehicles=VehicleOptions(
                    ev_share=s.ev_share, session_probability=1.0, tariff_start=time(0, 30), tariff_share=1.0
                ),
                neighbours=NeighbourOptions(feeders=0),
                warm_up_minutes=13 * 60,
            )
            for s in seeds
        ]
        self.casts = [cast(s, network, list(street.has_charger)) for s, street in zip(seeds, self.streets, strict=True)]
        self.homes = [people.homes for people in self.casts]
        self._bank = AssetModel(self.assets, np.random.default_rng(0))
        before = [street.warm_up[-1].transformer_current_a for street in self.streets]
        calm = np.asarray(sum(before))
        self._states = self._bank.steady(recent_a=calm, weekly_a=calm, transformer_a=calm)
        installations = [h.installation for homes in self.homes for h in homes if h.installation is not None]
        config = EmulatorConfig(seed=self.scenario.seed, profile=self.scenario.profile, hcalcs_poll_s=(20, 60))
        self.emulator = DccEmulator(config, installations, self.casts[0].pki, USER)
        self.site = self._site()  # after the devices, whose certificates it is to trust
        self.store = SqliteStore(None)
        with self.store.transaction() as tx:
            for home in self._every_home():
                for event in home.history:
                    tx.append_customer_event(event_to_row(event))
        self.controller = Controller(
            self.site, self.store, self.clock, dcc=self, market=FakeMarketGateway(), notices=FakeNoticeChannel()
        )
        self.controller.act(self._tell_labels)

    def _every_home(self) -> list[Home]:
        return [home for homes in self.homes for home in homes]

    def _site(self) -> Site:
        models = tuple(
            FeederModel(
                feeder_id=FeederId(f"F{n + 1}"),
                substation="Cellar Street" if self.together else f"Cellar Street {n + 1}",
                fuse=self.assets.fuse,
                cable=self.assets.cable,
                transformer=self.assets.transformer,
                points=tuple(home.point for home in homes),
            )
            for n, homes in enumerate(self.homes)
        )
        homes = self._every_home()
        return replace(
            site_of(self.casts[0], (0.0, 0.0, 0.0)),
            feeders=models,
            chargers={h.charger.mpan: h.charger for h in homes if h.charger is not None},
            inventory=Inventory(h.installation for h in homes if h.installation is not None),
        )

    def _tell_labels(self, session: Session) -> None:
        for home in self._every_home():
            if home.installation is not None:
                remember_label(session, home.point.mpan, EV_LABEL)

    async def post(self, service: str, body: bytes) -> HttpAnswer:
        """The DCC, called."""
        reply = self.emulator.post(service, body, at=self.clock.now())
        if reply.status >= 500 or reply.content_type != "application/xml":
            raise PeerUnreachable("DCC", f"HTTP {reply.status}")
        return HttpAnswer(status=reply.status, body=reply.body)

    def run(self) -> Substation:
        """The whole scenario."""
        asyncio.run(self._run())
        return self

    async def _run(self) -> None:
        minute_at = self.scenario.start + MINUTE
        while minute_at <= self.scenario.end:
            wake_at = self.controller.next_wake() if self.control else None
            times = [minute_at, self.emulator.next_event_at(), wake_at]
            at = max(min(t for t in times if t is not None), self.clock.now())
            self.clock.move_to(at)
            for delivery in self.emulator.run_until(at):
                assert self.controller.receive_dcc(delivery.body) is None
            if at == minute_at:
                self._measure()
                minute_at += MINUTE
            if self.control:
                await self.controller.work()

    def _measure(self) -> None:
        end = self.clock.now()
        minutes = [s.step(self._closed(homes)) for s, homes in zip(self.streets, self.homes, strict=True)]
        bank = np.asarray(sum(m.head_current_a for m in minutes))
        self._states = self._bank.advance(self._states, head_a=bank * 0.0, transformer_a=bank, dt_s=60.0)
        self.hot_spot_degc.append(self._bank.hot_spot_degc(self._states))
        for n, minute in enumerate(minutes if self.control else ()):
            head, shared = ([round(float(a), 2) for a in amps] for amps in (minute.head_current_a, bank))
            assert self.controller.receive_reading(f"F{n + 1}", end, head, shared) is None

    def _closed(self, homes: tuple[Home, ...]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        end = self.clock.now()
        closed = self.emulator.closed_fraction
        return np.array([1.0 if h.charger is None else closed(h.point.mpan, end - MINUTE, end) for h in homes])

    def holds(self) -> list[Command]:
        """All holds that were decided."""
        commands = [Command.from_row(row) for row in self.store.rows("command")]
        return [c for c in commands if c.kind is CommandKind.HOLD]

    def held_minutes(self) -> float:
        """What all customers bore together."""
        ledger = self.controller.desk.ledger
        homes = [h.point.mpan for h in self._every_home()]
        return sum(ledger.used_s(mpan, self.clock.now(), timedelta(days=1)) for mpan in homes) / 60

    def feeder_of(self, mpan: Mpan) -> str:
        """On which feeder a home is."""
        return next(f.feeder_id for f in self.site.feeders if any(p.mpan == mpan for p in f.points))
