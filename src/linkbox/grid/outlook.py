"""The time ahead of every feeder as arrays: forecast currents, projected states, allowed currents, times to limit.

All states of assets are fractions of the way to their limit: a fuse melts at 1; a conductor has risen from the ground
to its limit temperature at 1; a transformer from the ambient to its limit at 1, top oil or hot spot, the nearer one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from linkbox.grid import forecast, limits, thermal
from linkbox.grid.fleet import Fleet, FleetState
from linkbox.grid.forecast import Forecast, normal_score
from linkbox.grid.neutral import neutral_current_a, phase_cap_a, worst_unbalance
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.thermal import Floats

ASSETS: tuple[str, ...] = ("fuse", "cable", "transformer", "neutral")
FUSE, CABLE, TRANSFORMER, NEUTRAL = range(4)
SHARED = (TRANSFORMER, NEUTRAL)
"""Assets that have one state for all three phases."""

_SCORES = np.linspace(-6.0, 6.0, 481)
_CUMULATIVE = np.array([0.5 * (1.0 + erf(x / sqrt(2.0))) for x in _SCORES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Arrays (feeders, 3), or (assets, feeders, 3) with the assets in the order of ASSETS; NaN where a phase is blind.

    ``expected_a`` and ``upper_a`` are the constant currents that heat like the median and the upper forecast;
    ``present`` and ``projected`` fractions of the limits, now and at the horizon under the upper forecast;
    ``allowable_a`` what may flow; ``time_to_limit_s`` under the upper forecast held for ever; ``probability`` that more
    flows than what brings an asset to its limit within the horizon.

    ``neutral_a`` (feeders,) is the neutral's current at the upper forecast. ``expected_path_a`` and ``upper_path_a``
    (horizons, feeders, 3) are the forecast itself, for every interval that the model has, those beyond the horizon too.
    """

    blind: NDArray[np.bool_]
    expected_a: Floats
    upper_a: Floats
    present: Floats
    projected: Floats
    allowable_a: Floats
    time_to_limit_s: Floats
    probability: Floats
    neutral_a: Floats
    expected_path_a: Floats
    upper_path_a: Floats


def look_ahead(
    state: FleetState,
    fleet: Fleet,
    policy: RiskPolicy,
    returning_a: Floats,
    at: datetime,
    *,
    returning_sd_a: Floats | None = None,
) -> Outlook:
    """Everything that ``assess`` decides on. ``returning_a`` (feeders, 3) is held load that comes back meanwhile, and
    ``returning_sd_a`` how uncertain that is: see ``phase_unknown``.

    Raises ValueError for a horizon that the forecast model does not have.
    """
    durations_s = _durations(fleet, policy)
    steps = len(durations_s)
    demand = (state.current_a + state.held_a).astype(np.float32)
    ahead = forecast.predict(state.forecast, fleet.model, demand, at=at)
    blind: NDArray[np.bool_] = np.asarray(state.age_s(at) > policy.blind_after_s)
    shift = np.where(blind, np.nan, returning_a - state.held_a)
    ahead = replace(ahead, sigma=(ahead.sigma * _share_flowing(demand, shift)).astype(np.float32))
    back = _Shift(shift, np.zeros_like(shift) if returning_sd_a is None else returning_sd_a)
    median = _path(ahead, 0.5, back)
    path = np.maximum(_path(ahead, policy.probability, back), _ramp_guard(state, fleet, demand.astype(float)) + shift)
    expected, upper = _equivalent(median[:steps], durations_s), _equivalent(path[:steps], durations_s)
    bank = _bank_current(state, policy, at)
    uneven = worst_unbalance(expected, upper)
    hold = _allowable(state, fleet, upper, uneven, bank, level=policy.hold_level, after_s=policy.allow_s)
    critical = _allowable(state, fleet, upper, uneven, bank, level=1.0, after_s=policy.horizon_s).min(axis=0)
    present = fractions(state, fleet)
    projected = _projected(state, fleet, median[:steps], path[:steps], durations_s, bank, at)
    unknown = _unknown(state, blind, bank)
    return Outlook(
        blind=blind,
        expected_a=expected,
        upper_a=upper,
        present=np.where(unknown, np.nan, present),
        projected=np.where(unknown, np.nan, projected),
        allowable_a=np.where(blind, np.nan, hold),
        time_to_limit_s=_times_to_limit(state, fleet, upper, neutral_current_a(uneven), bank),
        probability=np.where((present >= 1.0).any(axis=0), 1.0, _exceedance(ahead, back, durations_s, critical)),
        neutral_a=neutral_current_a(uneven),
        expected_path_a=median,
        upper_path_a=path,
    )


def _unknown(state: FleetState, blind: NDArray[np.bool_], bank: Floats) -> NDArray[np.bool_]:
    """(assets, feeders, 3): whose state nobody knows. The neutral's is known only while all three phases are read."""
    unread = np.isnan(state.neutral).any(axis=0) | blind.any(axis=-1, keepdims=True)
    return np.stack([blind, blind, blind | np.isnan(bank), np.broadcast_to(unread, blind.shape)])


def _durations(fleet: Fleet, policy: RiskPolicy) -> tuple[float, ...]:
    if policy.horizon_s not in fleet.model.horizons_s:
        raise ValueError(f"horizon {policy.horizon_s:g} s is not one of the model's {fleet.model.horizons_s}")
    steps = fleet.model.horizons_s.index(policy.horizon_s) + 1
    return tuple(b - a for a, b in zip(fleet.model.starts_s, fleet.model.horizons_s, strict=True))[:steps]


@dataclass(frozen=True, slots=True)
class _Shift:
    """Load that returns less load that is held (feeders, 3): its mean, and its standard deviation."""

    mean_a: Floats
    sd_a: Floats


def _path(ahead: Forecast, probability: float, shift: _Shift) -> Floats:
    """(horizons, feeders, 3): the forecast of one probability as a staircase, less what is held, plus what returns.

    What is uncertain of the shift has nothing to do with what is uncertain of the demand, so the two distances from the
    median add up as the sides of a right angle do.
    """
    demand = ahead.quantile(probability).astype(np.float64)
    if shift.sd_a.any():
        median = ahead.quantile(0.5).astype(np.float64)
        own = abs(normal_score(probability)) * shift.sd_a
        both = median + np.copysign(np.hypot(demand - median, own), demand - median)
        demand = np.where(shift.sd_a > 0.0, both, demand)
    return np.asarray(np.maximum(demand + shift.mean_a, 0.0))


def _share_flowing(demand: NDArray[np.float32], shift: Floats) -> Floats:
    """(feeders, 3): how much of the demand's noise is left when part of it is held: load that is down does not move.

    The noise grows with the root of the load (see forecast), so that of the rest does."""
    net = np.nan_to_num((demand + shift) / np.maximum(demand, 1.0), nan=1.0)
    return np.asarray(np.sqrt(np.clip(net, 0.1, 1.0)))


def _ramp_guard(state: FleetState, fleet: Fleet, demand: Floats) -> Floats:
    """(feeders, 3) A that the upper forecast never goes below: the five-minute mean or, where the load stands above
    that by more than its noise, what flows now and as much again as it stands above.

    Cars that start together stay for hours; a map fitted to ordinary evenings expects the load to fall back.
    """
    recent = np.nan_to_num(state.forecast.ema[0].astype(np.float64), nan=0.0)
    noise = np.sqrt(np.maximum(recent, 0.0) * fleet.model.grain_a)
    climb = demand - recent - noise
    return np.asarray(np.where(climb > 0.0, demand + climb, np.minimum(recent, demand)))


def _equivalent(path_a: Floats, durations_s: tuple[float, ...]) -> Floats:
    """The constant current with the same mean square."""
    return np.asarray(np.sqrt(np.average(np.square(path_a), axis=0, weights=durations_s)))


def _bank_current(state: FleetState, policy: RiskPolicy, at: datetime) -> Floats:
    """The transformer's phase currents (feeders, 3), NaN where they are missing or too old."""
    fresh = at.timestamp() - state.transformer_seen_s <= policy.blind_after_s
    return np.asarray(np.where(np.asarray(fresh)[:, None], state.transformer_current_a, np.nan))


def _bank_then(bank: Floats, state: FleetState, then_a: Floats) -> Floats:
    """The transformer's currents when this feeder carries ``then_a``, its other feeders as they are."""
    return np.asarray(np.maximum(bank + then_a - state.current_a, 0.0))


def fractions(state: FleetState, fleet: Fleet) -> Floats:
    """(assets, feeders, 3) of the way to the limits."""
    t, ambient = fleet.transformer, state.ambient_degc
    oil = (state.transformer[0] - ambient) / (t.top_oil_limit_degc - ambient)
    hot = (thermal.hot_spot_degc(state.transformer) - ambient) / (t.hot_spot_limit_degc - ambient)
    shape = state.fuse.shape[1:]
    return np.stack(
        [
            state.fuse.sum(axis=0),
            state.cable.sum(axis=0) / fleet.cable.rated_rise_k,
            np.broadcast_to(np.maximum(oil, hot)[:, None], shape),
            np.broadcast_to(state.neutral.sum(axis=0) / fleet.neutral.rated_rise_k, shape),
        ]
    )


def _projected(
    state: FleetState,
    fleet: Fleet,
    median: Floats,
    path: Floats,
    durations_s: tuple[float, ...],
    bank: Floats,
    at: datetime,
) -> Floats:
    """Fractions at the horizon; a state that is some minutes old is first brought up to date."""
    fuse, cable, transformer, neutral = state.fuse, state.cable, state.transformer, state.neutral
    age_s = state.age_s(at)
    waited = np.where(np.isfinite(age_s), age_s, 0.0)
    neutral_path = neutral_current_a(worst_unbalance(median, path))[..., None]
    for i, seconds in enumerate(durations_s):
        dt_s = seconds + waited if i == 0 else seconds
        fuse = thermal.fuse_step(fuse, path[i], fleet.fuse, dt_s)
        cable = thermal.cable_step(cable, path[i], fleet.cable, dt_s)
        longest_s = seconds + waited.max(axis=-1, keepdims=True) if i == 0 else seconds
        neutral = thermal.cable_step(neutral, neutral_path[i], fleet.neutral, longest_s)
        oil_pu, winding_pu = thermal.load_per_unit(_bank_then(bank, state, path[i]), fleet.transformer)
        transformer = thermal.transformer_step(
            transformer, oil_pu, winding_pu, fleet.transformer, ambient_degc=state.ambient_degc, dt_s=seconds
        )
    return fractions(replace(state, fuse=fuse, cable=cable, transformer=transformer, neutral=neutral), fleet)


def _allowable(
    state: FleetState, fleet: Fleet, upper: Floats, uneven: Floats, bank: Floats, *, level: float, after_s: float
) -> Floats:
    """(assets, feeders, 3): the feeder's current that each asset allows for ``after_s``; infinite without a reading.

    ``uneven`` (feeders, 3) are the currents of the forecast under which the neutral carries the most.
    """
    bank_upper = _bank_then(bank, state, upper)
    room = _transformer_allowable(state, fleet, bank_upper, level, after_s)[:, None] - bank_upper
    neutral = limits.cable_allowable_a(state.neutral, fleet.neutral, level=level, after_s=after_s)[:, 0]
    capped = phase_cap_a(uneven, neutral)
    return np.stack(
        [
            limits.fuse_allowable_a(state.fuse, fleet.fuse, level=level, after_s=after_s),
            limits.cable_allowable_a(state.cable, fleet.cable, level=level, after_s=after_s),
            np.where(np.isnan(room), np.inf, np.maximum(upper + room, 0.0)),
            np.where(np.isnan(capped), np.inf, capped),
        ]
    )


def _transformer_allowable(state: FleetState, fleet: Fleet, bank_upper: Floats, level: float, after_s: float) -> Floats:
    """What each phase of the transformer may carry (feeders,). Worked out where it will be loaded over its rating or is
    warm; elsewhere its rating, which no ambient of GB lets near a limit."""
    allowed = fleet.transformer.rated_current_a.copy()
    _, winding_pu = thermal.load_per_unit(bank_upper, fleet.transformer)
    fraction = fractions(state, fleet)[TRANSFORMER, :, 0]
    rows = np.flatnonzero((winding_pu >= 1.0) | ((fraction >= 0.6) & np.isfinite(winding_pu)))
    if rows.size:
        allowed[rows] = limits.transformer_allowable_a(
            state.transformer[:, rows],
            state.ambient_degc[rows],
            fleet.transformer.take(rows),
            level=level,
            after_s=after_s,
        )
    return allowed


def _times_to_limit(state: FleetState, fleet: Fleet, upper: Floats, neutral: Floats, bank: Floats) -> Floats:
    """(assets, feeders, 3) seconds, worked out only where the upper forecast, held for ever, passes a limit."""
    times = np.full((len(ASSETS), *upper.shape), np.inf)
    over = (upper >= fleet.fuse.melt_current_a) | (upper >= fleet.cable.rated_current_a)
    hot = fractions(state, fleet) >= 1.0
    rows = np.flatnonzero((over | hot.any(axis=0)).any(axis=-1))
    times[FUSE, rows] = limits.fuse_time_to_melt_s(state.fuse[:, rows], upper[rows], fleet.fuse.take(rows))
    times[CABLE, rows] = limits.cable_time_to_limit_s(state.cable[:, rows], upper[rows], fleet.cable.take(rows))
    bank_upper = _bank_then(bank, state, upper)
    _, winding_pu = thermal.load_per_unit(bank_upper, fleet.transformer)
    banks = np.flatnonzero((winding_pu >= 1.0) | hot[TRANSFORMER, :, 0])
    times[TRANSFORMER, banks] = limits.transformer_time_to_limit_s(
        state.transformer[:, banks], bank_upper[banks], state.ambient_degc[banks], fleet.transformer.take(banks)
    )[:, None]
    laden = np.flatnonzero((neutral[:, None] >= fleet.neutral.rated_current_a).any(axis=-1) | hot[NEUTRAL, :, 0])
    times[NEUTRAL, laden] = limits.cable_time_to_limit_s(
        state.neutral[:, laden], neutral[laden, None], fleet.neutral.take(laden)
    )
    return np.where(np.isnan(upper), np.inf, times)


def _exceedance(ahead: Forecast, shift: _Shift, durations_s: tuple[float, ...], critical: Floats) -> Floats:
    """The probability that the equivalent current of the next minutes is over ``critical``.

    Between the tracked quantiles, and beyond them, the normal score is taken as linear in the current.
    """
    steps = len(durations_s)
    scores = [normal_score(p) for p in ahead.levels]
    amps = [_equivalent(_path(ahead, p, shift)[:steps], durations_s) for p in ahead.levels]
    score = np.full(critical.shape, np.nan)
    for i in range(len(scores) - 1):
        slope = (scores[i + 1] - scores[i]) / np.maximum(amps[i + 1] - amps[i], 1e-6)
        here = np.isnan(score) & ((critical < amps[i + 1]) | (i == len(scores) - 2))
        score = np.where(here, scores[i] + slope * (critical - amps[i]), score)
    return np.asarray(1.0 - np.interp(score, _SCORES, _CUMULATIVE))
