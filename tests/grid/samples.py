"""Small fleets and steady minutes that several tests of this room use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from linkbox.base.identifiers import FeederId
from linkbox.grid.fleet import Fleet, FleetState, observe
from linkbox.grid.network import CABLES, FUSES, TRANSFORMERS, FeederModel

START = datetime(2026, 1, 13, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def feeder(name: str = "F1", *, fuse: int = 200, cable: str = "3c_185_SAC_XC", kva: int = 500) -> FeederModel:
    """A feeder whose fuse is its weakest part unless asked otherwise."""
    return FeederModel(
        feeder_id=FeederId(name),
        substation="Cellar Street",
        fuse=FUSES[fuse],
        cable=CABLES[cable],
        transformer=TRANSFORMERS[kva],
    )


def run(
    state: FleetState,
    fleet: Fleet,
    current_a: Sequence[float] | NDArray[np.float64],
    minutes: int,
    *,
    bank_a: Sequence[float] | NDArray[np.float64] | None = None,
) -> FleetState:
    """The state after some minutes at constant currents; without ``bank_a`` the transformer carries it alone."""
    y = np.broadcast_to(np.asarray(current_a, dtype=np.float64), (len(fleet), 3))
    bank = y if bank_a is None else np.broadcast_to(np.asarray(bank_a, dtype=np.float64), (len(fleet), 3))
    for _ in range(minutes):
        state = observe(state, fleet, current_a=y, transformer_current_a=bank, at=state.at + MINUTE)
    return state
