"""Thermal steps of fuse, cable and transformer: exact for an input held constant over the step, any length of step.

Pure and broadcastable: the leading axis of a state holds its terms, the rest is whatever shape the caller works in
((3,) for one street, (feeders, 3) for a fleet). Parameters are arrays that broadcast against that shape, or scalars.
The same functions advance the twin (expected parameters) and the controller (pessimistic ones).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from linkbox.grid.cables import CABLE_TAU_S, CableSpec
from linkbox.grid.fuses import FuseSpec
from linkbox.grid.transformers import TransformerSpec

Floats: TypeAlias = NDArray[np.float64]
TAU_S: Floats = np.array(CABLE_TAU_S)


def approach(dt_s: float | Floats, tau_s: float | Floats) -> Floats:
    """The part of the way to its final value that a first-order lag goes in ``dt_s``: ``1 - exp(-dt/tau)``."""
    return np.asarray(-np.expm1(-np.asarray(dt_s, dtype=np.float64) / tau_s))


def _column(values: Sequence[float]) -> Floats:
    """(n,) as (n, 1), to stand against the phases."""
    return np.array(values, dtype=np.float64)[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseParameters:
    """Fuses as arrays that broadcast against the currents: (feeders, 1), or scalars in 0-d arrays for one fuse."""

    melt_current_a: Floats
    element_share: Floats
    element_tau_s: Floats
    body_tau_s: Floats

    @classmethod
    def of(cls, specs: Sequence[FuseSpec]) -> FuseParameters:
        """One row per spec, shape (specs, 1)."""
        return cls(
            melt_current_a=_column([s.melt_current_a for s in specs]),
            element_share=_column([s.element_share for s in specs]),
            element_tau_s=_column([s.element_tau_s for s in specs]),
            body_tau_s=_column([s.body_tau_s for s in specs]),
        )

    def take(self, rows: NDArray[np.intp]) -> FuseParameters:
        """Some of the fuses."""
        return FuseParameters(**{n: getattr(self, n)[rows] for n in self.__slots__})

    @property
    def shares(self) -> Floats:
        """(2, feeders, 1): what part of the state is the element's and what the body's."""
        return np.stack([self.element_share, 1.0 - self.element_share])

    @property
    def tau_s(self) -> Floats:
        """(2, feeders, 1): the two time constants."""
        return np.stack([self.element_tau_s, self.body_tau_s])


def fuse_steady(current_a: Floats, fuse: FuseParameters) -> Floats:
    """The two terms (2, ...) after a long time at ``current_a``."""
    return np.asarray(fuse.shares * (current_a / fuse.melt_current_a) ** 2)


def fuse_step(terms: Floats, current_a: Floats, fuse: FuseParameters, dt_s: float | Floats) -> Floats:
    """Advance element and body, shape (2, ...), by ``dt_s`` at ``current_a`` (A rms). The fuse melts at sum 1.

    Source: reference section 1.1 model B, calibrated to published gG curves.
    """
    return np.asarray(terms + (fuse_steady(current_a, fuse) - terms) * approach(dt_s, fuse.tau_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class CableParameters:
    """Cables as arrays that broadcast against the currents; ``shares`` has the five terms first: (5, feeders, 1)."""

    rated_current_a: Floats
    ground_degc: Floats
    max_conductor_degc: Floats
    resistance_per_k: Floats
    shares: Floats

    @classmethod
    def of(cls, specs: Sequence[CableSpec]) -> CableParameters:
        """One row per spec, shape (specs, 1)."""
        return cls(
            rated_current_a=_column([s.rated_current_a for s in specs]),
            ground_degc=_column([s.ambient_degc for s in specs]),
            max_conductor_degc=_column([s.max_conductor_degc for s in specs]),
            resistance_per_k=_column([s.resistance_per_k for s in specs]),
            shares=np.array([s.shares for s in specs], dtype=np.float64).T.reshape(len(TAU_S), len(specs), 1),
        )

    def take(self, rows: NDArray[np.intp]) -> CableParameters:
        """Some of the cables."""
        return CableParameters(**{n: getattr(self, n)[..., rows, :] for n in self.__slots__})

    @property
    def rated_rise_k(self) -> Floats:
        """From the ground to the limit."""
        return self.max_conductor_degc - self.ground_degc


def cable_degc(terms: Floats, cable: CableParameters) -> Floats:
    """Conductor temperature from the five rise terms (5, ...)."""
    return np.asarray(cable.ground_degc + terms.sum(axis=0))


def cable_final_rise_k(current_a: Floats, conductor_degc: Floats, cable: CableParameters) -> Floats:
    """The rise that ``current_a`` would reach if the resistance stayed that of ``conductor_degc``."""
    hot = 1.0 + cable.resistance_per_k * (conductor_degc - 20.0)
    hot_limit = 1.0 + cable.resistance_per_k * (cable.max_conductor_degc - 20.0)
    return np.asarray(cable.rated_rise_k * (current_a / cable.rated_current_a) ** 2 * (hot / hot_limit))


def cable_step(terms: Floats, current_a: Floats, cable: CableParameters, dt_s: float | Floats) -> Floats:
    """Advance the five rise terms (5, ...) in K by ``dt_s`` at ``current_a``.

    The resistance is that of the conductor at the start of the step, so a step of many minutes is as exact as the
    temperature is steady. Source: reference section 1.2, the form of IEC 60853.
    """
    final = cable_final_rise_k(current_a, cable_degc(terms, cable), cable)
    tau = TAU_S.reshape((-1,) + (1,) * (terms.ndim - 1))
    return np.asarray(terms + (cable.shares * final - terms) * approach(dt_s, tau))


def cable_steady(current_a: Floats, cable: CableParameters) -> Floats:
    """The five terms after a long time at ``current_a``: the fixed point of rise = losses(resistance(rise)).

    The fixed point is linear in the rise. Above about twice the rating it does not exist (thermal runaway), so
    currents over 1.5 times the rating are taken as that: this function only sets starting states.
    """
    bounded = np.minimum(current_a, 1.5 * cable.rated_current_a)
    cold = cable_final_rise_k(bounded, cable.ground_degc, cable)
    per_k = cable_final_rise_k(bounded, cable.ground_degc + 1.0, cable) - cold
    return np.asarray(cable.shares * (cold / (1.0 - per_k)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerParameters:
    """Transformers as arrays, shape (feeders,); IEC 60076-7 symbols in the comments of TransformerSpec."""

    rated_current_a: Floats
    loss_ratio: Floats
    top_oil_rise_k: Floats
    hot_spot_gradient_k: Floats
    oil_exponent: Floats
    winding_exponent: Floats
    k11: Floats
    k21: Floats
    k22: Floats
    oil_tau_s: Floats
    winding_tau_s: Floats
    top_oil_limit_degc: Floats
    hot_spot_limit_degc: Floats

    @classmethod
    def of(cls, specs: Sequence[TransformerSpec]) -> TransformerParameters:
        """One entry per spec, shape (specs,)."""
        names = [n for n in cls.__slots__ if n in TransformerSpec.__slots__]
        return cls(**{n: np.array([getattr(s, n) for s in specs], dtype=np.float64) for n in names})

    def take(self, rows: NDArray[np.intp]) -> TransformerParameters:
        """Some of the transformers."""
        return TransformerParameters(**{n: getattr(self, n)[rows] for n in self.__slots__})

    @property
    def tau_s(self) -> Floats:
        """(3, ...): time constants of top oil, winding gradient, and its slow counter-term."""
        return np.stack([self.k11 * self.oil_tau_s, self.k22 * self.winding_tau_s, self.oil_tau_s / self.k22])


def load_per_unit(current_a: Floats, transformer: TransformerParameters) -> tuple[Floats, Floats]:
    """Phase currents (..., 3) as (oil load, winding load) in per unit of rated, shape (...).

    The oil follows the losses of all three phases, so their root mean square; the hot spot sits in the most loaded one.
    """
    oil = np.sqrt(np.mean(np.square(current_a), axis=-1)) / transformer.rated_current_a
    return np.asarray(oil), np.asarray(np.max(current_a, axis=-1) / transformer.rated_current_a)


def transformer_steady(
    oil_pu: Floats, winding_pu: Floats, ambient_degc: float | Floats, transformer: TransformerParameters
) -> Floats:
    """(3, ...): top oil degC, winding gradient K and its counter-term K after a long time at a load."""
    t = transformer
    losses = (1.0 + t.loss_ratio * np.square(oil_pu)) / (1.0 + t.loss_ratio)
    gradient = t.hot_spot_gradient_k * winding_pu**t.winding_exponent
    return np.stack(
        [ambient_degc + t.top_oil_rise_k * losses**t.oil_exponent, t.k21 * gradient, (t.k21 - 1.0) * gradient]
    )


def transformer_step(
    terms: Floats,
    oil_pu: Floats,
    winding_pu: Floats,
    transformer: TransformerParameters,
    *,
    ambient_degc: float | Floats,
    dt_s: float | Floats,
) -> Floats:
    """Advance (3, ...): top oil degC, winding gradient K, its counter-term K, by ``dt_s`` at a load in per unit.

    Source: IEC 60076-7:2018 exponential equations, with the constants of distribution ONAN units.
    """
    final = transformer_steady(oil_pu, winding_pu, ambient_degc, transformer)
    return np.asarray(terms + (final - terms) * approach(dt_s, transformer.tau_s))


def hot_spot_degc(terms: Floats) -> Floats:
    """Hot-spot temperature from the three terms."""
    return np.asarray(terms[0] + terms[1] - terms[2])
