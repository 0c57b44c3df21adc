"""The world outside the controller: the street, the DCC with its devices, and the market's provider.

The controller reaches it over HTTP on loopback ports only, and is reached over HTTP in turn. Everything happens at
virtual times; what reached the world is journalled, so that after a kill the world can be put back where it was."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import FastAPI, Request, Response

from linkbox.adapters.hosting import Hosted
from linkbox.adapters.market_uftp import PATH, UftpWire
from linkbox.base.identifiers import Mpan
from linkbox.base.time import ManualClock
from linkbox.dcc.smki import TestPki
from linkbox.emulator import DccEmulator, EmulatorConfig, HttpReply
from linkbox.emulator.alcslog import SWITCH_OFF, LogOutcome
from linkbox.emulator.server import create_app
from linkbox.grid.network import FeederModel
from linkbox.grid.topology import FeederNetwork
from linkbox.market import RemoteProtocolError, UftpIdentity
from linkbox.study.flex_provider import FlexProvider
from linkbox.study.journal import WorldEvent, WorldJournal, read_journal
from linkbox.study.population import Home
from linkbox.study.scenario import Scenario
from linkbox.twin.assets import Assets
from linkbox.twin.provider import Behaviour, ProviderOptions, held_at
from linkbox.twin.street import Minute, Street
from linkbox.twin.vehicles import VehicleOptions

RETRY_AFTER, DELIVERIES = timedelta(seconds=60), 4
"""A message that the controller does not take is told again, within 300 s; then the DCC keeps it in its failed queue
(dcc reference 8.4)."""

PRICE_GBP_PER_KWH = 0.3
"""What the provider asks, and what its contract says."""

_BEHAVIOURS = {
    "accepts": Behaviour.DELIVERS,
    "rejects": Behaviour.REJECTS,
    "silent": Behaviour.SILENT,
    "no-delivery": Behaviour.DOES_NOT_DELIVER,
    "part": Behaviour.DELIVERS_PART,
    "late": Behaviour.LATE,
    "twice": Behaviour.ANSWERS_TWICE,
    "over": Behaviour.OVER_OFFERS,
    "revokes": Behaviour.REVOKES,
    "seed": None,
}


def _reduced(home: Home) -> float:
    """What its switch leaves the charger of its rating when it is open: 0 where it is wired to switch off."""
    return 0.0 if home.charger is None else home.charger.reduced_fraction


def build_street(scenario: Scenario, network: FeederNetwork, feeder: FeederModel) -> Street:
    """The street of a scenario, at its start."""
    tariff = None if scenario.tariff_start is None else clock_time.fromisoformat(scenario.tariff_start)
    return Street(
        network,
        assets=Assets(fuse=feeder.fuse, cable=feeder.cable, transformer=feeder.transformer),
        start=scenario.start,
        minutes=scenario.minutes,
        seed=scenario.night_seed,
        vehicles=VehicleOptions(
            owners_seed=scenario.seed if scenario.night else None,
            ev_share=scenario.ev_share,
            session_probability=scenario.session_probability,
            power_w=scenario.charger_kw * 1000.0,
            tariff_start=tariff,
            tariff_share=scenario.tariff_share,
        ),
    )


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something that the world will tell the controller at ``at``: a DUIS message or a provider's answer."""

    at: datetime
    name: str
    kind: str = field(compare=False)
    body: bytes = field(compare=False)


class _JournalledDcc(DccEmulator):
    """The emulator as the server sees it: every post is journalled before it is answered."""

    def __init__(self, world: World, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._world = world

    def post(self, service: str, body: bytes, *, at: datetime) -> HttpReply:
        self._world.journal.add(WorldEvent(at=at, kind="post", name=service, body=body))
        return super().post(service, body, at=at)

    def repeat(self, service: str, body: bytes, *, at: datetime) -> None:
        """Take a post that is in the journal already."""
        super().post(service, body, at=at)


class World:
    """All that is not the controller. ``truth`` collects every simulated minute; ``reading_taken_at`` is the last one
    that the controller is known to have."""

    def __init__(
        self,
        scenario: Scenario,
        street: Street,
        homes: Sequence[Home],
        pki: TestPki,
        user: Any,
        clock: ManualClock,
        journal_path: Path,
        market: UftpWire,
        market_me: UftpIdentity,
    ) -> None:
        self.scenario, self.street, self.homes, self.clock = scenario, street, homes, clock
        installations = [home.installation for home in homes if home.installation is not None]
        config = EmulatorConfig(
            seed=scenario.seed,
            profile=scenario.profile,
            hcalcs_poll_s=(20, 60),
            faults=scenario.fault_plan.dcc,
        )
        in_slots = [i.mpan for i in installations if i.proportional]
        self.emulator = _JournalledDcc(self, config, installations, pki, user, proportional=in_slots)
        self.truth: list[Minute] = []
        self._due: list[Due] = []
        self.reading_taken_at: datetime | None = None
        self._taken: set[str] = set()
        self._refusals: Counter[str] = Counter()
        self._provider = self._provider_options()
        self._market = market
        self.flex = FlexProvider(
            market_me,
            self._provider,
            home_phase=[int(p) for p in street.phase],
            seed=scenario.seed,
            price_gbp_per_kwh=PRICE_GBP_PER_KWH,
        )
        self._has_levels = any(i.proportional or i.apc is not None for i in installations)
        self._has_levels |= any(_reduced(home) > 0.0 for home in homes)
        stops = scenario.emulator_stops_at
        self._dcc_stops_at = None if stops is None else scenario.at_clock(stops)
        past = list(read_journal(journal_path))
        self.journal = WorldJournal(journal_path)
        self._replay(past)
        self._dcc_host = Hosted(create_app(self.emulator, clock))
        self._provider_host = Hosted(self._provider_app())

    def _provider_options(self) -> ProviderOptions:
        owners = [i for i, home in enumerate(self.homes) if home.charger is not None]
        count = round(self.scenario.provider_share * len(owners))
        return ProviderOptions(
            subscribed=tuple(owners[:: max(1, len(owners) // count)][:count]) if count else (),
            behaviour=_BEHAVIOURS.get(self.scenario.provider),
            weights=(0.0, 0.3, 0.3, 0.25, 0.15, 0.0, 0.0, 0.0, 0.0),
            answer_s=(10.0, 45.0),
            deliver_s=(20.0, 60.0),
            amps_per_charger=self.scenario.charger_kw * 1000.0 / 230.0,
        )

    @property
    def provider_capacity_a(self) -> tuple[float, float, float]:
        """What the provider's subscribed chargers add up to, per phase: what it can put into a contract."""
        counts = [0, 0, 0]
        for home in self._provider.subscribed:
            counts[int(self.street.phase[home])] += 1
        a, b, c = (count * self._provider.amps_per_charger for count in counts)
        return (a, b, c)

    # -- serving ------------------------------------------------------------------------------------------

    async def open(self) -> tuple[str, str]:
        """Serve the DCC and the provider; return their base addresses."""
        return await self._dcc_host.start(), await self._provider_host.start()

    async def close(self) -> None:
        """Stop serving."""
        await self.stop_dcc()
        await self._provider_host.stop()
        self.journal.close()

    async def stop_dcc(self) -> None:
        """The DCC goes away: its port closes and it delivers nothing any more."""
        if self._dcc_host.running:
            await self._dcc_host.stop()

    @property
    def dcc_running(self) -> bool:
        """Whether the DCC can be reached."""
        return self._dcc_host.running

    def _provider_app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.post(PATH)
        async def message(request: Request) -> Response:
            body = await request.body()
            now = self.clock.now()
            try:
                self._market.unseal(body)
            except RemoteProtocolError as error:
                return Response(status_code=error.status, content=error.reason, media_type="text/plain")
            self.journal.add(WorldEvent(at=now, kind="flex", name="flex", body=body))
            self._take_flex(body, now)
            return Response(status_code=200)

        return app

    def _take_flex(self, body: bytes, at: datetime) -> None:
        drawing = self.truth[-1].drawing if self.truth else None
        for due_at, message in self.flex.take(self._market.unseal(body), at, drawing):
            self._plan(Due(due_at, str(message["message_id"]), "flex", self._market.seal(message)))

    # -- time ---------------------------------------------------------------------------------------------

    def next_at(self) -> datetime | None:
        """When the world next does something by itself, other than measuring."""
        times = [self._due[0].at] if self._due else []
        gone = self._dcc_stops_at is not None and self.clock.now() >= self._dcc_stops_at
        emulator = None if gone else self.emulator.next_event_at()
        return min([*times, *([] if emulator is None else [emulator])], default=None)

    def run_until(self, at: datetime) -> list[Due]:
        """Let the world's own time pass; what it has to tell the controller, in order."""
        for delivery in self.emulator.run_until(at):
            if self._dcc_stops_at is not None and delivery.at >= self._dcc_stops_at:
                continue  # the devices go on, but nobody tells of them any more
            name = f"dcc/{delivery.request_id}/{sha256(delivery.body).hexdigest()[:16]}/{delivery.at.timestamp()}"
            self._plan(Due(delivery.at, name, "dcc", delivery.body))
        ready = []
        while self._due and self._due[0].at <= at:
            ready.append(heapq.heappop(self._due))
        return ready

    def taken(self, due: Due) -> None:
        """The controller has taken a message: it is not told again."""
        self._taken.add(due.name)
        self.journal.add(WorldEvent(at=self.clock.now(), kind="taken", name=due.name))

    def refused(self, due: Due) -> None:
        """The controller did not take it: it is told again in a while, a few times."""
        self._refusals[due.name] += 1
        self.journal.add(WorldEvent(at=self.clock.now(), kind="refused", name=due.name))
        if self._refusals[due.name] < DELIVERIES:
            heapq.heappush(self._due, Due(due.at + RETRY_AFTER, due.name, due.kind, due.body))

    def _plan(self, due: Due) -> None:
        """Tell it when it is due; after a kill, one that was refused already waits for its next turn."""
        before = self._refusals[due.name]
        if due.name not in self._taken and before < DELIVERIES:
            heapq.heappush(self._due, Due(due.at + before * RETRY_AFTER, due.name, due.kind, due.body))

    def minute(self) -> Minute:
        """Simulate one more minute of the street, with the contactors as the devices hold them."""
        end = self.street.now + timedelta(minutes=1)
        start = end - timedelta(minutes=1)
        minute = self.street.step(self._closed(start, end), self._provider_hold(end), self._level(start, end))
        self.truth.append(minute)
        return minute

    def minute_taken(self, minute: Minute) -> None:
        """The controller has this minute's reading."""
        self.reading_taken_at = minute.at
        self.journal.add(WorldEvent(at=minute.at, kind="minute", name="reading"))

    def _closed(self, start: datetime, end: datetime) -> npt.NDArray[np.float64]:
        return np.array(
            [
                1.0
                if home.charger is None or _reduced(home) > 0.0
                else self.emulator.closed_fraction(home.point.mpan, start, end)
                for home in self.homes
            ]
        )

    def _level(self, start: datetime, end: datetime) -> npt.NDArray[np.float64] | None:
        """What proportional controllers and switches of a reduced rate allow, by home; None where there is none."""
        if not self._has_levels:
            return None
        return np.array([1.0 if home.charger is None else self._mean_level(home, start, end) for home in self.homes])

    def _mean_level(self, home: Home, start: datetime, end: datetime) -> float:
        if (rate := _reduced(home)) > 0.0:
            return rate + (1.0 - rate) * self.emulator.closed_fraction(home.point.mpan, start, end)
        spans = self.emulator.levels(home.point.mpan, start, end)
        return sum((b - a).total_seconds() * level for a, b, level in spans) / (end - start).total_seconds()

    def _provider_hold(self, at: datetime) -> npt.NDArray[np.bool_]:
        return held_at(tuple(self.flex.holds), at, len(self.homes))

    def chargers_free(self, at: datetime) -> bool:
        """Whether every switch is closed at ``at``."""
        after = at + timedelta(seconds=1)
        level = self._level(at, after)
        return bool(np.all(self._closed(at, after) == 1.0)) and (level is None or bool(np.all(level == 1.0)))

    def open_spans(self) -> dict[Mpan, list[tuple[float, float, float]]]:
        """When each charger really was held by its switch or controller, seconds since 1970, and how far: 1 is off."""
        found: dict[Mpan, list[tuple[float, float, float]]] = {}
        for home in self.homes:
            if home.charger is None:
                continue
            contact = self.emulator.device_truth(home.point.mpan).contactor
            edges = [*contact.times, self.clock.now()]
            found[home.point.mpan] = [
                (edges[i].timestamp(), edges[i + 1].timestamp(), 1.0 - _reduced(home))
                for i, closed in enumerate(contact.closed)
                if not closed
            ]
            spans = self.emulator.levels(home.point.mpan, self.scenario.start, self.clock.now())
            limits = [(a.timestamp(), b.timestamp(), 1.0 - level) for a, b, level in spans if level < 1.0]
            found[home.point.mpan] += limits
        return found

    def switch_offs(self) -> dict[Mpan, int]:
        """How often each meter was told by a command to switch off, by its own log."""
        return {
            home.point.mpan: sum(
                row.action == SWITCH_OFF and row.outcome is LogOutcome.NOT_KNOWN
                for row in self.emulator.device_truth(home.point.mpan).esme.log.rows
            )
            for home in self.homes
            if home.charger is not None
        }

    # -- after a kill -------------------------------------------------------------------------------------

    def _replay(self, past: Sequence[WorldEvent]) -> None:
        self._taken = {event.name for event in past if event.kind == "taken"}
        self._refusals = Counter(event.name for event in past if event.kind == "refused")
        self.reading_taken_at = max((event.at for event in past if event.kind == "minute"), default=None)
        for event in past:
            if event.at > self.clock.now():
                self.clock.move_to(event.at)
            self._catch_up(event.at)
            if event.kind in {"post", "flex", "minute"}:  # these come after the minute that ends with them
                while self.street.now + timedelta(minutes=1) <= event.at:
                    self.minute()
            if event.kind == "post":
                self.emulator.repeat(event.name, event.body, at=event.at)
            elif event.kind == "flex":
                self._take_flex(event.body, event.at)

    def _catch_up(self, at: datetime) -> None:
        """Devices move on; messages that were not taken yet wait to be told again."""
        for due in self.run_until(at):
            if due.name not in self._taken:
                heapq.heappush(self._due, due)
