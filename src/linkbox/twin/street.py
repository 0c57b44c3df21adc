"""The simulated street: homes and cars on a real feeder, minute by minute, with a fuse that can blow.

The same seed and the same calls give the same evening. What a controller does changes the cars only: demand of the
homes, arrivals of the cars and the fuses themselves do not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from linkbox.base.errors import LinkboxError
from linkbox.base.time import require_utc
from linkbox.grid.topology import FeederNetwork, reduce_series
from linkbox.twin.assets import AssetModel, Assets
from linkbox.twin.charging import JOULE_PER_KWH, CarStates, charge, come_and_go, no_cars, not_supplied
from linkbox.twin.households import POWER_FACTOR, household_demand_w
from linkbox.twin.sweep import pack, solve
from linkbox.twin.vehicles import Sessions, VehicleOptions, draw_sessions

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

STEP_S = 60.0
LOCAL_ZONE = ZoneInfo("Europe/London")
DAY_MINUTES = 24 * 60
MEAN_SESSION_KWH = 12.8
NEIGHBOUR_SAMPLE_HOMES = 60
FLOOR_A = 6.0
"""No charger can tell a car less (IEC 61851-1): below it the car stops."""


class StreetError(LinkboxError):
    """The twin was used in a way that it can not honour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdOptions:
    """``scale`` multiplies the demand of every home (1.0: as calibrated); reactive power follows ``power_factor``."""

    scale: float = 1.0
    power_factor: float = POWER_FACTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourOptions:
    """The other feeders of the same transformer: household load only, diversified over many homes."""

    feeders: int = 3
    homes_each: int = 55


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Minute:
    """What is true of the street in the minute that ends at ``at``. Phase arrays are (3,), home arrays (homes,).

    Currents are A rms, mean over the minute; states and temperatures are those at its end. ``blown`` and ``blown_at``
    (the end of the minute in which the fuse melted) tell dead phases; a fuse that melts in this minute darkens its
    phase from the next one on. ``min_voltage_v`` is the lowest at any home of the phase, 0 where it is dead.
    ``delivered_kwh`` counts from the start of the street, ``drawing`` is True where a car drew in this minute.
    ``converged`` False: the power flow found no solution, the currents of this minute are its last iterate.
    """

    at: datetime
    head_current_a: Floats
    neutral_current_a: float
    transformer_current_a: Floats
    min_voltage_v: Floats
    fuse_state: Floats
    cable_degc: Floats
    hot_spot_degc: float
    blown: Bools
    blown_at: tuple[datetime | None, datetime | None, datetime | None]
    drawing: Bools
    delivered_kwh: Floats
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What really happened since the start.

    Energy of the cars: ``arrived`` (wanted by those there at the start and those that came) is ``delivered`` plus
    ``undelivered`` (still wanted by those that left) plus ``remaining``. ``energy_held_kwh`` is what holds put off.
    """

    minutes: int
    fuse_blown_at: datetime | None
    blown_phases: tuple[str, ...]
    max_fuse_state: float
    max_cable_degc: float
    max_hot_spot_degc: float
    max_head_current_a: float
    min_voltage_v: float
    customer_minutes_lost: int
    energy_arrived_kwh: float
    energy_delivered_kwh: float
    energy_undelivered_kwh: float
    energy_remaining_kwh: float
    energy_held_kwh: float
    non_converged_minutes: int


class Street:
    """One feeder with its homes and cars from ``start`` on, for at most ``minutes`` steps.

    Before ``start`` it runs ``warm_up_minutes`` by itself, with all contactors closed, so that the thermal states and
    the cars at ``start`` are those of a real afternoon; ``warm_up`` keeps these minutes. Homes are numbered as the
    loads of the network. Raises StreetError for a start that is no full minute.
    """

    def __init__(
        self,
        network: FeederNetwork,
        *,
        assets: Assets,
        start: datetime,
        minutes: int,
        seed: int,
        vehicles: VehicleOptions | None = None,
        households: HouseholdOptions | None = None,
        neighbours: NeighbourOptions | None = None,
        warm_up_minutes: int = 360,
    ) -> None:
        if require_utc(start).second or start.microsecond:
            raise StreetError(f"a street starts at a full minute, not at {start}")
        self.network, self.start, self.minutes = network, start, minutes
        self.vehicles = vehicles or VehicleOptions()
        self._feeder = pack(reduce_series(network))
        self._open_at = start - timedelta(minutes=warm_up_minutes)
        self._elapsed = -warm_up_minutes
        local = self._open_at.astimezone(LOCAL_ZONE)
        first = local.hour * 60 + local.minute
        span = warm_up_minutes + minutes
        demand, weekly, recent = self._draw_demand(households or HouseholdOptions(), first, span, seed)
        self._demand_va = demand
        self._neighbour_a, neighbour_mean = self._draw_neighbours(neighbours or NeighbourOptions(), first, span, seed)
        self.sessions: Sessions = draw_sessions(
            network.homes, self.vehicles, start_minute=first, minutes=span, rng=np.random.default_rng([seed, 2])
        )
        self._offset = warm_up_minutes
        self._cars: CarStates = no_cars(network.homes)
        self._model = AssetModel(assets, np.random.default_rng([seed, 3]))
        self._states = self._model.steady(
            recent_a=recent, weekly_a=weekly + self._mean_car_a(), transformer_a=recent + neighbour_mean
        )
        self._blown_at: list[datetime | None] = [None, None, None]
        everyone = np.ones(network.homes)
        self.warm_up: tuple[Minute, ...] = tuple(self._advance(everyone) for _ in range(warm_up_minutes))
        self._at_start = self._cars
        self._record: list[tuple[Minute, int]] = []

    @property
    def homes(self) -> int:
        """How many homes there are."""
        return self.network.homes

    @property
    def assets(self) -> Assets:
        """Its fuse, cable and transformer."""
        return self._model.assets

    @property
    def has_charger(self) -> Bools:
        """(homes,) which homes have a charger."""
        return self.sessions.has_charger

    @property
    def phase(self) -> npt.NDArray[np.int64]:
        """(homes,) the phase of each home, 0, 1 or 2."""
        return self.network.load_phase

    @property
    def now(self) -> datetime:
        """The end of the last simulated minute."""
        return self.start + timedelta(minutes=self._elapsed)

    def step(self, closed_fraction: Floats, provider_hold: Bools | None = None, level: Floats | None = None) -> Minute:
        """Simulate the next minute.

        ``closed_fraction`` (homes,) is the share of the minute in which each charger's contactor is closed, 0 to 1
        (homes without a charger do not matter); ``provider_hold`` (homes,) True where the flexibility provider keeps
        the charger down by its own means; ``level`` (homes,) the fraction of its rating that each charger may take
        (None: all), below ``FLOOR_A`` it does not charge. Raises StreetError after the last minute or for arrays of
        another shape or range.
        """
        closed = np.asarray(closed_fraction, dtype=np.float64)
        hold = np.zeros(self.homes, dtype=np.bool_) if provider_hold is None else np.asarray(provider_hold)
        if closed.shape != (self.homes,) or hold.shape != (self.homes,):
            raise StreetError(f"one value per home is needed ({self.homes}), not {closed.shape} and {hold.shape}")
        if not np.all((closed >= 0.0) & (closed <= 1.0)):
            raise StreetError("closed_fraction must be in [0, 1]")
        if self._elapsed >= self.minutes:
            raise StreetError(f"the street was made for {self.minutes} minutes and they are over")
        dark = int(np.count_nonzero(self._states.blown[self.phase]))
        if level is not None and (level.shape != (self.homes,) or not np.all((level >= 0.0) & (level <= 1.0))):
            raise StreetError("level must be one value in [0, 1] per home")
        minute = self._advance(np.where(hold, 0.0, closed), level)
        self._record.append((minute, dark))
        return minute

    def truth(self) -> Truth:
        """The summary of all steps so far."""
        minutes = [minute for minute, _ in self._record]
        cars, first = self._cars, self._at_start
        blown = [at for at in self._blown_at if at is not None]
        volts = [v for m in minutes for v in m.min_voltage_v if v > 0.0]
        return Truth(
            minutes=len(minutes),
            fuse_blown_at=min(blown, default=None),
            blown_phases=tuple(f"L{p + 1}" for p in range(3) if self._blown_at[p] is not None),
            max_fuse_state=max((float(m.fuse_state.max()) for m in minutes), default=0.0),
            max_cable_degc=max((float(m.cable_degc.max()) for m in minutes), default=0.0),
            max_hot_spot_degc=max((m.hot_spot_degc for m in minutes), default=0.0),
            max_head_current_a=max((float(m.head_current_a.max()) for m in minutes), default=0.0),
            min_voltage_v=float(min(volts, default=0.0)),
            customer_minutes_lost=sum(dark for _, dark in self._record),
            energy_arrived_kwh=float((cars.arrived_kwh - first.delivered_kwh - first.undelivered_kwh).sum()),
            energy_delivered_kwh=float((cars.delivered_kwh - first.delivered_kwh).sum()),
            energy_undelivered_kwh=float((cars.undelivered_kwh - first.undelivered_kwh).sum()),
            energy_remaining_kwh=float(cars.remaining_kwh.sum()),
            energy_held_kwh=float((cars.held_kwh + cars.this_hold_kwh).sum()),
            non_converged_minutes=sum(not m.converged for m in minutes),
        )

    def _advance(self, closed: Floats, level: Floats | None = None) -> Minute:
        """One minute with the way to each car closed for the given share of it, at the given level."""
        if level is not None:
            closed = np.where(level * self.vehicles.limit_a >= FLOOR_A, closed, 0.0)
        row = self._elapsed + self._offset
        live = ~self._states.blown
        at_s = row * STEP_S
        cars = come_and_go(self._cars, self.sessions, at_s=at_s)
        cars, car_w = charge(
            cars,
            self.sessions,
            self.vehicles,
            at_s=at_s,
            dt_s=STEP_S,
            closed_fraction=closed,
            live=live[self.phase],
            level=level,
        )
        limit_a = self.vehicles.limit_a * car_w / self.vehicles.power_w
        flow = solve(
            self._feeder,
            self._demand_va[:, row],
            live=live,
            charger_va=np.asarray(car_w * _va_per_w(self.vehicles.power_factor), dtype=np.complex128),
            charger_limit_a=limit_a,
        )
        supplied_w = np.minimum(car_w, limit_a * flow.load_voltage_v * self.vehicles.power_factor)
        self._cars = not_supplied(cars, (car_w - supplied_w) * STEP_S / JOULE_PER_KWH)
        head = flow.head_current_a
        transformer = head + self._neighbour_a[row]
        self._states = self._model.advance(self._states, head_a=head, transformer_a=transformer, dt_s=STEP_S)
        self._elapsed += 1
        for phase in np.flatnonzero(self._states.blown & live):
            self._blown_at[phase] = self.now
        return Minute(
            at=self.now,
            head_current_a=head,
            neutral_current_a=flow.neutral_current_a,
            transformer_current_a=transformer,
            min_voltage_v=self._lowest(flow.load_voltage_v),
            fuse_state=self._model.fuse_state(self._states),
            cable_degc=self._model.cable_degc(self._states),
            hot_spot_degc=self._model.hot_spot_degc(self._states),
            blown=self._states.blown,
            blown_at=(self._blown_at[0], self._blown_at[1], self._blown_at[2]),
            drawing=car_w > 0.0,
            delivered_kwh=self._cars.delivered_kwh,
            converged=flow.converged,
        )

    def _lowest(self, voltage_v: Floats) -> Floats:
        """(3,) the lowest voltage at a home of each phase; the source's where a phase has no homes."""
        lowest = np.full(3, self.network.source_voltage_v)
        np.minimum.at(lowest, self.phase, voltage_v)
        return lowest

    def _draw_demand(
        self, options: HouseholdOptions, first: int, span: int, seed: int
    ) -> tuple[npt.NDArray[np.complex128], Floats, Floats]:
        """Demand (homes, span) in VA, and per phase the rms current of the day and of the hour before, (3,) A."""
        watts = options.scale * household_demand_w(
            self.homes, start_minute=first, minutes=DAY_MINUTES + span, rng=np.random.default_rng([seed, 1])
        )
        size = abs(_va_per_w(options.power_factor)) / self.network.source_voltage_v
        before = np.zeros((3, DAY_MINUTES))
        np.add.at(before, self.phase, watts[:, :DAY_MINUTES] * size)
        weekly, recent = (np.sqrt(np.mean(part**2, axis=1)) for part in (before, before[:, -60:]))
        demand_va = np.asarray(watts[:, DAY_MINUTES:] * _va_per_w(options.power_factor), dtype=np.complex128)
        return demand_va, weekly, recent

    def _draw_neighbours(self, options: NeighbourOptions, first: int, span: int, seed: int) -> tuple[Floats, Floats]:
        """Current of the other feeders (span, 3) in A, and its rms over the hour before, (3,)."""
        rng = np.random.default_rng([seed, 4])
        sample = household_demand_w(NEIGHBOUR_SAMPLE_HOMES, start_minute=first - 60, minutes=60 + span, rng=rng)
        homes = options.feeders * options.homes_each
        share = (1.0 + rng.uniform(-0.1, 0.1, 3)) / 3.0
        amps = np.outer(sample.mean(axis=0) * homes, share) / (POWER_FACTOR * self.network.source_voltage_v)
        return amps[60:], np.sqrt(np.mean(amps[:60] ** 2, axis=0))

    def _mean_car_a(self) -> Floats:
        """(3,) the mean current of the cars over a day, for the slow terms of the cable."""
        cars = np.bincount(self.phase, weights=self.has_charger, minlength=3)
        mean_w = self.vehicles.session_probability * MEAN_SESSION_KWH * 1000.0 / 24.0
        return np.asarray(cars * mean_w / self.network.source_voltage_v)


def _va_per_w(power_factor: float) -> complex:
    """Complex power per watt of a lagging load."""
    return complex(1.0, np.tan(np.arccos(power_factor)))
