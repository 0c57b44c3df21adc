"""All watched feeders as arrays, their state, and the step that takes in one minute of readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.base.time import require_utc
from linkbox.grid import forecast, thermal
from linkbox.grid.forecast import ForecastModel, ForecastState
from linkbox.grid.forecast_model import ONE_MINUTE_MODEL
from linkbox.grid.network import FeederModel
from linkbox.grid.neutral import neutral_current_a
from linkbox.grid.thermal import CableParameters, Floats, FuseParameters, TransformerParameters

WINDOW_S = 60.0
"""A reading is the mean current of this long before its time."""

DEFAULT_PRELOAD = 0.4
"""Load before the first reading, as a share of what the head cable may carry, where nobody knows better: the slow
terms of a cable remember weeks, and a cold start would promise room that is not there."""

DEFAULT_AMBIENT_DEGC = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Feeders as parameter arrays, in the order of ``feeders``. Fuses are the pessimistic ones: the alarm set.
    ``neutral`` are the neutrals of the cables, as conductors of their own."""

    feeders: tuple[FeederModel, ...]
    fuse: FuseParameters
    cable: CableParameters
    transformer: TransformerParameters
    model: ForecastModel
    neutral: CableParameters

    @classmethod
    def of(cls, feeders: Sequence[FeederModel], *, model: ForecastModel = ONE_MINUTE_MODEL) -> Fleet:
        """The fleet of some feeders, whose ids must differ. Raises ValueError where two are the same."""
        if len({f.feeder_id for f in feeders}) != len(feeders):
            raise ValueError("a fleet needs feeders with different ids")
        return cls(
            feeders=tuple(feeders),
            fuse=FuseParameters.of([f.fuse.pessimistic() for f in feeders]),
            cable=CableParameters.of([f.cable for f in feeders]),
            transformer=TransformerParameters.of([f.transformer for f in feeders]),
            model=model,
            neutral=CableParameters.of([f.cable.neutral() for f in feeders]),
        )

    @property
    def ids(self) -> tuple[FeederId, ...]:
        """The feeder ids, in array order."""
        return tuple(f.feeder_id for f in self.feeders)

    def __len__(self) -> int:
        return len(self.feeders)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetState:
    """What is known of every feeder after the readings of ``at``. Arrays are read-only; last axis the phases.

    ``fuse`` (2, feeders, 3) fractions of melting; ``cable`` (5, feeders, 3) K over ground; ``transformer`` (3,
    feeders); ``current_a`` and ``transformer_current_a`` the last readings, NaN before the first; ``seen_s`` and
    ``transformer_seen_s`` their times in seconds since 1970; ``held_a`` the load held down then. ``neutral`` (5,
    feeders, 1) K over ground, followed while all three phases are read, last at ``neutral_seen_s`` (feeders,); NaN
    where it is not followed.
    """

    at: datetime
    fuse: Floats
    cable: Floats
    transformer: Floats
    current_a: Floats
    seen_s: Floats
    transformer_current_a: Floats
    transformer_seen_s: Floats
    held_a: Floats
    ambient_degc: Floats
    forecast: ForecastState
    neutral: Floats
    neutral_seen_s: Floats

    def age_s(self, at: datetime) -> Floats:
        """Seconds since each phase was last read (feeders, 3); infinite before the first reading."""
        return np.asarray(np.where(np.isnan(self.seen_s), np.inf, at.timestamp() - self.seen_s))


def initial_state(
    fleet: Fleet, at: datetime, *, preload_a: Floats | float | None = None, ambient_degc: float = DEFAULT_AMBIENT_DEGC
) -> FleetState:
    """The state after a long time at ``preload_a`` (a scalar or (feeders, 3)); without it, at DEFAULT_PRELOAD."""
    n = len(fleet)
    load = DEFAULT_PRELOAD * np.minimum(fleet.cable.rated_current_a, fleet.fuse.melt_current_a)
    currents = np.broadcast_to(load if preload_a is None else np.asarray(preload_a, dtype=np.float64), (n, 3))
    pu = np.minimum(thermal.load_per_unit(currents, fleet.transformer)[1], 1.0)
    unknown = np.full((n, 3), np.nan)
    return frozen(
        FleetState(
            at=require_utc(at),
            fuse=thermal.fuse_steady(currents, fleet.fuse),
            cable=thermal.cable_steady(currents, fleet.cable),
            transformer=thermal.transformer_steady(pu, pu, ambient_degc, fleet.transformer),
            current_a=unknown,
            seen_s=unknown.copy(),
            transformer_current_a=unknown.copy(),
            transformer_seen_s=np.full(n, np.nan),
            held_a=np.zeros((n, 3)),
            ambient_degc=np.full(n, ambient_degc),
            forecast=forecast.start(n, fleet.model, at),
            neutral=thermal.cable_steady(_neutral_preload(fleet, load, preload_a, currents), fleet.neutral),
            neutral_seen_s=np.full(n, np.nan),
        )
    )


def _neutral_preload(fleet: Fleet, load: Floats, preload_a: Floats | float | None, currents: Floats) -> Floats:
    """(feeders, 1): what the given phase currents leave in the neutral; where none are given, its share of the load
    that the phases are taken to have had, for nobody knows how it was balanced."""
    if preload_a is not None:
        return neutral_current_a(currents)[:, None]
    return np.asarray(load * fleet.neutral.rated_current_a / fleet.cable.rated_current_a)


def observe(
    state: FleetState,
    fleet: Fleet,
    *,
    current_a: NDArray[np.float64],
    transformer_current_a: NDArray[np.float64],
    at: datetime,
    held_a: NDArray[np.float64] | None = None,
    ambient_degc: float | None = None,
) -> FleetState:
    """The state after the readings (feeders, 3) of the minute that ended at ``at``; NaN is a missing reading.

    A phase that was not read keeps its state and grows older. When readings come back after a gap, the gap is filled
    with the larger of the two currents beside it. ``held_a`` (feeders, 3) is load known to be held down now: the
    forecast then follows the demand beneath, and does not take a curtailment for calm. Readings of one minute may come
    in several calls. Raises ValueError for a time before the state's, or not after the last reading of a phase.
    """
    if require_utc(at) < state.at or bool((np.isfinite(current_a) & (state.seen_s >= at.timestamp())).any()):
        raise ValueError(f"readings of {at.isoformat()} do not come after those before, at {state.at.isoformat()}")
    held = np.zeros_like(state.held_a) if held_a is None else np.asarray(held_a, dtype=np.float64)
    ambient = state.ambient_degc if ambient_degc is None else np.full(len(fleet), ambient_degc)
    seen = np.isfinite(current_a)
    dt_s = np.where(np.isnan(state.seen_s), WINDOW_S, at.timestamp() - state.seen_s)
    heated = _heat_phases(state, fleet, np.asarray(current_a, dtype=np.float64), dt_s, seen)
    heated = _heat_neutrals(heated, fleet, np.asarray(current_a, dtype=np.float64), at)
    warmed = _heat_transformers(heated, fleet, np.asarray(transformer_current_a, dtype=np.float64), ambient, at)
    demand = (np.where(seen, current_a, np.nan) + held).astype(np.float32)
    learned = forecast.observe(state.forecast, fleet.model, demand, dt_s=dt_s.astype(np.float32), at=at)
    return frozen(
        replace(
            warmed,
            at=at,
            current_a=np.where(seen, current_a, state.current_a),
            seen_s=np.where(seen, at.timestamp(), state.seen_s),
            held_a=held,
            ambient_degc=ambient,
            forecast=learned,
        )
    )


def _heat_phases(state: FleetState, fleet: Fleet, y: Floats, dt_s: Floats, seen: NDArray[np.bool_]) -> FleetState:
    fuse, cable = state.fuse, state.cable
    now = np.where(seen, y, 0.0)
    gap_s = np.where(seen, np.maximum(dt_s - WINDOW_S, 0.0), 0.0)
    if gap_s.any():
        worst = np.fmax(now, state.current_a)
        fuse = thermal.fuse_step(fuse, worst, fleet.fuse, gap_s)
        cable = thermal.cable_step(cable, worst, fleet.cable, gap_s)
    step_s = np.where(seen, np.minimum(dt_s, WINDOW_S), 0.0)
    uniform = WINDOW_S if bool((step_s == WINDOW_S).all()) else step_s
    return replace(
        state,
        fuse=thermal.fuse_step(fuse, now, fleet.fuse, uniform),
        cable=thermal.cable_step(cable, now, fleet.cable, uniform),
    )


def _heat_neutrals(state: FleetState, fleet: Fleet, y: Floats, at: datetime) -> FleetState:
    """A neutral is heated where all three phases are read; a gap with the larger of the currents at its two ends."""
    now = neutral_current_a(y)
    seen = np.isfinite(now)
    dt_s = np.where(np.isnan(state.neutral_seen_s), WINDOW_S, at.timestamp() - state.neutral_seen_s)
    gap_s = np.where(seen, np.maximum(dt_s - WINDOW_S, 0.0), 0.0)[:, None]
    step_s = np.where(seen, np.minimum(dt_s, WINDOW_S), 0.0)[:, None]
    flows, terms = np.where(seen, now, 0.0)[:, None], state.neutral
    if gap_s.any():
        worst = np.fmax(flows, neutral_current_a(state.current_a)[:, None])
        terms = thermal.cable_step(terms, worst, fleet.neutral, gap_s)
    return replace(
        state,
        neutral=thermal.cable_step(terms, flows, fleet.neutral, step_s),
        neutral_seen_s=np.where(seen, at.timestamp(), state.neutral_seen_s),
    )


def _heat_transformers(state: FleetState, fleet: Fleet, y: Floats, ambient: Floats, at: datetime) -> FleetState:
    seen: NDArray[np.bool_] = np.asarray(np.isfinite(y).all(axis=-1))
    dt_s = np.where(np.isnan(state.transformer_seen_s), WINDOW_S, at.timestamp() - state.transformer_seen_s)
    now = np.where(seen[:, None], y, 0.0)
    oil_pu, winding_pu = thermal.load_per_unit(now, fleet.transformer)
    if bool((seen & (dt_s > WINDOW_S)).any()):
        before = np.where(np.isnan(state.transformer_current_a), 0.0, state.transformer_current_a)
        worst_oil, worst_winding = thermal.load_per_unit(np.maximum(now, before), fleet.transformer)
        gap_s = np.where(seen, np.maximum(dt_s - WINDOW_S, 0.0), 0.0)
        state = replace(
            state,
            transformer=thermal.transformer_step(
                state.transformer, worst_oil, worst_winding, fleet.transformer, ambient_degc=ambient, dt_s=gap_s
            ),
        )
    step_s = np.where(seen, np.minimum(dt_s, WINDOW_S), 0.0)
    terms = thermal.transformer_step(
        state.transformer, oil_pu, winding_pu, fleet.transformer, ambient_degc=ambient, dt_s=step_s
    )
    return replace(
        state,
        transformer=terms,
        transformer_current_a=np.where(seen[:, None], y, state.transformer_current_a),
        transformer_seen_s=np.where(seen, at.timestamp(), state.transformer_seen_s),
    )


def frozen(state: FleetState) -> FleetState:
    """The same state, its own arrays closed to writing."""
    own = ("fuse", "cable", "transformer", "current_a", "seen_s", "transformer_current_a", "held_a", "neutral")
    for name in own:
        getattr(state, name).setflags(write=False)
    for name in ("ema", "level", "observed_s", "z", "open_centre", "open_sigma", "open_sum", "open_weight_s"):
        getattr(state.forecast, name).setflags(write=False)
    return state
