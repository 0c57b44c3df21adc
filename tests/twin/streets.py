"""Streets for the twin's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np

from linkbox.adapters.network_tables import default_street
from linkbox.grid.network import FUSES, TRANSFORMERS, cable_for
from linkbox.grid.topology import FeederNetwork
from linkbox.twin.assets import Assets
from linkbox.twin.street import Street
from linkbox.twin.vehicles import VehicleOptions

START = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)


@cache
def network() -> FeederNetwork:
    return default_street()


def assets(fuse_a: int = 200) -> Assets:
    return Assets(fuse=FUSES[fuse_a], cable=cable_for(network().head_line_code()), transformer=TRANSFORMERS[800])


def street(*, seed: int = 1, minutes: int = 120, vehicles: VehicleOptions | None = None, fuse_a: int = 200) -> Street:
    return Street(network(), assets=assets(fuse_a), start=START, minutes=minutes, seed=seed, vehicles=vehicles)


def everyone() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.ones(network().homes)
