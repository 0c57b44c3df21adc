"""How well overloads are seen coming: the watch's judgement against what really became of uncontrolled streets.

Each feeder-day is a street of its own, simulated from noon to noon without control, with the fuses that it really has.
All days are then watched side by side by the production code (fleet, forecast, risk), minute by minute, with nothing
but the currents at the head; every day starts with a forecast that has never seen this street.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from linkbox.adapters.network_opendss import read_opendss_feeder
from linkbox.base.identifiers import FeederId
from linkbox.grid import thermal
from linkbox.grid.fleet import Fleet, initial_state, observe
from linkbox.grid.network import FeederModel
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.risk import RiskAssessment, RiskState, assess
from linkbox.grid.thermal import FuseParameters
from linkbox.twin.assets import Assets, assets_for
from linkbox.twin.street import Minute, Street
from linkbox.twin.vehicles import VehicleOptions

Floats = npt.NDArray[np.float64]

START = datetime(2026, 1, 13, 12, tzinfo=UTC)
WARM_UP_MIN, DAY_MIN = 360, 1440
EV_SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
TARIFFS = (None, time(0, 30))
STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederDay:
    """One day of one feeder: its cars and their tariff are drawn from ``seed``, and so is all that happens."""

    feeder: str
    seed: int

    @property
    def vehicles(self) -> VehicleOptions:
        """Share of homes with a car, whether they wait for the night tariff, and as many sessions as were measured."""
        digest = hashlib.sha256(f"{self.feeder}/{self.seed}".encode()).digest()
        return VehicleOptions(ev_share=EV_SHARES[digest[0] % len(EV_SHARES)], tariff_start=TARIFFS[digest[1] % 2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lived:
    """What a feeder-day was like: head and transformer currents (minutes, 3) in A, warm-up first, and its end.

    ``overload_min`` is the minute at whose end an asset passed its limit, ``overload_asset`` which; None: none did.
    ``sensitive_min`` is the same for the most sensitive fuse that the standard allows (pessimistic curve), whatever the
    real one did; ``sensitive_peak`` how near that one came (1: it melts). ``begun_over``: it was too late before noon.
    """

    day: FeederDay
    model: FeederModel
    head_a: npt.NDArray[np.float32]
    transformer_a: npt.NDArray[np.float32]
    overload_min: int | None
    overload_asset: str
    sensitive_min: int | None
    sensitive_peak: float = 0.0
    begun_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """What the watch said, (minutes,) each: risk state as its place in STATES, seconds to the limit, probability."""

    grade: npt.NDArray[np.int8]
    time_to_limit_s: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float32]


STATES = (
    RiskState.NORMAL,
    RiskState.WATCH,
    RiskState.BLIND,
    RiskState.AT_RISK,
    RiskState.IMMINENT,
    RiskState.EXCEEDED,
)
"""In order; from AT_RISK on, load must go."""


def live(day: FeederDay) -> Lived:
    """Simulate a feeder-day without control. Raises InvalidInput for a feeder that can not be read."""
    network = read_opendss_feeder(day.feeder)
    assets = assets_for(network)
    seed = int.from_bytes(hashlib.sha256(f"{day.feeder}:{day.seed}".encode()).digest()[:4])
    street = Street(
        network,
        assets=assets,
        start=START,
        minutes=DAY_MIN,
        seed=seed,
        vehicles=day.vehicles,
        warm_up_minutes=WARM_UP_MIN,
    )
    everyone = np.ones(network.homes)
    minutes = [*street.warm_up]
    begun_over = _over(minutes[-1], assets) is not None
    overload: tuple[int, str] | None = None
    for number in range(WARM_UP_MIN, WARM_UP_MIN + DAY_MIN):
        minute = street.step(everyone)
        minutes.append(minute)
        asset = _over(minute, assets) if overload is None else None
        overload = overload if asset is None else (number, asset)
    head = np.array([minute.head_current_a for minute in minutes], dtype=np.float32)
    sensitive = _sensitive_fuse(head, FuseParameters.of([assets.fuse.pessimistic()]))
    melted = np.flatnonzero(sensitive >= 1.0)
    return Lived(
        day=day,
        model=FeederModel(
            feeder_id=FeederId(f"{network.name}#{day.seed}".replace(" ", "-")),
            substation=network.name,
            fuse=assets.fuse,
            cable=assets.cable,
            transformer=assets.transformer,
        ),
        head_a=head,
        transformer_a=np.array([minute.transformer_current_a for minute in minutes], dtype=np.float32),
        overload_min=None if overload is None else overload[0],
        overload_asset="" if overload is None else overload[1],
        sensitive_min=int(melted[0]) + WARM_UP_MIN if melted.size else None,
        sensitive_peak=float(sensitive.max()),
        begun_over=begun_over,
    )


def _over(minute: Minute, assets: Assets) -> str | None:
    """The asset that is past its limit, if one is."""
    over = {
        "fuse": bool(minute.blown.any()),
        "cable": bool(minute.cable_degc.max() > assets.cable.max_conductor_degc),
        "transformer": minute.hot_spot_degc > assets.transformer.hot_spot_limit_degc,
    }
    return next((asset for asset, is_over in over.items() if is_over), None)


def _sensitive_fuse(head_a: npt.NDArray[np.float32], fuse: FuseParameters) -> Floats:
    """(DAY_MIN,) the state of the most sensitive fuse that the standard allows, on the phase where it is worst."""
    terms = thermal.fuse_steady(np.sqrt(np.mean(np.square(head_a[:60], dtype=np.float64), axis=0))[None, :], fuse)
    states = []
    for amps in head_a.astype(np.float64):
        terms = thermal.fuse_step(terms, amps[None, :], fuse, 60.0)
        states.append(float(terms.sum(axis=0).max()))
    return np.array(states[WARM_UP_MIN:])


def watch(lived: Sequence[Lived], policy: RiskPolicy, done: Callable[[int], None] | None = None) -> list[Watched]:
    """Watch all days side by side with the production code; ``done`` is told of every minute."""
    fleet = Fleet.of([replace(day.model, feeder_id=FeederId(f"{i}")) for i, day in enumerate(lived)])
    head = np.stack([day.head_a for day in lived], axis=1).astype(np.float64)
    banks = np.stack([day.transformer_a for day in lived], axis=1).astype(np.float64)
    at = START - WARM_UP_MIN * STEP
    state = initial_state(fleet, at, preload_a=np.sqrt(np.mean(np.square(head[:60]), axis=0)))
    nothing = np.zeros((len(lived), 3))
    before: tuple[RiskAssessment, ...] | None = None
    rows = []
    for number in range(len(head)):
        at += STEP
        state = observe(state, fleet, current_a=head[number], transformer_current_a=banks[number], at=at)
        before = assess(state, fleet, policy=policy, returning_a=nothing, at=at, previous=before)
        rows.append([(STATES.index(a.state), a.time_to_limit_s, a.probability) for a in before])
        if done is not None:
            done(number)
    table = np.array(rows, dtype=np.float64)  # (minutes, days, 3)
    return [
        Watched(
            grade=table[:, i, 0].astype(np.int8),
            time_to_limit_s=table[:, i, 1].astype(np.float32),
            probability=table[:, i, 2].astype(np.float32),
        )
        for i in range(len(lived))
    ]


def live_all(days: Sequence[FeederDay], *, workers: int, done: Callable[[], None] | None = None) -> list[Lived]:
    """Simulate all days on ``workers`` processes, in the order given."""
    found: dict[int, Lived] = {}
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = {pool.submit(live, day): place for place, day in enumerate(days)}
        for job in as_completed(jobs):
            found[jobs[job]] = job.result()
            if done is not None:
                done()
    return [found[place] for place in range(len(days))]
