"""Electricity demand of GB homes on a winter weekday, minute by minute, from occupancy and appliance events.

The method is that of Richardson et al. (2010): people who are at home and awake start appliances, each with its own
hours, power and duration; lighting follows darkness; cold appliances and standby run always. Households differ in size,
equipment and habits. No electric space heating but portable heaters, no storage heaters, no heat pumps.

What it is calibrated to (tests hold it there): a mean of 0.45 to 0.55 kW per home on a winter weekday (11 to 13 kWh,
the level of the CREST model with GB defaults in winter), an evening peak after diversity of 0.9 to 1.5 kW per home
between 17:00 and 20:00 (the order of the after-diversity maximum demand that GB distributors used for homes without
electric heating), a night minimum under half the mean. Events per day and powers of single appliances are plausible
round figures, not measurements. The generator gives those aggregates and the spikiness of 1-minute data; it says
nothing of a named home.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from linkbox.twin.occupancy import active_persons

Floats = npt.NDArray[np.float64]

POWER_FACTOR = 0.95
LEAD_MINUTES = 180
"""The simulation starts this much earlier than asked, so that appliances are already running."""

HABIT_SPREAD = 0.30
"""Standard deviation of the log of a household's activity against others of its size."""

_DAY = 24 * 60
_HOURS = np.arange(25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """A kind of appliance: who has it, how often it is started, when, how strong and how long.

    ``per_day`` is the mean number of starts per day in a household of 2.3 persons that has it; ``peaks`` are (local
    hour, weight, width in hours) of bells over a flat ``floor``; starts happen only while someone is awake at home.
    ``power_w`` and ``minutes`` are ranges, drawn evenly for each start.
    """

    name: str
    owned_share: float
    per_day: float
    peaks: tuple[tuple[float, float, float], ...]
    floor: float
    power_w: tuple[float, float]
    minutes: tuple[int, int]


APPLIANCES = (
    Appliance(
        name="kettle",
        owned_share=0.97,
        per_day=6.0,
        peaks=((7.5, 2.0, 1.0), (17.5, 0.8, 2.0)),
        floor=0.6,
        power_w=(2000.0, 3000.0),
        minutes=(2, 4),
    ),
    Appliance(
        name="oven and hob",
        owned_share=0.62,
        per_day=1.7,
        peaks=((12.5, 0.5, 0.9), (18.0, 2.0, 1.2)),
        floor=0.06,
        power_w=(1200.0, 3000.0),
        minutes=(20, 60),
    ),
    Appliance(
        name="microwave",
        owned_share=0.90,
        per_day=1.8,
        peaks=((7.5, 0.5, 1.0), (12.5, 0.7, 1.0), (18.3, 1.2, 1.5)),
        floor=0.1,
        power_w=(1000.0, 1400.0),
        minutes=(2, 8),
    ),
    Appliance(
        name="electric shower",
        owned_share=0.45,
        per_day=1.5,
        peaks=((7.2, 2.5, 0.8), (20.0, 0.8, 2.0)),
        floor=0.1,
        power_w=(7500.0, 9500.0),
        minutes=(4, 9),
    ),
    Appliance(
        name="washing machine, heating",
        owned_share=0.95,
        per_day=0.55,
        peaks=((9.5, 1.0, 2.0), (18.5, 0.8, 2.0)),
        floor=0.2,
        power_w=(1800.0, 2200.0),
        minutes=(15, 25),
    ),
    Appliance(
        name="tumble dryer",
        owned_share=0.50,
        per_day=0.45,
        peaks=((11.0, 0.6, 2.5), (19.5, 1.0, 2.0)),
        floor=0.1,
        power_w=(2000.0, 2600.0),
        minutes=(40, 75),
    ),
    Appliance(
        name="dishwasher, heating",
        owned_share=0.45,
        per_day=0.70,
        peaks=((19.5, 1.5, 1.5), (9.0, 0.3, 1.5)),
        floor=0.05,
        power_w=(1800.0, 2200.0),
        minutes=(20, 35),
    ),
    Appliance(
        name="television and computer",
        owned_share=0.97,
        per_day=3.4,
        peaks=((19.5, 1.6, 2.2), (8.0, 0.3, 1.5)),
        floor=0.35,
        power_w=(80.0, 260.0),
        minutes=(45, 150),
    ),
    Appliance(
        name="portable heater",
        owned_share=0.20,
        per_day=1.2,
        peaks=((7.5, 0.8, 1.2), (19.0, 1.5, 2.0)),
        floor=0.15,
        power_w=(800.0, 2000.0),
        minutes=(40, 120),
    ),
    Appliance(
        name="iron, vacuum cleaner, hair dryer",
        owned_share=0.95,
        per_day=1.0,
        peaks=((7.5, 1.0, 1.0), (10.5, 0.6, 2.0), (18.5, 0.7, 2.0)),
        floor=0.1,
        power_w=(1000.0, 2000.0),
        minutes=(5, 20),
    ),
)


def household_demand_w(homes: int, *, start_minute: int, minutes: int, rng: np.random.Generator) -> Floats:
    """Active power of each home, (homes, minutes), W, mean over each minute.

    ``start_minute`` is minutes after local midnight; every day of the window is a winter weekday. The same generator
    state gives the same demand.
    """
    lead = start_minute - LEAD_MINUTES
    span = minutes + LEAD_MINUTES
    active, size = active_persons(homes, start_minute=lead % _DAY, minutes=span, rng=rng)
    clock = (lead + np.arange(span)) % _DAY
    activity = np.exp(rng.normal(-0.5 * HABIT_SPREAD**2, HABIT_SPREAD, homes)) * (0.55 + 0.45 * size / 2.3)
    demand = _standing_w(homes, clock, rng) + _lighting_w(active, clock, rng)
    for appliance in APPLIANCES:
        demand += _events_w(appliance, active > 0, clock, activity, rng)
    return demand[:, LEAD_MINUTES:]


def _standing_w(homes: int, clock: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Standby, refrigeration that cycles, and the pump and fan of a gas boiler in heating hours: (homes, minutes)."""
    standby = rng.lognormal(np.log(88.0), 0.45, homes)
    period = rng.uniform(40, 75, homes)
    running = ((np.arange(len(clock)) + rng.uniform(0, 75, homes)[:, None]) / period[:, None]) % 1.0 < 0.38
    cold = rng.uniform(85, 200, homes)[:, None] * running
    shift = rng.integers(-45, 46, homes)[:, None]
    local = (clock + shift) % _DAY
    heating = ((local >= 6 * 60) & (local < 9 * 60)) | ((local >= 16 * 60) & (local < 22 * 60))
    boiler = rng.uniform(60, 120, homes)[:, None] * heating
    return np.asarray(standby[:, None] + cold + boiler)


def _lighting_w(active: npt.NDArray[np.int64], clock: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Light while someone is awake and it is dark (winter: dark until 8, from 16 on), shared within a household."""
    darkness = np.interp(clock / 60.0, (0.0, 7.3, 8.5, 15.0, 16.8, 24.0), (1.0, 1.0, 0.12, 0.12, 1.0, 1.0))
    per_room = rng.lognormal(np.log(84.0), 0.5, len(active))
    return np.asarray(per_room[:, None] * np.sqrt(active) * darkness)


def _events_w(
    appliance: Appliance,
    awake: npt.NDArray[np.bool_],
    clock: npt.NDArray[np.int64],
    activity: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Demand of one kind of appliance, (homes, minutes): starts by chance, each a block of power; blocks add up."""
    homes, span = awake.shape
    hours = np.arange(_DAY) / 60.0
    shape = np.full(_DAY, appliance.floor)
    for hour, weight, width in appliance.peaks:
        apart = np.abs(hours - hour)
        shape += weight * np.exp(-0.5 * (np.minimum(apart, 24 - apart) / width) ** 2)
    rate = appliance.per_day * shape / float(np.sum(shape * _awake_share()))
    owned = rng.random(homes) < appliance.owned_share
    chance = rate[clock] * (activity * owned)[:, None] * awake
    home, minute = np.nonzero(rng.random((homes, span)) < chance)
    power = rng.uniform(*appliance.power_w, len(home))
    until = np.minimum(minute + rng.integers(appliance.minutes[0], appliance.minutes[1] + 1, len(home)), span)
    change = np.zeros((homes, span + 1))
    np.add.at(change, (home, minute), power)
    np.add.at(change, (home, until), -power)
    return np.asarray(np.maximum(np.cumsum(change, axis=1)[:, :span], 0.0))


@cache
def _awake_share() -> Floats:
    """(1440,) how likely at least one person of an average household is awake at home; normalises the rates."""
    active, _ = active_persons(2000, start_minute=0, minutes=_DAY, rng=np.random.default_rng(0))
    return np.asarray((active > 0).mean(axis=0))
