"""The fuse, cable and transformer of a street: what they are and how hot they get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from linkbox.grid import thermal
from linkbox.grid.network import FUSES, TRANSFORMERS, CableSpec, FuseSpec, TransformerSpec, cable_for
from linkbox.grid.topology import FeederNetwork

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

MELT_SPREAD = 0.05
"""Real fuses of one type melt within this fraction around the type's curve; each phase's fuse draws its own."""

FITTED_FUSES_A = (100, 160, 200, 315, 400, 630)
"""Sizes that a British distributor keeps for feeders."""

DEFAULT_TRANSFORMER_KVA = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What a street hangs on. ``ambient_degc`` is the air at the transformer (the cable has the ground's own)."""

    fuse: FuseSpec
    cable: CableSpec
    transformer: TransformerSpec
    ambient_degc: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetStates:
    """Thermal states of three fuses (2, 1, 3), three cable cores (5, 1, 3), one transformer (3, 1); and what has blown.

    A blown fuse keeps the state at which it melted.
    """

    fuse: Floats
    cable: Floats
    transformer: Floats
    blown: Bools


class AssetModel:
    """The thermal models of one street, with fuses as they really are: each a little off the curve of its type."""

    def __init__(self, assets: Assets, rng: np.random.Generator) -> None:
        self.assets = assets
        expected = thermal.FuseParameters.of([assets.fuse])
        spread = 1.0 + rng.uniform(-MELT_SPREAD, MELT_SPREAD, (1, 3))
        self.fuse = replace(expected, melt_current_a=expected.melt_current_a * spread)
        self.cable = thermal.CableParameters.of([assets.cable])
        self.transformer = thermal.TransformerParameters.of([assets.transformer])

    def steady(self, *, recent_a: Floats, weekly_a: Floats, transformer_a: Floats) -> AssetStates:
        """States after a long time at these currents, (3,) rms A: of the last hours for the fuse, the last week for the
        cable, and the transformer's own."""
        oil, winding = thermal.load_per_unit(transformer_a[None, :], self.transformer)
        return AssetStates(
            fuse=thermal.fuse_steady(recent_a[None, :], self.fuse),
            cable=thermal.cable_steady(weekly_a[None, :], self.cable),
            transformer=thermal.transformer_steady(oil, winding, self.assets.ambient_degc, self.transformer),
            blown=np.zeros(3, dtype=np.bool_),
        )

    def advance(self, states: AssetStates, *, head_a: Floats, transformer_a: Floats, dt_s: float) -> AssetStates:
        """The states ``dt_s`` later at phase currents (3,) A rms held over the step; a fuse at 1 or more has blown."""
        oil, winding = thermal.load_per_unit(transformer_a[None, :], self.transformer)
        fuse = thermal.fuse_step(states.fuse, head_a[None, :], self.fuse, dt_s)
        fuse = np.where(states.blown, states.fuse, fuse)
        return AssetStates(
            fuse=fuse,
            cable=thermal.cable_step(states.cable, head_a[None, :], self.cable, dt_s),
            transformer=thermal.transformer_step(
                states.transformer, oil, winding, self.transformer, ambient_degc=self.assets.ambient_degc, dt_s=dt_s
            ),
            blown=states.blown | (fuse.sum(axis=0)[0] >= 1.0),
        )

    def fuse_state(self, states: AssetStates) -> Floats:
        """(3,) 0 cold, 1 melts."""
        return np.asarray(states.fuse.sum(axis=0)[0])

    def cable_degc(self, states: AssetStates) -> Floats:
        """(3,) conductor temperature."""
        return np.asarray(thermal.cable_degc(states.cable, self.cable)[0])

    def hot_spot_degc(self, states: AssetStates) -> float:
        """Hot spot of the transformer."""
        return float(thermal.hot_spot_degc(states.transformer)[0])


def fuse_for_cable(cable: CableSpec) -> FuseSpec:
    """The fuse that would be fitted to a head cable: the largest kept size that is at most 5 % over its rating.

    70 mm2 Al (197 A) and 95 mm2 (249 A) get 200 A, 185 mm2 (358 A) 315 A, 300 mm2 (466 A) 400 A. The smallest size
    where none is small enough.
    """
    fitting = [size for size in FITTED_FUSES_A if size <= 1.05 * cable.rated_current_a]
    return FUSES[max(fitting, default=FITTED_FUSES_A[0])]


def assets_for(network: FeederNetwork, *, fuse_rated_a: int | None = None) -> Assets:
    """What a feeder hangs on: what its data says, else what fits its head cable; ``fuse_rated_a`` overrides both.

    A transformer size that is not in the table becomes the next larger one. Raises KeyError for a fuse that is not in
    FUSES.
    """
    code = network.head_line_code()
    cable = cable_for(code, network.line_codes[code].r1_ohm_per_km)
    rated_a = fuse_rated_a or network.fuse_rated_a
    kva = network.transformer_kva or DEFAULT_TRANSFORMER_KVA
    size = min((k for k in TRANSFORMERS if k >= kva), default=max(TRANSFORMERS))
    fuse = fuse_for_cable(cable) if rated_a is None else FUSES[rated_a]
    return Assets(fuse=fuse, cable=cable, transformer=TRANSFORMERS[size])
