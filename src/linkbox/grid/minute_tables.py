"""What the compiled minute needs beside the readings: columns by name, and every gain worked out once.

A gain is the part of the way that a first-order lag goes in a given time (``thermal.approach``); it depends on the type
and the time only, so a minute of a million feeders takes some hundred exponentials.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.cables import CableSpec
from linkbox.grid.columns import FleetColumns
from linkbox.grid.forecast import EMA_TAU_S, LEVEL_TAU_S, normal_score
from linkbox.grid.fuses import FuseSpec
from linkbox.grid.hot import HotState
from linkbox.grid.policy import RiskPolicy
from linkbox.grid.thermal import TAU_S, Floats, TransformerParameters, approach

Floats32 = NDArray[np.float32]

STAIRS = 5
"""Intervals of the forecast up to the horizon, at most."""


LONGEST_AGE_S = 3600
"""How far a state that is late is brought on in one step."""


class Series(NamedTuple):
    """The columns of ``HotState`` that a run touches."""

    fuse: Floats32
    cable: Floats32
    y: Floats32
    seen: NDArray[np.int32]
    first: NDArray[np.int32]
    ema: Floats32
    level: Floats32
    z: Floats32
    open_centre: Floats32
    open_sigma: Floats32
    open_sum: Floats32
    open_weight: NDArray[np.uint16]
    profile_sum: Floats32
    profile_count: NDArray[np.uint16]

    @classmethod
    def of(cls, state: HotState) -> Series:
        """The same arrays, not copies."""
        return cls(*(getattr(state, name) for name in cls._fields))


class Tables(NamedTuple):
    """``fuse`` (types, 8) and ``cable`` (types, 9) as ``fuse_row`` and ``cable_row`` have them; gains of one window for
    the cable (5,), averages (4,) and level; ``fuse_ahead`` (types, 7), ``cable_left`` (5, 5) and ``cable_added``
    (types, 5, 5) for the stairs of the forecast, of which there are always five, the last ones empty; their shares;
    gains of the imminent time for the cable (5,); gains of each whole second of age, up to LONGEST_AGE_S,
    ``late_cable`` (seconds, 5) and ``late_fuse`` (types, seconds, 2); the forecast model; the sieve's level."""

    fuse: Floats32
    cable: Floats32
    cable_gain: Floats32
    ema_gain: Floats32
    level_gain: np.float32
    fuse_ahead: Floats32
    cable_left: Floats32
    cable_added: Floats32
    soon_cable: Floats32
    late_cable: Floats32
    late_fuse: Floats32
    known: Floats32
    recent: Floats32
    grain: np.float32
    levels: Floats32
    share: Floats32
    stairs: int
    below: int
    weight_below: np.float32
    weight_above: np.float32
    action_level: np.float32


def fuse_row(spec: FuseSpec, *, window_s: float, soon_s: float) -> list[float]:
    """1/melt^2, element's share, body's share, gain of each in a window, time constant of each, gains until soon."""
    return [
        1.0 / spec.melt_current_a**2,
        spec.element_share,
        1.0 - spec.element_share,
        float(approach(window_s, spec.element_tau_s)),
        float(approach(window_s, spec.body_tau_s)),
        spec.element_tau_s,
        spec.body_tau_s,
        float(approach(soon_s, spec.body_tau_s)),
    ]


def left_after(durations_s: Floats, tau_s: Floats) -> Floats:
    """(stairs, terms): what is left of each term at the end of each stair."""
    return np.asarray(np.exp(-np.cumsum(durations_s)[:, None] / tau_s))


def added_after(durations_s: Floats, tau_s: Floats, shares: Floats) -> Floats:
    """(stairs, stairs): what one unit of final value during the second stair adds to the sum after the first."""
    ends = np.cumsum(durations_s)
    waits = np.maximum(ends[:, None] - ends, 0.0)
    terms = shares * approach(durations_s[None, :, None], tau_s) * np.exp(-waits[:, :, None] / tau_s)
    return np.asarray(np.tril(terms.sum(axis=-1)))


def fuse_ahead_row(spec: FuseSpec, durations_s: Floats) -> list[float]:
    """What is left of element and body after all stairs, and what each stair adds per A^2."""
    tau_s, shares = (
        np.array([spec.element_tau_s, spec.body_tau_s]),
        np.array([spec.element_share, 1 - spec.element_share]),
    )
    added = added_after(durations_s, tau_s, shares)[-1] / spec.melt_current_a**2
    return [*left_after(durations_s, tau_s)[-1].tolist(), *added.tolist()]


def cable_row(spec: CableSpec) -> list[float]:
    """Five shares, final rise per A^2 at ground temperature, the same per kelvin more, allowed rise, final rise per A^2
    with the resistance at the limit."""
    hot = 1.0 + spec.resistance_per_k * (spec.max_conductor_degc - 20.0)
    per_square = spec.rated_rise_k / spec.rated_current_a**2
    at_ground = per_square * (1.0 + spec.resistance_per_k * (spec.ambient_degc - 20.0)) / hot
    return [*spec.shares, at_ground, per_square * spec.resistance_per_k / hot, spec.rated_rise_k, per_square]


def tables_of(columns: FleetColumns, policy: RiskPolicy, *, window_s: float) -> Tables:
    """All gains of a fleet. Raises ValueError for a horizon that the forecast model does not have."""
    model = columns.model
    if policy.horizon_s not in model.horizons_s:
        raise ValueError(f"horizon {policy.horizon_s:g} s is not one of the model's {model.horizons_s}")
    if model.spread_power > 0.0 or model.window_s != window_s:
        raise ValueError("the compiled minute is for models of its window, without a profile of spreads")
    stairs = model.horizons_s.index(policy.horizon_s) + 1
    if stairs > STAIRS:
        raise ValueError(f"a horizon may have {STAIRS} intervals at most, not {stairs}")
    durations = np.zeros(STAIRS)
    durations[:stairs] = np.array(model.horizons_s[:stairs]) - np.array(model.starts_s[:stairs])
    fuses = [spec.pessimistic() for spec in columns.fuses]
    ages_s = np.arange(min(int(policy.blind_after_s), LONGEST_AGE_S) + 1, dtype=np.float64)[:, None]
    below, above_weight = _between(model.levels, policy.probability)
    return Tables(
        fuse=_table([fuse_row(f, window_s=window_s, soon_s=policy.imminent_s) for f in fuses]),
        cable=_table([cable_row(spec) for spec in columns.cables]),
        cable_gain=approach(window_s, TAU_S).astype(np.float32),
        ema_gain=approach(window_s, np.array(EMA_TAU_S)).astype(np.float32),
        level_gain=np.float32(approach(window_s, LEVEL_TAU_S)),
        fuse_ahead=_table([fuse_ahead_row(f, durations) for f in fuses]),
        cable_left=_table(left_after(durations, TAU_S)),
        cable_added=_table([added_after(durations, TAU_S, np.array(c.shares)) for c in columns.cables]),
        soon_cable=approach(policy.imminent_s, TAU_S).astype(np.float32),
        late_cable=_table(approach(ages_s, TAU_S)),
        late_fuse=_table([approach(ages_s, np.array([f.element_tau_s, f.body_tau_s])) for f in fuses]),
        known=model.coefficients[0].astype(np.float32),
        recent=model.coefficients[1].astype(np.float32),
        grain=np.float32(model.grain_a),
        levels=np.array(model.levels, dtype=np.float32),
        share=(durations / durations.sum()).astype(np.float32),
        stairs=stairs,
        below=below,
        weight_below=np.float32(1.0 - above_weight),
        weight_above=np.float32(above_weight),
        action_level=np.float32(policy.action_level),
    )


def _table(rows: object) -> Floats32:
    return np.ascontiguousarray(np.array(rows, dtype=np.float32))


def _between(levels: tuple[float, ...], probability: float) -> tuple[int, float]:
    """Which tracked level lies under a probability, and the weight of the one over it, as ``Forecast.z_at``."""
    scores = np.array([normal_score(p) for p in levels], dtype=np.float32)
    wanted = normal_score(probability)
    below = int(np.clip(np.searchsorted(scores, wanted) - 1, 0, len(scores) - 2))
    return below, float(np.float32((wanted - scores[below]) / (scores[below + 1] - scores[below])))


def bank_rows(columns: FleetColumns, *, window_s: float, horizon_s: float) -> Floats32:
    """(types, 16): rated current, rise of the oil, gradient of the hot spot, k21, ratio of losses, exponents of oil and
    winding, three time constants, their gains in a window, the oil's until the horizon, limits of oil and hot spot."""
    p = TransformerParameters.of(columns.transformers)
    names = ("rated_current_a", "top_oil_rise_k", "hot_spot_gradient_k", "k21", "loss_ratio")
    rows = [*(getattr(p, name) for name in (*names, "oil_exponent", "winding_exponent")), *p.tau_s]
    rows += [*approach(window_s, p.tau_s), approach(horizon_s, p.tau_s[0]), p.top_oil_limit_degc, p.hot_spot_limit_degc]
    return np.ascontiguousarray(np.array(rows, dtype=np.float32).T)
