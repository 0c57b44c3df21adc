"""Static, cyclic and thermal limits side by side, of every asset of every feeder, as columns.

*Static* is the nameplate: what may flow for ever. *Cyclic* is the peak of a day that repeats for ever (``cyclic``).
*Thermal* is what may flow from now on for a stated time, from the temperatures that the asset has now (``limits``).
Fuses are the pessimistic ones, which melt from 1.25 times their rating. The transformer's limits are those of its own
current on every phase, the neutral's those of the neutral's own current; the others are the feeder's, phase by phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from linkbox.base.phases import PHASES
from linkbox.grid import limits
from linkbox.grid.cyclic import cable_cyclic_a, fuse_cyclic_a, transformer_cyclic_a
from linkbox.grid.fleet import Fleet, FleetState
from linkbox.grid.neutral import neutral_current_a
from linkbox.grid.outlook import ASSETS, SHARED, fractions
from linkbox.grid.thermal import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitColumns:
    """Arrays (assets, feeders, 3) in the order of ``outlook.ASSETS``; an asset that the phases share has the same value
    three times, and the transformer's and the neutral's amperes are their own.

    ``static_a``, ``cyclic_a``, ``thermal_a`` the three limits; ``load_a`` the current that ``time_to_limit_s`` is for,
    held from now on (infinite: not within 30 days); ``present`` where the state stands, 1 at the limit. NaN where
    nothing is known.
    """

    after_s: float
    level: float
    static_a: Floats
    cyclic_a: Floats
    thermal_a: Floats
    load_a: Floats
    present: Floats
    time_to_limit_s: Floats

    def rows(self, fleet: Fleet) -> list[dict[str, Any]]:
        """One row for each feeder, asset and phase; assets that the phases share have one, without a phase."""
        found = []
        for row, feeder in enumerate(fleet.feeders):
            names = (feeder.fuse.name, feeder.cable.name, feeder.transformer.name, feeder.cable.neutral().name)
            for asset, kind in enumerate(ASSETS):
                for phase in (0,) if asset in SHARED else PHASES:
                    place = (asset, row, phase)
                    found.append(
                        {
                            "feeder": feeder.feeder_id,
                            "asset": kind,
                            "phase": None if asset in SHARED else PHASES[phase].name,
                            "type": names[asset],
                            **{name: float(getattr(self, name)[place]) for name in _COLUMNS},
                        }
                    )
        return found


_COLUMNS = ("static_a", "cyclic_a", "thermal_a", "load_a", "present", "time_to_limit_s")


def limit_columns(
    state: FleetState, fleet: Fleet, *, after_s: float, level: float = 1.0, load_a: Floats | None = None
) -> LimitColumns:
    """The limits of a fleet from the state that it is in.

    ``level`` is how far each asset may go towards its limit (1: to it) in ``after_s``; ``load_a`` (feeders, 3) the
    currents for the time to the limit, by default the last that were read. With ``load_a`` a transformer that was not
    read is taken to carry this feeder alone. Raises ValueError for a time or level that is not above 0, or for more
    than 30 days.
    """
    if not 0.0 < after_s <= limits.LONGEST_S:
        raise ValueError(f"the time must be above 0 and at most {limits.LONGEST_S:g} s: {after_s}")
    if not 0.0 < level <= 1.0:
        raise ValueError(f"the level must be above 0 and at most 1: {level}")
    shape = (len(fleet), 3)
    phase_a = state.current_a if load_a is None else np.broadcast_to(np.asarray(load_a, dtype=np.float64), shape)
    bank_a = state.transformer_current_a
    if load_a is not None:
        bank_a = np.where(np.isnan(bank_a), phase_a, np.maximum(bank_a + phase_a - _known(state.current_a), 0.0))
    neutral_a = neutral_current_a(phase_a)[:, None]
    allowed = (
        limits.fuse_allowable_a(state.fuse, fleet.fuse, level=level, after_s=after_s),
        limits.cable_allowable_a(state.cable, fleet.cable, level=level, after_s=after_s),
        limits.transformer_allowable_a(
            state.transformer, state.ambient_degc, fleet.transformer, level=level, after_s=after_s
        )[:, None],
        limits.cable_allowable_a(state.neutral, fleet.neutral, level=level, after_s=after_s),
    )
    times = (
        limits.fuse_time_to_melt_s(state.fuse, phase_a, fleet.fuse),
        limits.cable_time_to_limit_s(state.cable, phase_a, fleet.cable),
        limits.transformer_time_to_limit_s(state.transformer, bank_a, state.ambient_degc, fleet.transformer)[:, None],
        limits.cable_time_to_limit_s(state.neutral, neutral_a, fleet.neutral),
    )
    loads = (phase_a, phase_a, bank_a.max(axis=-1, keepdims=True), neutral_a)

    def stacked(parts: tuple[Floats, ...]) -> Floats:
        return np.stack([np.broadcast_to(part, shape) for part in parts])

    carried, known = stacked(loads), fractions(state, fleet)
    unknown = np.isnan(carried) | np.isnan(known)
    return LimitColumns(
        after_s=after_s,
        level=level,
        static_a=stacked(_static(fleet)),
        cyclic_a=stacked(_cyclic(fleet, state.ambient_degc)),
        thermal_a=stacked(allowed),
        load_a=carried,
        present=known,
        time_to_limit_s=np.where(unknown, np.nan, stacked(times)),
    )


def _known(current_a: Floats) -> Floats:
    return np.where(np.isnan(current_a), 0.0, current_a)


def _column(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)[:, None]


def _static(fleet: Fleet) -> tuple[Floats, ...]:
    return (
        _column([f.fuse.rated_current_a for f in fleet.feeders]),
        fleet.cable.rated_current_a,
        fleet.transformer.rated_current_a[:, None],
        fleet.neutral.rated_current_a,
    )


def _cyclic(fleet: Fleet, ambient_degc: Floats) -> tuple[Floats, ...]:
    ambient = ambient_degc.tolist()
    return (
        _column([fuse_cyclic_a(f.fuse.pessimistic()) for f in fleet.feeders]),
        _column([cable_cyclic_a(f.cable) for f in fleet.feeders]),
        _column([transformer_cyclic_a(f.transformer, t) for f, t in zip(fleet.feeders, ambient, strict=True)]),
        _column([cable_cyclic_a(f.cable.neutral()) for f in fleet.feeders]),
    )
