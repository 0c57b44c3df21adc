"""Inverting the thermal models: when a limit is reached, and what current may still flow.

Fuse and cable states are sums of lags that are linear in the squared current, so the current that brings a state to a
level after a given time is a closed form. The cable's resistance is taken at its limit temperature, which never allows
too much. The transformer is inverted by bisection.
"""

from __future__ import annotations

import numpy as np

from linkbox.grid import thermal
from linkbox.grid.thermal import TAU_S, CableParameters, Floats, FuseParameters, TransformerParameters

LONGEST_S = 30 * 86400.0
BISECTIONS = 26
MAX_TRANSFORMER_LOAD_PU = 1.5
"""Normal cyclic loading of a transformer under 10 MVA never exceeds this, whatever its temperatures (IEC 60076-7)."""

_GRID_S: Floats = np.concatenate([[0.0], np.geomspace(1.0, LONGEST_S, 64)])


def time_to_level_s(terms: Floats, final: Floats, tau_s: Floats, level: float | Floats) -> Floats:
    """Seconds until ``sum(terms)`` first reaches ``level`` while each term goes to its final value.

    ``terms``, ``final`` and ``tau_s`` are (terms, ...); the result (...): 0 where the level is reached already,
    infinite where it is not within 30 days. The bracket comes from 64 points in geometric progression, the rest from
    bisection.
    """
    shape = np.broadcast_shapes(terms.shape, final.shape)[1:]
    if 0 in shape:
        return np.empty(shape)
    times = _GRID_S.reshape((-1,) + (1,) * len(shape))
    over = _sum_after(terms[:, None], final[:, None], tau_s[:, None], times) >= level
    first = np.argmax(over, axis=0)
    low, high = _GRID_S[np.maximum(first - 1, 0)], _GRID_S[first]
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        reached = _sum_after(terms, final, tau_s, middle) >= level
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.asarray(np.where(over.any(axis=0), high, np.inf))


def _sum_after(terms: Floats, final: Floats, tau_s: Floats, after_s: float | Floats) -> Floats:
    return np.asarray((terms + (final - terms) * thermal.approach(after_s, tau_s)).sum(axis=0))


def fuse_time_to_melt_s(terms: Floats, current_a: Floats, fuse: FuseParameters) -> Floats:
    """Seconds until the fuse melts at a constant current."""
    return time_to_level_s(terms, thermal.fuse_steady(current_a, fuse), fuse.tau_s, 1.0)


def cable_time_to_limit_s(terms: Floats, current_a: Floats, cable: CableParameters) -> Floats:
    """Seconds until the conductor is at its limit at a constant current; resistance at the limit, so never too long."""
    final = cable.shares * thermal.cable_final_rise_k(current_a, cable.max_conductor_degc, cable)
    return time_to_level_s(terms, final, _cable_tau(terms), cable.rated_rise_k)


def _cable_tau(terms: Floats) -> Floats:
    return np.asarray(TAU_S.reshape((-1,) + (1,) * (terms.ndim - 1)))


def transformer_time_to_limit_s(
    terms: Floats, current_a: Floats, ambient_degc: Floats, transformer: TransformerParameters
) -> Floats:
    """Seconds until top oil or hot spot is at its limit at constant phase currents (feeders, 3)."""
    oil_pu, winding_pu = thermal.load_per_unit(current_a, transformer)
    final = thermal.transformer_steady(oil_pu, winding_pu, ambient_degc, transformer)
    tau, sign = transformer.tau_s, np.array([[1.0], [1.0], [-1.0]])
    hot = time_to_level_s(sign * terms, sign * final, tau, transformer.hot_spot_limit_degc)
    oil = time_to_level_s(terms[:1], final[:1], tau[:1], transformer.top_oil_limit_degc)
    return np.asarray(np.minimum(hot, oil))


def allowable_square(
    terms: Floats, gain: Floats, tau_s: Floats, *, level: Floats | float, peak: Floats | float, after_s: float
) -> Floats:
    """The constant input m >= 0 (each term going to ``gain * m``) that may flow for ``after_s``.

    The sum is at most ``level`` at the end, and at most ``peak`` when the quickest term has settled, if that can be had
    at all: a state that is over its peak already can only be brought back by the end.
    """
    brief_s = np.asarray(5.0 * tau_s[0])
    at_end = _input_for(terms, gain, tau_s, level, after_s)
    at_peak = _input_for(terms, gain, tau_s, peak, brief_s)
    return np.asarray(np.maximum(np.where(at_peak > 0.0, np.minimum(at_end, at_peak), at_end), 0.0))


def _input_for(terms: Floats, gain: Floats, tau_s: Floats, level: Floats | float, after_s: float | Floats) -> Floats:
    part = thermal.approach(after_s, tau_s)
    return np.asarray((level - (terms * (1.0 - part)).sum(axis=0)) / (gain * part).sum(axis=0))


def fuse_allowable_a(terms: Floats, fuse: FuseParameters, *, level: float, after_s: float) -> Floats:
    """The current that may flow for ``after_s`` so that the fuse then stands at most at ``level``, and does not melt
    before."""
    m = allowable_square(terms, fuse.shares, fuse.tau_s, level=level, peak=1.0, after_s=after_s)
    return np.asarray(fuse.melt_current_a * np.sqrt(m))


def cable_allowable_a(terms: Floats, cable: CableParameters, *, level: float, after_s: float) -> Floats:
    """The current that may flow for ``after_s`` so that the rise is then ``level`` of the allowed rise, or under."""
    rise = cable.rated_rise_k
    m = allowable_square(terms, cable.shares * rise, _cable_tau(terms), level=level * rise, peak=rise, after_s=after_s)
    return np.asarray(cable.rated_current_a * np.sqrt(m))


def transformer_allowable_a(
    terms: Floats, ambient_degc: Floats, transformer: TransformerParameters, *, level: float, after_s: float
) -> Floats:
    """The current (feeders,) that every phase may carry for ``after_s``, all three at once.

    At the end hot spot and top oil have risen at most ``level`` of the way from the ambient to their limits; never more
    than 1.5 times the rating. 0 where even no load would not bring the temperatures down in time. With less in the
    other phases the oil would stay cooler; that room is not given away, for they may fill.
    """
    oil_cap = ambient_degc + level * (transformer.top_oil_limit_degc - ambient_degc)
    hot_cap = ambient_degc + level * (transformer.hot_spot_limit_degc - ambient_degc)
    low = np.zeros_like(transformer.rated_current_a)
    high = np.full_like(low, MAX_TRANSFORMER_LOAD_PU)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        end = thermal.transformer_step(terms, middle, middle, transformer, ambient_degc=ambient_degc, dt_s=after_s)
        fits = (end[0] <= oil_cap) & (thermal.hot_spot_degc(end) <= hot_cap)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return np.asarray(low * transformer.rated_current_a)
