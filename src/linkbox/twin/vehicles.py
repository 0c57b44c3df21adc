"""Which home has a charger, when its car comes, how much it wants and when it may start.

Sessions are drawn from distributions fitted to measured home charging (``charging_fit``): plug-in time, energy and
connected time by time of day. A car on an off-peak tariff waits for the tariff and then starts within a random delay,
as the Electric Vehicles (Smart Charge Points) Regulations 2021 require (up to 10 minutes). A car that comes within the
tariff's hours starts after such a delay too; one that is still charging when they end goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import numpy as np
import numpy.typing as npt

from linkbox.twin import charging_fit as fit

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOMINAL_VOLTAGE_V = 230.0

_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleOptions:
    """How many cars there are and how they charge.

    ``ev_share`` of the homes have a charger; the number is rounded and the homes are drawn. Each car plugs in once a
    day with ``session_probability`` (measured mean: 0.46 sessions per day and user). With ``tariff_start`` (local
    clock), ``tariff_share`` of the cars wait for it if they come outside the ``tariff_hours`` that follow; None means
    that every car charges as soon as it is plugged in. ``power_w`` is 32 A at 230 V, single-phase; where the voltage
    is lower, ``limit_a`` holds. ``owners_seed`` draws who has a charger apart from everything else, so that several
    evenings have the same owners; None: with the evening.
    """

    ev_share: float = 0.6
    session_probability: float = fit.SESSIONS_PER_DAY
    power_w: float = 7360.0
    power_factor: float = 1.0
    tariff_start: time | None = None
    tariff_share: float = 1.0
    tariff_hours: float = 5.0
    random_delay_s: float = 600.0
    restart_delay_s: tuple[float, float] = (5.0, 60.0)
    owners_seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("ev_share", "session_probability", "tariff_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be in [0, 1]: {getattr(self, name)!r}")
        if not self.power_w > 0:
            raise ValueError(f"power_w must be above 0: {self.power_w!r}")

    @property
    def limit_a(self) -> float:
        """The current that a charger never passes, whatever the voltage."""
        return self.power_w / NOMINAL_VOLTAGE_V


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """The charging sessions of a street, in order of plug-in; arrays are (sessions,).

    Times are seconds after the start of the simulated window. ``energy_kwh`` is what the car wants; ``ready_s`` is the
    earliest moment at which it draws. ``has_charger`` is (homes,). ``restart_delay_s`` (homes, 64) is how long the car
    takes to draw again after its supply came back, for the first, second ... time.
    """

    has_charger: Bools
    on_tariff: Bools
    home: Integers
    plug_in_s: Floats
    ready_s: Floats
    plug_out_s: Floats
    energy_kwh: Floats
    restart_delay_s: Floats


def draw_sessions(
    homes: int, options: VehicleOptions, *, start_minute: int, minutes: int, rng: np.random.Generator
) -> Sessions:
    """Sessions of all cars in the window that starts ``start_minute`` after local midnight.

    A car comes at most once in each 24 hours from the start of the window, and not while it is still connected. Its
    connected time is at least what its energy needs at full power, as it was in the measured session.
    """
    owners = rng if options.owners_seed is None else np.random.default_rng([options.owners_seed, 5])
    cars = owners.permutation(homes)[: round(options.ev_share * homes)]
    has_charger = np.zeros(homes, dtype=np.bool_)
    has_charger[cars] = True
    on_tariff = has_charger & (rng.random(homes) < options.tariff_share) & (options.tariff_start is not None)
    days = -(-minutes // _DAY)
    rows: list[tuple[float, float, float, float, int]] = []
    free_from_s = np.zeros(homes)
    for day in range(days):
        comes = rng.random(homes) < options.session_probability
        plug_in_s, energy, connected_s = _draw_day(homes, start_minute, options.power_w, rng)
        plug_in_s += day * _DAY * 60.0
        delay_s = rng.uniform(0.0, options.random_delay_s, homes)
        ready_s = plug_in_s + np.where(on_tariff, _wait_s(plug_in_s, start_minute, options) + delay_s, 0.0)
        comes &= has_charger & (plug_in_s >= free_from_s) & (plug_in_s < minutes * 60.0)
        free_from_s = np.where(comes, plug_in_s + connected_s, free_from_s)
        rows += [
            (plug_in_s[h], ready_s[h], plug_in_s[h] + connected_s[h], energy[h], int(h)) for h in np.flatnonzero(comes)
        ]
    rows.sort()
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
    return Sessions(
        has_charger=has_charger,
        on_tariff=on_tariff,
        home=table[:, 4].astype(np.int64),
        plug_in_s=table[:, 0],
        ready_s=table[:, 1],
        plug_out_s=table[:, 2],
        energy_kwh=table[:, 3],
        restart_delay_s=rng.uniform(*options.restart_delay_s, (homes, 64)),
    )


def _draw_day(homes: int, start_minute: int, power_w: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Plug-in (s after the start of the window), energy kWh and connected time s of one session per home."""
    half_hours = len(fit.PLUG_IN_SHARE)
    share = np.array(fit.PLUG_IN_SHARE)
    bin_ = rng.choice(half_hours, size=homes, p=share / share.sum())
    minute_of_day = (bin_ + rng.random(homes)) * (_DAY / half_hours)
    block = np.searchsorted(fit.BLOCK_START_HOUR, minute_of_day / 60.0, side="right") - 1
    mean, spread = np.array(fit.LOG_KWH_MEAN)[block], np.array(fit.LOG_KWH_SD)[block]
    energy = np.clip(np.exp(rng.normal(mean, spread)), *fit.KWH_RANGE)
    place, columns = rng.random(homes), np.array(fit.CONNECTED_QUANTILE)
    rows = np.array(fit.CONNECTED_HOURS)[block]
    hours = np.array([np.interp(p, columns, row) for p, row in zip(place, rows, strict=True)])
    connected_s = np.maximum(hours * 3600.0, energy * 3.6e6 / power_w)
    return ((minute_of_day - start_minute) % _DAY) * 60.0, energy, connected_s


def _wait_s(plug_in_s: Floats, start_minute: int, options: VehicleOptions) -> Floats:
    """How long a car that comes at ``plug_in_s`` waits for the tariff: 0 inside its hours."""
    if options.tariff_start is None:
        return np.zeros_like(plug_in_s)
    opens_s = (options.tariff_start.hour * 60 + options.tariff_start.minute) * 60.0
    since_open_s = (plug_in_s + start_minute * 60.0 - opens_s) % (_DAY * 60.0)
    return np.where(since_open_s < options.tariff_hours * 3600.0, 0.0, _DAY * 60.0 - since_open_s)
