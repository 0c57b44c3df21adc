"""Cyclic ratings: the peak of a day that repeats for ever and just brings an asset to its limit.

Every state is a lag of what heats it, so the state under a repeating day is that day's heating times a fixed matrix,
and the day that reaches the limit is found without simulating weeks. A cable's own cyclic factor (EREC P17, or the
distributor's table) replaces what is worked out here: ``CableSpec.cyclic_factor``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from linkbox.grid import thermal
from linkbox.grid.cables import CableSpec
from linkbox.grid.fuses import FuseSpec
from linkbox.grid.limits import BISECTIONS, MAX_TRANSFORMER_LOAD_PU
from linkbox.grid.thermal import TAU_S, CableParameters, Floats, TransformerParameters
from linkbox.grid.transformers import TransformerSpec

WINTER_DAY: tuple[float, ...] = (
    *(0.34, 0.28, 0.24, 0.23, 0.23, 0.27, 0.37, 0.53, 0.56, 0.50, 0.48, 0.49),
    *(0.52, 0.49, 0.48, 0.53, 0.73, 0.95, 1.00, 0.95, 0.89, 0.81, 0.65, 0.47),
)
"""Current of a GB winter weekday by local hour over its peak, without cars: the shape of Elexon's profile class 1, load
factor 0.54. Currents between two hours are on the straight line between them."""

STEP_S = 600.0
_DAY_S = 86400.0
_SETTLED_K = 1e-6
_MOST = 6.0
"""No asset carries a daily peak of more than this many times its rating."""


def _day(shape: tuple[float, ...]) -> Floats:
    """(steps,): the shape in steps of STEP_S, its highest one 1."""
    if len(shape) != 24 or not all(0.0 <= value < np.inf for value in shape) or not max(shape) > 0.0:
        raise ValueError(f"a day's shape must be 24 finite currents of 0 and more, one of them above: {shape}")
    hours = (np.arange(round(_DAY_S / STEP_S)) + 0.5) * STEP_S / 3600.0
    found = np.interp(hours, np.arange(25) + 0.5, (*shape, shape[0]))
    early = hours < 0.5
    found[early] = shape[-1] + (shape[0] - shape[-1]) * (hours[early] + 0.5)
    return np.asarray(found / found.max())


def repeated(tau_s: float) -> Floats:
    """(steps, steps): from a day's final values to the state at the end of each step, that day repeating for ever."""
    steps = round(_DAY_S / STEP_S)
    left = np.exp(-STEP_S / tau_s)
    waits = (np.arange(steps)[:, None] - np.arange(steps)) % steps
    return np.asarray((1.0 - left) * left**waits / (1.0 - left**steps))


@lru_cache(maxsize=512)
def fuse_cyclic_a(spec: FuseSpec, shape: tuple[float, ...] = WINTER_DAY) -> float:
    """The peak of the day that brings this fuse to melting."""
    shares = (spec.element_share, 1.0 - spec.element_share)
    parts = zip(shares, (spec.element_tau_s, spec.body_tau_s), strict=True)
    response = np.sum([share * repeated(tau_s) for share, tau_s in parts], axis=0)
    return float(spec.melt_current_a / np.sqrt((response @ _day(shape) ** 2).max()))


@lru_cache(maxsize=512)
def cable_cyclic_a(spec: CableSpec, shape: tuple[float, ...] = WINTER_DAY) -> float:
    """The peak of the day that brings this conductor to its limit; by ``cyclic_factor`` where the type has one.

    With the resistance of its temperature the rise heats itself: it is worked out again until it settles.
    """
    if spec.cyclic_factor is not None:
        return spec.cyclic_factor * spec.rated_current_a
    cable, day = CableParameters.of([spec]), _day(shape)
    response = np.sum([a * repeated(tau_s) for a, tau_s in zip(spec.shares, TAU_S, strict=True)], axis=0)

    def fits(times: float) -> bool:
        amps = (times * spec.rated_current_a * day)[:, None]
        cold = thermal.cable_final_rise_k(amps, cable.ground_degc, cable)[:, 0]
        per_k = thermal.cable_final_rise_k(amps, cable.ground_degc + 1.0, cable)[:, 0] - cold
        rise = before = np.zeros_like(cold)
        while rise.max() <= spec.rated_rise_k:  # it only climbs: past the limit, or to where it settles
            rise, before = response @ (cold + per_k * rise), rise
            if (rise - before).max() < _SETTLED_K:
                return bool(rise.max() <= spec.rated_rise_k)
        return False

    return spec.rated_current_a * _highest(fits)


@lru_cache(maxsize=512)
def transformer_cyclic_a(spec: TransformerSpec, ambient_degc: float, shape: tuple[float, ...] = WINTER_DAY) -> float:
    """The peak of the day, on all three phases, that brings top oil or hot spot to its limit in a constant ambient;
    never more than 1.5 times the rating (IEC 60076-7, normal cyclic loading)."""
    transformer, day = TransformerParameters.of([spec]), _day(shape)
    lags = [repeated(float(tau_s)) for tau_s in transformer.tau_s[:, 0]]

    def fits(times: float) -> bool:
        final = thermal.transformer_steady(times * day, times * day, ambient_degc, transformer)
        terms = np.stack([lag @ values for lag, values in zip(lags, final, strict=True)])
        hot = thermal.hot_spot_degc(terms).max() <= spec.hot_spot_limit_degc
        return bool(hot and terms[0].max() <= spec.top_oil_limit_degc)

    return spec.rated_current_a * min(_highest(fits), MAX_TRANSFORMER_LOAD_PU)


def _highest(fits: Callable[[float], bool]) -> float:
    """The largest factor that fits, by bisection; 0 where none does."""
    low, high = 0.0, _MOST
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
