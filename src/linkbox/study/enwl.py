"""Evenings on real feeders of the ENWL LV Network Solutions set: which, and where they are found.

Chosen by running every feeder of the archive without control at the scenario's defaults (80 % of homes with a car,
all of which come home and wait for 00:30) with seeds 0 and 1, and eight feeders with seeds 2 to 5 too: these are all
evenings found on which the feeder's fuse blows and household load alone would not have blown it. Whether control
saves them is not a criterion."""

from __future__ import annotations

import os
from pathlib import Path

from linkbox.base.errors import InvalidInput, Issue
from linkbox.study.scenario import Scenario

EVENINGS: tuple[tuple[str, int], ...] = (
    ("network_1/Feeder_1", 0),
    ("network_1/Feeder_1", 1),
    ("network_1/Feeder_4", 0),
    ("network_1/Feeder_4", 1),
    ("network_2/Feeder_1", 0),
    ("network_2/Feeder_1", 1),
    ("network_2/Feeder_4", 3),
    ("network_2/Feeder_4", 4),
    ("network_3/Feeder_1", 1),
    ("network_3/Feeder_2", 3),
    ("network_3/Feeder_3", 3),
    ("network_5/Feeder_5", 1),
    ("network_7/Feeder_1", 0),
    ("network_7/Feeder_1", 1),
    ("network_7/Feeder_2", 0),
    ("network_7/Feeder_3", 1),
    ("network_7/Feeder_4", 0),
    ("network_7/Feeder_4", 1),
    ("network_9/Feeder_5", 0),
    ("network_9/Feeder_5", 1),
    ("network_12/Feeder_1", 0),
    ("network_12/Feeder_1", 1),
)

HOPELESS: tuple[tuple[str, int], ...] = (
    ("network_5/Feeder_3", 0),
    ("network_5/Feeder_3", 1),
    ("Network_8/Feeder_2", 0),
    ("Network_8/Feeder_2", 1),
    ("network_13/Feeder_4", 0),
)
"""Evenings on which household load alone blows the fuse: control can not help, and must say so."""

ARCHIVE = "enwl-lvns.tar.xz"


def default_archive() -> Path:
    """Where the archive is, by LINKBOX_DATA; raise InvalidInput where it is not there."""
    path = Path(os.environ.get("LINKBOX_DATA", "../shared/data")) / ARCHIVE
    if not path.exists():
        rule = "not there; set LINKBOX_DATA to the folder that holds it, or give --archive"
        raise InvalidInput("ENWL archive", [Issue(where="archive", value=str(path), rule=rule)])
    return path


def scenarios(archive: Path, evenings: tuple[tuple[str, int], ...]) -> list[Scenario]:
    """One scenario for each evening, otherwise at the defaults."""
    return [Scenario(seed=seed, feeder=f"{archive}:{feeder}") for feeder, seed in evenings]
