"""The fleet that is watched: from a table, or from a network's folder."""

from __future__ import annotations

from pathlib import Path

from linkbox.adapters.fleet_table import read_fleet_table
from linkbox.adapters.network_store import read_network
from linkbox.grid.network import FeederModel


def read_fleet(path: Path) -> list[FeederModel]:
    """The feeders of a fleet table, or of a folder as ``linkbox network import`` writes it. Raises InvalidInput with
    every issue."""
    return list(read_network(path).models()) if path.is_dir() else read_fleet_table(path)
